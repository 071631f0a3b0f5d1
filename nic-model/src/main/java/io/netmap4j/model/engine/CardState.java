package io.netmap4j.model.engine;

import io.netmap4j.model.ModelViolation;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.fault.CardFaults;
import io.netmap4j.model.registers.Chip;

/** What the datapath engines see of the card they belong to. For who holds the card's lock. */
public interface CardState {
  /** Which chip it is. */
  Chip chip();

  /** The raw value of a register's storage, without side effects; alias windows are resolved. */
  int reg(int offset);

  /** A raw store, as the hardware itself does: RDH and TDH that advance, SWFLSH that clears. */
  void setReg(int offset, int value);

  /** The card's view of memory. */
  DeviceMemory memory();

  /** Counters of what crossed PCIe. */
  PcieBill bill();

  /** Nanoseconds, real or advanced by a test. */
  long nanos();

  /** Adds to a statistics register; 36-bit pairs are named by their low half. */
  void count(int statisticsRegister, long n);

  /** A transmit descriptor with RS was written back: a cause, by IVAR. */
  void txReported(int queue);

  /** A receive descriptor was written back: a cause, by IVAR. */
  void rxWritten(int queue);

  /**
   * The driver broke a rule. A strict card throws {@link ModelViolation} out of the step and stops
   * its engines until the next reset; a lenient one only lists it.
   */
  void violation(String rule);

  /** Faults to inject. */
  CardFaults faults();

  /** The speeds that the card sends at; 0: no light. Any thread. */
  int rates();

  /** True: the frame that arrives or leaves is damaged on its way. */
  boolean garbles();

  /** How long a byte takes on a link that is slower than the card; 0: not at all. */
  int byteNanos();

  /** True while frames can leave and arrive. */
  boolean linkUp();
}

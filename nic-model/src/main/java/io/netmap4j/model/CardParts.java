package io.netmap4j.model;

import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.engine.CardState;
import io.netmap4j.model.fault.CardFaults;
import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.peripherals.Link;
import io.netmap4j.model.peripherals.Medium;
import io.netmap4j.model.registers.Chip;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.Statistics;

/** The parts of a card as its engines see them. */
final class CardParts implements CardState {
  private final RegisterFile registers;
  private final DeviceMemory memory;
  private final PcieBill bill;
  private final ModelClock clock;
  private final Statistics statistics;
  private final CardFaults faults;
  private final Interrupts interrupts;
  private final Link link;
  private final Medium medium;
  private final RegisterFile.Referee referee;

  CardParts(
      RegisterFile registers,
      DeviceMemory memory,
      PcieBill bill,
      ModelClock clock,
      Interrupts interrupts,
      Link link,
      Medium medium,
      CardFaults faults,
      RegisterFile.Referee referee) {
    this.registers = registers;
    this.memory = memory;
    this.bill = bill;
    this.clock = clock;
    this.statistics = new Statistics(registers);
    this.interrupts = interrupts;
    this.link = link;
    this.medium = medium;
    this.faults = faults;
    this.referee = referee;
  }

  @Override
  public Chip chip() {
    return registers.chip();
  }

  @Override
  public int reg(int offset) {
    return registers.get(offset);
  }

  @Override
  public void setReg(int offset, int value) {
    registers.set(offset, value);
  }

  @Override
  public DeviceMemory memory() {
    return memory;
  }

  @Override
  public PcieBill bill() {
    return bill;
  }

  @Override
  public long nanos() {
    return clock.nanos();
  }

  @Override
  public void count(int statisticsRegister, long n) {
    statistics.count(statisticsRegister, n);
  }

  long total(String statisticsRegister) {
    return statistics.total(statisticsRegister);
  }

  @Override
  public void txReported(int queue) {
    interrupts.tx(queue);
  }

  @Override
  public void rxWritten(int queue) {
    interrupts.rx(queue);
  }

  @Override
  public void violation(String rule) {
    referee.refuse(rule);
  }

  @Override
  public CardFaults faults() {
    return faults;
  }

  @Override
  public int rates() {
    return link.rates();
  }

  @Override
  public boolean garbles() {
    return medium.garbles();
  }

  @Override
  public int byteNanos() {
    return link.byteNanos();
  }

  @Override
  public boolean linkUp() {
    return link.up();
  }
}

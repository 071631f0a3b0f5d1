package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.FirmwareOptions;
import io.netmap4j.model.link.SharedChip;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.LongSupplier;

/**
 * SWSM and GSSR, of this port alone or of a chip's two (docs/82599.md 3.6). For who holds the
 * card's lock.
 *
 * <p>On an X540 and its successors bit 31 of GSSR, REGSMP, guards that register: a read that finds
 * it 0 has taken it.
 *
 * <p>Those of one port are free after each reset, unless something was left behind at power-on:
 * that stays, as what is shared does.
 */
public final class Semaphores {
  private static final int SWSM = RegisterMap82599.find("SWSM").offset();
  private static final int GSSR = RegisterMap82599.find("GSSR").offset();
  private static final int WMNG = 1 << 2;
  private static final int SOFTWARE_BITS = 0x1F;
  private static final int REGSMP = 1 << 31;

  private final RegisterFile registers;
  private final FirmwareOptions firmware;
  private final LongSupplier clock;
  private final boolean shared;
  private final SharedChip chip;

  /**
   * @param shared the chip's, or null
   */
  public Semaphores(
      RegisterFile registers, SharedChip shared, FirmwareOptions firmware, LongSupplier clock) {
    this.registers = registers;
    this.firmware = firmware;
    this.clock = clock;
    this.shared = shared != null;
    this.chip = shared != null ? shared : new SharedChip();
    registers.onRead("SWSM", i -> readSwsm());
    registers.onWrite("SWSM", (i, value) -> writeSwsm(value));
    registers.onRead("GSSR", i -> readGssr());
    registers.onPeek("GSSR", i -> chip.gssr(clock.getAsLong()));
    registers.onWrite("GSSR", (i, value) -> writeGssr(value));
    if (!this.shared || firmware != FirmwareOptions.DEFAULT) {
      chip.powerOn(firmware, clock.getAsLong());
    }
  }

  /** After the registers' own reset. */
  public void reset(boolean powerOn) {
    if (powerOn && !shared) {
      chip.powerOn(firmware, clock.getAsLong());
    } else if (!shared && !firmware.left()) {
      chip.free();
    }
    registers.set(SWSM, chip.swsm());
  }

  private int readSwsm() {
    int value = chip.readSwsm(clock.getAsLong()) | registers.get(SWSM) & WMNG;
    registers.set(SWSM, value | SharedChip.SMBI);
    return value;
  }

  /** The register's storage keeps what this port has seen: GSSR's rule asks it for SWESMBI. */
  private void writeSwsm(int value) {
    chip.writeSwsm(value, clock.getAsLong());
    registers.set(SWSM, chip.swsm() | value & WMNG);
  }

  private int readGssr() {
    int value = chip.gssr(clock.getAsLong());
    if (registers.chip().registerSemaphore()) {
      chip.writeGssr(value | REGSMP, clock.getAsLong());
    }
    return value;
  }

  private void writeGssr(int value) {
    int old = chip.gssr(clock.getAsLong());
    if (registers.chip().registerSemaphore() && (old & REGSMP) == 0 && value != old) {
      registers.refuse(GSSR, value, "REGSMP must be held (docs/82599.md 3.6)");
    }
    int taken = value & ~old & SOFTWARE_BITS;
    if ((old >> 5 & taken) != 0) {
      registers.refuse(
          GSSR, value, "takes what the firmware holds, bits [9:5] (docs/82599.md 3.6)");
    }
    chip.writeGssr(value, clock.getAsLong());
    registers.set(GSSR, value);
  }

  /** True while software holds these bits of GSSR. */
  boolean held(int bits) {
    return (chip.gssr(clock.getAsLong()) & bits) == bits;
  }
}

package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.BooleanSupplier;

/**
 * The two-wire bus behind I2CCTL: open drain, so that a line reads as what the driver puts out,
 * unless a module pulls it low. Without a module there is no acknowledge (docs/82599.md 3.5). For
 * who holds the card's lock.
 */
public final class I2cBus {
  private static final int CLOCK_OUT = 1 << 1;
  private static final int DATA_OUT = 1 << 3;
  private static final int CLOCK_IN = 1;
  private static final int DATA_IN = 1 << 2;
  private static final int READ_BIT = 1;

  private enum State {
    IDLE,
    ADDRESS,
    OFFSET,
    WRITE,
    READ
  }

  private SfpModule module;
  private int device;
  private boolean clock = true;
  private boolean data = true;
  private boolean pulledLow;
  private State state = State.IDLE;
  private State next = State.IDLE;
  private int shift;
  private int bits;
  private boolean ninth;
  private boolean masterAcknowledged;
  private int offset;

  /** A bus that nobody is on. */
  public I2cBus(RegisterFile registers) {
    int i2cctl = RegisterMap82599.find("I2CCTL").offset();
    registers.onWrite(
        "I2CCTL",
        (i, value) -> {
          registers.store(i2cctl, value);
          drive((value & CLOCK_OUT) != 0, (value & DATA_OUT) != 0);
        });
    registers.onRead(
        "I2CCTL",
        i -> {
          int out = registers.get(i2cctl) & (CLOCK_OUT | DATA_OUT);
          return out | (clock ? CLOCK_IN : 0) | (data && !pulledLow ? DATA_IN : 0);
        });
    emptyBusOfX550(registers);
  }

  /** Its own register and bits (docs/82599.md 2.8); a 10GBASE-T card has nobody on it. */
  private static void emptyBusOfX550(RegisterFile registers) {
    int i2cctl = RegisterMap82599.find("I2CCTL_X550").offset();
    int enabled = 1 << 8;
    int clockOut = 1 << 9;
    int dataOut = 1 << 10;
    int dataReleased = 1 << 11;
    int dataIn = 1 << 12;
    int clockReleased = 1 << 13;
    int clockIn = 1 << 14;
    registers.onRead(
        "I2CCTL_X550",
        i -> {
          int value = registers.get(i2cctl) & ~(clockIn | dataIn);
          boolean free = (value & enabled) == 0;
          boolean clockHigh = free || (value & (clockOut | clockReleased)) != 0;
          boolean dataHigh = free || (value & (dataOut | dataReleased)) != 0;
          return value | (clockHigh ? clockIn : 0) | (dataHigh ? dataIn : 0);
        });
  }

  /**
   * Puts a module on the bus, or takes it off.
   *
   * @param laser it sends
   * @param signal it receives
   */
  public void module(ModuleKind kind, int lanId, BooleanSupplier laser, BooleanSupplier signal) {
    boolean answers = kind != ModuleKind.SILENT && kind != ModuleKind.ABSENT;
    module = answers ? new SfpModule(kind, lanId, laser, signal) : null;
    stop();
  }

  public void reset() {
    clock = true;
    data = true;
    stop();
  }

  private void stop() {
    state = State.IDLE;
    pulledLow = false;
  }

  private void drive(boolean newClock, boolean newData) {
    boolean held = clock && newClock;
    boolean rises = !clock && newClock;
    boolean falls = clock && !newClock;
    boolean dataFell = data && !newData;
    boolean dataRose = !data && newData;
    clock = newClock;
    data = newData;
    if (module == null) {
      return;
    }
    if (held && dataFell) {
      start();
    } else if (held && dataRose) {
      stop();
    } else if (rises) {
      sample();
    } else if (falls) {
      advance();
    }
  }

  private void start() {
    state = State.ADDRESS;
    pulledLow = false;
    beginByte();
  }

  private void beginByte() {
    bits = 0;
    shift = 0;
    ninth = false;
  }

  /** Clock high: who listens takes the bit. */
  private void sample() {
    if (state == State.READ) {
      masterAcknowledged = ninth && !data;
    } else if (state != State.IDLE && bits < 8) {
      shift = shift << 1 | (data ? 1 : 0);
      bits++;
    }
  }

  /** Clock low: who talks puts out the next bit. */
  private void advance() {
    if (state == State.READ) {
      advanceRead();
    } else if (state != State.IDLE && bits == 8) {
      if (!ninth) {
        ninth = true;
        pulledLow = accept();
      } else {
        pulledLow = false;
        state = next;
        beginByte();
        if (state == State.READ) {
          load();
        }
      }
    }
  }

  /** A whole byte came in. @return true to acknowledge */
  private boolean accept() {
    if (state == State.ADDRESS) {
      device = shift & ~READ_BIT;
      boolean ours = module.answers(device);
      next = !ours ? State.IDLE : (shift & READ_BIT) != 0 ? State.READ : State.OFFSET;
      return ours;
    }
    if (state == State.OFFSET) {
      offset = shift;
    }
    next = State.WRITE;
    return true;
  }

  private void load() {
    shift = module.read(device, offset++ & 0xFF);
    putBit();
  }

  private void putBit() {
    pulledLow = (shift >> 7 - bits & 1) == 0;
    bits++;
  }

  private void advanceRead() {
    if (bits < 8) {
      putBit();
    } else if (!ninth) {
      ninth = true;
      pulledLow = false;
    } else if (masterAcknowledged) {
      beginByte();
      load();
    } else {
      stop();
    }
  }
}

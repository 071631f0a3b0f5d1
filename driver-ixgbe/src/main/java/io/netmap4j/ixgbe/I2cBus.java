package io.netmap4j.ixgbe;

import io.netmap4j.spi.NicDevice;

/**
 * Reads a module's memory over the two lines of I2CCTL, bit by bit, at the pace of standard mode
 * (Linux ixgbe_read_i2c_byte_generic; docs/82599.md 3.5). A line is open drain: it is low while
 * anybody holds it low. The caller holds the PHY's semaphore. Not thread safe.
 */
final class I2cBus {
  /** Identity of a module (SFF-8472). */
  static final int IDENTITY = 0xa0;

  /** Linux: a slave may hold the clock low for 500 us, and answers within 10 us. */
  private static final int STRETCH_MICROS = 500;

  private static final int ACK_TRIES = 10;
  private static final int BITS_OF_BYTE = 8;
  private static final int CLOCKS_TO_FREE = 9;

  // Microseconds of standard mode.
  private static final int RISE = 1;
  private static final int DATA_SETTLES = 3;
  private static final int LOW = 5;
  private static final int HIGH = 4;
  private static final int START_SETUP = 5;
  private static final int START_HOLD = 4;
  private static final int STOP_SETUP = 4;
  private static final int BETWEEN = 5;

  private final NicDevice nic;
  private int lines;

  I2cBus(NicDevice nic) {
    this.nic = nic;
  }

  /**
   * Reads one byte, with one attempt; a failure leaves the bus free.
   *
   * @param device {@link #IDENTITY}, or another even address
   * @return the byte, or -1 when nobody answers or the bus is stuck
   */
  int read(int device, int offset) {
    lines = nic.read32(Reg.I2CCTL);
    int value = -1;
    if (start() && send(device) && send(offset) && start() && send(device | 1)) {
      value = receive();
      if (!bit(true)) { // not acknowledged: that was the last byte
        value = -1;
      }
    }
    if (value < 0) {
      free();
    } else {
      stop();
    }
    return value;
  }

  private boolean start() {
    if (!data(true) || !clockUp()) {
      return false;
    }
    RegisterWait.spinMicros(START_SETUP);
    data(false);
    RegisterWait.spinMicros(START_HOLD);
    clockDown();
    return true;
  }

  private void stop() {
    data(false);
    clockUp();
    RegisterWait.spinMicros(STOP_SETUP);
    data(true);
    RegisterWait.spinMicros(BETWEEN);
  }

  /** Clocks a slave to the end of whatever it sends (Linux ixgbe_i2c_bus_clear). */
  private void free() {
    start();
    data(true);
    for (int i = 0; i < CLOCKS_TO_FREE; i++) {
      clockUp();
      RegisterWait.spinMicros(HIGH);
      clockDown();
    }
    start();
    stop();
  }

  /** A byte, highest bit first. @return whether somebody acknowledged it */
  private boolean send(int value) {
    for (int i = BITS_OF_BYTE - 1; i >= 0; i--) {
      if (!bit((value >> i & 1) != 0)) {
        return false;
      }
    }
    return acknowledged();
  }

  private boolean acknowledged() {
    put(lines | Reg.I2CCTL_DATA_OUT);
    if (!clockUp()) {
      return false;
    }
    RegisterWait.spinMicros(HIGH);
    boolean acknowledged = false;
    for (int i = 0; i < ACK_TRIES && !acknowledged; i++) {
      acknowledged = (nic.read32(Reg.I2CCTL) & Reg.I2CCTL_DATA_IN) == 0;
      RegisterWait.spinMicros(1);
    }
    clockDown();
    return acknowledged;
  }

  private int receive() {
    put(lines | Reg.I2CCTL_DATA_OUT);
    int value = 0;
    for (int i = 0; i < BITS_OF_BYTE; i++) {
      if (!clockUp()) {
        return -1;
      }
      RegisterWait.spinMicros(HIGH);
      value = value << 1 | ((nic.read32(Reg.I2CCTL) & Reg.I2CCTL_DATA_IN) != 0 ? 1 : 0);
      clockDown();
    }
    return value;
  }

  private boolean bit(boolean one) {
    if (!data(one) || !clockUp()) {
      return false;
    }
    RegisterWait.spinMicros(HIGH);
    clockDown();
    return true;
  }

  /**
   * @return false when a line that was let go stays low
   */
  private boolean data(boolean one) {
    put(one ? lines | Reg.I2CCTL_DATA_OUT : lines & ~Reg.I2CCTL_DATA_OUT);
    RegisterWait.spinMicros(DATA_SETTLES);
    return !one || (nic.read32(Reg.I2CCTL) & Reg.I2CCTL_DATA_IN) != 0;
  }

  /**
   * @return false when somebody holds the clock low for longer than allowed
   */
  private boolean clockUp() {
    for (int i = 0; i < STRETCH_MICROS; i++) {
      put(lines | Reg.I2CCTL_CLK_OUT);
      RegisterWait.spinMicros(RISE);
      if ((nic.read32(Reg.I2CCTL) & Reg.I2CCTL_CLK_IN) != 0) {
        return true;
      }
    }
    return false;
  }

  private void clockDown() {
    put(lines & ~Reg.I2CCTL_CLK_OUT);
    RegisterWait.spinMicros(LOW);
  }

  private void put(int value) {
    lines = value;
    nic.write32(Reg.I2CCTL, value);
  }
}

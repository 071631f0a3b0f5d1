package io.netmap4j.model.peripherals;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.model.Nic82599;

/** A driver's side of the two wires of I2CCTL. */
record I2cMaster(Nic82599 card) {
  private static final int I2CCTL = 0x00028;

  void lines(int clock, int data) {
    card.write(I2CCTL, clock << 1 | data << 3);
  }

  int data() {
    return card.read(I2CCTL) >>> 2 & 1;
  }

  void start() {
    lines(0, 1);
    lines(1, 1);
    lines(1, 0);
    lines(0, 0);
  }

  void stop() {
    lines(0, 0);
    lines(1, 0);
    lines(1, 1);
  }

  boolean send(int value) {
    for (int bit = 7; bit >= 0; bit--) {
      int data = value >> bit & 1;
      lines(0, data);
      lines(1, data);
      lines(0, data);
    }
    lines(0, 1);
    lines(1, 1);
    boolean acknowledged = data() == 0;
    lines(0, 1);
    return acknowledged;
  }

  int receive(boolean more) {
    int value = 0;
    for (int bit = 0; bit < 8; bit++) {
      lines(0, 1);
      lines(1, 1);
      value = value << 1 | data();
      lines(0, 1);
    }
    int acknowledge = more ? 0 : 1;
    lines(0, acknowledge);
    lines(1, acknowledge);
    lines(0, acknowledge);
    lines(0, 1);
    return value;
  }

  int byteAt(int offset) {
    return byteAt(0xA0, offset);
  }

  /** A byte of device A0 or A2. */
  int byteAt(int device, int offset) {
    start();
    assertThat(send(device)).isTrue();
    assertThat(send(offset)).isTrue();
    start();
    assertThat(send(device | 1)).isTrue();
    int value = receive(false);
    stop();
    return value;
  }

  /** Big-endian 16 bits. */
  int wordAt(int device, int offset) {
    return byteAt(device, offset) << 8 | byteAt(device, offset + 1);
  }

  /** Whether a device acknowledges its address. */
  boolean answers(int device) {
    start();
    boolean acknowledged = send(device);
    stop();
    return acknowledged;
  }
}

package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.ModuleKind;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * The memory of a module as SFF-8472 lays it out: identity at device A0, measurements at A2 for
 * those that have a laser. Offsets are those of SFF-8472.
 */
final class SfpModule {
  private static final int IDENTITY = 0xA0;
  private static final int DIAGNOSTICS = 0xA2;
  private static final int OFF_UNUSED = 0xFF;

  /** 30 degrees in 1/256, 3.3 V in 100 uV, 6 mA in 2 uA, 0.5 and 0.4 mW in 0.1 uW. */
  private static final int[] MEASURED = {30 << 8, 33000, 3000, 5000, 4000};

  /** Alarm high, alarm low, warning high, warning low, of the same five. */
  private static final int[][] LIMITS = {
    {75 << 8, -5 << 8, 70 << 8, 0},
    {36300, 29700, 34650, 31350},
    {5000, 1000, 4500, 1500},
    {10000, 1000, 8000, 1600},
    {10000, 100, 8000, 200},
  };

  private final ModuleKind kind;
  private final BooleanSupplier laser;
  private final BooleanSupplier signal;
  private final byte[] identity = new byte[256];
  private final byte[] diagnostics = new byte[256];

  /**
   * @param laser it sends
   * @param signal it receives
   */
  SfpModule(ModuleKind kind, int lanId, BooleanSupplier laser, BooleanSupplier signal) {
    this.kind = kind;
    this.laser = laser;
    this.signal = signal;
    identify(lanId);
    if (kind.optical()) {
      limits();
    }
  }

  private void identify(int lanId) {
    boolean cable = kind == ModuleKind.DAC || kind == ModuleKind.ACTIVE_DAC;
    identity[0] = (byte) (kind == ModuleKind.UNKNOWN ? 0x0D : 0x03);
    identity[1] = 0x04;
    identity[2] = (byte) (cable ? 0x21 : 0x07);
    switch (kind) {
      case DAC -> direct(0x04);
      case ACTIVE_DAC -> {
        direct(0x08);
        identity[60] = 0x04;
      }
      case LR_10G -> optics(0x20, 0, 1310);
      case SX_1G -> optics(0, 0x01, 850);
      case LX_1G -> optics(0, 0x02, 1310);
      case DUAL_RATE -> optics(0x10, 0x01, 850);
      default -> optics(0x10, 0, 850);
    }
    boolean foreign = kind == ModuleKind.UNQUALIFIED;
    text(20, 16, foreign ? "FOREIGN OPTICS" : "Intel Corp");
    identity[37] = 0x00;
    identity[38] = (byte) (foreign ? 0x90 : 0x1B);
    identity[39] = (byte) (foreign ? 0x65 : 0x21);
    text(40, 16, "MODEL-" + kind.text().toUpperCase(Locale.ROOT));
    text(56, 4, "A");
    text(68, 16, "M826990000" + lanId);
    text(84, 8, "260102");
    identity[63] = sum(identity, 0, 63);
    identity[95] = sum(identity, 64, 95);
  }

  private void direct(int technology) {
    identity[8] = (byte) technology;
    identity[12] = 103;
    identity[18] = 3;
  }

  private void optics(int code10G, int code1G, int nanometres) {
    identity[3] = (byte) code10G;
    identity[6] = (byte) code1G;
    identity[11] = (byte) (code10G != 0 ? 0x06 : 0x01);
    identity[12] = (byte) (code10G != 0 ? 103 : 13);
    if (nanometres == 1310) {
      identity[14] = 10;
      identity[15] = 100;
    } else {
      identity[16] = (byte) (code10G != 0 ? 8 : 55);
      identity[17] = (byte) (code10G != 0 ? 3 : 27);
      identity[19] = (byte) (code10G != 0 ? 30 : 0);
    }
    word(identity, 60, nanometres);
    // TX_DISABLE, TX_FAULT and loss of signal are wired; with two rates, rate select too.
    identity[65] = (byte) (code10G != 0 && code1G != 0 ? 0x3A : 0x1A);
    // Diagnostics, calibrated by the module, power as an average; by SFF-8472 revision 11.
    identity[92] = 0x68;
    identity[93] = (byte) 0xB0;
    identity[94] = 0x05;
  }

  private void limits() {
    for (int i = 0; i < LIMITS.length; i++) {
      for (int j = 0; j < 4; j++) {
        word(diagnostics, 8 * i + 2 * j, LIMITS[i][j]);
      }
    }
    // Slopes of 1 for a module that calibrates itself.
    for (int slope : new int[] {76, 80, 84, 88}) {
      word(diagnostics, slope, 0x0100);
    }
    diagnostics[95] = sum(diagnostics, 0, 95);
  }

  private void text(int at, int bytes, String words) {
    byte[] ascii = words.getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < bytes; i++) {
      identity[at + i] = i < ascii.length ? ascii[i] : (byte) ' ';
    }
  }

  private static void word(byte[] to, int at, int value) {
    to[at] = (byte) (value >> 8);
    to[at + 1] = (byte) value;
  }

  private static byte sum(byte[] bytes, int from, int to) {
    int sum = 0;
    for (int i = from; i < to; i++) {
      sum += bytes[i];
    }
    return (byte) sum;
  }

  /** Whether a device address, its read bit clear, is acknowledged. */
  boolean answers(int device) {
    return device == IDENTITY || device == DIAGNOSTICS && kind.optical();
  }

  int read(int device, int offset) {
    if (device == IDENTITY) {
      return identity[offset] & 0xFF;
    }
    if (offset >= 96 && offset < 106) {
      int value = measured(offset - 96 >> 1);
      return (offset & 1) == 0 ? value >> 8 & 0xFF : value & 0xFF;
    }
    return switch (offset) {
      case 110 -> (laser.getAsBoolean() ? 0 : 1 << 7) | (signal.getAsBoolean() ? 0 : 1 << 1);
      // Low alarms: bias and transmit power without the laser, receive power without light.
      case 112, 116 -> laser.getAsBoolean() ? 0 : 1 << 2 | 1;
      case 113, 117 -> signal.getAsBoolean() ? 0 : 1 << 6;
      default -> offset < 96 ? diagnostics[offset] & 0xFF : OFF_UNUSED;
    };
  }

  private int measured(int which) {
    boolean dark = which == 4 ? !signal.getAsBoolean() : which >= 2 && !laser.getAsBoolean();
    return dark ? 0 : MEASURED[which];
  }
}

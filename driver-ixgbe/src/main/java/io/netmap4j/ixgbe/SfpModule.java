package io.netmap4j.ixgbe;

import io.netmap4j.spi.NicDevice;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * What an SFP+ module says of itself (SFF-8472), as far as Linux ixgbe_identify_sfp_module_generic
 * looks: docs/link.md 3. An immutable value; {@link #read} does the reading.
 *
 * @param identifier byte 0; 3 for SFP and SFP+
 * @param codes10g byte 3
 * @param codes1g byte 6
 * @param cable byte 8
 * @param cableSpec byte 0x3C of an active cable, else 0
 * @param oui bytes 0x25 to 0x27: whose module it is
 * @param vendor name in words
 * @param part number in words
 */
record SfpModule(
    int identifier,
    int codes10g,
    int codes1g,
    int cable,
    int cableSpec,
    int oui,
    String vendor,
    String part) {

  /** What the driver makes of a module. {@code sequence} is its id in NVM list 0x2B for port 0. */
  enum Kind {
    DIRECT_ATTACH("a direct-attach cable", 3),
    ACTIVE_ATTACH("an active direct-attach cable", 5),
    OPTICAL_10G("a 10 Gbit/s optical module", 5),
    DUAL_RATE("an optical module for 10 and 1 Gbit/s", 5),
    OPTICAL_1G("a 1 Gbit/s optical module", 5),
    COPPER_1G("a 1000BASE-T module", 5),
    UNKNOWN("no module that this card can use", 0);

    final String words;
    private final int sequence;

    Kind(String words, int sequence) {
      this.words = words;
      this.sequence = sequence;
    }

    /** The id of its analog words in the NVM's list: odd for port 0, the next one for port 1. */
    int sequence(int port) {
      return sequence + (port == 0 ? 0 : 1);
    }

    boolean tenGigabit() {
      return this == DIRECT_ATTACH
          || this == ACTIVE_ATTACH
          || this == OPTICAL_10G
          || this == DUAL_RATE;
    }

    boolean oneGigabit() {
      return this == DUAL_RATE || this == OPTICAL_1G || this == COPPER_1G;
    }

    /** Cables are taken from anybody; so are 1G modules. */
    boolean anyVendor() {
      return this != OPTICAL_10G && this != DUAL_RATE;
    }
  }

  static final int SFP = 3;
  private static final int INTEL = 0x001b21;

  private static final int PASSIVE = 1 << 2;
  private static final int ACTIVE = 1 << 3;
  private static final int LIMITING = 1 << 2;
  private static final int SR = 1 << 4;
  private static final int LR = 1 << 5;
  private static final int SX = 1;
  private static final int LX = 1 << 1;
  private static final int BASE_T = 1 << 3;
  private static final int LHA = 1 << 4;

  private static final int VENDOR = 20;
  private static final int PART = 40;
  private static final int NAME_BYTES = 16;
  private static final int OUI = 0x25;
  private static final int CABLE_SPEC = 0x3c;

  /**
   * Reads the identity, with one attempt for each byte, while holding the port's PHY semaphore.
   *
   * @return null when nobody answers
   */
  static SfpModule read(NicDevice nic, IxgbeSemaphores semaphores) {
    I2cBus bus = new I2cBus(nic);
    return semaphores.with(
        semaphores.phy(),
        () -> {
          int identifier = bus.read(I2cBus.IDENTITY, 0);
          return identifier < 0 ? null : new Reader(bus).rest(identifier);
        });
  }

  /** One pass over the bytes; remembers whether one was missing. */
  private static final class Reader {
    private final I2cBus bus;
    private boolean failed;

    Reader(I2cBus bus) {
      this.bus = bus;
    }

    SfpModule rest(int identifier) {
      int codes10g = at(3);
      int codes1g = at(6);
      int cable = at(8);
      int spec = (cable & ACTIVE) != 0 ? at(CABLE_SPEC) : 0;
      int oui = at(OUI) << 16 | at(OUI + 1) << 8 | at(OUI + 2);
      SfpModule module =
          new SfpModule(identifier, codes10g, codes1g, cable, spec, oui, name(VENDOR), name(PART));
      return failed ? null : module;
    }

    private int at(int offset) {
      int value = failed ? -1 : bus.read(I2cBus.IDENTITY, offset);
      failed |= value < 0;
      return value & 0xff;
    }

    private String name(int offset) {
      byte[] bytes = new byte[NAME_BYTES];
      for (int i = 0; i < NAME_BYTES; i++) {
        int c = at(offset + i);
        bytes[i] = (byte) (c >= ' ' && c < 0x7f ? c : ' '); // it goes to a terminal
      }
      return new String(bytes, StandardCharsets.US_ASCII).trim();
    }
  }

  Kind kind() {
    if (identifier != SFP) {
      return Kind.UNKNOWN;
    }
    if ((cable & PASSIVE) != 0) {
      return Kind.DIRECT_ATTACH;
    }
    if ((cable & ACTIVE) != 0) {
      return (cableSpec & LIMITING) != 0 ? Kind.ACTIVE_ATTACH : Kind.UNKNOWN;
    }
    if ((codes10g & (SR | LR)) != 0) {
      boolean dual =
          (codes10g & SR) != 0 && (codes1g & SX) != 0
              || (codes10g & LR) != 0 && (codes1g & LX) != 0;
      return dual ? Kind.DUAL_RATE : Kind.OPTICAL_10G;
    }
    if (codes10g == 0 && (codes1g & BASE_T) != 0) {
      return Kind.COPPER_1G;
    }
    return codes10g == 0 && (codes1g & (SX | LX | LHA)) != 0 ? Kind.OPTICAL_1G : Kind.UNKNOWN;
  }

  /** Whether Linux takes it without being told to, on a card that wants Intel's modules. */
  boolean qualified() {
    return oui == INTEL || kind().anyVendor();
  }

  @Override
  public String toString() {
    String who = (vendor + " " + part).trim();
    return kind().words
        + (who.isEmpty() ? "" : " (" + who + ")")
        + String.format(
            Locale.ROOT,
            " [identifier 0x%02x, codes 0x%02x 0x%02x 0x%02x, OUI %06x]",
            identifier,
            codes10g,
            codes1g,
            cable,
            oui);
  }
}

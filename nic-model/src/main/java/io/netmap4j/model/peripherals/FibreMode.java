package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.Rates;

/** What AUTOC and AUTOC2 choose, on a board of this kind (docs/82599.md 2.6, 3.7). */
public enum FibreMode {
  CAGE,
  BACKPLANE;

  private static final int PMA_1G = 1 << 9;
  private static final int SFI = 2;
  private static final int KR = 1 << 16;
  private static final int KX = 1 << 30;
  private static final int KX4 = 1 << 31;

  /** By PCI device id (docs/82599.md 1.1). */
  public static FibreMode of(int deviceId) {
    return switch (deviceId) {
      case 0x10F7, 0x1514, 0x10F8, 0x1517, 0x10FC, 0x152A, 0x10F9, 0x151C -> BACKPLANE;
      default -> CAGE;
    };
  }

  /** There is a cage for a module. */
  boolean cage() {
    return this == CAGE;
  }

  /** A mask of {@link Rates}. */
  int rates(int autoc, int autoc2) {
    boolean board = this == BACKPLANE;
    return switch (autoc >> 13 & 7) {
      case 0, 2 -> board || (autoc & PMA_1G) == 0 ? Rates.R1G : 0;
      case 1 -> board ? Rates.R10G : 0;
      case 3 -> board || (autoc2 >> 16 & 3) == SFI ? Rates.R10G : 0;
      case 4, 6, 7 -> board ? offered(autoc) : 0;
      default -> 0;
    };
  }

  private static int offered(int autoc) {
    return ((autoc & (KR | KX4)) != 0 ? Rates.R10G : 0) | ((autoc & KX) != 0 ? Rates.R1G : 0);
  }

  /** By clause 73: LINKS.KX_AN_COMP. */
  boolean negotiates(int lms) {
    return this == BACKPLANE && lms >= 4 && lms != 5;
  }

  /** By clause 37. */
  boolean negotiates1G(int lms) {
    return lms == 2;
  }
}

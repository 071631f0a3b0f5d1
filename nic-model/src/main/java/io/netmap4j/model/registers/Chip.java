package io.netmap4j.model.registers;

/**
 * What differs between the chips that a card may have (docs/82599.md 9); all the rest of the model
 * is common to them. The order is that of the generations: what a chip has, its successors have.
 */
public enum Chip {
  I82599("82599", 512, 128, 256),
  X540("X540", 384, 128, 2048),
  X550("X550", 384, 512, 2048);

  private final String published;
  private final int packetBuffer;
  private final int redirections;
  private final int nvmWords;

  Chip(String published, int packetBuffer, int redirections, int nvmWords) {
    this.published = published;
    this.packetBuffer = packetBuffer;
    this.redirections = redirections;
    this.nvmWords = nvmWords;
  }

  /** The chip that a card with this PCI device id has (docs/82599.md 1.1). */
  public static Chip of(int deviceId) {
    return switch (deviceId) {
      case 0x1528, 0x1560 -> X540;
      case 0x1563, 0x15D1 -> X550;
      default -> I82599;
    };
  }

  /** As published: "82599", "X540", "X550". */
  public String published() {
    return published;
  }

  /** KB of receive packet buffer. */
  public int packetBuffer() {
    return packetBuffer;
  }

  /** Entries of the redirection table: RETA's 128, and ERETA's. */
  public int redirections() {
    return redirections;
  }

  /** The bits of a redirection entry that are heeded: queues below 16, or below 64. */
  public int redirectionMask() {
    return this == X550 ? 0x3F : 0xF;
  }

  /** 16-bit words of the NVM. */
  public int nvmWords() {
    return nvmWords;
  }

  /** 10GBASE-T behind MDIO; else fibre or backplane by AUTOC. */
  public boolean copper() {
    return this != I82599;
  }

  /** BAR 2, an I/O window to the registers (docs/82599.md 1.2). */
  public boolean ioBar() {
    return this == I82599;
  }

  /** SW_FW_SYNC bit 31 guards that register; else SWSM.SWESMBI does (docs/82599.md 3.6). */
  public boolean registerSemaphore() {
    return this != I82599;
  }

  /** The NVM is read by commands to the firmware; else through EERD (docs/82599.md 3.4). */
  public boolean nvmByFirmware() {
    return this == X550;
  }

  /** True when this chip has what {@code first} was the first to have. */
  public boolean has(Chip first) {
    return compareTo(first) >= 0;
  }
}

package io.netmap4j.apps.doctor;

import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Speed and lanes of a PCI Express link, as they are and as the card could have them.
 *
 * @param speed in tenths of a GT/s for each lane
 */
record PciLink(int speed, int lanes, int mostSpeed, int mostLanes) {
  private static final int CAPABILITIES = 0x34;
  private static final int STATUS = 0x06;
  private static final int STATUS_CAPABILITIES = 1 << 4;
  private static final int PCI_EXPRESS = 0x10;
  private static final int LINK_CAPABILITIES = 0x0c;
  private static final int LINK_STATUS = 0x12;

  /** A list longer than configuration space is a ring. */
  private static final int MOST_CAPABILITIES = 48;

  /** By the speed's code in the registers. */
  private static final int[] SPEEDS = {0, 25, 50, 80, 160, 320, 640};

  /** From the kernel's files. @return null where there are none, or they don't know */
  static PciLink of(Path function) {
    try {
      PciLink link =
          new PciLink(
              speed(function.resolve("current_link_speed")),
              number(function.resolve("current_link_width")),
              speed(function.resolve("max_link_speed")),
              number(function.resolve("max_link_width")));
      return link.mostSpeed > 0 ? link : null;
    } catch (IOException | NumberFormatException e) {
      return null; // "Unknown", or an older kernel
    }
  }

  /** "5.0 GT/s PCIe"; older kernels write "5 GT/s". */
  private static int speed(Path file) throws IOException {
    return (int) Math.round(Double.parseDouble(Files.readString(file).trim().split(" ")[0]) * 10);
  }

  private static int number(Path file) throws IOException {
    return Integer.parseInt(Files.readString(file).trim());
  }

  /** From the card's PCI Express capability. @return null where it has none */
  static PciLink of(NicDevice nic) {
    if ((nic.readConfig(STATUS, 2) & STATUS_CAPABILITIES) == 0) {
      return null;
    }
    int at = nic.readConfig(CAPABILITIES, 1) & ~3;
    for (int i = 0; i < MOST_CAPABILITIES && at >= 0x40; i++) {
      if (nic.readConfig(at, 1) == PCI_EXPRESS) {
        int can = nic.readConfig(at + LINK_CAPABILITIES, 4);
        int is = nic.readConfig(at + LINK_STATUS, 2);
        return new PciLink(speed(is), lanes(is), speed(can), lanes(can));
      }
      at = nic.readConfig(at + 1, 1) & ~3;
    }
    return null;
  }

  private static int speed(int register) {
    return SPEEDS[Math.min(register & 0xf, SPEEDS.length - 1)];
  }

  private static int lanes(int register) {
    return register >> 4 & 0x3f;
  }

  private static String text(int speed, int lanes) {
    return String.format(Locale.ROOT, "%d.%d GT/s x%d", speed / 10, speed % 10, lanes);
  }

  Finding finding(String address) {
    String value = text(speed, lanes) + ", the card can " + text(mostSpeed, mostLanes);
    if (speed >= mostSpeed && lanes >= mostLanes) {
      return Finding.ok("PCIe link", value);
    }
    return Finding.warning(
        "PCIe link",
        value,
        (lanes < mostLanes
                ? "the slot has fewer lanes, or the card is not seated well"
                : "the slot or the machine's firmware limits the speed")
            + ": sudo lspci -vv -s "
            + address
            + " (LnkCap, LnkSta); another slot");
  }
}

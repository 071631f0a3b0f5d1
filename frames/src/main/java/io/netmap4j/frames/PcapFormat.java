package io.netmap4j.frames;

import io.netmap4j.linux.Libc;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Map;

/** Numbers of the file format, and the names of those that are not supported. */
final class PcapFormat {
  static final int MICROSECONDS = 0xA1B2C3D4;
  static final int NANOSECONDS = 0xA1B23C4D;
  static final int ETHERNET = 1;

  /** The first 4 bytes, least significant first, and who unpacks them. */
  private static final Map<Integer, String[]> COMPRESSED =
      Map.of(
          0xFD2FB528, new String[] {"zstd", "zstdcat"},
          0x587A37FD, new String[] {"xz", "xzcat"},
          0x184D2204, new String[] {"lz4", "lz4cat"});

  /** As libpcap and Wireshark know them; all have other record headers than ours. */
  private static final Map<Integer, String> VARIANTS =
      Map.of(
          0xA1B2CD34, "modified (Kuznetsov's) pcap",
          0xA1B234CD, "modified (Mesquita's) pcap",
          0xA12B3C4D, "modified (Navtel's) pcap",
          0x1C0001AC, "pcap of Ixia's hardware",
          0x1C0001AB, "pcap of Ixia's software");

  private static final int SNOOP = 0x6F6F6E73; // "snoo"

  private static final Map<Integer, String> LINK_TYPES =
      Map.ofEntries(
          Map.entry(0, "BSD loopback"),
          Map.entry(6, "Token Ring"),
          Map.entry(8, "SLIP"),
          Map.entry(9, "PPP"),
          Map.entry(10, "FDDI"),
          Map.entry(12, "raw IP"),
          Map.entry(50, "PPP in HDLC framing"),
          Map.entry(51, "PPPoE"),
          Map.entry(101, "raw IP"),
          Map.entry(104, "Cisco HDLC"),
          Map.entry(105, "IEEE 802.11"),
          Map.entry(108, "OpenBSD loopback"),
          Map.entry(113, "Linux cooked capture, as of tcpdump -i any"),
          Map.entry(127, "IEEE 802.11 with radiotap"),
          Map.entry(147, "private use"),
          Map.entry(189, "Linux USB"),
          Map.entry(195, "IEEE 802.15.4"),
          Map.entry(201, "Bluetooth H4"),
          Map.entry(220, "Linux USB"),
          Map.entry(227, "SocketCAN"),
          Map.entry(228, "raw IPv4"),
          Map.entry(229, "raw IPv6"),
          Map.entry(247, "InfiniBand"),
          Map.entry(274, "Ethernet with its preamble"),
          Map.entry(276, "Linux cooked capture v2, as of tcpdump -i any"));

  private PcapFormat() {}

  static boolean known(int magic) {
    return magic == MICROSECONDS || magic == NANOSECONDS;
  }

  /** "113 (Linux cooked capture ...)". */
  private static String linkType(int type) {
    String text = LINK_TYPES.get(type);
    return text == null ? String.valueOf(type) : type + " (" + text + ")";
  }

  /**
   * Refuses frames of another kind.
   *
   * @param type a number of pcap's link types
   */
  static void requireEthernet(String name, int type) throws IOException {
    if (type != ETHERNET) {
      throw new IOException(
          name + " has frames of link type " + linkType(type) + ", only 1 (Ethernet) is known");
    }
  }

  /** Why a file that begins so can't be read, and what makes one of it that can. */
  static String describe(String name, int magic) {
    String[] packed =
        (magic & 0xFFFFFF) == 0x685A42 // "BZh"
            ? new String[] {"bzip2", "bzcat"}
            : COMPRESSED.get(magic);
    if (packed != null) {
      return name
          + " is compressed ("
          + packed[0]
          + "): unpack it: "
          + packed[1]
          + " FILE >out.pcap, or "
          + packed[1]
          + " FILE | netmap4j replay -i PORT -r -";
    }
    String variant = VARIANTS.getOrDefault(magic, VARIANTS.get(Integer.reverseBytes(magic)));
    if (variant == null && magic == SNOOP) {
      variant = "snoop file";
    }
    return variant == null
        ? String.format(
            Locale.ROOT, "%s is no pcap or pcapng file: it starts with 0x%08x", name, magic)
        : name + " is a " + variant + "; convert it: editcap -F pcap FILE out.pcap";
  }

  /** A call failed: the file's name and the reason. */
  static IOException failed(String name, int errno) {
    return errno == Libc.ENOENT
        ? new NoSuchFileException(name)
        : new FileSystemException(name, null, Libc.errorText(errno));
  }
}

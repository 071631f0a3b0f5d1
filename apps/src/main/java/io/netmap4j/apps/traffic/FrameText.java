package io.netmap4j.apps.traffic;

import java.util.HexFormat;
import java.util.Locale;

/** A frame in one line: addresses, protocol, ports, length. Never fails, whatever the bytes are. */
final class FrameText {
  private static final HexFormat MAC = HexFormat.ofDelimiter(":");

  private FrameText() {}

  /**
   * @param head the first bytes of the frame, all or part
   * @param length of the frame
   */
  static String line(byte[] head, int length) {
    if (head.length < 14) {
      return "truncated, length " + length;
    }
    StringBuilder line = new StringBuilder();
    line.append(MAC.formatHex(head, 6, 12))
        .append(" > ")
        .append(MAC.formatHex(head, 0, 6))
        .append(' ');
    int at = 12;
    int type = u16(head, at);
    while ((type == 0x8100 || type == 0x88a8) && head.length >= at + 6) {
      line.append("vlan ").append(u16(head, at + 2) & 0xfff).append(' ');
      at += 4;
      type = u16(head, at);
    }
    at += 2;
    if (type == 0x0800 && head.length >= at + 20) {
      ipv4(head, at, line);
    } else {
      line.append(
          switch (type) {
            case 0x0800 -> "IPv4";
            case 0x0806 -> "ARP";
            case 0x86dd -> "IPv6";
            default -> String.format(Locale.ROOT, "type 0x%04x", type);
          });
    }
    return line.append(", length ").append(length).toString();
  }

  private static void ipv4(byte[] head, int ip, StringBuilder line) {
    int protocol = head[ip + 9] & 0xff;
    int ports = ip + (head[ip] & 0xf) * 4;
    boolean first = (u16(head, ip + 6) & 0x1fff) == 0;
    boolean show = (protocol == 6 || protocol == 17) && first && head.length >= ports + 4;
    line.append("IPv4 ");
    address(head, ip + 12, line);
    line.append(show ? ":" + u16(head, ports) : "").append(" > ");
    address(head, ip + 16, line);
    line.append(show ? ":" + u16(head, ports + 2) : "").append(' ');
    line.append(
        switch (protocol) {
          case 1 -> "ICMP";
          case 6 -> "TCP";
          case 17 -> "UDP";
          default -> "protocol " + protocol;
        });
  }

  private static void address(byte[] head, int at, StringBuilder line) {
    for (int i = 0; i < 4; i++) {
      line.append(i == 0 ? "" : ".").append(head[at + i] & 0xff);
    }
  }

  private static int u16(byte[] b, int at) {
    return (b[at] & 0xff) << 8 | b[at + 1] & 0xff;
  }
}

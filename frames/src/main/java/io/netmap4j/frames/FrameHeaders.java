package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get8;

/**
 * What a frame is, found out once for filters, RSS and checksums. One object, used for frame after
 * frame.
 */
final class FrameHeaders {
  static final int TCP = 6;
  static final int UDP = 17;
  static final int SCTP = 132;
  private static final int IPV4 = 0x0800;
  private static final int IPV6 = 0x86DD;

  boolean vlan;
  int vlanTag;
  int etherType;
  boolean ipv4;
  boolean ipv6;

  /** IPv4 options or IPv6 extension headers. */
  boolean extended;

  boolean fragment;

  /** Of the IP payload; -1 without IP, or behind a header that is not whole. */
  int protocol;

  /**
   * Offsets from the frame's start: of the IP header, of what follows it, and of its end without
   * padding.
   */
  int l3;

  int l4;
  int end;

  /** TCP, UDP or SCTP with a whole header, and no fragment. */
  boolean transport;

  /**
   * @param vlanType the ethertype that makes a tag, VLNCTRL.VET
   */
  void parse(long frame, int length, int vlanType) {
    ipv4 = ipv6 = extended = fragment = transport = false;
    protocol = -1;
    l3 = 14;
    l4 = 0;
    end = length;
    etherType = get16(frame + 12);
    vlan = etherType == vlanType;
    vlanTag = 0;
    if (vlan) {
      vlanTag = get16(frame + 14);
      etherType = get16(frame + 16);
      l3 = 18;
    }
    if (etherType == IPV4) {
      parseIpv4(frame, length);
    } else if (etherType == IPV6) {
      parseIpv6(frame, length);
    }
    transport =
        protocol >= 0
            && !fragment
            && switch (protocol) {
              case TCP -> end - l4 >= 20;
              case UDP -> end - l4 >= 8;
              case SCTP -> end - l4 >= 12;
              default -> false;
            };
  }

  private void parseIpv4(long frame, int length) {
    int first = get8(frame + l3);
    int header = (first & 0xF) * 4;
    int total = get16(frame + l3 + 2);
    if (first >>> 4 != 4 || header < 20 || total < header || l3 + total > length) {
      return;
    }
    ipv4 = true;
    extended = header > 20;
    fragment = (get16(frame + l3 + 6) & 0x3FFF) != 0;
    protocol = get8(frame + l3 + 9);
    l4 = l3 + header;
    end = l3 + total;
  }

  private void parseIpv6(long frame, int length) {
    int payload = get16(frame + l3 + 4);
    if (get8(frame + l3) >>> 4 != 6 || l3 + 40 + payload > length) {
      return;
    }
    ipv6 = true;
    end = l3 + 40 + payload;
    l4 = l3 + 40;
    int next = get8(frame + l3 + 6);
    while (isExtension(next)) {
      extended = true;
      int size = next == 44 ? 8 : l4 + 2 <= end ? 8 + 8 * get8(frame + l4 + 1) : end;
      if (l4 + size > end) {
        return;
      }
      // An atomic fragment, offset 0 and none to follow, is whole.
      fragment |= next == 44 && (get16(frame + l4 + 2) & 0xFFF9) != 0;
      next = get8(frame + l4);
      l4 += size;
      if (fragment) {
        break;
      }
    }
    protocol = next;
  }

  private static boolean isExtension(int header) {
    return header == 0 || header == 43 || header == 44 || header == 60;
  }
}

package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get8;

/**
 * The headers of an Ethernet frame as a card's filters see them; programs have {@link Packet}. One
 * VLAN tag, IPv4 or IPv6 with extension headers, and where TCP, UDP or SCTP starts. One object
 * parses frame after frame without allocating; its answers are about the last one. For one thread.
 */
public final class FrameHeaders {
  /** The ethertype of an 802.1Q tag. */
  public static final int VLAN = Packet.VLAN;

  /** The ethertype of IPv4. */
  public static final int IPV4 = Packet.IPV4;

  /** The ethertype of IPv6. */
  public static final int IPV6 = Packet.IPV6;

  /** IP's number for TCP. */
  public static final int TCP = Packet.TCP;

  /** IP's number for UDP. */
  public static final int UDP = Packet.UDP;

  /** IP's number for SCTP. */
  public static final int SCTP = 132;

  private static final int ETHERNET_BYTES = 14;
  private static final int TAG_BYTES = 4;
  private static final int IPV4_BYTES = 20;
  private static final int IPV6_BYTES = 40;

  private boolean vlan;
  private int vlanTag;
  private int etherType;
  private boolean ipv4;
  private boolean ipv6;
  private boolean extended;
  private boolean fragment;
  private int protocol;
  private int l3;
  private int l4;
  private int end;
  private boolean transport;

  /** True if the frame has a tag. */
  public boolean vlan() {
    return vlan;
  }

  /** The tag's priority, DEI and VLAN id, 16 bits; 0 without a tag. */
  public int vlanTag() {
    return vlanTag;
  }

  /** The ethertype, behind the tag if there is one; 0 if the frame ends before it. */
  public int etherType() {
    return etherType;
  }

  /** True for a whole IPv4 packet. */
  public boolean ipv4() {
    return ipv4;
  }

  /** True for a whole IPv6 packet. */
  public boolean ipv6() {
    return ipv6;
  }

  /** True for IPv4 with options and IPv6 with extension headers. */
  public boolean extended() {
    return extended;
  }

  /** True for a fragment of an IP packet, the first one included. */
  public boolean fragment() {
    return fragment;
  }

  /**
   * The protocol of the IP payload, as {@link #TCP}; -1 without IP, or behind an extension header
   * that is not whole.
   */
  public int protocol() {
    return protocol;
  }

  /** The offset of what follows Ethernet header and tag, in bytes from the frame's start. */
  public int l3() {
    return l3;
  }

  /** The offset of what follows the IP headers; 0 without IP. */
  public int l4() {
    return l4;
  }

  /** The offset of the end: of the IP packet, without padding behind it; without IP, the length. */
  public int end() {
    return end;
  }

  /** True for TCP, UDP or SCTP with a whole header at {@link #l4}, and no fragment. */
  public boolean transport() {
    return transport;
  }

  /**
   * Parses a frame, and reads nothing outside it.
   *
   * @param frame the address of the Ethernet header
   * @param length in bytes, without CRC
   */
  public void parse(long frame, int length) {
    parse(frame, length, VLAN);
  }

  /**
   * Parses a frame, and reads nothing outside it.
   *
   * @param frame the address of the Ethernet header
   * @param length in bytes, without CRC
   * @param vlanType the ethertype that makes a tag
   */
  public void parse(long frame, int length, int vlanType) {
    vlan = ipv4 = ipv6 = extended = fragment = transport = false;
    vlanTag = 0;
    protocol = -1;
    l3 = ETHERNET_BYTES;
    l4 = 0;
    end = length;
    etherType = length < ETHERNET_BYTES ? 0 : get16(frame + 12);
    if (etherType == vlanType && length >= ETHERNET_BYTES + TAG_BYTES) {
      vlan = true;
      vlanTag = get16(frame + 14);
      etherType = get16(frame + 16);
      l3 = ETHERNET_BYTES + TAG_BYTES;
    }
    if (etherType == IPV4 && length >= l3 + IPV4_BYTES) {
      parseIpv4(frame, length);
    } else if (etherType == IPV6 && length >= l3 + IPV6_BYTES) {
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
    if (first >>> 4 != 4 || header < IPV4_BYTES || total < header || l3 + total > length) {
      return;
    }
    ipv4 = true;
    extended = header > IPV4_BYTES;
    fragment = (get16(frame + l3 + 6) & 0x3FFF) != 0;
    protocol = get8(frame + l3 + 9);
    l4 = l3 + header;
    end = l3 + total;
  }

  private void parseIpv6(long frame, int length) {
    int payload = get16(frame + l3 + 4);
    if (get8(frame + l3) >>> 4 != 6 || l3 + IPV6_BYTES + payload > length) {
      return;
    }
    ipv6 = true;
    end = l3 + IPV6_BYTES + payload;
    l4 = l3 + IPV6_BYTES;
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

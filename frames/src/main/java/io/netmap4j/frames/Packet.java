package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get32;
import static io.netmap4j.frames.NetOrder.get8;

import org.jspecify.annotations.Nullable;

/**
 * The headers of a frame, each as a typed view of where it lies: {@code
 * packet.wrap(ring.buffer(slot), ring.len(slot))}, then {@code packet.ipv4()}, {@code packet.tcp()}
 * and so on, which are null for what is not there. One object takes frame after frame without
 * allocating; its answers are about the last one. Nothing outside the frame is read, whatever its
 * length fields say.
 *
 * <p>A view is there when its header is whole and can be one. Behind one that isn't, and behind a
 * fragment other than the first, nothing is looked for; a length field that counts more than the
 * frame has stops nothing. {@link #problem} is the innermost. For one thread.
 */
public final class Packet {
  // Ethertypes.
  public static final int IPV4 = 0x0800;
  public static final int ARP = 0x0806;
  public static final int IPV6 = 0x86DD;
  public static final int VLAN = 0x8100;

  /** The outer tag of two, IEEE 802.1ad. */
  public static final int SERVICE_VLAN = 0x88A8;

  /** What came before {@link #SERVICE_VLAN}, and is still met. */
  public static final int OLD_SERVICE_VLAN = 0x9100;

  // Protocols of IP.
  public static final int ICMP = 1;
  public static final int TCP = 6;
  public static final int UDP = 17;
  public static final int ICMPV6 = 58;

  /** Without a view of its own; {@link FlowHash} knows its ports. */
  public static final int SCTP = 132;

  // Extension headers of IPv6; others count as protocols.
  private static final int HOP_BY_HOP = 0;
  private static final int ROUTING = 43;
  private static final int FRAGMENT = 44;
  private static final int AUTHENTICATION = 51;
  private static final int DESTINATION = 60;

  /** An option of HOP_BY_HOP: its type, and its length of 4. */
  private static final int JUMBO_PAYLOAD = 0xC204;

  /** What can be wrong with a frame's headers. */
  public enum Problem {
    NONE,
    /** The frame ends within a header, or before the end that a length field names. */
    TRUNCATED,
    /** A length field is smaller than the header that it counts. */
    LENGTH,
    /** The version of IP is not the ethertype's. */
    VERSION
  }

  private final Ethernet ethernet = new Ethernet();
  private final Vlan vlan = new Vlan();
  private final Arp arp = new Arp();
  private final Ipv4 ipv4 = new Ipv4();
  private final Ipv6 ipv6 = new Ipv6();
  private final Icmp icmp = new Icmp();
  private final Udp udp = new Udp();
  private final Tcp tcp = new Tcp();

  private long at;
  private int length;
  private int vlans;
  private int etherType;
  private int protocol;
  private boolean fragment;
  private boolean first;
  private boolean detour;

  private int transport;

  /** Offset of the payload behind the last header, and of its end. */
  private int payload;

  private int end;
  private Problem problem = Problem.TRUNCATED;

  // Which views are of this frame.
  private boolean hasEthernet;
  private boolean hasArp;
  private boolean hasIpv4;
  private boolean hasIpv6;
  private boolean hasIcmp;
  private boolean hasUdp;
  private boolean hasTcp;

  /**
   * Takes a frame.
   *
   * @param address of the Ethernet header
   * @param length bytes, without CRC
   * @return this
   * @throws IllegalArgumentException for a negative length
   */
  public Packet wrap(long address, int length) {
    if (length < 0) {
      throw new IllegalArgumentException("a frame of " + length + " bytes");
    }
    at = address;
    this.length = length;
    hasEthernet = hasArp = hasIpv4 = hasIpv6 = hasIcmp = hasUdp = hasTcp = false;
    fragment = detour = false;
    first = true;
    vlans = 0;
    etherType = 0;
    protocol = -1;
    transport = -1;
    payload = 0;
    end = length;
    problem = Problem.NONE;
    if (length < Ethernet.BYTES) {
      problem = Problem.TRUNCATED;
      return this;
    }
    hasEthernet = true;
    ethernet.set(at, Ethernet.BYTES);
    payload = Ethernet.BYTES;
    etherType = get16(at + 12);
    while (etherType == VLAN || etherType == SERVICE_VLAN || etherType == OLD_SERVICE_VLAN) {
      if (!fits(Vlan.BYTES)) {
        return this;
      }
      etherType = get16(at + payload + 2);
      payload += Vlan.BYTES;
      vlans++;
    }
    switch (etherType) {
      case IPV4 -> wrapIpv4();
      case IPV6 -> wrapIpv6();
      case ARP -> wrapArp();
      default -> {
        if (etherType < Ethernet.FIRST_TYPE) {
          endAfter(etherType, 0); // IEEE 802.3: a length
        }
      }
    }
    return this;
  }

  /** True when so many bytes are left for a header; else the problem is that they are not. */
  private boolean fits(int bytes) {
    if (bytes > end - payload) {
      problem = Problem.TRUNCATED;
      return false;
    }
    return true;
  }

  private void wrapArp() {
    if (fits(Arp.FIXED) && fits(Arp.length(at + payload))) {
      int bytes = Arp.length(at + payload);
      arp.set(at + payload, bytes);
      hasArp = true;
      payload += bytes;
    }
  }

  private void wrapIpv4() {
    if (!fits(Ipv4.BYTES)) {
      return;
    }
    long header = at + payload;
    int bytes = (get8(header) & 0xF) << 2;
    if (get8(header) >>> 4 != 4) {
      problem = Problem.VERSION;
    } else if (bytes < Ipv4.BYTES) {
      problem = Problem.LENGTH;
    } else if (fits(bytes) && endAfter(ipv4Length(header), bytes)) {
      ipv4.set(header, bytes);
      hasIpv4 = true;
      protocol = ipv4.protocol();
      fragment = ipv4.fragment();
      first = ipv4.fragmentOffset() == 0;
      payload += bytes;
      wrapTransport();
    }
  }

  /** 0 is what a host's own capture has before its card has cut the packet in pieces. */
  private int ipv4Length(long header) {
    int total = get16(header + 2);
    return total == 0 ? end - payload : total;
  }

  private void wrapIpv6() {
    if (!fits(Ipv6.BYTES)) {
      return;
    }
    long header = at + payload;
    if (get8(header) >>> 4 != 6) {
      problem = Problem.VERSION;
      return;
    }
    ipv6.set(header, Ipv6.BYTES);
    hasIpv6 = true;
    endAfter(Ipv6.BYTES + ipv6Length(header), Ipv6.BYTES);
    payload += Ipv6.BYTES;
    int next = ipv6.nextHeader();
    while (isExtension(next) && first) {
      if (!fits(8)) {
        return;
      }
      long extension = at + payload;
      int bytes =
          switch (next) {
            case FRAGMENT -> 8;
            case AUTHENTICATION -> 8 + (get8(extension + 1) << 2);
            default -> 8 + (get8(extension + 1) << 3);
          };
      if (!fits(bytes)) {
        return;
      }
      if (next == FRAGMENT) {
        fragment |= (get16(extension + 2) & 0xFFF9) != 0; // an atomic one is whole
        first = (get16(extension + 2) & 0xFFF8) == 0;
      } else if (next == ROUTING) {
        detour |= get8(extension + 3) != 0;
      }
      next = get8(extension);
      payload += bytes;
    }
    protocol = next;
    wrapTransport();
  }

  /** A jumbogram (RFC 2675) has 0, and the option its hop-by-hop header begins with has more. */
  private int ipv6Length(long header) {
    int length = ipv6.payloadLength();
    boolean jumbo =
        length == 0
            && ipv6.nextHeader() == HOP_BY_HOP
            && end - payload >= Ipv6.BYTES + 8
            && get16(header + Ipv6.BYTES + 2) == JUMBO_PAYLOAD;
    long most = Integer.MAX_VALUE - Ipv6.BYTES;
    return jumbo ? (int) Math.min(most, get32(header + Ipv6.BYTES + 4) & 0xFFFFFFFFL) : length;
  }

  private static boolean isExtension(int header) {
    return switch (header) {
      case HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION -> true;
      default -> false;
    };
  }

  /**
   * The end, as a length field counts it from the payload's offset on; the frame's, if that comes
   * first.
   *
   * @return false when the field is smaller than the header itself
   */
  private boolean endAfter(int counted, int header) {
    if (counted < header) {
      problem = Problem.LENGTH;
      return false;
    }
    if (counted > end - payload) {
      problem = Problem.TRUNCATED;
    } else {
      end = payload + counted;
    }
    return true;
  }

  private void wrapTransport() {
    if (!first) {
      return;
    }
    transport = payload;
    switch (protocol) {
      case TCP -> wrapTcp();
      case UDP -> wrapUdp();
      case ICMP -> wrapIcmp(hasIpv4);
      case ICMPV6 -> wrapIcmp(hasIpv6);
      default -> {}
    }
  }

  private void wrapIcmp(boolean ofThisIp) {
    if (ofThisIp && fits(Icmp.BYTES)) {
      icmp.set(at + payload, Icmp.BYTES);
      hasIcmp = true;
      payload += Icmp.BYTES;
    }
  }

  private void wrapTcp() {
    if (!fits(Tcp.BYTES)) {
      return;
    }
    int bytes = get8(at + payload + 12) >>> 4 << 2;
    if (bytes < Tcp.BYTES) {
      problem = Problem.LENGTH;
    } else if (fits(bytes)) {
      tcp.set(at + payload, bytes);
      hasTcp = true;
      payload += bytes;
    }
  }

  /**
   * Its length may be that of all fragments, and 0 in IPv6, as in a jumbogram, that of the packet.
   */
  private void wrapUdp() {
    if (!fits(Udp.BYTES)) {
      return;
    }
    int counted = get16(at + payload + 4);
    if (counted == 0 && hasIpv6) {
      counted = end - payload;
    }
    if (fragment && counted >= Udp.BYTES || endAfter(counted, Udp.BYTES)) {
      udp.set(at + payload, Udp.BYTES);
      hasUdp = true;
      payload += Udp.BYTES;
    }
  }

  /** Null when the frame is shorter than the header. */
  public @Nullable Ethernet ethernet() {
    return hasEthernet ? ethernet : null;
  }

  /** How many tags there are. */
  public int vlans() {
    return vlans;
  }

  /**
   * A tag. The view is one for all of them: it moves to another tag with the next call.
   *
   * @param index 0, the outer one, to {@link #vlans} − 1
   * @throws IndexOutOfBoundsException there is no such tag
   */
  public Vlan vlan(int index) {
    if (index < 0 || index >= vlans) {
      throw new IndexOutOfBoundsException("tag " + index + " of a frame with " + vlans);
    }
    vlan.set(at + Ethernet.BYTES + (long) index * Vlan.BYTES, Vlan.BYTES);
    return vlan;
  }

  /** Null when there is none. */
  public @Nullable Arp arp() {
    return hasArp ? arp : null;
  }

  /** Null when there is none. */
  public @Nullable Ipv4 ipv4() {
    return hasIpv4 ? ipv4 : null;
  }

  /** Null when there is none. */
  public @Nullable Ipv6 ipv6() {
    return hasIpv6 ? ipv6 : null;
  }

  /** ICMP of IPv4 or ICMPv6 of IPv6; null when there is none. */
  public @Nullable Icmp icmp() {
    return hasIcmp ? icmp : null;
  }

  /** Null when there is none. */
  public @Nullable Udp udp() {
    return hasUdp ? udp : null;
  }

  /** Null when there is none. */
  public @Nullable Tcp tcp() {
    return hasTcp ? tcp : null;
  }

  /** The ethertype behind the tags, or a length (IEEE 802.3); 0 without a whole header. */
  public int etherType() {
    return etherType;
  }

  /**
   * The protocol of IP, of IPv6 behind its extension headers; −1 without IP, or behind an extension
   * header that is not whole.
   */
  public int protocol() {
    return protocol;
  }

  /**
   * Where the header of {@link #protocol} begins, whole or not, in bytes from the frame's start; −1
   * when there is no IP packet, or a fragment other than the first.
   */
  public int transportOffset() {
    return transport;
  }

  /** True for a part of an IP packet, the first one included. */
  public boolean fragment() {
    return fragment;
  }

  /** What stopped the parsing, or cut the payload. */
  public Problem problem() {
    return problem;
  }

  /** Address of the frame. */
  public long address() {
    return at;
  }

  /** Bytes of the frame. */
  public int length() {
    return length;
  }

  /** Where the payload of the last header begins, in bytes from the frame's start. */
  public int payloadOffset() {
    return payload;
  }

  /**
   * Bytes of the payload: as the innermost length field has it, without padding, or as far as the
   * frame goes.
   */
  public int payloadLength() {
    return end - payload;
  }

  /**
   * True when the frame has all that a checksum of TCP, UDP, ICMP or ICMPv6 covers: the header and
   * no problem, no fragment, and no IPv6 packet on a detour, whose last destination is in a routing
   * header.
   */
  public boolean transportChecksumComputable() {
    return (hasTcp || hasUdp || hasIcmp) && problem == Problem.NONE && !fragment && !detour;
  }

  /**
   * True when the checksum of TCP, UDP, ICMP or ICMPv6 is that of the packet's bytes, and for UDP
   * over IPv4 without one. False unless {@link #transportChecksumComputable}.
   */
  public boolean transportChecksumRight() {
    if (!transportChecksumComputable()) {
      return false;
    }
    if (hasUdp && hasIpv4 && udp.checksum() == 0) {
      return true;
    }
    return transportSum() == 0xFFFF && !(hasUdp && udp.checksum() == 0);
  }

  /**
   * Computes the checksum of TCP, UDP, ICMP or ICMPv6, and stores it.
   *
   * @throws IllegalStateException unless {@link #transportChecksumComputable}
   */
  public void updateTransportChecksum() {
    if (!transportChecksumComputable()) {
      throw new IllegalStateException(
          "no checksum of protocol " + protocol + ", " + problem + (fragment ? ", fragment" : ""));
    }
    checksum(0);
    int sum = ~transportSum() & 0xFFFF;
    checksum(sum == 0 && hasUdp ? 0xFFFF : sum); // 0 would be none
  }

  private void checksum(int value) {
    if (hasTcp) {
      tcp.checksum(value);
    } else if (hasUdp) {
      udp.checksum(value);
    } else {
      icmp.checksum(value);
    }
  }

  /** Of header, payload and, except for ICMP of IPv4, pseudo header. */
  private int transportSum() {
    Header header = hasTcp ? tcp : hasUdp ? udp : icmp;
    int bytes = end - (int) (header.at - at);
    boolean alone = hasIcmp && hasIpv4;
    int pseudo =
        alone ? 0 : Checksum.pseudoHeader(hasIpv6 ? ipv6.at : ipv4.at, hasIpv6, protocol, bytes);
    return Checksum.sum(header.at, bytes, pseudo);
  }
}

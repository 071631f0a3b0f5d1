package io.netmap4j.compat.netdev;

import io.netmap4j.linux.Mem;

/**
 * Cuts the large packets that the kernel makes for itself (TSO, GSO, GRO) into those that its
 * headers say: as the card would have sent them, or received them. One large packet at a time;
 * segment by segment, so that a full ring can interrupt.
 */
final class Segments {
  // linux/virtio_net.h.
  private static final int GSO_TCPV4 = 1;
  private static final int GSO_TCPV6 = 4;
  private static final int GSO_UDP_L4 = 5;
  private static final int GSO_ECN = 0x80;

  private static final int ETHERTYPE = 12;
  private static final int VLAN = 0x8100;
  private static final int SERVICE_VLAN = 0x88a8;
  private static final int IPV4 = 0x0800;
  private static final int IPV6 = 0x86dd;
  private static final int IPV6_HEADER = 40;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int UDP_HEADER = 8;
  private static final int FIN_PSH = 0x09;
  private static final int CWR = 0x80;

  private final long out;
  private final int outBytes;

  private long packet;
  private boolean udp;
  private boolean ipv6;
  private int network;
  private int transport;
  private int headers;
  private int payload;
  private int size;

  /** Payload that is in earlier segments; {@link #payload} when there is no more. */
  private int done;

  private int built;

  /**
   * @param out where segments are built
   * @param bytes room there
   */
  Segments(long out, int bytes) {
    this.out = out;
    this.outBytes = bytes;
  }

  boolean active() {
    return done < payload;
  }

  /**
   * Begins with a large packet, which stays where it is until its last segment is done.
   *
   * @param type gso_type
   * @param mss gso_size: payload of a segment, bytes
   * @param l4 where its TCP or UDP header begins
   * @return false for a packet that is not what {@code type} says, or of a type that is not cut up
   */
  boolean begin(long address, int length, int type, int mss, int l4) {
    int kind = type & ~GSO_ECN;
    int at = ETHERTYPE;
    while (at + 6 <= l4 && isVlan(network16(address + at))) {
      at += 4;
    }
    int ip = at + 2;
    int etherType = at + 2 <= l4 ? network16(address + at) : 0;
    int least = etherType == IPV6 ? IPV6_HEADER : 20;
    boolean known =
        etherType == IPV4 && (kind == GSO_TCPV4 || kind == GSO_UDP_L4)
            || etherType == IPV6 && (kind == GSO_TCPV6 || kind == GSO_UDP_L4);
    if (!known || mss <= 0 || ip + least > l4 || l4 + 20 > length && kind != GSO_UDP_L4) {
      return false;
    }
    int l4Header = UDP_HEADER;
    if (kind != GSO_UDP_L4) {
      l4Header = (Mem.getByte(address + l4 + 12) & 0xf0) >> 2;
    }
    int all = l4 + l4Header;
    if (l4Header < UDP_HEADER || all > length || all + mss > outBytes) {
      return false;
    }
    packet = address;
    udp = kind == GSO_UDP_L4;
    ipv6 = etherType == IPV6;
    network = ip;
    transport = l4;
    headers = all;
    payload = length - all;
    size = mss;
    done = 0;
    return true;
  }

  private static boolean isVlan(int etherType) {
    return etherType == VLAN || etherType == SERVICE_VLAN;
  }

  /** Builds the segment that comes next; again the same one until {@link #next}. @return bytes */
  int build() {
    int n = Math.min(size, payload - done);
    Mem.copy(packet, out, headers);
    Mem.copy(packet + headers + done, out + headers, n);
    long ip = out + network;
    long l4 = out + transport;
    int l4Length = headers - transport + n;
    if (ipv6) {
      putNetwork16(ip + 4, transport - network - IPV6_HEADER + l4Length);
    } else {
      putNetwork16(ip + 2, transport - network + l4Length);
      putNetwork16(ip + 4, network16(ip + 4) + done / size);
      Mem.putShort(ip + 10, (short) 0);
      Mem.putShort(ip + 10, InternetSum.checksum(InternetSum.add(0, ip, transport - network)));
    }
    long sum =
        ipv6 ? InternetSum.add(0, ip + 8, 32) : InternetSum.add(0, ip + 12, 8); // the addresses
    sum = InternetSum.add(InternetSum.add(sum, udp ? UDP : TCP), l4Length);
    long field = l4 + (udp ? 6 : 16);
    if (udp) {
      putNetwork16(l4 + 4, l4Length);
    } else {
      tcp(l4, n);
    }
    Mem.putShort(field, (short) 0);
    short checksum = InternetSum.checksum(InternetSum.add(sum, l4, l4Length));
    Mem.putShort(field, udp && checksum == 0 ? -1 : checksum);
    built = n;
    return headers + n;
  }

  private void tcp(long l4, int n) {
    Mem.putInt(l4 + 4, Integer.reverseBytes(Integer.reverseBytes(Mem.getInt(l4 + 4)) + done));
    int flags = Mem.getByte(l4 + 13);
    if (done + n < payload) {
      flags &= ~FIN_PSH;
    }
    if (done > 0) {
      flags &= ~CWR;
    }
    Mem.putByte(l4 + 13, (byte) flags);
  }

  /** The segment that was built is delivered. */
  void next() {
    done += built;
  }

  private static int network16(long address) {
    return Short.reverseBytes(Mem.getShort(address)) & 0xffff;
  }

  private static void putNetwork16(long address, int value) {
    Mem.putShort(address, Short.reverseBytes((short) value));
  }
}

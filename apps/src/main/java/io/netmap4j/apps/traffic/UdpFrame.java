package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapRing;
import io.netmap4j.frames.Checksum;
import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.frames.NetOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The frames that a sender sends: Ethernet, IPv4 or IPv6, UDP and pkt-gen's payload, checksums
 * right, with the addresses and ports of a {@link Flow}; or one frame as it was given. For one
 * thread.
 */
public final class UdpFrame {
  /** Bytes of Ethernet, IPv4 and UDP headers. */
  public static final int HEADERS = 14 + 20 + 8;

  /** Longest frame, in bytes: IPv4's length has 16 bits. */
  static final int LONGEST = 65_536 - 16;

  private static final byte[] PAYLOAD =
      "netmap pkt-gen DIRECT payload\nhttp://info.iet.unipi.it/~luigi/netmap/ "
          .getBytes(StandardCharsets.US_ASCII);
  private static final int ETHERNET = 14;
  private static final int TAG = 4;
  private static final int IPV4 = 20;
  private static final int IPV6 = 40;
  private static final int UDP = 8;
  private static final int HOPS = 64;

  /**
   * What is in front of the payload.
   *
   * @param lead zero bytes before the Ethernet header: a virtio-net header
   * @param vlan the tag's priority, DEI and VLAN id, 16 bits; −1 for no tag
   * @param ipv6 else IPv4
   */
  record Headers(int lead, int vlan, boolean ipv6) {
    static final Headers IPV4_ONLY = new Headers(0, -1, false);

    /** Where the IP header is, in bytes from the start. */
    int ip() {
      return lead + ETHERNET + (vlan < 0 ? 0 : TAG);
    }

    int udp() {
      return ip() + (ipv6 ? IPV6 : IPV4);
    }

    int payload() {
      return udp() + UDP;
    }
  }

  private final byte[] template;
  private final Flow flow;
  private final boolean macsVary;
  private final boolean numbered;
  private final boolean ipv6;
  private final int lead;
  private final int ip;
  private final int udp;
  private final int payload;
  private final int least;
  private final boolean sizesVary;

  /** Of the IPv4 header, without its length and addresses. */
  private final int ipSum;

  /** Of the payload's bytes before each even place in it; of one size, its only element. */
  private final int[] payloadSums;

  private int number;

  private UdpFrame(byte[] template, Flow flow, Headers headers, int least, boolean numbered) {
    this.template = template;
    this.flow = flow;
    this.macsVary = flow != null && flow.macsVary();
    this.numbered = numbered;
    this.ipv6 = headers.ipv6();
    this.lead = headers.lead();
    this.ip = headers.ip();
    this.udp = headers.udp();
    this.payload = headers.payload();
    this.least = least;
    this.sizesVary = least != template.length;
    this.ipSum = flow == null || ipv6 ? 0 : Checksum.sum(template, ip, IPV4, 0);
    this.payloadSums = flow == null ? new int[1] : payloadSums();
    if (flow != null) {
      putLengths();
    }
  }

  private void putLengths() {
    int length = template.length - udp;
    put16(template, udp + 4, length);
    put16(template, ipv6 ? ip + 4 : ip + 2, ipv6 ? length : length + IPV4);
  }

  /** A frame of {@code size} bytes without CRC, {@link #HEADERS} to {@link #LONGEST}. */
  public static UdpFrame ipv4(
      byte[] dstMac, byte[] srcMac, Endpoints source, Endpoints destination, int size) {
    Flow flow =
        new Flow(
            source,
            destination,
            MacRange.of(MacAddress.of(srcMac)),
            MacRange.of(MacAddress.of(dstMac)),
            false,
            false,
            0);
    return of(flow, Headers.IPV4_ONLY, size, size, 0, false);
  }

  /**
   * Frames.
   *
   * @param size bytes without CRC and without {@link Headers#lead}
   * @param least where that is less than {@code size}: sizes are random, from {@code least} to
   *     {@code size} − 1
   * @param reserved bytes at the payload's beginning that are 0, for {@link #write}
   * @param numbered writes a number, from 0, into the first four bytes of the payload
   */
  static UdpFrame of(
      Flow flow, Headers headers, int size, int least, int reserved, boolean numbered) {
    byte[] template = new byte[headers.lead() + size];
    int ip = headers.ip();
    putMac(template, headers.lead(), flow.dstMac);
    putMac(template, headers.lead() + 6, flow.srcMac);
    put16(template, ip - 2, headers.ipv6() ? FrameHeaders.IPV6 : FrameHeaders.IPV4);
    if (headers.vlan() >= 0) {
      put16(template, ip - 6, FrameHeaders.VLAN);
      put16(template, ip - 4, headers.vlan());
    }
    if (headers.ipv6()) {
      put16(template, ip, 0x6000);
      put16(template, ip + 6, FrameHeaders.UDP << 8 | HOPS);
    } else {
      put16(template, ip, 0x4510); // version, header length, low delay: as pkt-gen
      put16(template, ip + 6, 0x4000); // don't fragment
      put16(template, ip + 8, HOPS << 8 | FrameHeaders.UDP);
    }
    int payload = headers.payload();
    for (int i = payload; i < template.length; i++) {
      template[i] = PAYLOAD[(i - payload) % PAYLOAD.length];
    }
    if (template.length > payload) {
      template[template.length - 1] = 0;
    }
    Arrays.fill(template, payload, Math.min(template.length, payload + reserved), (byte) 0);
    return new UdpFrame(template, flow, headers, headers.lead() + least, numbered);
  }

  /** One frame, again and again, as it is. */
  static UdpFrame given(byte[] frame) {
    return new UdpFrame(frame, null, Headers.IPV4_ONLY, frame.length, false);
  }

  private int[] payloadSums() {
    if (least == template.length) {
      return new int[] {Checksum.sum(template, payload, template.length - payload, 0)};
    }
    int[] sums = new int[(template.length - payload) / 2 + 1];
    for (int i = 1; i < sums.length; i++) {
      sums[i] = Checksum.sum(template, payload + 2 * (i - 1), 2, sums[i - 1]);
    }
    return sums;
  }

  /** Longest frame, with what is before the Ethernet header. */
  int size() {
    return template.length;
  }

  /** Where the payload starts, in bytes from the start. */
  int payload() {
    return payload;
  }

  /** The size of the next frame, as for {@link #size}. */
  int nextSize() {
    return least == template.length ? least : least + flow.random(template.length - least);
  }

  /** True when one frame differs from the next. */
  boolean varies() {
    return flow != null && (flow.varies() || numbered || least != template.length);
  }

  /** The frame, whose headers are not complete before {@link #stamp}. Not for writing. */
  byte[] template() {
    return template;
  }

  /**
   * Writes the current flow, the lengths and the checksums into a frame, whose other bytes are the
   * template's, and moves on to the next flow.
   *
   * @param frame address of the frame's first byte
   * @param size its length, from {@link #nextSize}
   */
  void stamp(long frame, int size) {
    Flow f = flow;
    if (f == null) {
      return;
    }
    if (macsVary || sizesVary) {
      putMacsAndLengths(frame, size);
    }
    long addresses = f.addressSum();
    int length = size - udp;
    if (ipv6) {
      putIpv6(frame);
    } else {
      NetOrder.put16(frame + ip + 10, ~Checksum.fold(ipSum + length + IPV4 + addresses));
      NetOrder.put32(frame + ip + 12, (int) f.srcLow);
      NetOrder.put32(frame + ip + 16, (int) f.dstLow);
    }
    NetOrder.put16(frame + udp, f.srcPort);
    NetOrder.put16(frame + udp + 2, f.dstPort);
    // The length is in the pseudo header and in the header.
    long sum = FrameHeaders.UDP + 2L * length + addresses + f.srcPort + f.dstPort;
    putChecksum(frame, sum + (sizesVary ? payloadSum(size) : payloadSums[0]));
    if (numbered) {
      write(frame, 0, number++);
    }
    f.next();
  }

  private void putMacsAndLengths(long frame, int size) {
    putMac(frame + lead, flow.dstMac);
    putMac(frame + lead + 6, flow.srcMac);
    int length = size - udp;
    NetOrder.put16(frame + udp + 4, length);
    NetOrder.put16(ipv6 ? frame + ip + 4 : frame + ip + 2, ipv6 ? length : length + IPV4);
  }

  private void putIpv6(long frame) {
    put64(frame + ip + 8, flow.srcHigh);
    put64(frame + ip + 16, flow.srcLow);
    put64(frame + ip + 24, flow.dstHigh);
    put64(frame + ip + 32, flow.dstLow);
  }

  private int payloadSum(int size) {
    int bytes = size - payload;
    int odd = (bytes & 1) == 0 ? 0 : (template[size - 1] & 0xff) << 8;
    return payloadSums[bytes >> 1] + odd;
  }

  /** A checksum of 0 would mean that there is none. */
  private void putChecksum(long frame, long sum) {
    int checksum = ~Checksum.fold(sum) & 0xffff;
    NetOrder.put16(frame + udp + 6, checksum == 0 ? 0xffff : checksum);
  }

  /**
   * Writes four bytes into the payload of a stamped frame, where zeros were before, and updates the
   * checksum (RFC 1624).
   *
   * @param frame address of the frame's first byte
   * @param at offset in the payload, even
   */
  void write(long frame, int at, int value) {
    NetOrder.put32(frame + payload + at, value);
    int before = ~NetOrder.get16(frame + udp + 6) & 0xffff;
    putChecksum(frame, before + (value >>> 16) + (value & 0xffff));
  }

  /**
   * Writes the whole frame, of the current flow, into as many slots as it needs.
   *
   * @param size from {@link #nextSize}
   * @param flags of its last slot
   * @return the slot after it
   */
  int put(NetmapRing ring, int first, int size, Scatter scatter, int flags) {
    int room = ring.bufSize() - ring.offset(first);
    int head = Math.min(size, room);
    int part = scatter.part(size, room);
    ring.putBytes(first, 0, template, 0, head);
    stamp(ring.buffer(first), size);
    int slot = first;
    int left = scatter.slots(size, room);
    for (int from = 0; left > 0; left--, from += part, slot = ring.next(slot)) {
      int bytes = left == 1 ? size - from : part;
      if (from > 0 && from + bytes <= head) {
        // Headers may be in several slots.
        ring.getBytes(first, from, ring.buffer(slot), bytes);
      } else if (from > 0) {
        ring.putBytes(slot, 0, template, from, bytes);
      }
      int changed = ring.slotFlags(slot) & Netmap.NS_BUF_CHANGED;
      ring.lenAndFlags(slot, bytes, changed | (left == 1 ? flags : Netmap.NS_MOREFRAG));
    }
    return slot;
  }

  private static void putMac(long at, long mac) {
    NetOrder.put16(at, (int) (mac >>> 32));
    NetOrder.put32(at + 2, (int) mac);
  }

  private static void putMac(byte[] to, int at, long mac) {
    put16(to, at, (int) (mac >>> 32));
    put16(to, at + 2, (int) (mac >>> 16));
    put16(to, at + 4, (int) mac);
  }

  private static void put64(long at, long value) {
    NetOrder.put32(at, (int) (value >>> 32));
    NetOrder.put32(at + 4, (int) value);
  }

  private static void put16(byte[] to, int at, int value) {
    to[at] = (byte) (value >> 8);
    to[at + 1] = (byte) value;
  }
}

package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapRing;
import io.netmap4j.frames.Checksum;
import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.frames.NetOrder;
import java.nio.charset.StandardCharsets;

/**
 * An Ethernet frame with IPv4, UDP and pkt-gen's payload, checksums right, and the flows that it
 * runs through: after each frame the source port moves on, then the source address, then the
 * destination's. For one thread.
 */
public final class UdpFrame {
  /** Ethernet, IPv4 and UDP headers. */
  public static final int HEADERS = 14 + 20 + 8;

  static final int LONGEST = 65_536 - 16; // IPv4's length has 16 bits

  private static final byte[] PAYLOAD =
      "netmap pkt-gen DIRECT payload\nhttp://info.iet.unipi.it/~luigi/netmap/ "
          .getBytes(StandardCharsets.US_ASCII);
  private static final int IP = 14;
  private static final int IP_CHECKSUM = IP + 10;
  private static final int SRC = IP + 12;
  private static final int UDP = IP + 20;
  private static final int UDP_CHECKSUM = UDP + 6;

  private final byte[] template;
  private final Endpoints source;
  private final Endpoints destination;
  private final int ipSum;
  private final int udpSum;
  private long srcIp;
  private int srcPort;
  private long dstIp;
  private int dstPort;

  /** A range of addresses and of ports, ends included. */
  public record Endpoints(long firstIp, long lastIp, int firstPort, int lastPort) {
    /** Reads {@code ip[:port[-ip:port]]}; the port is 1234 when none is given, as in pkt-gen. */
    public static Endpoints parse(String text) {
      String[] ends = text.split("-", -1);
      try {
        if (ends.length <= 2) {
          long firstIp = ip(ends[0]);
          int firstPort = port(ends[0], 1234);
          String last = ends[ends.length - 1];
          Endpoints e = new Endpoints(firstIp, ip(last), firstPort, port(last, firstPort));
          if (e.firstIp <= e.lastIp && e.firstPort <= e.lastPort) {
            return e;
          }
        }
      } catch (NumberFormatException e) {
        // the same answer as for a range that runs backwards
      }
      throw new IllegalArgumentException(
          "'" + text + "' is not ip[:port[-ip:port]], as in 10.0.0.1:1024-10.0.0.1:1279");
    }

    private static long ip(String end) {
      int colon = end.indexOf(':');
      String[] parts = (colon < 0 ? end : end.substring(0, colon)).split("\\.", -1);
      long ip = 0;
      for (String part : parts) {
        ip = ip << 8 | within(part, 255);
      }
      if (parts.length != 4) {
        throw new NumberFormatException(end);
      }
      return ip;
    }

    private static int port(String end, int otherwise) {
      int colon = end.indexOf(':');
      return colon < 0 ? otherwise : within(end.substring(colon + 1), 65_535);
    }

    private static int within(String number, int most) {
      int n = number.matches("[0-9]{1,5}") ? Integer.parseInt(number) : -1;
      if (n < 0 || n > most) {
        throw new NumberFormatException(number);
      }
      return n;
    }

    boolean single() {
      return firstIp == lastIp && firstPort == lastPort;
    }
  }

  /**
   * @param size bytes without CRC, {@link #HEADERS} to {@link #LONGEST}
   */
  public UdpFrame(byte[] dstMac, byte[] srcMac, Endpoints source, Endpoints destination, int size) {
    this.source = source;
    this.destination = destination;
    this.template = new byte[size];
    System.arraycopy(dstMac, 0, template, 0, 6);
    System.arraycopy(srcMac, 0, template, 6, 6);
    put16(12, FrameHeaders.IPV4);
    put16(IP, 0x4510); // version, header length, low delay: as pkt-gen
    put16(IP + 2, size - IP);
    put16(IP + 6, 0x4000); // don't fragment
    put16(IP + 8, 64 << 8 | FrameHeaders.UDP);
    put16(UDP + 4, size - UDP);
    for (int i = HEADERS; i < size; i++) {
      template[i] = PAYLOAD[(i - HEADERS) % PAYLOAD.length];
    }
    if (size > HEADERS) {
      template[size - 1] = 0;
    }
    this.ipSum = Checksum.sum(template, IP, UDP - IP, 0);
    this.udpSum = Checksum.sum(template, UDP, size - UDP, FrameHeaders.UDP + size - UDP);
    this.srcIp = source.firstIp;
    this.srcPort = source.firstPort;
    this.dstIp = destination.firstIp;
    this.dstPort = destination.firstPort;
  }

  int size() {
    return template.length;
  }

  /** True when one frame differs from the next. */
  boolean varies() {
    return !source.single() || !destination.single();
  }

  /** The frame, whose headers are not complete before {@link #stamp}. Not for writing. */
  byte[] template() {
    return template;
  }

  /**
   * Writes the current flow and its checksums into a frame at {@code address}, and moves on to the
   * next flow.
   */
  void stamp(long address) {
    int ips = (int) ((srcIp >>> 16) + (srcIp & 0xffff) + (dstIp >>> 16) + (dstIp & 0xffff));
    int udp = ~Checksum.fold(udpSum + ips + srcPort + dstPort) & 0xffff;
    NetOrder.put16(address + IP_CHECKSUM, ~Checksum.fold(ipSum + ips));
    NetOrder.put32(address + SRC, (int) srcIp);
    NetOrder.put32(address + SRC + 4, (int) dstIp);
    NetOrder.put16(address + UDP, srcPort);
    NetOrder.put16(address + UDP + 2, dstPort);
    NetOrder.put16(address + UDP_CHECKSUM, udp == 0 ? 0xffff : udp); // 0 would mean none
    next();
  }

  /** How many buffers of that size the frame takes. */
  int slots(int bufSize) {
    return (template.length + bufSize - 1) / bufSize;
  }

  /**
   * Writes the whole frame, of the current flow, into as many slots as it needs.
   *
   * @param flags of its last slot
   * @return the slot after it
   */
  int put(NetmapRing ring, int first, int flags) {
    int slot = first;
    for (int from = 0; from < template.length; from += ring.bufSize()) {
      int length = Math.min(ring.bufSize(), template.length - from);
      boolean last = from + length == template.length;
      ring.put(slot, template, from, length, last ? flags : Netmap.NS_MOREFRAG);
      slot = ring.next(slot);
    }
    stamp(ring.buffer(first));
    return slot;
  }

  /** Marks the frame that starts in this slot as one without UDP checksum. */
  static void clearChecksum(NetmapRing ring, int slot) {
    ring.putShort(slot, UDP_CHECKSUM, 0);
  }

  private void next() {
    srcPort = srcPort == source.lastPort ? source.firstPort : srcPort + 1;
    if (srcPort == source.firstPort) {
      srcIp = srcIp == source.lastIp ? source.firstIp : srcIp + 1;
      if (srcIp == source.firstIp) {
        dstPort = dstPort == destination.lastPort ? destination.firstPort : dstPort + 1;
        if (dstPort == destination.firstPort) {
          dstIp = dstIp == destination.lastIp ? destination.firstIp : dstIp + 1;
        }
      }
    }
  }

  private void put16(int at, int value) {
    template[at] = (byte) (value >> 8);
    template[at + 1] = (byte) value;
  }
}

package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapRing;
import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.frames.Toeplitz;
import java.util.SplittableRandom;

/**
 * A hash of the connection that a packet belongs to, the same for both of its directions: the
 * hashes of the two ends, added. Packets without a whole IP header are hashed by their MAC
 * addresses, fragments and protocols without ports by their IP addresses. Reads the headers where
 * they lie, as far as the packet's first slot has them; cut packets do no harm. For one thread.
 */
final class FlowHash {
  private static final int ETHER_TYPE = 12;
  private static final int ETHERNET_BYTES = 14;
  private static final int TAG_BYTES = 4;
  private static final int SERVICE_TAG = 0x88A8;
  private static final int MAC_BYTES = 6;
  private static final int PORT_BYTES = 2;
  private static final int IPV4_BYTES = 20;
  private static final int IPV6_BYTES = 40;

  private final Toeplitz toeplitz;
  private boolean ip;

  FlowHash() {
    byte[] key = new byte[Toeplitz.KEY_BYTES];
    new SplittableRandom(1).nextBytes(key); // any key without a pattern
    this.toeplitz = new Toeplitz(key);
  }

  /** The hash of the packet that begins in a slot. */
  int of(NetmapRing ring, int slot) {
    int length = Math.min(ring.len(slot), ring.bufSize() - ring.offset(slot));
    ip = false;
    if (length < ETHERNET_BYTES) {
      return 0;
    }
    int l3 = ETHERNET_BYTES;
    int type = ring.getUnsignedShort(slot, ETHER_TYPE);
    while ((type == FrameHeaders.VLAN || type == SERVICE_TAG) && length >= l3 + TAG_BYTES) {
      type = ring.getUnsignedShort(slot, l3 + 2);
      l3 += TAG_BYTES;
    }
    if (type == FrameHeaders.IPV4 && length >= l3 + IPV4_BYTES) {
      return ipv4(ring, slot, l3, length);
    }
    if (type == FrameHeaders.IPV6 && length >= l3 + IPV6_BYTES) {
      return ipv6(ring, slot, l3, length);
    }
    return ends(ring, slot, 0, MAC_BYTES, 0);
  }

  /** True when the last packet was hashed by IP addresses. */
  boolean ip() {
    return ip;
  }

  private int ipv4(NetmapRing ring, int slot, int l3, int length) {
    ip = true;
    int l4 = l3 + (ring.getUnsignedByte(slot, l3) & 0xF) * 4;
    boolean fragment = (ring.getUnsignedShort(slot, l3 + 6) & 0x3FFF) != 0;
    int protocol = ring.getUnsignedByte(slot, l3 + 9);
    boolean ports = !fragment && hasPorts(protocol) && l4 >= l3 + IPV4_BYTES;
    return ends(ring, slot, l3 + 12, 4, ports && l4 + 2 * PORT_BYTES <= length ? l4 : 0);
  }

  /** Behind extension headers no ports are looked for. */
  private int ipv6(NetmapRing ring, int slot, int l3, int length) {
    ip = true;
    int l4 = l3 + IPV6_BYTES;
    boolean ports = hasPorts(ring.getUnsignedByte(slot, l3 + 6)) && l4 + 2 * PORT_BYTES <= length;
    return ends(ring, slot, l3 + 8, 16, ports ? l4 : 0);
  }

  private static boolean hasPorts(int protocol) {
    return protocol == FrameHeaders.TCP
        || protocol == FrameHeaders.UDP
        || protocol == FrameHeaders.SCTP;
  }

  /**
   * Two addresses, one behind the other, and two ports if {@code ports} is not 0. A sum does not
   * depend on which end is which.
   */
  private int ends(NetmapRing ring, int slot, int addresses, int bytes, int ports) {
    long at = ring.buffer(slot) + addresses;
    int one = toeplitz.hash(0, 0, at, bytes);
    int other = toeplitz.hash(0, 0, at + bytes, bytes);
    if (ports > 0) {
      at = ring.buffer(slot) + ports;
      one = toeplitz.hash(one, bytes, at, PORT_BYTES);
      other = toeplitz.hash(other, bytes, at + PORT_BYTES, PORT_BYTES);
    }
    int hash = one + other;
    hash = (hash ^ hash >>> 16) * 0x7feb352d; // all bits count for a small number of pipes
    hash = (hash ^ hash >>> 15) * 0x846ca68b;
    return hash ^ hash >>> 16;
  }
}

package io.netmap4j.frames;

import java.util.SplittableRandom;

/**
 * A hash of the connection that a packet belongs to, the same for both of its directions: the
 * hashes of the two ends, added. IP addresses count, and the ports of TCP, UDP and SCTP; of
 * fragments and other protocols, the addresses alone; of what is not IP, the MAC addresses.
 *
 * <p>Hashes spread evenly over any small number of targets ({@code Integer.remainderUnsigned(hash,
 * n)}), and are the same in every run. Immutable; allocates nothing.
 */
public final class FlowHash {
  private static final int MAC_BYTES = 6;
  private static final int PORT_BYTES = 2;

  private final Toeplitz toeplitz;

  /** With a key that is always the same. */
  public FlowHash() {
    byte[] key = new byte[Toeplitz.KEY_BYTES];
    new SplittableRandom(1).nextBytes(key); // any key without a pattern
    this.toeplitz = new Toeplitz(key);
  }

  /**
   * The hash of a packet.
   *
   * @param packet whose headers are still in memory; as many as its frame has count
   * @return any int; 0 for a frame without a whole Ethernet header
   */
  public int of(Packet packet) {
    Ipv4 ipv4 = packet.ipv4();
    if (ipv4 != null) {
      return ends(ipv4.at + 12, 4, ports(packet));
    }
    Ipv6 ipv6 = packet.ipv6();
    if (ipv6 != null) {
      return ends(ipv6.at + 8, 16, ports(packet));
    }
    Ethernet ethernet = packet.ethernet();
    return ethernet == null ? 0 : ends(ethernet.at, MAC_BYTES, 0);
  }

  /** Where the two ports lie; 0 when there are none. */
  private static long ports(Packet packet) {
    int at = packet.transportOffset();
    boolean has =
        switch (packet.protocol()) {
          case Packet.TCP, Packet.UDP, Packet.SCTP -> at >= 0 && !packet.fragment();
          default -> false;
        };
    int end = packet.payloadOffset() + packet.payloadLength(); // not the frame's: that has padding
    return has && at + 2 * PORT_BYTES <= end ? packet.address() + at : 0;
  }

  /**
   * Two addresses, one behind the other, and two ports if {@code ports} is not 0. A sum does not
   * depend on which end is which.
   */
  private int ends(long addresses, int bytes, long ports) {
    int one = toeplitz.hash(0, 0, addresses, bytes);
    int other = toeplitz.hash(0, 0, addresses + bytes, bytes);
    if (ports != 0) {
      one = toeplitz.hash(one, bytes, ports, PORT_BYTES);
      other = toeplitz.hash(other, bytes, ports + PORT_BYTES, PORT_BYTES);
    }
    int hash = one + other;
    hash = (hash ^ hash >>> 16) * 0x7feb352d; // all bits count for a small number of targets
    hash = (hash ^ hash >>> 15) * 0x846ca68b;
    return hash ^ hash >>> 16;
  }
}

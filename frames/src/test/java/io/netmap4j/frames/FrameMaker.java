package io.netmap4j.frames;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Frames of every kind that {@link Packet} knows, whole and damaged, from a seed. */
public final class FrameMaker {
  private final SplittableRandom random;

  public FrameMaker(long seed) {
    random = new SplittableRandom(seed);
  }

  private int below(int bound) {
    return random.nextInt(bound);
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** Bytes that grow at the front: each header is put before what it carries. */
  private static byte[] join(byte[] one, byte[] other) {
    byte[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  private byte[] noise(int bytes) {
    byte[] noise = new byte[bytes];
    random.nextBytes(noise);
    return noise;
  }

  private static void put16(byte[] to, int at, int value) {
    to[at] = (byte) (value >> 8);
    to[at + 1] = (byte) value;
  }

  /** A frame, of which half are damaged: cut, or with some bytes changed. */
  public byte[] next() {
    byte[] frame = whole();
    switch (below(4)) {
      case 0 -> frame = Arrays.copyOf(frame, below(frame.length) + 1);
      case 1 -> {
        for (int i = below(3); i >= 0; i--) {
          frame[12 + below(Math.min(frame.length, 80) - 12)] = (byte) below(256);
        }
      }
      default -> {}
    }
    return frame;
  }

  /** A frame with nothing wrong in its lengths. */
  byte[] whole() {
    byte[] inner;
    int type;
    switch (below(8)) {
      case 0 -> {
        type = Packet.ARP;
        inner = arp();
      }
      case 1 -> {
        type = 0x88B5; // local experiments
        inner = noise(below(60));
      }
      case 2, 3, 4 -> {
        type = Packet.IPV4;
        inner = ipv4();
      }
      default -> {
        type = Packet.IPV6;
        inner = ipv6();
      }
    }
    int tags = oneIn(3) ? 1 + below(4) : 0;
    for (int i = 0; i < tags; i++) {
      byte[] tag = noise(4);
      put16(tag, 2, type);
      inner = join(tag, inner);
      type = i == tags - 1 && oneIn(2) ? Packet.SERVICE_VLAN : Packet.VLAN;
    }
    byte[] ethernet = noise(14);
    put16(ethernet, 12, type);
    byte[] frame = join(ethernet, inner);
    return oneIn(3) ? Arrays.copyOf(frame, frame.length + below(20)) : frame; // padding
  }

  private byte[] arp() {
    byte[] arp = noise(28);
    put16(arp, 0, 1);
    put16(arp, 2, Packet.IPV4);
    arp[4] = 6;
    arp[5] = 4;
    put16(arp, 6, 1 + below(2));
    return arp;
  }

  private byte[] ipv4() {
    int words = oneIn(3) ? below(11) : 0;
    byte[] header = noise(20 + 4 * words);
    Arrays.fill(header, 20, header.length, (byte) 1); // no operation
    int protocol = protocol(Packet.ICMP);
    byte[] inner = transport(protocol);
    header[0] = (byte) (0x45 + words);
    put16(header, 2, header.length + inner.length);
    put16(header, 6, oneIn(6) ? below(0x10000) : oneIn(2) ? 0x4000 : 0);
    header[9] = (byte) protocol;
    int sum = Checksum.sum(header, 0, header.length, 0);
    put16(header, 10, (header[10] & 0xFF) << 8 | header[11] & 0xFF);
    if (oneIn(2)) {
      put16(header, 10, 0);
      put16(header, 10, ~Checksum.sum(header, 0, header.length, 0));
    } else if (sum < 0) {
      throw new AssertionError();
    }
    return join(header, inner);
  }

  private byte[] ipv6() {
    int protocol = protocol(Packet.ICMPV6);
    byte[] inner = transport(protocol);
    int next = protocol;
    for (int extensions = oneIn(3) ? 1 + below(4) : 0; extensions > 0; extensions--) {
      int kind = new int[] {0, 43, 44, 60, 51}[below(5)];
      byte[] extension = noise(kind == 44 ? 8 : kind == 51 ? 12 + 4 * below(3) : 8 + 8 * below(3));
      extension[0] = (byte) next;
      switch (kind) {
        case 44 -> put16(extension, 2, oneIn(3) ? below(0x10000) & 0xFFF9 : 0);
        case 51 -> extension[1] = (byte) (extension.length / 4 - 2);
        case 43 -> {
          extension[1] = (byte) (extension.length / 8 - 1);
          extension[2] = (byte) 253; // experiments
          extension[3] = (byte) below(2);
        }
        default -> {
          extension[1] = (byte) (extension.length / 8 - 1);
          Arrays.fill(extension, 2, extension.length, (byte) 0); // Pad1
        }
      }
      inner = join(extension, inner);
      next = kind;
    }
    byte[] header = noise(40);
    header[0] = (byte) (0x60 | header[0] & 0xF);
    put16(header, 4, inner.length);
    header[6] = (byte) next;
    return join(header, inner);
  }

  private int protocol(int icmp) {
    return switch (below(5)) {
      case 0, 1 -> Packet.TCP;
      case 2 -> Packet.UDP;
      case 3 -> icmp;
      default -> 253; // experiments
    };
  }

  private byte[] transport(int protocol) {
    byte[] payload = noise(below(40));
    byte[] header;
    switch (protocol) {
      case Packet.TCP -> {
        ByteArrayOutputStream options = new ByteArrayOutputStream();
        while (oneIn(2) && options.size() < 36) {
          options.writeBytes(new byte[] {1, 1, 1, 1});
        }
        header = join(noise(20), options.toByteArray());
        header[12] = (byte) (header.length << 2 | header[12] & 0xF);
      }
      case Packet.UDP -> {
        header = noise(8);
        put16(header, 4, 8 + payload.length);
      }
      case Packet.ICMP -> {
        header = noise(8);
        header[0] = (byte) (oneIn(2) ? 0 : 8);
        header[1] = 0;
      }
      case Packet.ICMPV6 -> {
        header = noise(8);
        header[0] = (byte) (oneIn(2) ? 128 : 129);
        header[1] = 0;
      }
      default -> header = new byte[0];
    }
    return join(header, payload);
  }
}

package io.netmap4j.ixgbe;

import io.netmap4j.linux.Mem;

/** UDP frames that say which flow they belong to, and which of it they are. */
final class Flows {
  static final int LENGTH = 64;
  private static final int ETHERNET = 14;
  private static final int PAYLOAD = ETHERNET + 20 + 8;

  private Flows() {}

  /** A frame of {@link #LENGTH} bytes; the flow chooses the UDP source port. */
  static byte[] udp(int flow, int number) {
    byte[] f = new byte[LENGTH];
    f[0] = 2;
    f[5] = 2;
    f[6] = 2;
    f[11] = 1;
    f[12] = 8;
    f[14] = 0x45;
    f[17] = LENGTH - ETHERNET;
    f[22] = 64;
    f[23] = 17;
    f[26] = 10;
    f[29] = 1;
    f[30] = 10;
    f[33] = 2;
    int sum = 0;
    for (int i = ETHERNET; i < ETHERNET + 20; i += 2) {
      sum += (f[i] & 0xff) << 8 | f[i + 1] & 0xff;
    }
    sum = ~((sum & 0xffff) + (sum >>> 16));
    f[24] = (byte) (sum >> 8);
    f[25] = (byte) sum;
    f[34] = (byte) (40 + (flow >> 8));
    f[35] = (byte) flow;
    f[37] = 9;
    f[39] = LENGTH - ETHERNET - 20;
    f[PAYLOAD] = (byte) flow;
    for (int i = 0; i < 4; i++) {
      f[PAYLOAD + 2 + i] = (byte) (number >>> 8 * i);
    }
    return f;
  }

  static int flow(long address) {
    return Mem.getByte(address + PAYLOAD) & 0xff;
  }

  static int number(long address) {
    return Mem.getInt(address + PAYLOAD + 2);
  }
}

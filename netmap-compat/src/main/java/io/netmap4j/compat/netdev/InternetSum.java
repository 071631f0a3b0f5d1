package io.netmap4j.compat.netdev;

import io.netmap4j.linux.Mem;

/**
 * The Internet checksum (RFC 1071) over memory. Sums are of 16-bit words as this processor reads
 * them, so that a folded sum is stored as it is.
 */
final class InternetSum {
  private InternetSum() {}

  /** The sum over some bytes, added to another one. */
  static long add(long sum, long address, int bytes) {
    long end = address + bytes;
    for (; address + 8 <= end; address += 8) {
      long word = Mem.getLong(address);
      sum += (word & 0xffffffffL) + (word >>> 32);
    }
    for (; address + 2 <= end; address += 2) {
      sum += Mem.getShort(address) & 0xffff;
    }
    return address < end ? sum + (Mem.getByte(address) & 0xff) : sum; // little-endian
  }

  /** A value of a pseudo-header, added to a sum. */
  static long add(long sum, int value) {
    return sum + (Short.reverseBytes((short) value) & 0xffff);
  }

  /** What to store in the checksum's place. */
  static short checksum(long sum) {
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return (short) ~sum;
  }
}

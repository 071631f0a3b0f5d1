package io.netmap4j.frames;

import io.netmap4j.linux.Mem;
import java.util.Objects;

/**
 * Checksums of bytes in memory: the Internet's ones' complement sum (RFC 1071), and the CRCs of
 * Ethernet and SCTP. Nothing here checks an address.
 *
 * <p>A checksum field of IPv4, TCP or UDP is right when the sum over everything that it covers,
 * itself included, is 0xFFFF; the value to store is the complement of the sum with a zero field.
 */
public final class Checksum {
  private static final int[] CRC32 = table(0xEDB88320);
  private static final int[] CRC32C = table(0x82F63B78);

  private Checksum() {}

  /**
   * The ones' complement sum of 16-bit words in network byte order; an odd last byte is padded with
   * zero.
   *
   * @param address of the first byte
   * @param length in bytes
   * @param start a sum to continue: of an even number of bytes, not negative, folded or not
   * @return the folded sum, 0 to 0xFFFF; not complemented
   */
  public static int sum(long address, int length, int start) {
    long sum = 0;
    int i = 0;
    for (; i + 32 <= length; i += 32) {
      long a = Mem.getLong(address + i);
      long b = Mem.getLong(address + i + 8);
      long c = Mem.getLong(address + i + 16);
      long d = Mem.getLong(address + i + 24);
      sum += (a & 0xFFFFFFFFL) + (a >>> 32) + (b & 0xFFFFFFFFL) + (b >>> 32);
      sum += (c & 0xFFFFFFFFL) + (c >>> 32) + (d & 0xFFFFFFFFL) + (d >>> 32);
    }
    for (; i + 8 <= length; i += 8) {
      long word = Mem.getLong(address + i);
      sum += (word & 0xFFFFFFFFL) + (word >>> 32);
    }
    for (; i + 2 <= length; i += 2) {
      sum += Mem.getShort(address + i) & 0xFFFF;
    }
    if (i < length) {
      sum += Mem.getByte(address + i) & 0xFF;
    }
    // Summing little-endian words gives the swapped sum: RFC 1071, 2 (B).
    int swapped = Short.reverseBytes((short) fold(sum)) & 0xFFFF;
    return fold((long) swapped + start);
  }

  /**
   * The same sum over bytes of an array.
   *
   * @param bytes holds them
   * @param offset of the first one
   * @param length how many
   * @param start as for {@link #sum(long, int, int)}
   * @throws IndexOutOfBoundsException when they are not inside {@code bytes}
   */
  public static int sum(byte[] bytes, int offset, int length, int start) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    long sum = start;
    for (int i = 0; i < length; i++) {
      int octet = bytes[offset + i] & 0xFF;
      sum += (i & 1) == 0 ? octet << 8 : octet;
    }
    return fold(sum);
  }

  /** Adds the carries of an unsigned sum back until 16 bits are left. */
  public static int fold(long sum) {
    long folded = (sum & 0xFFFFFFFFL) + (sum >>> 32);
    folded = (folded & 0xFFFF) + (folded >>> 16 & 0xFFFF) + (folded >>> 32);
    folded = (folded & 0xFFFF) + (folded >>> 16);
    return (int) ((folded & 0xFFFF) + (folded >>> 16));
  }

  /**
   * A checksum field after 16 bits of what it covers have changed (RFC 1624, equation 3).
   *
   * @param checksum as it was stored
   * @param before the word that it covered
   * @param after the word in its place
   * @return the value to store, 0 to 0xFFFF; the caller knows whether 0 means that there is none
   */
  public static int replace16(int checksum, int before, int after) {
    return ~fold((long) (~checksum & 0xFFFF) + (~before & 0xFFFF) + (after & 0xFFFF)) & 0xFFFF;
  }

  /** The same for 32 bits, such as an IPv4 address, which begin at an even byte. */
  public static int replace32(int checksum, int before, int after) {
    return replace16(replace16(checksum, before >>> 16, after >>> 16), before, after);
  }

  /**
   * The sum of the pseudo header of TCP and UDP.
   *
   * @param l3 the address of the IPv4 or IPv6 header
   * @param ipv6 which of the two it is
   * @param protocol TCP or UDP, by number
   * @param l4Length the length of the TCP or UDP header and its payload, in bytes
   * @return the sum that {@link #sum} continues
   */
  public static int pseudoHeader(long l3, boolean ipv6, int protocol, int l4Length) {
    int addresses = ipv6 ? sum(l3 + 8, 32, 0) : sum(l3 + 12, 8, 0);
    return fold((long) addresses + protocol + (l4Length >>> 16) + (l4Length & 0xFFFF));
  }

  /** Ethernet's frame check sequence (CRC-32), to be stored little-endian. */
  public static int crc32(long address, int length) {
    return ~crc(CRC32, ~0, address, length);
  }

  /**
   * The CRC-32C of an SCTP packet, its own checksum field taken as zero, to be stored
   * little-endian.
   *
   * @param address of the SCTP header
   * @param length of header and chunks, 12 bytes or more
   */
  public static int sctp(long address, int length) {
    int crc = crc(CRC32C, ~0, address, 8);
    for (int i = 0; i < 4; i++) {
      crc = CRC32C[crc & 0xFF] ^ crc >>> 8;
    }
    return ~crc(CRC32C, crc, address + 12, length - 12);
  }

  private static int crc(int[] table, int crc, long address, int length) {
    for (int i = 0; i < length; i++) {
      crc = table[(crc ^ Mem.getByte(address + i)) & 0xFF] ^ crc >>> 8;
    }
    return crc;
  }

  private static int[] table(int polynomial) {
    int[] table = new int[256];
    for (int i = 0; i < 256; i++) {
      int crc = i;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) != 0 ? crc >>> 1 ^ polynomial : crc >>> 1;
      }
      table[i] = crc;
    }
    return table;
  }
}

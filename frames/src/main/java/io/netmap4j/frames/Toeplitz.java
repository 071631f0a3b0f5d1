package io.netmap4j.frames;

import io.netmap4j.linux.Mem;

/**
 * The Toeplitz hash of receive-side scaling (RSS): for each input bit that is set, most significant
 * first, the 32 key bits that start at its position are XORed into the hash.
 *
 * <p>The input is, in network byte order, source address, destination address and, where the ports
 * count, source port and destination port: as they lie in a frame, so that each part is hashed in
 * place. Immutable, 36 KiB: a table of 256 entries for each input byte.
 */
public final class Toeplitz {
  /** The length of a key. */
  public static final int KEY_BYTES = 40;

  /** The longest input: two IPv6 addresses and two ports. */
  public static final int INPUT_BYTES = 36;

  private final int[] table = new int[INPUT_BYTES * 256];

  /**
   * @param key {@link #KEY_BYTES} bytes
   * @throws IllegalArgumentException for a key of another length
   */
  public Toeplitz(byte[] key) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException(
          "a key of " + key.length + " bytes; RSS has keys of " + KEY_BYTES);
    }
    for (int at = 0; at < INPUT_BYTES; at++) {
      long window = 0;
      for (int i = 0; i < 5; i++) {
        window = window << 8 | (at + i < KEY_BYTES ? key[at + i] & 0xFF : 0);
      }
      for (int value = 0; value < 256; value++) {
        int hash = 0;
        for (int bit = 0; bit < 8; bit++) {
          if ((value & (0x80 >> bit)) != 0) {
            hash ^= (int) (window >>> (8 - bit));
          }
        }
        table[at << 8 | value] = hash;
      }
    }
  }

  /**
   * Adds a part of the input to a hash.
   *
   * @param hash of the parts before; 0 for the first
   * @param position of the part in the input, in bytes
   * @param address where the part lies in memory
   * @param bytes its length; position + bytes is at most {@link #INPUT_BYTES}
   * @return the hash of all parts so far
   */
  public int hash(int hash, int position, long address, int bytes) {
    int at = position << 8;
    for (int i = 0; i < bytes; i++, at += 256) {
      hash ^= table[at + (Mem.getByte(address + i) & 0xFF)];
    }
    return hash;
  }
}

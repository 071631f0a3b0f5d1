package io.netmap4j.frames;

import io.netmap4j.linux.Mem;

/**
 * The Toeplitz hash of RSS: for each input bit that is set, first bit first, the 32 key bits that
 * start there are XORed in (facts 5.1). By one table of 256 entries for each input byte, made when
 * the key is set.
 */
final class Toeplitz {
  static final int KEY_BYTES = 40;
  private static final int INPUT_BYTES = 36;

  private final int[] table = new int[INPUT_BYTES * 256];

  void key(byte[] key) {
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

  /** Continues {@code hash} with bytes that stand at {@code position} of the input. */
  int hash(int hash, int position, long address, int bytes) {
    int at = position << 8;
    for (int i = 0; i < bytes; i++, at += 256) {
      hash ^= table[at + (Mem.getByte(address + i) & 0xFF)];
    }
    return hash;
  }
}

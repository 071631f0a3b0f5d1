package io.netmap4j.compat.vswitch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where addresses were seen: netmap's table of 1024 entries without ageing. An address that hashes
 * to the entry of another takes its place. Several senders read and write it at a time: an entry is
 * one word, so it is never half of one and half of another.
 */
final class MacTable {
  static final int SIZE = 1024;
  static final int UNKNOWN = -1;
  private static final int HASH_SHIFT = 64 - 10;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);

  /** Address in the low 48 bits, port + 1 above; 0 for none. */
  private final long[] entries = new long[SIZE];

  static int hash(long mac) {
    return (int) (mac * GOLDEN >>> HASH_SHIFT);
  }

  void learn(long mac, int port) {
    int i = hash(mac);
    long entry = mac | port + 1L << 48;
    if ((long) ENTRY.getOpaque(entries, i) != entry) {
      ENTRY.setOpaque(entries, i, entry);
    }
  }

  /** The port that an address was seen at, or {@link #UNKNOWN}. */
  int find(long mac) {
    long entry = (long) ENTRY.getOpaque(entries, hash(mac));
    return (entry ^ mac) << 16 == 0 ? (int) (entry >>> 48) - 1 : UNKNOWN;
  }

  /** The port's index is for another from now on. */
  void forget(int port) {
    for (int i = 0; i < SIZE; i++) {
      long entry = (long) ENTRY.getOpaque(entries, i);
      if (entry >>> 48 == port + 1) {
        ENTRY.setOpaque(entries, i, 0L);
      }
    }
  }

  void clear() {
    for (int i = 0; i < SIZE; i++) {
      ENTRY.setOpaque(entries, i, 0L);
    }
  }
}

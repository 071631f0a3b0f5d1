package io.netmap4j.compat.vswitch;

/**
 * Where addresses were seen: netmap's table of 1024 entries without ageing. An address that hashes
 * to the entry of another takes its place. Several senders read and write it at a time: an entry is
 * one aligned word, which a JVM of 64 bits reads and writes at once, so it is never half of one and
 * half of another.
 */
final class MacTable {
  static final int SIZE = 1024;
  static final int UNKNOWN = -1;
  private static final int HASH_SHIFT = 64 - 10;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  /** Address in the low 48 bits, port + 1 above; 0 for none. */
  private final long[] entries = new long[SIZE];

  static int hash(long mac) {
    return (int) (mac * GOLDEN >>> HASH_SHIFT);
  }

  void learn(long mac, int port) {
    int i = hash(mac);
    long entry = mac | port + 1L << 48;
    if (entries[i] != entry) {
      entries[i] = entry;
    }
  }

  /** The port that an address was seen at, or {@link #UNKNOWN}. */
  int find(long mac) {
    long entry = entries[hash(mac)];
    return (entry ^ mac) << 16 == 0 ? (int) (entry >>> 48) - 1 : UNKNOWN;
  }

  /** The port's index is for another from now on. */
  void forget(int port) {
    for (int i = 0; i < SIZE; i++) {
      if (entries[i] >>> 48 == port + 1) {
        entries[i] = 0;
      }
    }
  }
}

package io.netmap4j.compat.vswitch;

import io.netmap4j.linux.Mem;

/** Copies packets: short ones word by word, where a call costs more than the copy. */
final class Copy {
  private static final int SHORT = 256;

  private Copy() {}

  /**
   * Copies exactly so many bytes.
   *
   * @param bytes 8 or more
   */
  static void copy(long from, long to, int bytes) {
    if (bytes > SHORT) {
      Mem.copy(from, to, bytes);
      return;
    }
    int last = bytes - 8;
    int at = 0;
    for (; at <= last - 32; at += 32) {
      long a = Mem.getLong(from + at);
      long b = Mem.getLong(from + at + 8);
      long c = Mem.getLong(from + at + 16);
      long d = Mem.getLong(from + at + 24);
      Mem.putLong(to + at, a);
      Mem.putLong(to + at + 8, b);
      Mem.putLong(to + at + 16, c);
      Mem.putLong(to + at + 24, d);
    }
    for (; at < last; at += 8) {
      Mem.putLong(to + at, Mem.getLong(from + at));
    }
    Mem.putLong(to + last, Mem.getLong(from + last)); // may overlap what is copied
  }
}

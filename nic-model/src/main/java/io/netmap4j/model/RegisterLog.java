package io.netmap4j.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The last register accesses of a driver, for tests to ask. Thread safe. Off until {@link #enable}.
 */
public final class RegisterLog {
  /**
   * One access.
   *
   * @param value what was read or written
   */
  public record Access(boolean write, int offset, int value) {
    /** As in {@code RDT(0)}. */
    public String register() {
      return RegisterMap82599.nameAt(offset);
    }

    @Override
    public String toString() {
      return String.format("%s %s 0x%08X", write ? "write" : "read", register(), value);
    }
  }

  private volatile boolean on;
  private long[] words = {};
  private long total;

  RegisterLog() {}

  /** Starts anew and keeps the last {@code capacity} accesses; 0 switches the log off. */
  public synchronized void enable(int capacity) {
    words = new long[capacity];
    total = 0;
    on = capacity > 0;
  }

  void add(boolean write, int offset, int value) {
    if (on) {
      record(write, offset, value);
    }
  }

  private synchronized void record(boolean write, int offset, int value) {
    if (words.length > 0) {
      long kind = write ? 1L << 62 : 0;
      words[(int) (total++ % words.length)] = kind | (long) offset << 32 | (value & 0xFFFFFFFFL);
    }
  }

  /** Accesses since {@link #enable}, those that were overwritten included. */
  public synchronized long total() {
    return total;
  }

  /** What is kept, oldest first. */
  public synchronized List<Access> accesses() {
    List<Access> list = new ArrayList<>();
    for (long i = Math.max(0, total - words.length); i < total; i++) {
      long word = words[(int) (i % words.length)];
      list.add(new Access((word >> 62 & 1) != 0, (int) (word >> 32 & 0x3FFFFFFF), (int) word));
    }
    return list;
  }

  /** The values written to {@code register}, oldest first. */
  public List<Integer> written(int register) {
    return accesses().stream()
        .filter(access -> access.write() && access.offset() == register)
        .map(Access::value)
        .toList();
  }
}

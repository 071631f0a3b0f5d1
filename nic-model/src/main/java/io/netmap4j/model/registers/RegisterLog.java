package io.netmap4j.model.registers;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
      return String.format(
          Locale.ROOT, "%s %s 0x%08X", write ? "write" : "read", register(), value);
    }
  }

  private volatile boolean on;
  private long[] words = {};

  /** How often in a row each came: a driver that polls a register is one entry. */
  private int[] times = {};

  private int entries;
  private int oldest;
  private long total;

  public RegisterLog() {}

  /**
   * Starts anew and keeps the last {@code capacity} accesses, equal ones in a row as one; 0
   * switches the log off.
   */
  public synchronized void enable(int capacity) {
    words = new long[capacity];
    times = new int[capacity];
    entries = 0;
    oldest = 0;
    total = 0;
    on = capacity > 0;
  }

  public void add(boolean write, int offset, int value) {
    if (on) {
      record((write ? 1L << 62 : 0) | (long) offset << 32 | (value & 0xFFFFFFFFL));
    }
  }

  private synchronized void record(long word) {
    if (words.length == 0) {
      return;
    }
    total++;
    int last = at(entries - 1);
    if (entries > 0 && words[last] == word && times[last] < Integer.MAX_VALUE) {
      times[last]++;
      return;
    }
    if (entries < words.length) {
      entries++;
    } else {
      oldest = (oldest + 1) % words.length;
    }
    last = at(entries - 1);
    words[last] = word;
    times[last] = 1;
  }

  /** Where the i-th oldest entry is. */
  private int at(int i) {
    return (int) (((long) oldest + i) % words.length);
  }

  /** Accesses since {@link #enable}, those that were overwritten included. */
  public synchronized long total() {
    return total;
  }

  /** What is kept, oldest first. */
  public synchronized List<Access> accesses() {
    List<Access> list = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      Access access = access(words[at(i)]);
      list.addAll(Collections.nCopies(times[at(i)], access));
    }
    return list;
  }

  private static Access access(long word) {
    return new Access((word >> 62 & 1) != 0, (int) (word >> 32 & 0x3FFFFFFF), (int) word);
  }

  /**
   * Writes what is kept, oldest first, a line each: {@code prefix}, {@code 12 x } if there were so
   * many in a row, and the access.
   */
  public synchronized void writeTo(Appendable to, String prefix) throws IOException {
    Map<Integer, String> names = new HashMap<>();
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < entries; i++) {
      Access access = access(words[at(i)]);
      line.setLength(0);
      line.append(prefix);
      if (times[at(i)] > 1) {
        line.append(times[at(i)]).append(" x ");
      }
      line.append(access.write ? "write " : "read ")
          .append(names.computeIfAbsent(access.offset, RegisterMap82599::nameAt))
          .append(" 0x");
      for (int shift = 28; shift >= 0; shift -= 4) {
        line.append("0123456789ABCDEF".charAt(access.value >>> shift & 0xF));
      }
      to.append(line.append('\n'));
    }
  }

  /** The values written to {@code register}, oldest first. */
  public List<Integer> written(int register) {
    return accesses().stream()
        .filter(access -> access.write() && access.offset() == register)
        .map(Access::value)
        .toList();
  }
}

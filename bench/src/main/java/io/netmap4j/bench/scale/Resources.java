package io.netmap4j.bench.scale;

import io.netmap4j.linux.Mem;
import java.util.Deque;

/** What a point has open, the last one first. */
final class Resources {
  private static final int PAGE = 4096;

  private Resources() {}

  /** Has the kernel map all pages of a region that nobody uses yet, so that no measurement does. */
  static void touch(long address, long bytes) {
    for (long at = address; at < address + bytes; at += PAGE) {
      Mem.putByte(at, Mem.getByte(at));
    }
  }

  /** Closes and removes all; goes on after a failure, and throws the first one at the end. */
  static void closeAll(Deque<AutoCloseable> open) {
    RuntimeException first = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        RuntimeException now = e instanceof RuntimeException r ? r : new IllegalStateException(e);
        if (first == null) {
          first = now;
        } else {
          first.addSuppressed(now);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}

package io.netmap4j.memory;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import java.util.ArrayDeque;

/**
 * Memory that takes the place of closed ports and regions: addresses that a program has kept lead
 * here. What is read is undefined; what is written reaches no port, no region and no device.
 *
 * <p>It is one file of anonymous memory, at least as large as the largest region so far. Pages of
 * it exist where something was touched, so that it costs address space and hardly any memory, with
 * every setting of vm.overcommit_memory.
 */
final class PlaceholderMemory {
  /** Enough that nothing which still runs looks so far back; far below vm.max_map_count. */
  private static final int MOST_RETIRED = 4096;

  /** An eighth of what a process can address. */
  private static final long MOST_RETIRED_BYTES = 16L << 40;

  private static final ArrayDeque<Range> RETIRED = new ArrayDeque<>();
  private static long retiredBytes;
  private static int file = -1;
  private static long size;
  private static long address;

  private record Range(long address, long bytes) {}

  private PlaceholderMemory() {}

  /** Address of at least so many bytes of it, mapped as long as the process lives. */
  static synchronized long of(long bytes) {
    if (bytes > size) {
      if (file < 0) {
        file = Libc.memfd("netmap4j-closed");
      }
      String hint = "as much address space as the largest region has: make memory.buf-num smaller";
      Libc.truncate(file, bytes, hint);
      address = map(bytes, file, hint);
      size = bytes;
    }
    return address;
  }

  /** Maps a file. Where addresses are short (ulimit -v), retired ones are given up for it. */
  static synchronized long map(long bytes, int fd, String hint) {
    while (true) {
      try {
        return Libc.mmap(bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, hint);
      } catch (LinuxException e) {
        if (e.errno() != Libc.ENOMEM || RETIRED.isEmpty() || fits(bytes) || !release()) {
          throw e;
        }
      }
    }
  }

  /** Addresses are not what is short: pages of 2 MiB are, perhaps. */
  private static boolean fits(long bytes) {
    try {
      Libc.unmap(Libc.mmap(bytes, Libc.PROT_READ, Libc.MAP_SHARED, file, 0, ""), bytes);
      return true;
    } catch (LinuxException e) {
      return false;
    }
  }

  /**
   * Takes the place of a region's mapping, whose memory goes back to the system. Nothing else is
   * mapped there until {@value #MOST_RETIRED} more regions have been closed, or address space is
   * short.
   */
  static synchronized void retire(long region, long bytes) {
    of(bytes);
    Libc.remap(
        region, bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file, "free some memory");
    RETIRED.add(new Range(region, bytes));
    retiredBytes += bytes;
    while (RETIRED.size() > MOST_RETIRED || retiredBytes > MOST_RETIRED_BYTES) {
      release();
    }
  }

  /** Unmaps the range that was retired first. @return false when there is none */
  static synchronized boolean release() {
    Range oldest = RETIRED.poll();
    if (oldest == null) {
      return false;
    }
    retiredBytes -= oldest.bytes;
    Libc.unmap(oldest.address, oldest.bytes);
    return true;
  }
}

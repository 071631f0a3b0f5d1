package io.netmap4j.compat.vswitch;

import java.util.Arrays;

/**
 * The memory that NS_INDIRECT may read. A sync that copies holds the array that it looked into, so
 * the owners of its ranges stay reachable until it ends.
 */
public final class IndirectRanges {
  private static volatile Range[] ranges = {};

  private IndirectRanges() {}

  /**
   * Memory from {@code address} on.
   *
   * @param owner what keeps it mapped as long as it is reachable
   */
  public record Range(long address, long bytes, Object owner) {}

  public static synchronized Range add(long address, long bytes, Object owner) {
    Range added = new Range(address, bytes, owner);
    Range[] more = Arrays.copyOf(ranges, ranges.length + 1);
    more[ranges.length] = added;
    ranges = more;
    return added;
  }

  /** Returns when no sync reads the range any more: a later one does not find it. */
  public static void remove(Range removed) {
    synchronized (IndirectRanges.class) {
      ranges = Arrays.stream(ranges).filter(r -> r != removed).toArray(Range[]::new);
    }
    Switches.awaitSends();
  }

  /** The ranges at the moment; they stay mapped while the array is reachable. */
  public static Range[] now() {
    return ranges;
  }

  /** Whether one of the ranges holds all the bytes. */
  public static boolean hold(Range[] ranges, long address, int bytes) {
    for (Range r : ranges) {
      long at = address - r.address;
      if (at >= 0 && at <= r.bytes - bytes) {
        return true;
      }
    }
    return false;
  }
}

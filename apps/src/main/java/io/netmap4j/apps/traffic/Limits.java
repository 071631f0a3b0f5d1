package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * The lengths and slot counts that a port accepts. Commands check a packet before they put it into
 * a ring, skip what the port would refuse, and then end with exit code 1. For one thread; others
 * may read the counts once it has ended.
 */
final class Limits {
  private final NetmapPort port;
  private final int least;
  private final int most;
  private final int slots;
  private long tooLong;
  private long tooShort;

  Limits(NetmapPort port) {
    this.port = port;
    this.least = port.minFrame();
    this.most = port.maxFrame();
    int smallest = port.maxSlots();
    for (int r = port.firstTxRing(); r < port.endTxRing(); r++) {
      smallest = Math.min(smallest, port.tx(r).numSlots() - 1);
    }
    this.slots = smallest;
  }

  /**
   * Counts those that it does not accept.
   *
   * @param bytes without FCS
   * @param count slots that the packet takes; a ring never has all of its slots free
   */
  boolean accepts(long bytes, int count) {
    if (bytes >= least && bytes <= most && count <= slots) {
      return true;
    }
    if (bytes < least) {
      tooShort++;
    } else {
      tooLong++;
    }
    return false;
  }

  /** How many were not accepted. */
  long skipped() {
    return tooLong + tooShort;
  }

  /** The reasons, with their counts; "" when there was none. */
  String reasons() {
    StringJoiner reasons = new StringJoiner(", ");
    if (tooLong > 0) {
      reasons.add(tooLong + " too long");
    }
    if (tooShort > 0) {
      reasons.add(tooShort + " too short");
    }
    return reasons.toString();
  }

  /**
   * At a command's end, after its totals.
   *
   * @throws NetmapException EINVAL: some were skipped
   */
  void requireNone() {
    if (skipped() > 0) {
      throw new NetmapException(
          Errno.EINVAL, port.name() + ": " + reasons() + ", not sent: " + range());
    }
  }

  /** What the port sends, in words. */
  String range() {
    return most == Integer.MAX_VALUE
        ? String.format(
            Locale.ROOT, "it sends frames from %d bytes on, of at most %d slots", least, slots)
        : String.format(
            Locale.ROOT,
            "it sends frames of %d to %d bytes (MTU + 18), of at most %d slots; %s changes that",
            least,
            most,
            slots,
            "--nic mtu=... (of an interface of the kernel: 'ip link set NAME mtu ...')");
  }
}

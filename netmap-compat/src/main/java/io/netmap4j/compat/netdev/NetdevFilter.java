package io.netmap4j.compat.netdev;

import io.netmap4j.linux.Mem;
import io.netmap4j.linux.PacketSocket;
import java.util.Arrays;

/**
 * Which frames a port receives: never those that this machine sends, and those for other stations
 * as it is set up, for interfaces that receive everything. Changed by any thread.
 */
final class NetdevFilter {
  private volatile boolean promiscuous;

  /** Addresses beside the interface's own, each in the low 48 bits as they are in memory. */
  private volatile long[] more = {};

  NetdevFilter(boolean promiscuous) {
    this.promiscuous = promiscuous;
  }

  /**
   * @param kind of {@link PacketSocket#KIND}
   * @param frame address of its bytes
   */
  boolean accepts(int kind, long frame) {
    return kind < PacketSocket.OTHER_HOST
        || kind == PacketSocket.OTHER_HOST && (promiscuous || isAdded(frame));
  }

  private boolean isAdded(long frame) {
    long address = Mem.getLong(frame) & 0xffff_ffff_ffffL;
    for (long mac : more) {
      if (mac == address) {
        return true;
      }
    }
    return false;
  }

  boolean promiscuous() {
    return promiscuous;
  }

  void promiscuous(boolean on) {
    promiscuous = on;
  }

  /**
   * @return false when it was there already
   */
  synchronized boolean add(byte[] mac) {
    long address = address(mac);
    if (Arrays.stream(more).anyMatch(m -> m == address)) {
      return false;
    }
    long[] longer = Arrays.copyOf(more, more.length + 1);
    longer[more.length] = address;
    more = longer;
    return true;
  }

  /**
   * @return false when it was not there
   */
  synchronized boolean remove(byte[] mac) {
    long address = address(mac);
    long[] rest = Arrays.stream(more).filter(m -> m != address).toArray();
    boolean changed = rest.length != more.length;
    more = rest;
    return changed;
  }

  private static long address(byte[] mac) {
    long address = 0;
    for (int i = 5; i >= 0; i--) {
      address = address << 8 | mac[i] & 0xff;
    }
    return address;
  }
}

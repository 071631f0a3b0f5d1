package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;

/**
 * The extra buffers of a port, which take turns with those in its slots (docs/netmap-abi.md 4.4).
 * For one thread.
 */
final class ExtraBuffers {
  private final NetmapPort port;
  private final int[] buffers;
  private int turn;

  /** Takes the buffers off the port's list. {@link #giveBack} returns them. */
  ExtraBuffers(NetmapPort port) {
    this.port = port;
    this.buffers = new int[port.extraBuffers()];
    int index = port.nifp().bufsHead();
    for (int i = 0; i < buffers.length; i++) {
      buffers[i] = index;
      index = port.memory().nextExtraBuffer(index);
    }
    port.nifp().bufsHead(0);
  }

  int count() {
    return buffers.length;
  }

  /** Exchanges the buffer of a slot of the user's. NS_BUF_CHANGED is the slot's only flag then. */
  void exchange(NetmapRing ring, int slot) {
    int mine = buffers[turn];
    buffers[turn] = ring.bufIdx(slot);
    ring.bufIdx(slot, mine);
    ring.slotFlags(slot, Netmap.NS_BUF_CHANGED);
    turn = turn + 1 == buffers.length ? 0 : turn + 1;
  }

  /** Makes the list anew, of what is not in slots now: before the port is closed. */
  void giveBack() {
    int next = 0;
    for (int buffer : buffers) {
      port.memory().nextExtraBuffer(buffer, next);
      next = buffer;
    }
    port.nifp().bufsHead(next);
  }
}

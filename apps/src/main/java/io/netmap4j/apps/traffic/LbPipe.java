package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapRing;

/**
 * One output of lb: a pipe's TX ring, and the packets that wait for room in it. For the thread that
 * sends.
 */
final class LbPipe {
  /** Its state at one moment. */
  record Counts(long packets, long bytes, long dropped, long droppedBytes, int queued) {}

  final String name;
  final NetmapRing ring;

  /** Null without extra buffers. */
  final SlotQueue queue;

  /** The first slot that has come back and whose packet has not been passed to the next group. */
  private int back;

  private final boolean chained;
  private long packets;
  private long bytes;
  private long dropped;
  private long droppedBytes;

  /**
   * @param capacity of its queue, in buffers; 0 for none
   * @param chained its packets go to another group when they come back
   */
  LbPipe(String name, NetmapRing ring, int capacity, boolean chained) {
    this.name = name;
    this.ring = ring;
    this.queue = capacity > 0 ? new SlotQueue(capacity) : null;
    this.chained = chained;
    this.back = ring.next(ring.tail());
  }

  /**
   * The free slots. One that has come back is free when its packet has been passed on; the slot at
   * tail is not the user's yet, but the pipe is done with it.
   */
  int room() {
    int came = chained ? cameBack() : 0;
    return ring.space() - Math.max(0, came - 1);
  }

  /** How many slots have come back, up to and including tail, and were not passed on. */
  int cameBack() {
    int n = ring.next(ring.tail()) - back;
    return n < 0 ? n + ring.numSlots() : n;
  }

  /** The first of these. */
  int firstBack() {
    return back;
  }

  void passedOn(int slots) {
    back = ring.plus(back, slots);
  }

  /** Sends a packet in exchange for free buffers; there is room, and nothing waits. */
  void send(NetmapRing from, int slot, int slots, int hash, long length) {
    int free = ring.head();
    for (int k = 0; k < slots; k++, slot = from.next(slot), free = ring.next(free)) {
      from.swap(slot, ring, free);
      ring.ptr(free, hash & 0xFFFFFFFFL);
    }
    sent(free, length);
  }

  /** Sends what waits, as far as there is room, in exchange for buffers that become free. */
  void sendQueued(SlotQueue freed) {
    int room = room();
    while (!queue.isEmpty() && queue.firstSlots() <= room) {
      int slots = queue.firstSlots();
      long length = queue.firstBytes();
      int free = ring.head();
      for (int k = 0; k < slots; k++, free = ring.next(free)) {
        freed.add(queue.exchange(ring, free));
      }
      room -= slots;
      sent(free, length);
    }
  }

  private void sent(int end, long length) {
    ring.advance(end);
    packets++;
    bytes += length;
  }

  /** Drops the packet that has waited longest. @return the buffers that it had */
  int dropQueued(SlotQueue freed) {
    int slots = queue.firstSlots();
    dropped(queue.firstBytes());
    for (int k = 0; k < slots; k++) {
      freed.add(queue.take());
    }
    return slots;
  }

  void dropped(long length) {
    dropped++;
    droppedBytes += length;
  }

  Counts counts() {
    return new Counts(packets, bytes, dropped, droppedBytes, queue == null ? 0 : queue.size());
  }
}

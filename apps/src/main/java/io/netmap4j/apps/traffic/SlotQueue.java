package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapRing;

/** Buffers outside a ring, first in, first out, with the packets in them. For one thread. */
final class SlotQueue {
  private final int[] buffers;
  private final int[] lengths;
  private final boolean[] more;
  private final int[] hashes;
  private int head;
  private int size;

  SlotQueue(int capacity) {
    buffers = new int[capacity];
    lengths = new int[capacity];
    more = new boolean[capacity];
    hashes = new int[capacity];
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Adds a buffer without a packet; there is room. */
  void add(int buffer) {
    add(buffer, 0, false, 0);
  }

  private void add(int buffer, int length, boolean moreFrag, int hash) {
    int at = at(size++);
    buffers[at] = buffer;
    lengths[at] = length;
    more[at] = moreFrag;
    hashes[at] = hash;
  }

  /** Takes the first buffer out. */
  int take() {
    int buffer = buffers[head];
    head = at(1);
    size--;
    return buffer;
  }

  /** Takes a slot's packet, and gives the slot another buffer. */
  void exchange(NetmapRing ring, int slot, int hash, int buffer) {
    boolean moreFrag = (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
    add(ring.bufIdx(slot), ring.len(slot), moreFrag, hash);
    ring.bufIdx(slot, buffer);
    ring.slotFlags(slot, Netmap.NS_BUF_CHANGED);
  }

  /** Takes the first buffer out, into a slot. @return the buffer that was there */
  int exchange(NetmapRing ring, int slot) {
    int buffer = ring.bufIdx(slot);
    int flags = Netmap.NS_BUF_CHANGED | (more[head] ? Netmap.NS_MOREFRAG : 0);
    ring.lenAndFlags(slot, lengths[head], flags);
    ring.ptr(slot, hashes[head] & 0xFFFFFFFFL);
    ring.bufIdx(slot, take());
    return buffer;
  }

  /** The slots of the first packet; there is one. */
  int firstSlots() {
    int slots = 1;
    while (slots < size && more[at(slots - 1)]) {
      slots++;
    }
    return slots;
  }

  /** The bytes of the first packet. */
  long firstBytes() {
    long bytes = 0;
    for (int k = firstSlots() - 1; k >= 0; k--) {
      bytes += lengths[at(k)];
    }
    return bytes;
  }

  private int at(int k) {
    int at = head + k;
    return at >= buffers.length ? at - buffers.length : at;
  }
}

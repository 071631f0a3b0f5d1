package io.netmap4j.compat.vswitch;

import java.util.Arrays;

/**
 * Frames of one TX sync that were found valid, and where each goes. An entry is a slot's bytes; the
 * entries of a frame are next to each other. Frames with the same destination are linked (netmap's
 * nm_bdg_fwd and nm_vale_q).
 */
final class Batch {
  /** Slots that are forwarded at a time, and those that the last frame may have beyond. */
  static final int SIZE = 1024;

  /** NETMAP_MAX_FRAGS. */
  static final int MAX_FRAGMENTS = 64;

  /** Ends a list; larger than any entry. */
  static final int NONE = Integer.MAX_VALUE;

  static final int MAX_RINGS = 16;

  /** Queue of the frames for every port. */
  static final int ALL = ValeSwitch.MAX_PORTS * MAX_RINGS;

  /** Where an entry's bytes are. */
  final long[] from = new long[SIZE + MAX_FRAGMENTS];

  /** An entry's bytes, and for the first of a frame the number of its entries, shifted by 16. */
  final int[] sizes = new int[SIZE + MAX_FRAGMENTS];

  /** First entry of the next frame in the same queue. */
  final int[] next = new int[SIZE + MAX_FRAGMENTS];

  /** Bytes of the virtio-net header that each frame begins with. */
  int header;

  /** Entries in use. */
  int count;

  /** First and last frame of each queue: port * MAX_RINGS + ring, or {@link #ALL}. */
  private final int[] heads = new int[ALL + 1];

  private final int[] tails = new int[ALL + 1];

  /** Queues that are not empty, {@link #ALL} left aside. */
  private final int[] queues = new int[SIZE + MAX_FRAGMENTS + ValeSwitch.MAX_PORTS];

  private int queueCount;

  Batch() {
    Arrays.fill(heads, NONE);
  }

  /** Puts the frame that begins at {@code entry} into a queue. */
  void append(int queue, int entry) {
    next[entry] = NONE;
    if (heads[queue] == NONE) {
      heads[queue] = entry;
      if (queue != ALL) {
        queues[queueCount++] = queue;
      }
    } else {
      next[tails[queue]] = entry;
    }
    tails[queue] = entry;
  }

  /** Delivers every frame and empties the batch. */
  void flush(ValeSwitch.Table table, int sender) {
    int all = heads[ALL];
    if (all != NONE) {
      for (int port : table.active()) {
        int queue = port * MAX_RINGS;
        if (port != sender && heads[queue] == NONE) {
          queues[queueCount++] = queue;
        }
      }
    }
    for (int i = 0; i < queueCount; i++) {
      int queue = queues[i];
      int ring = queue % MAX_RINGS;
      ValePort port = table.ports()[queue / MAX_RINGS];
      ValeRxRing[] rings = port == null ? null : port.rxRings;
      if (rings != null && ring < rings.length) {
        rings[ring].deliver(this, heads[queue], ring == 0 ? all : NONE, port.header);
      }
      heads[queue] = NONE;
    }
    heads[ALL] = NONE;
    queueCount = 0;
    count = 0;
  }
}

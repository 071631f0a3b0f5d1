package io.netmap4j.model.engine;

import io.netmap4j.linux.Mem;

/**
 * A card's receive packet buffer: frames in order of arrival, each with what is known of it. A
 * frame takes its length rounded up to 16 of the capacity; what we keep beside it is not charged.
 */
final class PacketFifo {
  private static final int HEADER = 32;
  private static final int GRAIN = 16;
  private static final int MOST = 1 << 19;

  // A 64-byte frame takes 96 bytes here; a record never wraps.
  private static final int STORAGE = 2 * MOST + (1 << 16);

  private long storage;
  private int capacity;
  private int charged;
  private int frames;
  private int head;
  private int tail;
  private int wrapAt;

  /** Bytes of frames that fit; the model has 512 KB as the 82599 does. */
  void capacity(int bytes) {
    capacity = Math.min(bytes, MOST);
  }

  boolean isEmpty() {
    return frames == 0;
  }

  boolean fits(int length) {
    return charged + charge(length) <= capacity;
  }

  /** Appends a frame that {@link #fits}. */
  void add(long frame, int length, int wireLength, int queue, int vlanTag, RxClassifier about) {
    if (storage == 0) {
      storage = Mem.allocate(STORAGE); // at first use: most cards never need it
    }
    int record = HEADER + charge(length);
    if (tail + record > STORAGE) {
      wrapAt = tail;
      tail = 0;
    }
    long at = storage + tail;
    Mem.putInt(at, length);
    Mem.putInt(at + 4, wireLength);
    Mem.putInt(at + 8, queue);
    Mem.putInt(at + 12, vlanTag);
    Mem.putInt(at + 16, about.info);
    Mem.putInt(at + 20, about.hashOrChecksum);
    Mem.putInt(at + 24, about.status);
    Mem.copy(frame, at + HEADER, length);
    tail += record;
    charged += charge(length);
    frames++;
  }

  /** Takes the first frame out. */
  void remove() {
    int length = length();
    charged -= charge(length);
    frames--;
    head += HEADER + charge(length);
    if (frames == 0) {
      clear();
    } else if (head == wrapAt) {
      head = 0;
      wrapAt = -1;
    }
  }

  void clear() {
    frames = charged = head = tail = 0;
    wrapAt = -1;
  }

  // The first frame.

  int length() {
    return Mem.getInt(storage + head);
  }

  int wireLength() {
    return Mem.getInt(storage + head + 4);
  }

  int queue() {
    return Mem.getInt(storage + head + 8);
  }

  int vlanTag() {
    return Mem.getInt(storage + head + 12);
  }

  int info() {
    return Mem.getInt(storage + head + 16);
  }

  int hashOrChecksum() {
    return Mem.getInt(storage + head + 20);
  }

  int status() {
    return Mem.getInt(storage + head + 24);
  }

  long frame() {
    return storage + head + HEADER;
  }

  private static int charge(int length) {
    return (length + GRAIN - 1) & -GRAIN;
  }

  void close() {
    if (storage != 0) {
      Mem.free(storage);
      storage = 0;
    }
    clear();
  }
}

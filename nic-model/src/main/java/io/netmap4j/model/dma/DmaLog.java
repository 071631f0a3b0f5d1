package io.netmap4j.model.dma;

import java.util.ArrayList;
import java.util.List;

/**
 * The last accesses of a device to memory, for tests to ask. Made active with {@code
 * DeviceMemory.log}; it keeps {@code capacity} of them and counts the rest.
 */
public final class DmaLog implements DmaObserver {
  /** What the device did. */
  public enum Kind {
    DESCRIPTOR_READ(0, false),
    STATUS_WRITE(1, true),
    PACKET_READ(2, false),
    PACKET_WRITE(3, true);

    final int index;
    private final boolean write;

    Kind(int index, boolean write) {
      this.index = index;
      this.write = write;
    }

    /** True where the device writes memory. */
    public boolean write() {
      return write;
    }
  }

  /**
   * One access, or the part of one that fell into one mapping.
   *
   * @param queue the transmit queue for {@code PACKET_READ}, the receive queue for {@code
   *     PACKET_WRITE}
   */
  public record Access(Kind kind, int queue, long iova, long length) {
    /** True when no byte of it is outside {@code size} bytes at {@code start}. */
    public boolean within(long start, long size) {
      return iova >= start && iova + length <= start + size;
    }
  }

  private static final Kind[] KINDS = Kind.values();

  private final int capacity;
  private final long[] words;
  private long total;

  public DmaLog(int capacity) {
    this.capacity = capacity;
    this.words = new long[3 * capacity];
  }

  @Override
  public synchronized void access(Kind kind, int queue, long iova, long length) {
    int at = 3 * (int) (total++ % capacity);
    words[at] = (long) queue << 8 | kind.index;
    words[at + 1] = iova;
    words[at + 2] = length;
  }

  /** Accesses so far, those that were overwritten included. */
  public synchronized long total() {
    return total;
  }

  /** What is kept, oldest first. */
  public synchronized List<Access> accesses() {
    List<Access> list = new ArrayList<>();
    for (long i = Math.max(0, total - capacity); i < total; i++) {
      int at = 3 * (int) (i % capacity);
      Kind kind = KINDS[(int) (words[at] & 0xFF)];
      list.add(new Access(kind, (int) (words[at] >> 8), words[at + 1], words[at + 2]));
    }
    return list;
  }

  /** Forgets what was recorded. */
  public synchronized void clear() {
    total = 0;
  }
}

package io.netmap4j.model.dma;

import io.netmap4j.linux.Mem;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory that a device reaches: ranges of device addresses, each mapped to memory of ours, and
 * nothing else. An access outside them does what an IOMMU would do: it touches nothing, is counted
 * and reported to the listener.
 *
 * <p>One lock, which is the card's, held by an engine for a batch of work and by {@link #map} and
 * {@link #unmap}: when {@code unmap} returns, no engine has the range any more. Everything else is
 * for who holds it.
 */
public final class DeviceMemory {
  /** Mappings are made of whole pages, as an IOMMU's are: so no descriptor ever straddles two. */
  public static final long PAGE = 4096;

  private static final int ENTER_SPINS = 500;
  private static final int YIELDS = 100;

  private final ReentrantLock lock = new ReentrantLock(true);
  private final TreeMap<Long, Range> ranges = new TreeMap<>(Long::compareUnsigned);
  private final OnFault onFault;
  private final int[] lastHit = new int[DmaLog.Kind.values().length];
  private boolean stale;
  private int count;
  private long[] starts = {};
  private long[] sizes = {};
  private long[] addresses = {};
  private byte[] rights = {};
  private DmaObserver observer;
  private OnMiss onMiss;
  private volatile boolean allowed;
  private final AtomicLong faults = new AtomicLong();

  private static final byte READ = 1;
  private static final byte WRITE = 2;

  private record Range(long iova, long size, long address, byte rights) {}

  /** Hears of each access outside the mappings, on the engine's thread. It may throw. */
  public interface OnFault {
    /**
     * @param from what the device would have written, or 0: a read, or a descriptor
     * @param words the access in words
     */
    void refused(DmaLog.Kind kind, long iova, long length, long from, String words);
  }

  /** Is asked before an access outside the mappings is a fault, on the engine's thread. */
  public interface OnMiss {
    /**
     * @return true when it has mapped more: the access is tried again
     */
    boolean resolve(long iova);
  }

  public DeviceMemory(OnFault onFault) {
    this.onFault = onFault;
  }

  /** Lets the device reach {@code size} bytes at {@code address} under {@code iova}. */
  public void map(long iova, long size, long address) {
    map(iova, size, address, true, true);
  }

  /** As {@link #map(long, long, long)}, with what the device may do there. */
  public void map(long iova, long size, long address, boolean readable, boolean writable) {
    if (size <= 0 || ((iova | size) & (PAGE - 1)) != 0) {
      throw new IllegalArgumentException(
          "a mapping is made of whole pages of 4096 bytes: " + text(iova, size));
    }
    lock.lock();
    try {
      Map.Entry<Long, Range> below = ranges.floorEntry(iova + size - 1);
      if (below != null
          && Long.compareUnsigned(below.getKey() + below.getValue().size - 1, iova) >= 0) {
        throw new IllegalArgumentException(
            text(iova, size)
                + " overlaps the mapping of "
                + text(below.getKey(), below.getValue().size));
      }
      byte may = (byte) ((readable ? READ : 0) | (writable ? WRITE : 0));
      ranges.put(iova, new Range(iova, size, address, may));
      stale = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes every mapping within the range back. When this returns, no engine touches it.
   *
   * @return the bytes that were mapped
   * @throws IllegalArgumentException when the range would cut a mapping in two, as VFIO refuses it
   */
  public long unmap(long iova, long size) {
    lock.lock();
    try {
      Map.Entry<Long, Range> first = ranges.floorEntry(iova);
      Map.Entry<Long, Range> last = ranges.floorEntry(iova + size - 1);
      checkWhole(first, iova, iova, size);
      checkWhole(last, iova + size, iova, size);
      Map<Long, Range> within = ranges.subMap(iova, true, iova + size - 1, true);
      long bytes = within.values().stream().mapToLong(Range::size).sum();
      within.clear();
      stale = true;
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  private static void checkWhole(Map.Entry<Long, Range> range, long cut, long iova, long size) {
    if (range != null
        && Long.compareUnsigned(range.getKey(), cut) < 0
        && Long.compareUnsigned(cut, range.getKey() + range.getValue().size) < 0) {
      throw new IllegalArgumentException(
          "unmapping "
              + text(iova, size)
              + " would cut "
              + text(range.getKey(), range.getValue().size));
    }
  }

  /** Forgets every mapping. */
  public void unmapAll() {
    lock.lock();
    try {
      ranges.clear();
      stale = true;
    } finally {
      lock.unlock();
    }
  }

  /** Tells {@code newObserver} of each access from now on; null stops it. */
  public void observer(DmaObserver newObserver) {
    lock.lock();
    try {
      observer = newObserver;
    } finally {
      lock.unlock();
    }
  }

  /** Whom to ask for memory that is not mapped yet; null: nobody, as at first. */
  public void onMiss(OnMiss newOnMiss) {
    lock.lock();
    try {
      onMiss = newOnMiss;
    } finally {
      lock.unlock();
    }
  }

  /** For the card: whether it may access memory at all. With the lock; false at first. */
  public void allow(boolean now) {
    if (now != allowed) {
      allowed = now;
      if (observer != null) {
        observer.allowed(now);
      }
    }
  }

  /** Whether the card may access memory at all. Any thread. */
  public boolean allowed() {
    return allowed;
  }

  /** Accesses, or parts of them, outside every mapping so far. */
  public long faults() {
    return faults.get();
  }

  /**
   * An engine starts a batch. @return true when it has to {@link #exit}: it was not within one
   * already
   */
  public boolean enter() {
    if (lock.isHeldByCurrentThread()) {
      return false;
    }
    // An idle engine releases the lock every microsecond or so: spinning is quicker than a wake-up.
    for (int i = 0; i < ENTER_SPINS; i++) {
      if (lock.tryLock()) {
        return true;
      }
      Thread.onSpinWait();
    }
    lock.lock();
    return true;
  }

  public void exit() {
    lock.unlock();
  }

  /** Releases the lock for a thread that an error has thrown out of a batch. */
  public void abandon() {
    while (lock.isHeldByCurrentThread()) {
      lock.unlock();
    }
  }

  /**
   * For an engine, before a batch: threads that wait for the lock get it first, so that a busy
   * engine does not starve a register access.
   */
  @SuppressWarnings("ThreadPriorityCheck") // a hint, on a machine with fewer cores than threads
  public void yieldToWaiters() {
    for (int i = 0; i < YIELDS && lock.hasQueuedThreads(); i++) {
      Thread.yield();
    }
    if (lock.hasQueuedThreads()) {
      // The lock is fair: this returns after those that wait already have had it.
      lock.lock();
      lock.unlock();
    }
  }

  /**
   * Where the device's access lands.
   *
   * @return the address, or 0 when the bytes are not in one piece; then {@link #read} or {@link
   *     #write} does the rest
   */
  public long direct(DmaLog.Kind kind, int queue, long iova, long length) {
    long address = find(kind, iova, length);
    if (address != 0 && observer != null) {
      observer.access(kind, queue, iova, length);
    }
    return address;
  }

  /** Like {@link #direct} for a descriptor, where 0 means a fault, which has been reported. */
  public long descriptor(DmaLog.Kind kind, int queue, long iova, int length) {
    long address = direct(kind, queue, iova, length);
    if (address == 0) {
      fault(kind, queue, iova, length, 0);
    }
    return address;
  }

  /**
   * Copies from the device's addresses to {@code to}, piece by piece. @return false after a fault
   */
  public boolean read(DmaLog.Kind kind, int queue, long iova, long to, long length) {
    return copy(kind, queue, iova, to, length, false);
  }

  /**
   * Copies from {@code from} to the device's addresses, piece by piece. @return false after a fault
   */
  public boolean write(DmaLog.Kind kind, int queue, long iova, long from, long length) {
    return copy(kind, queue, iova, from, length, true);
  }

  private boolean copy(
      DmaLog.Kind kind, int queue, long iova, long ours, long length, boolean out) {
    long done = 0;
    while (done < length) {
      long piece = length - done;
      long address = find(kind, iova + done, piece);
      if (address == 0) {
        piece = Math.min(piece, PAGE - ((iova + done) & (PAGE - 1)));
        address = find(kind, iova + done, piece);
      }
      if (address == 0) {
        fault(kind, queue, iova + done, length - done, out ? ours + done : 0);
        return false;
      }
      if (observer != null) {
        observer.access(kind, queue, iova + done, piece);
      }
      if (out) {
        Mem.copy(ours + done, address, piece);
      } else {
        Mem.copy(address, ours + done, piece);
      }
      done += piece;
    }
    return true;
  }

  private void fault(DmaLog.Kind kind, int queue, long iova, long length, long from) {
    faults.incrementAndGet();
    if (observer != null) {
      observer.access(kind, queue, iova, length);
    }
    onFault.refused(
        kind,
        iova,
        length,
        from,
        "DMA fault: "
            + kind
            + " of queue "
            + queue
            + " at "
            + text(iova, length)
            + (mapped(iova) ? " is mapped, but not for that" : " is outside every mapping")
            + ", an IOMMU would block it");
  }

  private boolean mapped(long iova) {
    Map.Entry<Long, Range> below = ranges.floorEntry(iova);
    return below != null && iova - below.getKey() < below.getValue().size;
  }

  private long find(DmaLog.Kind kind, long iova, long length) {
    if (stale) {
      rebuild();
    }
    int hit = lastHit[kind.index];
    if (hit < count) {
      long offset = iova - starts[hit];
      if (offset >= 0 && offset <= sizes[hit] - length) {
        return addresses[hit] + offset;
      }
    }
    long address = search(kind, iova, length);
    if (address == 0 && onMiss != null && !mapped(iova) && onMiss.resolve(iova)) {
      rebuild();
      address = search(kind, iova, length);
    }
    return address;
  }

  private long search(DmaLog.Kind kind, long iova, long length) {
    int low = 0;
    int high = count - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(starts[middle], iova) <= 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    if (high < 0) {
      return 0;
    }
    long offset = iova - starts[high];
    byte needed = kind.write() ? WRITE : READ;
    if (offset < 0 || offset > sizes[high] - length || (rights[high] & needed) == 0) {
      return 0;
    }
    // A hit is of this kind, and so it is allowed: find() need not look.
    lastHit[kind.index] = high;
    return addresses[high] + offset;
  }

  /** Sorted arrays, with neighbours that continue each other on both sides made one. */
  private void rebuild() {
    stale = false;
    count = 0;
    starts = new long[ranges.size()];
    sizes = new long[ranges.size()];
    addresses = new long[ranges.size()];
    rights = new byte[ranges.size()];
    Arrays.fill(lastHit, Integer.MAX_VALUE);
    for (Range range : ranges.values()) {
      int last = count - 1;
      if (last >= 0
          && starts[last] + sizes[last] == range.iova
          && addresses[last] + sizes[last] == range.address
          && rights[last] == range.rights) {
        sizes[last] += range.size;
      } else {
        starts[count] = range.iova;
        sizes[count] = range.size;
        addresses[count] = range.address;
        rights[count] = range.rights;
        count++;
      }
    }
  }

  private static String text(long iova, long size) {
    return "0x" + Long.toHexString(iova) + " + " + size;
  }
}

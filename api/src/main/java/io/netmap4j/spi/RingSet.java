package io.netmap4j.spi;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import java.util.Arrays;
import java.util.Locale;

/**
 * The rings of one adapter, and of the host adapter that may be added to it: the shared objects in
 * the region, their krings, and who uses them. Every port opened on the adapter binds some of them;
 * the last one to leave stops the device and gives everything back.
 *
 * <p>Rings of each direction are numbered as in netmap: the adapter's first, then the host rings.
 */
public final class RingSet {
  private final Adapter adapter;
  private final Region region;
  private final Direction tx;
  private final Direction rx;
  private final Region.Use use;
  private volatile Adapter host;
  private int ports;
  private boolean closed;

  /** The rings of one direction. */
  private static final class Direction {
    final boolean isTx;

    /** How many are the adapter's; those behind are host rings. */
    final int own;

    volatile Kring[] krings;
    int[] users;
    boolean[] exclusive;

    Direction(boolean isTx, int own) {
      this.isTx = isTx;
      this.own = own;
      this.krings = new Kring[own];
      this.users = new int[own];
      this.exclusive = new boolean[own];
    }

    void grow(Kring[] more) {
      int n = krings.length + more.length;
      Kring[] all = Arrays.copyOf(krings, n);
      System.arraycopy(more, 0, all, krings.length, more.length);
      users = Arrays.copyOf(users, n);
      exclusive = Arrays.copyOf(exclusive, n);
      krings = all;
    }
  }

  private RingSet(Adapter adapter, Region region) {
    Adapter.Rings n = adapter.rings();
    this.adapter = adapter;
    this.region = region;
    this.tx = new Direction(true, n.tx());
    this.rx = new Direction(false, n.rx());
    this.use = region.attach(adapter.name());
  }

  /**
   * Lays the adapter's rings out in the region and starts it. On failure the adapter is closed and
   * nothing is left.
   *
   * @throws NetmapException ENOMEM: needed and available, and the option to raise
   */
  public static RingSet start(Adapter adapter, Region region) {
    RingSet set = make(adapter, region);
    Adapter.Rings n = adapter.rings();
    try {
      // RX before TX, so that the first RX ring of a fresh region holds buffers 2, 3, 4 ...
      // (docs/netmap-abi.md 4.3)
      set.allocate(set.rx.krings, adapter, false, 0, n.rxSlots());
      set.allocate(set.tx.krings, adapter, true, 0, n.txSlots());
      adapter.start(set.tx.krings, set.rx.krings);
      return set;
    } catch (RuntimeException e) {
      try {
        set.close();
      } catch (RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private static RingSet make(Adapter adapter, Region region) {
    try {
      return new RingSet(adapter, region);
    } catch (RuntimeException e) {
      try {
        adapter.close();
      } catch (RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  /**
   * Adds host rings, once: they stay until the set closes. On failure {@code added} is closed, and
   * the set is as before.
   *
   * @param added whose rings they are, numbered from 0 in its {@link Adapter#start}
   * @return false, with {@code added} closed, when the set is closed or has host rings
   */
  public synchronized boolean addHost(Adapter added) {
    if (closed || host != null) {
      added.close();
      return false;
    }
    Adapter.Rings n = added.rings();
    Kring[] hostTx = new Kring[n.tx()];
    Kring[] hostRx = new Kring[n.rx()];
    try {
      allocate(hostRx, added, false, rx.own, n.rxSlots());
      allocate(hostTx, added, true, tx.own, n.txSlots());
      added.start(hostTx, hostRx);
    } catch (RuntimeException e) {
      try {
        added.close();
        free(hostTx);
        free(hostRx);
      } catch (RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
    tx.grow(hostTx);
    rx.grow(hostRx);
    host = added;
    return true;
  }

  private void allocate(Kring[] into, Adapter of, boolean isTx, int firstId, int slots) {
    for (int i = 0; i < into.length; i++) {
      into[i] = allocate(of, isTx, firstId + i, slots);
    }
  }

  private Kring allocate(Adapter of, boolean isTx, int ringId, int slots) {
    long offset = region.allocateRing(RingLayout.sizeFor(slots));
    try {
      layOut(offset, slots, ringId, isTx);
      if (of.startsWithBuffers(isTx)) {
        int[] buffers = region.allocateBuffers(slots);
        long slot = region.address() + offset + RingLayout.SLOTS;
        for (int i = 0; i < slots; i++, slot += RingLayout.SLOT_SIZE) {
          Mem.putLong(slot, buffers[i] | (long) (region.bufSize() & 0xffff) << 32);
        }
      }
      return new Kring(of, region, offset, isTx, ringId, slots);
    } catch (RuntimeException e) {
      region.freeRing(offset);
      throw e;
    }
  }

  /** The constants and initial indices of a ring object that is zeroed (netmap_mem2.c). */
  private void layOut(long offset, int slots, int ringId, boolean isTx) {
    long ring = region.address() + offset;
    Mem.putLong(ring + RingLayout.BUF_OFS, region.bufOffset() - offset);
    Mem.putInt(ring + RingLayout.NUM_SLOTS, slots);
    Mem.putInt(ring + RingLayout.NR_BUF_SIZE, region.bufSize());
    Mem.putShort(ring + RingLayout.RINGID, (short) ringId);
    // What the kernel stores, not what its header says.
    Mem.putShort(ring + RingLayout.DIR, (short) (isTx ? 1 : 0));
    Mem.putInt(ring + RingLayout.TAIL, isTx ? Math.max(0, slots - 1) : 0);
  }

  /**
   * Keeps the set open without binding a ring, to be given back with {@link #release()}. Waits for
   * a close under way.
   *
   * @return false when the set is closed: start a new one
   */
  public synchronized boolean hold() {
    if (closed) {
      return false;
    }
    ports++;
    return true;
  }

  /** False once the last port has left. */
  public synchronized boolean isOpen() {
    return !closed;
  }

  /** Takes {@link #hold} back; the last port to leave closes the set. */
  public synchronized void release() {
    if (--ports == 0) {
      close();
    }
  }

  /** As {@link #bind(Binding, Offsets)}, without offsets. */
  public boolean bind(Binding b) {
    return bind(b, null);
  }

  /**
   * Binds rings for one port, to be given back with {@link #release}. Waits for a close under way.
   *
   * @param offsets headroom, which rings get that nobody else uses; null for none
   * @return false when the set is closed: start a new one
   * @throws NetmapException EBUSY when a ring is held exclusively, or is to be and is in use, or is
   *     in use without room for such offsets; EOPNOTSUPP when the adapter knows no offsets; EINVAL
   *     when they leave no room in a buffer
   */
  public synchronized boolean bind(Binding b, Offsets offsets) {
    if (closed) {
      return false;
    }
    check(tx, b.txFirst(), b.txEnd(), b.exclusive());
    check(rx, b.rxFirst(), b.rxEnd(), b.exclusive());
    if (offsets != null) {
      checkOffsets(adapter, offsets);
      check(tx, b.txFirst(), b.txEnd(), offsets);
      check(rx, b.rxFirst(), b.rxEnd(), offsets);
    }
    change(tx, b.txFirst(), b.txEnd(), offsets);
    change(rx, b.rxFirst(), b.rxEnd(), offsets);
    count(tx, b.txFirst(), b.txEnd(), b.exclusive());
    count(rx, b.rxFirst(), b.rxEnd(), b.exclusive());
    return hold();
  }

  private void check(Direction d, int first, int end, boolean exclusive) {
    for (int i = first; i < end; i++) {
      if (d.exclusive[i] || exclusive && d.users[i] > 0) {
        throw new NetmapException(
            Libc.EBUSY,
            String.format(
                Locale.ROOT,
                "%s: %s ring %d is %s; close the port that has it, or open another ring",
                adapter.name(),
                d.isTx ? "tx" : "rx",
                i,
                d.exclusive[i] ? "held exclusively" : "in use, so it cannot be had exclusively"));
      }
    }
  }

  /**
   * Gives every ring of the adapter these offsets, before any port binds one ({@link
   * Adapter#keepsOffsets}).
   *
   * @throws NetmapException as {@link #bind(Binding, Offsets)}
   */
  public synchronized void offsets(Offsets offsets) {
    for (Direction d : new Direction[] {tx, rx}) {
      for (int i = 0; i < d.own; i++) {
        checkRoom(d.krings[i], offsets);
        d.krings[i].offsets(offsets);
      }
    }
  }

  private void checkOffsets(Adapter of, Offsets offsets) {
    if (!of.offsets()) {
      throw new NetmapException(
          Libc.EOPNOTSUPP, of.name() + " knows no offsets: open it without them");
    }
    if (offsets.max() >= region.bufSize()) {
      throw new NetmapException(
          Libc.EINVAL,
          "offsets up to "
              + offsets.max()
              + " leave no room in buffers of "
              + region.bufSize()
              + ": ask for less than that");
    }
  }

  private void check(Direction d, int first, int end, Offsets offsets) {
    for (int i = first; i < end; i++) {
      Kring k = d.krings[i];
      checkRoom(k, offsets);
      boolean fits =
          (k.offsetMask & offsets.mask()) == offsets.mask() && k.maxOffset >= offsets.max();
      if ((d.users[i] > 0 || k.adapter().keepsOffsets()) && !fits) {
        throw new NetmapException(
            Libc.EBUSY,
            String.format(
                Locale.ROOT,
                "%s: %s ring %d is in use with offsets up to %d (mask 0x%x), so it cannot have up to %d (mask 0x%x)",
                k.adapter().name(),
                d.isTx ? "tx" : "rx",
                i,
                k.maxOffset,
                k.offsetMask,
                offsets.max(),
                offsets.mask()));
      }
    }
  }

  private void checkRoom(Kring k, Offsets offsets) {
    checkOffsets(k.adapter(), offsets);
    if (!k.tx && k.rxBytes(offsets) < k.adapter().leastRxBytes()) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "%s: offsets up to %d leave %d bytes of a buffer of %d, and it needs %d to receive; raise"
                  + " memory.buf-size",
              k.adapter().name(),
              offsets.max(),
              k.rxBytes(offsets),
              region.bufSize(),
              k.adapter().leastRxBytes()));
    }
  }

  /** Who uses a ring first says what its offsets are. */
  private static void change(Direction d, int first, int end, Offsets offsets) {
    for (int i = first; i < end; i++) {
      Kring k = d.krings[i];
      boolean free = d.users[i] == 0 && !k.adapter().keepsOffsets();
      if (free && (offsets != null || k.offsetMask != 0)) {
        k.adapter().change(k, () -> k.offsets(offsets));
      }
    }
  }

  private static void count(Direction d, int first, int end, boolean exclusive) {
    for (int i = first; i < end; i++) {
      d.users[i]++;
      d.exclusive[i] |= exclusive;
    }
  }

  /** Takes {@link #bind} back; the last port closes the set. */
  public synchronized void release(Binding b) {
    leave(tx, b.txFirst(), b.txEnd());
    leave(rx, b.rxFirst(), b.rxEnd());
    release();
  }

  private static void leave(Direction d, int first, int end) {
    for (int i = first; i < end; i++) {
      if (--d.users[i] == 0) {
        d.exclusive[i] = false;
      }
    }
  }

  /** True while a port has the ring bound. */
  public synchronized boolean inUse(boolean isTx, int ring) {
    return (isTx ? tx : rx).users[ring] > 0;
  }

  /**
   * Fences every ring, stops the host adapter and the device, gives rings and buffers back once
   * they have no way to them. Syncs in flight are waited for.
   */
  private void close() {
    closed = true;
    adapter.part();
    if (host != null) {
      host.part();
    }
    for (Kring[] krings : new Kring[][] {tx.krings, rx.krings}) {
      for (Kring k : krings) {
        if (k != null) {
          k.shut();
        }
      }
    }
    boolean outOfReach = false;
    try {
      try {
        stop(host);
      } finally {
        try {
          adapter.stop();
        } finally {
          adapter.close();
          outOfReach = true;
        }
      }
    } finally {
      if (outOfReach) {
        free(tx.krings);
        free(rx.krings);
        use.close();
      } else {
        use.abandon(); // the device may still reach the region: rings and buffers stay taken
      }
    }
  }

  private static void stop(Adapter a) {
    if (a == null) {
      return;
    }
    try {
      a.stop();
    } finally {
      a.close();
    }
  }

  private void free(Kring[] krings) {
    for (Kring k : krings) {
      if (k != null) {
        for (int i = 0; i < k.numSlots; i++) {
          region.freeBuffer(Mem.getInt(k.slot(i)));
        }
        region.freeRing(k.ringOffset());
      }
    }
  }

  public Adapter adapter() {
    return adapter;
  }

  /** Of the host rings; null while there are none. */
  public Adapter host() {
    return host;
  }

  public Region region() {
    return region;
  }

  /** How many rings there are, host rings included. */
  public int txRings() {
    return tx.krings.length;
  }

  public int rxRings() {
    return rx.krings.length;
  }

  /** How many of the rings are host rings. */
  public int hostTxRings() {
    return tx.krings.length - tx.own;
  }

  public int hostRxRings() {
    return rx.krings.length - rx.own;
  }

  public Kring tx(int i) {
    return tx.krings[i];
  }

  public Kring rx(int i) {
    return rx.krings[i];
  }

  /** Which rings a port binds: [first, end) of each direction; end = first for none. */
  public record Binding(int txFirst, int txEnd, int rxFirst, int rxEnd, boolean exclusive) {}
}

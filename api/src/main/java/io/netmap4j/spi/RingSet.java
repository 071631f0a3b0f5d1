package io.netmap4j.spi;

import io.netmap4j.common.NetmapException;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import java.util.Locale;

/**
 * The rings of one adapter: the shared objects in the region, their krings, and who uses them.
 * Every port opened on the adapter binds some of them; the last one to leave stops the device and
 * gives everything back.
 */
public final class RingSet {
  private final Adapter adapter;
  private final Region region;
  private final Kring[] tx;
  private final Kring[] rx;
  private final int[] users;
  private final boolean[] exclusive;
  private final Region.Use use;
  private int ports;
  private boolean closed;

  private RingSet(Adapter adapter, Region region) {
    Adapter.Rings n = adapter.rings();
    this.adapter = adapter;
    this.region = region;
    this.tx = new Kring[n.tx()];
    this.rx = new Kring[n.rx()];
    this.users = new int[n.tx() + n.rx()];
    this.exclusive = new boolean[users.length];
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
      for (int i = 0; i < n.rx(); i++) {
        set.rx[i] = set.allocate(false, i, n.rxSlots());
      }
      for (int i = 0; i < n.tx(); i++) {
        set.tx[i] = set.allocate(true, i, n.txSlots());
      }
      adapter.start(set.tx, set.rx);
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

  private Kring allocate(boolean isTx, int ringId, int slots) {
    long offset = region.allocateRing(RingLayout.sizeFor(slots));
    try {
      layOut(offset, slots, ringId, isTx);
      int[] buffers = region.allocateBuffers(slots);
      long slot = region.address() + offset + RingLayout.SLOTS;
      for (int i = 0; i < slots; i++, slot += RingLayout.SLOT_SIZE) {
        Mem.putLong(slot, buffers[i] | (long) (region.bufSize() & 0xffff) << 32);
      }
      return new Kring(adapter, region, offset, isTx, ringId, slots);
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
    Mem.putInt(ring + RingLayout.TAIL, isTx ? slots - 1 : 0);
  }

  /**
   * Binds rings for one port, to be given back with {@link #release}. Waits for a close under way.
   *
   * @return false when the set is closed: start a new one
   * @throws NetmapException EBUSY when one of them is held exclusively, or is to be and is in use
   */
  public synchronized boolean bind(Binding b) {
    if (closed) {
      return false;
    }
    for (int i = 0; i < users.length; i++) {
      if (b.holds(i, tx.length) && (exclusive[i] || b.exclusive() && users[i] > 0)) {
        throw new NetmapException(
            Libc.EBUSY,
            String.format(
                Locale.ROOT,
                "%s: %s ring %d is %s; close the port that has it, or open another ring",
                adapter.name(),
                i < tx.length ? "tx" : "rx",
                i < tx.length ? i : i - tx.length,
                exclusive[i] ? "held exclusively" : "in use, so it cannot be had exclusively"));
      }
    }
    for (int i = 0; i < users.length; i++) {
      if (b.holds(i, tx.length)) {
        users[i]++;
        exclusive[i] |= b.exclusive();
      }
    }
    ports++;
    return true;
  }

  /** Takes {@link #bind} back; the last port closes the set. */
  public synchronized void release(Binding b) {
    for (int i = 0; i < users.length; i++) {
      if (b.holds(i, tx.length) && --users[i] == 0) {
        exclusive[i] = false;
      }
    }
    if (--ports == 0) {
      close();
    }
  }

  /**
   * Fences every ring, stops the device, gives rings and buffers back once it has no way to them.
   * Syncs in flight are waited for.
   */
  private void close() {
    closed = true;
    adapter.part();
    for (Kring[] krings : new Kring[][] {tx, rx}) {
      for (Kring k : krings) {
        if (k != null) {
          k.shut();
        }
      }
    }
    boolean outOfReach = false;
    try {
      try {
        adapter.stop();
      } finally {
        adapter.close();
        outOfReach = true;
      }
    } finally {
      if (outOfReach) {
        giveBack();
      } else {
        use.abandon(); // the device may still reach the region: rings and buffers stay taken
      }
    }
  }

  private void giveBack() {
    for (Kring[] krings : new Kring[][] {tx, rx}) {
      for (Kring k : krings) {
        free(k);
      }
    }
    use.close();
  }

  private void free(Kring k) {
    if (k == null) {
      return;
    }
    for (int i = 0; i < k.numSlots; i++) {
      region.freeBuffer(Mem.getInt(k.slots + (long) i * RingLayout.SLOT_SIZE));
    }
    region.freeRing(k.ringOffset());
  }

  public Adapter adapter() {
    return adapter;
  }

  public Region region() {
    return region;
  }

  public Kring tx(int i) {
    return tx[i];
  }

  public Kring rx(int i) {
    return rx[i];
  }

  /** Which rings a port binds: [first, end) of each direction; end = first for none. */
  public record Binding(int txFirst, int txEnd, int rxFirst, int rxEnd, boolean exclusive) {
    boolean holds(int i, int txRings) {
      return i < txRings
          ? i >= txFirst && i < txEnd
          : i - txRings >= rxFirst && i - txRings < rxEnd;
    }
  }
}

package io.netmap4j.spi;

import static io.netmap4j.layout.RingLayout.CUR;
import static io.netmap4j.layout.RingLayout.FLAGS;
import static io.netmap4j.layout.RingLayout.HEAD;
import static io.netmap4j.layout.RingLayout.NR_TIMESTAMP;
import static io.netmap4j.layout.RingLayout.OFFSET_MASK;
import static io.netmap4j.layout.RingLayout.SLOTS;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;
import static io.netmap4j.layout.RingLayout.SLOT_PTR;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;
import static io.netmap4j.layout.RingLayout.TAIL;
import static io.netmap4j.layout.RingLayout.TS_SEC;
import static io.netmap4j.layout.RingLayout.TS_USEC;

import io.netmap4j.common.Offsets;
import io.netmap4j.common.OnOff;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.memory.Region;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * The driver's private state of a shared ring: what the driver has done, and the indices that it
 * last accepted. The user's copy is read once in a prologue, checked, and never looked at again
 * during a sync; the tail is published once after it (netmap.c: nm_txsync_prologue,
 * nm_rxsync_prologue, netmap_ring_reinit, nm_sync_finalize).
 *
 * <pre>
 *   TX   hwTail+1 .... hwCur .... head .... tail       RX   hwCur .... head .... tail = hwTail
 *        | with the NIC |  to send | user's  |              | given back | user's |  with the NIC ...
 * </pre>
 *
 * One thread syncs at a time: a second one skips (EBUSY), as in netmap. {@link #fence} keeps every
 * later sync out.
 */
public final class Kring {
  private static final int IDLE = 0;
  private static final int BUSY = 1;
  private static final int STOPPED = 2;
  private static final int CLOSED = 3;
  private static final VarHandle STATE;
  private static final boolean NO_TIMESTAMP = OnOff.property("netmap4j.no_timestamp", true);

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Kring.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  public final Region region;
  public final boolean tx;
  public final int ringId;
  public final int numSlots;

  /** Address of the shared ring, and of its slot 0. */
  public final long ring;

  public final long slots;

  /** First slot not given to the device yet. The adapter moves it. */
  public int hwCur;

  /** First slot that is the device's: becomes the shared tail. The adapter moves it. */
  public int hwTail;

  /**
   * Slot of the device's descriptor 0 (netmap's nkr_hwofs). Constant between resets for RX; for TX
   * an adapter may move it on over slots that it refuses.
   */
  public int hwOfs;

  /**
   * Of slot.ptr, the bits that are the packet's offset in its buffer; 0 on a ring without offsets
   * (docs/netmap-abi.md 10). Set before the first sync.
   */
  public long offsetMask;

  /** A larger offset counts as this one, bytes. */
  public int maxOffset;

  /** Most bytes that may be received into a buffer, behind its offset. */
  public int rxBytes;

  /** head, cur and tail as accepted at the last sync. */
  public int rHead;

  public int rCur;
  public int rTail;

  /** Host rings: packets have gone into TX rings, which are to be synced (netmap's nr_kflags). */
  public boolean sentDown;

  /** Slots with an index or a length that could not be used; counted by the adapter. */
  public long badSlots;

  /** Packets that TX syncs refused: nothing of them went out. Counted by the adapter. */
  public long unsent;

  /** When the ring was stamped, since 1970; 0 for never. */
  public long stampNanos;

  /** The same moment by {@link System#nanoTime}. */
  public long stampMonotonic;

  private final Adapter adapter;
  private final long ringOffset;
  private WallClock clock = new WallClock();
  private final Object tapLock = new Object();
  private long reinits;

  /** Guarded by the state: whoever has made it BUSY may look. Null for none. */
  private RingTap[] tap;

  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  Kring(Adapter adapter, Region region, long ringOffset, boolean tx, int ringId, int numSlots) {
    this.adapter = adapter;
    this.region = region;
    this.ringOffset = ringOffset;
    this.tx = tx;
    this.ringId = ringId;
    this.numSlots = numSlots;
    this.ring = region.address() + ringOffset;
    this.slots = ring + SLOTS;
    this.hwTail = tx ? Math.max(0, numSlots - 1) : 0;
    this.rTail = hwTail;
    this.rxBytes = region.bufSize();
  }

  /**
   * Sends what is between the last head and the user's, and publishes what is done.
   *
   * @return 0; EBUSY when another thread syncs the ring at the moment: it may have looked already
   *     at what the caller has in mind; EIO when the ring is stopped; EINVAL when the indices were
   *     illegal (nothing is sent, the ring is repaired), packets were refused (the others are sent)
   *     or the last one has no end; else the adapter's errno
   */
  public int txSync(int flags) {
    if (!STATE.compareAndSet(this, IDLE, BUSY)) {
      return busy();
    }
    try {
      if (!txPrologue()) {
        reinit();
        return Libc.EINVAL;
      }
      int status = tap == null ? adapter.txSync(this, flags) : tappedSync(flags);
      publishTail();
      return status;
    } finally {
      STATE.setRelease(this, IDLE);
    }
  }

  /**
   * Takes in what has arrived, publishes it, gives back what the user released.
   *
   * @return as {@link #txSync}; after illegal indices packets are still taken in, and nothing is
   *     given back
   */
  public int rxSync(int flags) {
    if (!STATE.compareAndSet(this, IDLE, BUSY)) {
      return busy();
    }
    try {
      int status = 0;
      if (!rxPrologue()) {
        reinit();
        status = Libc.EINVAL;
        rHead = hwCur; // what the user wants given back cannot be trusted this time
      }
      int result = tap == null ? adapter.rxSync(this, flags) : tappedSync(flags);
      stamp();
      if (result == Libc.EINVAL) {
        reinit(); // a slot with an invalid buffer index was to be given back
      }
      publishTail();
      return status == 0 ? result : status;
    } finally {
      STATE.setRelease(this, IDLE);
    }
  }

  /**
   * Keeps syncs out for a moment: for host rings, which fill slots of a TX ring within the sync of
   * another ring.
   *
   * @return false while a sync is in flight, and when the ring is stopped
   */
  public boolean tryHold() {
    return STATE.compareAndSet(this, IDLE, BUSY);
  }

  /** Takes a successful {@link #tryHold} back. */
  public void letGo() {
    STATE.setRelease(this, IDLE);
  }

  /**
   * Takes in what has arrived, for the taps to see: between two syncs of an RX ring's user, who
   * gets it with the next one. The user's indices are not looked at, and the tail stays. Does
   * nothing while the ring is being synced, or is stopped.
   */
  public void takeIn() {
    if (tryHold()) {
      try {
        if (tap != null) {
          tappedSync(0);
        }
      } finally {
        letGo();
      }
    }
  }

  private int tappedSync(int flags) {
    int cur = hwCur;
    int tail = hwTail;
    RingTap[] taps = tap;
    for (RingTap t : taps) {
      t.before(this);
    }
    int status = tx ? adapter.txSync(this, flags) : adapter.rxSync(this, flags);
    for (RingTap t : taps) {
      t.after(this, cur, tail);
    }
    return status;
  }

  /**
   * Adds a tap behind those that are there. Waits for the sync in flight.
   *
   * @return false when the ring is closed
   */
  public boolean addTap(RingTap added) {
    return changeTaps(
        taps -> {
          RingTap[] more = Arrays.copyOf(taps, taps.length + 1);
          more[taps.length] = added;
          return more;
        });
  }

  /** As {@link #addTap}, before those that are there. */
  public boolean addFirstTap(RingTap added) {
    return changeTaps(
        taps -> {
          RingTap[] more = new RingTap[taps.length + 1];
          more[0] = added;
          System.arraycopy(taps, 0, more, 1, taps.length);
          return more;
        });
  }

  /** Removes a tap; it is not called any more afterwards. Waits for the sync in flight. */
  public void removeTap(RingTap removed) {
    changeTaps(taps -> Arrays.stream(taps).filter(t -> t != removed).toArray(RingTap[]::new));
  }

  private boolean changeTaps(UnaryOperator<RingTap[]> change) {
    return betweenSyncs(
        () -> {
          RingTap[] now = change.apply(tap == null ? new RingTap[0] : tap);
          tap = now.length == 0 ? null : now;
        });
  }

  /**
   * Does something while no sync is in flight: waits for the one that is.
   *
   * @return false, and nothing done, when the ring is closed
   */
  @SuppressWarnings("ThreadPriorityCheck") // the sync in flight may need this processor
  public boolean betweenSyncs(Runnable change) {
    synchronized (tapLock) {
      int seen = (int) STATE.getAcquire(this);
      while (seen != CLOSED && (seen == BUSY || !STATE.compareAndSet(this, seen, BUSY))) {
        Thread.yield();
        seen = (int) STATE.getAcquire(this);
      }
      if (seen == CLOSED) {
        return false;
      }
      try {
        change.run();
      } finally {
        STATE.setRelease(this, seen);
      }
      return true;
    }
  }

  /** True while something taps the ring. For who holds it. */
  boolean tapped() {
    return tap != null;
  }

  /** A ring that is being synced is skipped; one that is stopped says so. */
  int busy() {
    return (int) STATE.getAcquire(this) >= STOPPED ? Libc.EIO : Libc.EBUSY;
  }

  /**
   * The user's head, read before cur and before the slots that it covers. {@code
   * NetmapRing.advance} writes cur first and head last: so a cur that belongs to a later head may
   * be seen beside this one, which is legal, never an earlier one.
   */
  private int acquireHead() {
    return Order.index(ring + HEAD);
  }

  /** rHead ≤ head ≤ rTail, head ≤ cur ≤ rTail; and never past what the device owns. */
  boolean txPrologue() {
    int head = acquireHead();
    int cur = Mem.getInt(ring + CUR);
    if (!legal(rHead, head, cur, rTail)) {
      return false;
    }
    boolean asPublished = hwTail == rTail && hwCur == rHead; // not after a reset, or sent in part
    if (!asPublished && distance(hwCur, head) > distance(hwCur, hwTail)) {
      return false;
    }
    rHead = head;
    rCur = cur;
    restoreTail();
    return true;
  }

  /** hwCur ≤ head ≤ hwTail, head ≤ cur ≤ hwTail. */
  boolean rxPrologue() {
    int head = acquireHead();
    int cur = Mem.getInt(ring + CUR);
    rCur = cur;
    rHead = head;
    if (!legal(hwCur, head, cur, hwTail)) {
      return false;
    }
    restoreTail();
    return true;
  }

  /**
   * from ≤ head ≤ cur ≤ to, around the ring; unsigned, so that a negative index is out of range.
   */
  public boolean legal(int from, int head, int cur, int to) {
    if (head == cur) { // after NetmapRing.advance: the usual case, without distances
      return from <= to
          ? from <= head && head <= to
          : from <= head ? head < numSlots : 0 <= head && head <= to;
    }
    if (Integer.compareUnsigned(head, numSlots) >= 0
        || Integer.compareUnsigned(cur, numSlots) >= 0) {
      return false;
    }
    int toHead = distance(from, head);
    return toHead <= distance(from, cur) && distance(from, cur) <= distance(from, to);
  }

  /** Address of slot {@code i}. */
  public long slot(int i) {
    return slots + (long) i * SLOT_SIZE;
  }

  /** The packet's offset in the buffer of the slot at that address, 0 to {@link #maxOffset}. */
  public int offset(long slot) {
    long mask = offsetMask;
    if (mask == 0) {
      return 0;
    }
    long offset = Mem.getLong(slot + SLOT_PTR) & mask;
    return Long.compareUnsigned(offset, maxOffset) > 0 ? maxOffset : (int) offset;
  }

  /**
   * Gives the ring other offsets, and every slot the initial one, but for slots that hold received
   * packets. Between syncs, of a ring that nobody uses.
   *
   * @param offsets null for none
   */
  void offsets(Offsets offsets) {
    offsetMask = offsets == null ? 0 : offsets.mask();
    maxOffset = offsets == null ? 0 : offsets.max();
    rxBytes = rxBytes(offsets);
    Mem.putLong(ring + OFFSET_MASK, offsetMask);
    int first = tx ? 0 : hwTail;
    int count = offsets == null ? 0 : tx ? numSlots : numSlots - distance(hwCur, hwTail);
    for (int n = 0, i = first; n < count; n++, i = next(i)) {
      long ptr = slot(i) + SLOT_PTR;
      Mem.putLong(ptr, Mem.getLong(ptr) & ~offsetMask | offsets.initial());
    }
  }

  /** What is left of a buffer for received bytes: as {@link #rxBytes}, with these offsets. */
  int rxBytes(Offsets offsets) {
    int left = region.bufSize() - (offsets == null ? 0 : offsets.max());
    return offsets == null || offsets.minGap() == 0 ? left : Math.min(left, offsets.minGap());
  }

  /** Slots from {@code a} on to {@code b}, 0 ≤ result &lt; numSlots. */
  public int distance(int a, int b) {
    int d = b - a;
    return d < 0 ? d + numSlots : d;
  }

  /** The slot {@code n} slots after {@code i}, 0 ≤ n ≤ numSlots. */
  public int plus(int i, int n) {
    int sum = i + n;
    return sum >= numSlots ? sum - numSlots : sum;
  }

  /** The slot after {@code i}. */
  public int next(int i) {
    return i + 1 == numSlots ? 0 : i + 1;
  }

  void publishTail() {
    rTail = hwTail;
    Order.publishIndex(ring + TAIL, hwTail);
  }

  private void restoreTail() {
    if (Mem.getInt(ring + TAIL) != rTail) {
      Mem.putInt(ring + TAIL, rTail);
    }
  }

  /**
   * netmap_ring_reinit: slots with an index or length that cannot be used are set to 0, and the
   * next sync accepts the ring. Differs from netmap's where that would give the device slots that
   * it has, or would never be accepted:
   *
   * <ul>
   *   <li>An index out of range, or a head in the device's slots, resets the ring: head = cur =
   *       hwcur, tail = hwtail. What was to be sent or given back is the user's again.
   *   <li>Any other head stays, also one that takes slots back that are not with the device yet.
   *   <li>A cur that is not between head and tail becomes head.
   * </ul>
   */
  private void reinit() {
    reinits++;
    rHead = Mem.getInt(ring + HEAD);
    rCur = Mem.getInt(ring + CUR);
    rTail = hwTail;
    repairSlots();
    boolean outOfRange =
        Integer.compareUnsigned(rHead, numSlots) >= 0
            || Integer.compareUnsigned(rCur, numSlots) >= 0;
    if (outOfRange || distance(hwCur, rHead) > distance(hwCur, hwTail)) {
      rHead = rCur = hwCur;
      Mem.putInt(ring + CUR, rCur);
      Order.publishIndex(ring + HEAD, rHead);
    } else if (distance(rHead, rCur) > distance(rHead, hwTail)) {
      rCur = rHead;
      Mem.putInt(ring + CUR, rCur);
    }
    Order.publishIndex(ring + TAIL, rTail);
  }

  private void repairSlots() {
    for (long slot = slots; slot < slots + (long) SLOT_SIZE * numSlots; slot += SLOT_SIZE) {
      int index = Mem.getInt(slot);
      if (!region.isBuffer(index)) {
        Mem.putInt(slot, 0);
        Mem.putShort(slot + SLOT_LEN, (short) 0);
      } else if ((Mem.getShort(slot + SLOT_LEN) & 0xffff) > region.bufSize()) {
        Mem.putShort(slot + SLOT_LEN, (short) 0);
      }
    }
  }

  /** Another clock for stamps. */
  void clock(WallClock other) {
    clock = other;
  }

  void stamp() {
    if (NO_TIMESTAMP && (Mem.getInt(ring + FLAGS) & NR_TIMESTAMP) == 0) {
      return;
    }
    stampMonotonic = clock.nanoTime();
    stampNanos = clock.at(stampMonotonic);
    long micros = stampNanos / 1000;
    Mem.putLong(ring + TS_SEC, micros / 1_000_000);
    Mem.putLong(ring + TS_USEC, micros % 1_000_000);
  }

  // The sync in flight may need this processor: hence yield.

  /** Waits for the sync in flight, then keeps every later one out (EIO) until {@link #unfence}. */
  @SuppressWarnings("ThreadPriorityCheck")
  public void fence() {
    while (!STATE.compareAndSet(this, IDLE, STOPPED)) {
      if ((int) STATE.getAcquire(this) >= STOPPED) {
        return;
      }
      Thread.yield();
    }
  }

  /** As {@link #fence}, for good: {@link #unfence} does not open the ring again. */
  @SuppressWarnings("ThreadPriorityCheck")
  void shut() {
    int seen = (int) STATE.getAcquire(this);
    while (seen != CLOSED && (seen == BUSY || !STATE.compareAndSet(this, seen, CLOSED))) {
      Thread.yield();
      seen = (int) STATE.getAcquire(this);
    }
    if (seen != CLOSED) {
      synchronized (tapLock) {
        for (RingTap t : tap == null ? new RingTap[0] : tap) {
          t.gone(this);
        }
        tap = null;
      }
    }
  }

  /** Takes {@link #fence} back. */
  @SuppressWarnings("ThreadPriorityCheck")
  public void unfence() {
    while (!STATE.compareAndSet(this, STOPPED, IDLE) && (int) STATE.getAcquire(this) == BUSY) {
      Thread.yield(); // betweenSyncs
    }
  }

  /** Whose ring this is. */
  public Adapter adapter() {
    return adapter;
  }

  /** How often illegal indices made the ring be repaired. */
  public long reinits() {
    return reinits;
  }

  /** Where the shared ring is in the region. */
  public long ringOffset() {
    return ringOffset;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s kring %d: hwCur %d hwTail %d head %d cur %d tail %d of %d, offset %d",
        tx ? "tx" : "rx",
        ringId,
        hwCur,
        hwTail,
        rHead,
        rCur,
        rTail,
        numSlots,
        hwOfs);
  }
}

package io.netmap4j;

import io.netmap4j.common.OnOff;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import java.util.Locale;
import net.openhft.chronicle.bytes.PointerBytesStore;

/**
 * One TX or RX ring, read and written in place in the region: struct netmap_ring and netmap_slot,
 * netmap.h, NETMAP_API 14, x86-64.
 *
 * <pre>
 *   0 buf_ofs:8 | 8 num_slots:4 | 12 nr_buf_size:4 | 16 ringid:2 | 18 dir:2
 *  20 head:4 (user) | 24 cur:4 (user) | 28 tail:4 (driver) | 32 flags:4
 *  40 ts:16 | 56 offset_mask:8 | 64 buf_align:8 | 128 sem:128 | 256 slot[]
 *  slot: 0 buf_idx:4 | 4 len:2 | 6 flags:2 | 8 ptr:8      (16 bytes)
 * </pre>
 *
 * The user owns slots [head, tail): for TX the free ones, for RX the received ones; the driver owns
 * the rest. One slot always stays with the driver. {@code head} gives slots back at the next sync;
 * {@code cur} is where the user wants to be woken, head ≤ cur ≤ tail around the ring. num_slots
 * need not be a power of two: indices move by {@link #next}.
 *
 * <p>Slots are addressed by index. An index out of range throws, unless the property {@code
 * netmap4j.bounds} is {@code false}. A ring is for one thread at a time.
 *
 * <p>After {@link NetmapPort#close} the object shows a copy of the ring as it was, without the
 * packets, and writes to it have no effect elsewhere: the ring's memory may belong to the next port
 * by then, whose close replaces the copy. This is guaranteed to a thread for which the close
 * happens-before its access (java.util.concurrent); a thread that uses the ring during the close
 * may still access the ring and its buffers, as may any thread through an address obtained earlier.
 */
public final class NetmapRing {
  private static final boolean CHECK = OnOff.property("netmap4j.bounds", true);

  // Changed once, by retire(): so that no access has to ask whether the port is open.
  private long base;
  private long slots;
  private long buffers;

  // Never from the ring, which is the user's to write.
  private final int numSlots;
  private final int bufSize;
  private final int bufTotal;
  private final long toDead;

  NetmapRing(Region region, long offset, int numSlots) {
    this.base = region.address() + offset;
    this.slots = base + RingLayout.SLOTS;
    this.buffers = region.address() + region.bufOffset();
    this.numSlots = numSlots;
    this.bufSize = region.bufSize();
    this.bufTotal = region.bufTotal();
    this.toDead = region.toDead();
  }

  /** The port is closed: from now on this object refers to a private copy. Called once. */
  void retire() {
    Mem.copy(base, base + toDead, RingLayout.sizeFor(numSlots));
    base += toDead;
    slots += toDead;
    buffers += toDead;
  }

  /** One past the last index. */
  public int numSlots() {
    return numSlots;
  }

  /** Bytes of a buffer. */
  public int bufSize() {
    return bufSize;
  }

  public int ringId() {
    return Mem.getShort(base + RingLayout.RINGID) & 0xffff;
  }

  /** 1 for TX, 0 for RX: what the kernel stores (its header says the opposite). */
  public int dir() {
    return Mem.getShort(base + RingLayout.DIR) & 0xffff;
  }

  public int head() {
    return Mem.getInt(base + RingLayout.HEAD);
  }

  public int cur() {
    return Mem.getInt(base + RingLayout.CUR);
  }

  /** First slot that is the driver's. Slots before it are filled when this returns. */
  public int tail() {
    int tail = Mem.getInt(base + RingLayout.TAIL);
    Mem.loadFence();
    return tail;
  }

  /**
   * Gives the slots before {@code i} to the driver at the next sync. Where another thread syncs,
   * {@link #cur(int)} comes first: a head beyond cur is illegal. Any value is stored; the sync
   * refuses what is illegal.
   */
  public void head(int i) {
    Mem.putIntRelease(base + RingLayout.HEAD, i);
  }

  /** Wake when tail passes {@code i}. Any value is stored; the sync refuses what is illegal. */
  public void cur(int i) {
    Mem.putInt(base + RingLayout.CUR, i);
  }

  /**
   * Sets cur and then head, the usual way to be done with slots, also while another thread syncs.
   */
  public void advance(int i) {
    Mem.putInt(base + RingLayout.CUR, i);
    Mem.putIntRelease(base + RingLayout.HEAD, i);
  }

  /** NR_TIMESTAMP, NR_FORWARD. */
  public int flags() {
    return Mem.getInt(base + RingLayout.FLAGS);
  }

  public void flags(int flags) {
    Mem.putInt(base + RingLayout.FLAGS, flags);
  }

  /**
   * When the last RX sync was made, also one that received nothing: microseconds since 1970, one
   * stamp for the batch. Follows a clock that is set. 0 for TX rings.
   */
  public long timestampMicros() {
    return Mem.getLong(base + RingLayout.TS_SEC) * 1_000_000
        + Mem.getLong(base + RingLayout.TS_USEC);
  }

  /** 128 bytes for the user's own use. */
  public long sem() {
    return base + RingLayout.SEM;
  }

  /** The index after {@code i}. */
  public int next(int i) {
    return i + 1 == numSlots ? 0 : i + 1;
  }

  /** The index {@code n} slots after {@code i}, 0 ≤ n ≤ numSlots. */
  public int plus(int i, int n) {
    int sum = i + n;
    return sum >= numSlots ? sum - numSlots : sum;
  }

  /** nm_ring_space: slots that are the user's from head on. */
  public int space() {
    int n = tail() - head();
    return n < 0 ? n + numSlots : n;
  }

  /** nm_ring_empty: TX has no free slot, RX no packet. */
  public boolean isEmpty() {
    return head() == tail();
  }

  /** nm_tx_pending: something given to the driver is not done yet. For TX rings. */
  public boolean txPending() {
    return next(tail()) != head();
  }

  public int bufIdx(int i) {
    return Mem.getInt(slot(i) + RingLayout.SLOT_BUF_IDX);
  }

  /** Exchange buffers, never copy an index: and set NS_BUF_CHANGED. */
  public void bufIdx(int i, int index) {
    Mem.putInt(slot(i) + RingLayout.SLOT_BUF_IDX, index);
  }

  /** Bytes of the packet, or of this part of it, in the buffer: what the user wrote, 0 to 65535. */
  public int len(int i) {
    return Mem.getShort(slot(i) + RingLayout.SLOT_LEN) & 0xffff;
  }

  public void len(int i, int bytes) {
    if (CHECK && bytes >>> 16 != 0) {
      throw tooWide("len", bytes);
    }
    Mem.putShort(slot(i) + RingLayout.SLOT_LEN, (short) bytes);
  }

  /** NS_* bits. */
  public int slotFlags(int i) {
    return Mem.getShort(slot(i) + RingLayout.SLOT_FLAGS) & 0xffff;
  }

  public void slotFlags(int i, int flags) {
    if (CHECK && flags >>> 16 != 0) {
      throw tooWide("flags", flags);
    }
    Mem.putShort(slot(i) + RingLayout.SLOT_FLAGS, (short) flags);
  }

  /** Free for the user on ports without offsets. */
  public long ptr(int i) {
    return Mem.getLong(slot(i) + RingLayout.SLOT_PTR);
  }

  public void ptr(int i, long value) {
    Mem.putLong(slot(i) + RingLayout.SLOT_PTR, value);
  }

  /** len and flags in one store: {@code len | flags << 16}. */
  public void lenAndFlags(int i, int bytes, int flags) {
    if (CHECK && (bytes | flags) >>> 16 != 0) {
      throw bytes >>> 16 != 0 ? tooWide("len", bytes) : tooWide("flags", flags);
    }
    Mem.putInt(slot(i) + RingLayout.SLOT_LEN, bytes & 0xffff | flags << 16);
  }

  private static IllegalArgumentException tooWide(String field, int value) {
    return new IllegalArgumentException(
        field + " of a slot is 0 to 65535 (16 bits): " + value + " does not fit");
  }

  /**
   * Zero-copy forwarding: exchanges the buffers of slot {@code i} and slot {@code j} of {@code to},
   * hands len over and marks both NS_BUF_CHANGED. NS_MOREFRAG goes along.
   *
   * @throws IllegalArgumentException when the rings are in different regions, where one index means
   *     two buffers, or a port of them is closed; nothing is changed
   */
  public void swap(int i, NetmapRing to, int j) {
    if (buffers != to.buffers) {
      throw apart(to);
    }
    long from = slot(i);
    long dest = to.slot(j);
    long mine = Mem.getLong(from);
    int theirs = Mem.getInt(dest);
    long moreFrag = mine >>> 48 & Netmap.NS_MOREFRAG;
    Mem.putLong(dest, mine & 0x0000ffff_ffffffffL | (moreFrag | Netmap.NS_BUF_CHANGED) << 48);
    Mem.putLong(
        from,
        mine & 0x0000ffff_00000000L | theirs & 0xffffffffL | (long) Netmap.NS_BUF_CHANGED << 48);
  }

  private IllegalArgumentException apart(NetmapRing to) {
    return new IllegalArgumentException(
        this
            + " and "
            + to
            + " share no buffers: they are in different regions, or a port of them is closed. Open both"
            + " ports in one region, or copy the packet");
  }

  /**
   * Address of the packet in slot {@code i}; bufSize bytes. Valid until the slot is given to the
   * driver.
   *
   * @throws IndexOutOfBoundsException when the slot's buf_idx is invalid
   */
  public long buffer(int i) {
    int index = bufIdx(i);
    if (CHECK && Integer.compareUnsigned(index, bufTotal) >= 0) {
      throw new IndexOutOfBoundsException(
          "slot " + i + " of ring " + ringId() + ": buf_idx " + index + " of " + bufTotal);
    }
    return buffers + (long) index * bufSize;
  }

  /** The packet in slot {@code i} as bytes off-heap: {@code view} is set onto it and returned. */
  public PointerBytesStore buffer(int i, PointerBytesStore view) {
    view.set(buffer(i), bufSize);
    return view;
  }

  /** Copies a whole packet into slot {@code i} and sets its len and flags 0. */
  public void put(int i, byte[] packet) {
    if (packet.length > bufSize) {
      throw new IllegalArgumentException(
          "packet of " + packet.length + " bytes; buffers hold " + bufSize);
    }
    Mem.copyIn(packet, 0, buffer(i), packet.length);
    lenAndFlags(i, packet.length, 0);
  }

  /** The bytes in slot {@code i}. */
  public byte[] get(int i) {
    byte[] bytes = new byte[Math.min(len(i), bufSize)];
    Mem.copyOut(buffer(i), bytes, 0, bytes.length);
    return bytes;
  }

  public long address() {
    return base;
  }

  private long slot(int i) {
    if (CHECK && Integer.compareUnsigned(i, numSlots) >= 0) {
      throw new IndexOutOfBoundsException(
          "slot " + i + " of ring " + ringId() + " with " + numSlots + " slots");
    }
    return slots + (long) i * RingLayout.SLOT_SIZE;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s ring %d: head %d cur %d tail %d of %d",
        dir() == 1 ? "tx" : "rx",
        ringId(),
        head(),
        cur(),
        tail(),
        numSlots);
  }
}

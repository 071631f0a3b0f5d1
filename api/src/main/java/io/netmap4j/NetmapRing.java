package io.netmap4j;

import io.netmap4j.common.OnOff;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;
import java.util.Locale;
import net.openhft.chronicle.bytes.PointerBytesStore;

/**
 * One TX or RX ring, read and written in place in the region: struct netmap_ring and its slots
 * (netmap.h, NETMAP_API 14; docs/netmap-abi.md 3 and 5).
 *
 * <p>The user owns the slots from {@code head} up to, not including, {@code tail}: for TX the free
 * ones, for RX the received ones. The driver owns the rest, and one slot always stays with it.
 * Moving {@code head} gives slots to the driver at the next sync; {@code cur} is where the user
 * wants to be woken, head ≤ cur ≤ tail around the ring. A ring has any number of slots, not only
 * powers of two: indices move by {@link #next} and {@link #plus}.
 *
 * <p>Slots are addressed by their index, 0 to {@link #numSlots} − 1. Unless the system property
 * {@code netmap4j.bounds} is {@code false}, every method with a slot index throws {@link
 * IndexOutOfBoundsException} for one out of range, and so does every method that accesses a buffer
 * when the slot's buf_idx is not the index of a buffer or the bytes are not inside the buffer. With
 * {@code false} nothing is checked, and a wrong index may end the JVM.
 *
 * <p>Threads: a ring is for one thread at a time. Handing over: what a thread has written into
 * slots and buffers before {@link #head(int)} or {@link #advance} is visible to the thread that
 * syncs, and what a sync has written is visible to the thread that has read {@link #tail()}.
 *
 * <p>After {@link NetmapPort#close} the object shows a copy of the ring as it was, without the
 * packets, and writes to it have no effect elsewhere: the ring's memory may belong to the next port
 * by then, whose close replaces the copy. This is guaranteed to a thread for which the close
 * happens-before its access (java.util.concurrent); a thread that uses the ring during the close
 * may still access the ring and its buffers, as may any thread through an address obtained earlier.
 */
public final class NetmapRing {
  // swap reads and writes slots by halves, buf_idx or len with flags, as drivers do: a load that is
  // wider than the store before it would wait for that.
  private static final int BUF_CHANGED = Netmap.NS_BUF_CHANGED << 16;
  private static final int HANDED_OVER = 0xffff | Netmap.NS_MOREFRAG << 16;
  private static final boolean CHECK = OnOff.property("netmap4j.bounds", true);

  // Changed once, by retire(): so that no access has to ask whether the port is open.
  private long base;
  private long slots;
  private long buffers;

  private final Kring kring;

  // Never from the ring, which is the user's to write.
  private final int numSlots;
  private final int bufSize;
  private final int bufTotal;
  private final long toPlaceholder;

  /** 0 on a ring without offsets. */
  private final long offsetMask;

  private final int maxOffset;

  /** Of the port's RX syncs. */
  private int syncFlags;

  NetmapRing(Kring kring) {
    Region region = kring.region;
    this.kring = kring;
    this.base = region.address() + kring.ringOffset();
    this.slots = base + RingLayout.SLOTS;
    this.buffers = region.address() + region.bufOffset();
    this.numSlots = kring.numSlots;
    this.bufSize = region.bufSize();
    this.bufTotal = region.bufTotal();
    this.toPlaceholder = region.toPlaceholder();
    this.offsetMask = kring.offsetMask;
    this.maxOffset = kring.maxOffset;
  }

  /** The port is closed: from now on this object refers to a private copy. Called once. */
  void retire() {
    Mem.copy(base, base + toPlaceholder, RingLayout.sizeFor(numSlots));
    base += toPlaceholder;
    slots += toPlaceholder;
    buffers += toPlaceholder;
  }

  Kring kring() {
    return kring;
  }

  boolean retired() {
    return base != kring.ring;
  }

  int syncFlags() {
    return syncFlags;
  }

  void syncFlags(int flags) {
    syncFlags = flags;
  }

  /**
   * The ring's size.
   *
   * @return slots, those of the driver included; at most {@code numSlots() − 1} are the user's
   */
  public int numSlots() {
    return numSlots;
  }

  /**
   * The size of every buffer of the region.
   *
   * @return bytes; a longer packet takes several slots (NS_MOREFRAG)
   */
  public int bufSize() {
    return bufSize;
  }

  /**
   * The ring's number.
   *
   * @return from 0, among the adapter's rings of this direction
   */
  public int ringId() {
    return Mem.getShort(base + RingLayout.RINGID) & 0xffff;
  }

  /**
   * The ring's direction.
   *
   * @return 1 for TX, 0 for RX: what the kernel stores (its header says the opposite)
   */
  public int dir() {
    return Mem.getShort(base + RingLayout.DIR) & 0xffff;
  }

  /**
   * The first slot of the user's.
   *
   * @return what the user has stored, or the last sync has repaired
   */
  public int head() {
    return Mem.getInt(base + RingLayout.HEAD);
  }

  /**
   * Where the user wants to be woken.
   *
   * @return what the user has stored, or the last sync has repaired
   */
  public int cur() {
    return Mem.getInt(base + RingLayout.CUR);
  }

  /**
   * The first slot of the driver's. Acquires: slots before it are filled when this returns.
   *
   * @return what the last sync has stored
   */
  public int tail() {
    return Order.index(base + RingLayout.TAIL);
  }

  /**
   * Gives the slots before {@code i} to the driver at the next sync. Releases. Where another thread
   * syncs, {@link #cur(int)} comes first: a head beyond cur is illegal.
   *
   * @param i the first slot that stays the user's. Any value is stored; the sync refuses what is
   *     illegal
   */
  public void head(int i) {
    Order.publishIndex(base + RingLayout.HEAD, i);
  }

  /**
   * Asks to be woken when tail passes {@code i}.
   *
   * @param i from head to tail. Any value is stored; the sync refuses what is illegal
   */
  public void cur(int i) {
    Mem.putInt(base + RingLayout.CUR, i);
  }

  /**
   * Sets cur and then head, the usual way to be done with slots, also while another thread syncs.
   *
   * @param i as for {@link #head(int)}
   */
  public void advance(int i) {
    Mem.putInt(base + RingLayout.CUR, i);
    Order.publishIndex(base + RingLayout.HEAD, i);
  }

  /**
   * The ring's flags.
   *
   * @return NR_TIMESTAMP, NR_FORWARD
   */
  public int flags() {
    return Mem.getInt(base + RingLayout.FLAGS);
  }

  /**
   * Sets the ring's flags.
   *
   * @param flags NR_TIMESTAMP, NR_FORWARD
   */
  public void flags(int flags) {
    Mem.putInt(base + RingLayout.FLAGS, flags);
  }

  /**
   * When the last RX sync was made, also one that received nothing: one stamp for the batch.
   * Follows a clock that is set. Only rings with NR_TIMESTAMP among their {@link #flags} are
   * stamped, since reading the clock costs as much as the rest of a small sync; with {@code
   * -Dnetmap4j.no_timestamp=false} all are, which is netmap's default.
   *
   * @return microseconds since 1970; 0 for TX rings, and before the first stamp
   */
  public long timestampMicros() {
    return Mem.getLong(base + RingLayout.TS_SEC) * 1_000_000
        + Mem.getLong(base + RingLayout.TS_USEC);
  }

  /**
   * The moment of {@link #timestampMicros}, in nanoseconds: one stamp for the batch, made when the
   * sync has taken it in. Follows a clock that is set, a millisecond later at the latest; right to
   * a millisecond at first, and to some microseconds when the ring has been synced for a while. For
   * the thread that syncs.
   *
   * @return nanoseconds since 1970; 0 before the first stamp, and for TX rings
   */
  public long timestampNanos() {
    return kring.stampNanos;
  }

  /**
   * The moment of {@link #timestampNanos} by the clock of {@link System#nanoTime}, which nobody
   * sets: for differences. For the thread that syncs.
   *
   * @return nanoseconds, to be compared with other values of that clock only; 0 before the first
   *     stamp, and for TX rings
   */
  public long monotonicNanos() {
    return kring.stampMonotonic;
  }

  /**
   * Space in the ring object for the user's own use.
   *
   * @return address of 128 bytes, valid as {@link #address}
   */
  public long sem() {
    return base + RingLayout.SEM;
  }

  /**
   * The index behind {@code i} (nm_ring_next).
   *
   * @param i a slot
   */
  public int next(int i) {
    return i + 1 == numSlots ? 0 : i + 1;
  }

  /**
   * The index {@code n} slots behind {@code i}.
   *
   * @param i a slot
   * @param n 0 to {@link #numSlots}
   */
  public int plus(int i, int n) {
    int sum = i + n;
    return sum >= numSlots ? sum - numSlots : sum;
  }

  /**
   * nm_ring_space: the user's slots.
   *
   * @return slots from head to tail: free ones of a TX ring, received ones of an RX ring
   */
  public int space() {
    int n = tail() - head();
    return n < 0 ? n + numSlots : n;
  }

  /** nm_ring_empty: a TX ring has no free slot, an RX ring no packet. */
  public boolean isEmpty() {
    return head() == tail();
  }

  /**
   * nm_tx_pending: something given to the driver has not left yet, as far as the last sync knew.
   * For TX rings.
   */
  public boolean txPending() {
    return next(tail()) != head();
  }

  /**
   * The buffer of a slot.
   *
   * @param i a slot
   * @return a buffer index; 0 in a slot that a sync has taken an invalid one out of
   */
  public int bufIdx(int i) {
    return Mem.getInt(slot(i) + RingLayout.SLOT_BUF_IDX);
  }

  /**
   * Puts a buffer into a slot. Exchange buffers, never copy an index: a buffer is in one slot or in
   * the program's hands. Set NS_BUF_CHANGED with it.
   *
   * @param i a slot of the user's
   * @param index a buffer of the same region. Any value is stored; the sync refuses an invalid one
   */
  public void bufIdx(int i, int index) {
    Mem.putInt(slot(i) + RingLayout.SLOT_BUF_IDX, index);
  }

  /**
   * Bytes of the packet, or of this part of it, in the buffer.
   *
   * @param i a slot
   * @return what the driver (RX) or the user (TX) has written, 0 to 65535
   */
  public int len(int i) {
    return Mem.getShort(slot(i) + RingLayout.SLOT_LEN) & 0xffff;
  }

  /**
   * Sets the bytes of the packet, or of this part of it.
   *
   * @param i a slot of the user's
   * @param bytes at most {@link #bufSize}: the sync refuses a longer one
   * @throws IllegalArgumentException when it does not fit into 16 bits
   */
  public void len(int i, int bytes) {
    if (CHECK && bytes >>> 16 != 0) {
      throw tooWide("len", bytes);
    }
    Mem.putShort(slot(i) + RingLayout.SLOT_LEN, (short) bytes);
  }

  /**
   * The flags of a slot.
   *
   * @param i a slot
   * @return NS_* bits (docs/netmap-abi.md 6)
   */
  public int slotFlags(int i) {
    return Mem.getShort(slot(i) + RingLayout.SLOT_FLAGS) & 0xffff;
  }

  /**
   * Sets the flags of a slot.
   *
   * @param i a slot of the user's
   * @param flags NS_* bits (docs/netmap-abi.md 6)
   * @throws IllegalArgumentException when they do not fit into 16 bits
   */
  public void slotFlags(int i, int flags) {
    if (CHECK && flags >>> 16 != 0) {
      throw tooWide("flags", flags);
    }
    Mem.putShort(slot(i) + RingLayout.SLOT_FLAGS, (short) flags);
  }

  /**
   * Which bits of {@link #ptr} are a packet's offset in its buffer (docs/netmap-abi.md 10).
   *
   * @return 0 on a ring without offsets
   */
  public long offsetMask() {
    return offsetMask;
  }

  /**
   * buf_align: what the address of a packet must be a multiple of.
   *
   * @return bytes; 0 for no such rule
   */
  public long bufAlign() {
    return Mem.getLong(base + RingLayout.BUF_ALIGN);
  }

  /**
   * NETMAP_ROFFSET: where in its buffer the packet starts.
   *
   * @param i a slot
   * @return bytes; 0 on a ring without offsets. A larger one than the port was opened for counts as
   *     the largest, for the driver too
   */
  public int offset(int i) {
    return offsetMask == 0 ? 0 : offsetAt(slot(i));
  }

  private int offsetAt(long slot) {
    long offset = Mem.getLong(slot + RingLayout.SLOT_PTR) & offsetMask;
    return Long.compareUnsigned(offset, maxOffset) > 0 ? maxOffset : (int) offset;
  }

  /**
   * The largest {@link #offset} of a packet.
   *
   * @return bytes; 0 on a ring without offsets
   */
  public int maxOffset() {
    return maxOffset;
  }

  /**
   * NETMAP_WOFFSET: says where in its buffer the packet starts; the other bits of {@link #ptr}
   * stay. Set NS_BUF_CHANGED with it. Nothing happens on a ring without offsets.
   *
   * @param i a slot of the user's
   * @param bytes at most what the port was opened for. Any value is stored, as far as it fits into
   *     {@link #offsetMask}
   */
  public void offset(int i, int bytes) {
    long ptr = slot(i) + RingLayout.SLOT_PTR;
    Mem.putLong(ptr, Mem.getLong(ptr) & ~offsetMask | bytes & offsetMask);
  }

  /**
   * The user's own 8 bytes of a slot, on ports without offsets.
   *
   * @param i a slot
   */
  public long ptr(int i) {
    return Mem.getLong(slot(i) + RingLayout.SLOT_PTR);
  }

  /**
   * Sets the user's own 8 bytes of a slot, on ports without offsets.
   *
   * @param i a slot of the user's
   * @param value anything
   */
  public void ptr(int i, long value) {
    Mem.putLong(slot(i) + RingLayout.SLOT_PTR, value);
  }

  /**
   * Sets len and flags of a slot in one store.
   *
   * @param i a slot of the user's
   * @param bytes as for {@link #len(int, int)}
   * @param flags as for {@link #slotFlags(int, int)}
   * @throws IllegalArgumentException when one does not fit into 16 bits
   */
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
   * Zero-copy forwarding: exchanges the buffers of two slots, hands len over and marks both
   * NS_BUF_CHANGED. NS_MOREFRAG goes along, and the offset of the packet.
   *
   * @param i a slot of this ring, of the user's
   * @param to a ring in the same region
   * @param j a slot of that ring, of the user's
   * @throws IllegalArgumentException when the rings are in different regions, where one index means
   *     two buffers, or a port of them is closed, or the packet's offset is more than {@code to}
   *     can have; nothing is changed
   */
  public void swap(int i, NetmapRing to, int j) {
    if (buffers != to.buffers) {
      throw apart(to);
    }
    long from = slot(i);
    long dest = to.slot(j);
    if ((offsetMask | to.offsetMask) != 0) {
      swapOffset(from, to, dest);
    }
    int mine = Mem.getInt(from);
    int theirs = Mem.getInt(dest);
    int lenFlags = Mem.getInt(from + RingLayout.SLOT_LEN);
    Mem.putInt(dest, mine);
    Mem.putInt(dest + RingLayout.SLOT_LEN, lenFlags & HANDED_OVER | BUF_CHANGED);
    Mem.putInt(from, theirs);
    Mem.putInt(from + RingLayout.SLOT_LEN, lenFlags & 0xffff | BUF_CHANGED);
  }

  private void swapOffset(long from, NetmapRing to, long dest) {
    long offset = offsetMask == 0 ? 0 : offsetAt(from);
    if ((offset & to.offsetMask) != offset || offset > to.maxOffset) {
      throw new IllegalArgumentException(
          "the packet's offset is "
              + offset
              + ", and offsets of "
              + to
              + " end at "
              + to.maxOffset);
    }
    long ptr = dest + RingLayout.SLOT_PTR;
    Mem.putLong(ptr, Mem.getLong(ptr) & ~to.offsetMask | offset);
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
   * Copies the bytes of a slot into the buffer of another, also between regions, and sets len and
   * NS_MOREFRAG there.
   *
   * @param i a slot of this ring; of a len beyond the end of the buffer, what is inside is copied
   * @param to any ring
   * @param j a slot of that ring, of the user's
   * @throws IllegalArgumentException when the bytes don't fit into a buffer of {@code to}; nothing
   *     is changed
   */
  public void copy(int i, NetmapRing to, int j) {
    int bytes = Math.min(len(i), bufSize - offset(i));
    to.requireFits(j, bytes);
    Mem.copy(buffer(i), to.buffer(j), bytes);
    to.lenAndFlags(j, bytes, slotFlags(i) & Netmap.NS_MOREFRAG);
  }

  /**
   * Copies a packet into a slot's buffer; sets len, and flags to 0.
   *
   * @param i a slot of the user's
   * @param packet at most {@link #bufSize} bytes
   * @throws IllegalArgumentException when it is longer
   */
  public void put(int i, byte[] packet) {
    put(i, packet, 0, packet.length, 0);
  }

  /**
   * Copies a packet or a part of one into a slot's buffer; sets len and flags.
   *
   * @param i a slot of the user's
   * @param from holds the bytes
   * @param offset of the first one
   * @param length bytes, at most {@link #bufSize}
   * @param flags NS_* bits, NS_MOREFRAG for every part but the last
   * @throws IllegalArgumentException when the bytes don't fit into a buffer
   * @throws IndexOutOfBoundsException when the bytes are not inside {@code from}
   */
  public void put(int i, byte[] from, int offset, int length, int flags) {
    requireFits(i, length);
    Mem.copyIn(from, offset, buffer(i), length);
    lenAndFlags(i, length, flags);
  }

  /**
   * As {@link #put(int, byte[], int, int, int)}, from memory.
   *
   * @param i a slot of the user's
   * @param address of the bytes, which is not checked
   * @param length bytes, at most {@link #bufSize}
   * @param flags NS_* bits, NS_MOREFRAG for every part but the last
   * @throws IllegalArgumentException when the bytes don't fit into a buffer
   */
  public void put(int i, long address, int length, int flags) {
    requireFits(i, length);
    Mem.copy(address, buffer(i), length);
    lenAndFlags(i, length, flags);
  }

  private void requireFits(int i, int bytes) {
    if (bytes < 0 || bytes > bufSize - offset(i)) {
      throw new IllegalArgumentException(
          "packet of "
              + bytes
              + " bytes; buffers hold "
              + bufSize
              + (offsetMask == 0 ? "" : ", and the slot's offset is " + offset(i)));
    }
  }

  /**
   * The bytes of a slot in a new array.
   *
   * @param i a slot
   * @return {@link #len} bytes, at most to the end of the buffer
   */
  public byte[] get(int i) {
    byte[] bytes = new byte[Math.min(len(i), bufSize - offset(i))];
    Mem.copyOut(buffer(i), bytes, 0, bytes.length);
    return bytes;
  }

  /**
   * Copies some bytes of a slot's buffer into an array.
   *
   * @param i a slot
   * @param at offset of the first byte in the packet
   * @param to takes the bytes
   * @param offset where in {@code to}
   * @param length bytes
   * @throws IndexOutOfBoundsException when the bytes are not inside the buffer, or {@code to}
   */
  public void getBytes(int i, int at, byte[] to, int offset, int length) {
    Mem.copyOut(inBuffer(i, at, length), to, offset, length);
  }

  /**
   * Copies some bytes of a slot's buffer to memory.
   *
   * @param i a slot
   * @param at offset of the first byte in the packet
   * @param address where to, which is not checked
   * @param length bytes
   * @throws IndexOutOfBoundsException when the bytes are not inside the buffer
   */
  public void getBytes(int i, int at, long address, int length) {
    Mem.copy(inBuffer(i, at, length), address, length);
  }

  /**
   * Copies bytes into a slot's buffer; len and flags stay.
   *
   * @param i a slot of the user's
   * @param at where in the packet
   * @param from holds the bytes
   * @param offset of the first one
   * @param length bytes
   * @throws IndexOutOfBoundsException when the bytes are not inside the buffer, or {@code from}
   */
  public void putBytes(int i, int at, byte[] from, int offset, int length) {
    Mem.copyIn(from, offset, inBuffer(i, at, length), length);
  }

  /**
   * One byte of a slot's buffer.
   *
   * @param i a slot
   * @param at its offset in the packet
   * @return 0 to 255
   */
  public int getUnsignedByte(int i, int at) {
    return Mem.getByte(inBuffer(i, at, 1)) & 0xff;
  }

  /**
   * Two bytes of a slot's buffer, in network byte order.
   *
   * @param i a slot
   * @param at offset of the first one in the packet; need not be aligned
   * @return 0 to 65535
   */
  public int getUnsignedShort(int i, int at) {
    return Short.reverseBytes(Mem.getShort(inBuffer(i, at, 2))) & 0xffff;
  }

  /**
   * Four bytes of a slot's buffer, in network byte order.
   *
   * @param i a slot
   * @param at offset of the first one in the packet; need not be aligned
   */
  public int getInt(int i, int at) {
    return Integer.reverseBytes(Mem.getInt(inBuffer(i, at, 4)));
  }

  /**
   * Eight bytes of a slot's buffer, in network byte order.
   *
   * @param i a slot
   * @param at offset of the first one in the packet; need not be aligned
   */
  public long getLong(int i, int at) {
    return Long.reverseBytes(Mem.getLong(inBuffer(i, at, 8)));
  }

  /**
   * Sets one byte of a slot's buffer.
   *
   * @param i a slot of the user's
   * @param at its offset in the packet
   * @param value the low 8 bits are stored
   */
  public void putByte(int i, int at, int value) {
    Mem.putByte(inBuffer(i, at, 1), (byte) value);
  }

  /**
   * Sets two bytes of a slot's buffer, in network byte order.
   *
   * @param i a slot of the user's
   * @param at offset of the first one in the packet; need not be aligned
   * @param value the low 16 bits are stored
   */
  public void putShort(int i, int at, int value) {
    Mem.putShort(inBuffer(i, at, 2), Short.reverseBytes((short) value));
  }

  /**
   * Sets four bytes of a slot's buffer, in network byte order.
   *
   * @param i a slot of the user's
   * @param at offset of the first one in the packet; need not be aligned
   * @param value to be stored
   */
  public void putInt(int i, int at, int value) {
    Mem.putInt(inBuffer(i, at, 4), Integer.reverseBytes(value));
  }

  /**
   * Sets eight bytes of a slot's buffer, in network byte order.
   *
   * @param i a slot of the user's
   * @param at offset of the first one in the packet; need not be aligned
   * @param value to be stored
   */
  public void putLong(int i, int at, long value) {
    Mem.putLong(inBuffer(i, at, 8), Long.reverseBytes(value));
  }

  private long inBuffer(int i, int at, int bytes) {
    if (CHECK && ((at | bytes) < 0 || at > bufSize - bytes - offset(i))) {
      throw new IndexOutOfBoundsException(
          bytes
              + " bytes at "
              + at
              + " are not inside a buffer of "
              + (bufSize - offset(i))
              + " bytes");
    }
    return buffer(i) + at;
  }

  /**
   * NETMAP_BUF_OFFSET: where the packet in a slot is: behind the {@link #offset} in its buffer.
   *
   * @param i a slot
   * @return address of {@link #bufSize} bytes, less the offset; the user's until the slot is given
   *     to the driver. {@link NetmapMemory} says how long it is mapped
   */
  public long buffer(int i) {
    return offsetMask == 0 ? bufferStart(i) : bufferStart(i) + offsetAt(slot(i));
  }

  /**
   * NETMAP_BUF: where the buffer of a slot starts, whatever the {@link #offset}.
   *
   * @param i a slot
   * @return address of {@link #bufSize} bytes
   */
  public long bufferStart(int i) {
    long index = Mem.getUnsignedInt(slot(i) + RingLayout.SLOT_BUF_IDX);
    if (CHECK && index >= bufTotal) {
      throw new IndexOutOfBoundsException(
          "slot " + i + " of ring " + ringId() + ": buf_idx " + (int) index + " of " + bufTotal);
    }
    return buffers + index * bufSize;
  }

  /**
   * The packet in a slot as bytes off-heap, to the end of its buffer.
   *
   * @param i a slot
   * @param view is set onto the buffer; valid as the address of {@link #buffer(int)}
   * @return {@code view}
   */
  public PointerBytesStore buffer(int i, PointerBytesStore view) {
    view.set(buffer(i), bufSize - offset(i));
    return view;
  }

  /**
   * Where the ring object is, in netmap's layout: for code that shares it.
   *
   * @return an address; {@link NetmapMemory} says how long it is mapped
   */
  public long address() {
    return base;
  }

  private long slot(int i) {
    long index = i & 0xffffffffL; // HotSpot takes three instructions for Integer.compareUnsigned
    if (CHECK && index >= numSlots) {
      throw new IndexOutOfBoundsException(
          "slot " + i + " of ring " + ringId() + " with " + numSlots + " slots");
    }
    return slots + index * RingLayout.SLOT_SIZE;
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

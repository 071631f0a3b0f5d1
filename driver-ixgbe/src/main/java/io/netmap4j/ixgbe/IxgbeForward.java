package io.netmap4j.ixgbe;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.PacketVisitor;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.Forwarding;
import io.netmap4j.spi.Kring;

/**
 * From an RX queue to a TX queue of one region in one pass: each written-back RX descriptor becomes
 * a TX descriptor, the TX slot's old buffer goes into the RX slot and arms its descriptor at once.
 * What is unusual (several descriptors, errors, short or long frames, invalid buffers) ends the
 * pass, and the two rings' own ways handle it.
 */
final class IxgbeForward implements Forwarding {
  private static final int ENDED = 0;
  private static final int KEPT = 1;
  private static final int RESIZED = 2;

  /** Of a slot's first word. */
  private static final long INDEX = 0xffffffffL;

  private final IxgbeAdapter fromAdapter;
  private final IxgbeAdapter toAdapter;
  private final Kring from;
  private final Kring to;
  private final IxgbeRxRing rx;
  private final IxgbeTxRing tx;

  // What a run has left beside its result.
  private int sent;
  private int end;
  private int length;
  private RuntimeException exception;
  private Error error;

  IxgbeForward(
      IxgbeAdapter fromAdapter,
      Kring from,
      IxgbeRxRing rx,
      IxgbeAdapter toAdapter,
      Kring to,
      IxgbeTxRing tx) {
    this.fromAdapter = fromAdapter;
    this.from = from;
    this.rx = rx;
    this.toAdapter = toAdapter;
    this.to = to;
    this.tx = tx;
  }

  @Override
  public boolean stopped() {
    return end == KEPT;
  }

  @Override
  public int forward(int most, PacketVisitor visitor) {
    end = ENDED;
    if (fromAdapter.dead() || !toAdapter.carrier() || !released()) {
      return BY_SLOTS;
    }
    int room = to.distance(to.rHead, to.hwTail);
    if (room < most) {
      tx.reclaim(to);
      room = to.distance(to.rHead, to.hwTail);
    }
    int done = forwardUpTo(Math.min(Math.min(most, room), from.numSlots - 1), visitor);
    if (end == RESIZED && from.rHead != from.hwTail) {
      int status = resized();
      return status == 0 ? done + 1 : -status;
    }
    rethrow();
    return done;
  }

  /** What the program has released by {@code head} is the device's. */
  private boolean released() {
    try {
      return from.hwCur == from.rHead || rx.release(from) == 0;
    } catch (NetmapException | InternalError e) {
      fromAdapter.deviceLost(e);
      return false;
    }
  }

  /** In straight runs of all four rings; one doorbell for each queue. */
  private int forwardUpTo(int most, PacketVisitor visitor) {
    int slot = from.hwTail;
    int free = to.rHead;
    int unreported = 0;
    int left = most;
    boolean more = false;
    while (left > 0 && !more) {
      int rxDesc = from.distance(from.hwOfs, slot);
      int txDesc = to.distance(to.hwOfs, free);
      int run =
          Math.min(
              Math.min(left, IxgbeTxRing.REPORT_EVERY - unreported),
              Math.min(
                  from.numSlots - Math.max(slot, rxDesc), to.numSlots - Math.max(free, txDesc)));
      int done = run(slot, rxDesc, free, txDesc, run, visitor);
      slot = rx.wrap(slot + done);
      free = tx.wrap(free + sent);
      unreported += sent;
      left -= done;
      if (unreported == IxgbeTxRing.REPORT_EVERY) {
        report(free);
        unreported = 0;
      }
      if (done < run) {
        more = rx.arrived(rxDesc + done);
        break;
      }
    }
    if (unreported > 0) {
      report(free);
    }
    submit(slot, free);
    if (more) {
      rx.receive(from);
    }
    return most - left;
  }

  /** Of what has been sent, all before {@code free}. */
  private void report(int free) {
    int desc = to.distance(to.hwOfs, free);
    tx.report(to, (desc == 0 ? to.numSlots : desc) - 1, free);
  }

  private void submit(int slot, int free) {
    if (slot == from.hwCur) {
      return;
    }
    from.hwCur = from.hwTail = from.rHead = slot;
    try {
      rx.doorbellBefore(from.distance(from.hwOfs, slot));
    } catch (NetmapException | InternalError e) {
      fromAdapter.deviceLost(e);
    }
    if (free == to.hwCur) {
      return;
    }
    to.hwCur = to.rHead = free;
    try {
      tx.doorbell(to.distance(to.hwOfs, free));
    } catch (NetmapException | InternalError e) {
      toAdapter.deviceLost(e);
    }
  }

  /**
   * The hot loop. Ends at the first descriptor that is not there yet or unusual, at an invalid
   * buffer index of either slot, and where the visitor says so.
   *
   * @return RX slots done; {@link #sent} says how many TX slots
   */
  private int run(int slot, int rxDesc, int free, int txDesc, int run, PacketVisitor visitor) {
    final long rxSlots = rx.slots + (long) slot * SLOT_SIZE;
    final long rxDescs = rx.descs + (long) rxDesc * IxgbeRing.DESC_SIZE;
    long txSlots = tx.slots + (long) free * SLOT_SIZE;
    long txDescs = tx.descs + (long) txDesc * IxgbeRing.DESC_SIZE;
    final long rxLut = rx.table;
    final long txLut = tx.table;
    final long base = rx.bufOffset;
    final long size = rx.bufSize;
    final long region = from.region.address();
    final long last = Math.min(rx.straddlers.last, tx.straddlers.last);
    final int usable = rx.bufTotal - Region.FIRST_BUFFER;
    final int lengths = Math.min(rx.bufferBytes(), tx.maxLen) - IxgbeTxRing.MIN_PAYLEN;
    final int bytes = run * SLOT_SIZE;
    int dropped = 0;
    int o = 0;
    for (; o < bytes; o += SLOT_SIZE) {
      long d = Mem.getLong(rxDescs + o + 8);
      long r = Mem.getLong(rxSlots + o) & INDEX;
      long t = Mem.getLong(txSlots + o) & INDEX;
      int len = (int) (d >>> 32) & 0xffff;
      if (((int) d & IxgbeRxRing.JUDGED) != (IxgbeRing.DD | IxgbeRxRing.EOP)
          || Integer.compareUnsigned(len - IxgbeTxRing.MIN_PAYLEN, lengths) > 0
          || Integer.compareUnsigned((int) r - Region.FIRST_BUFFER, usable) >= 0
          || Integer.compareUnsigned((int) t - Region.FIRST_BUFFER, usable) >= 0) {
        break;
      }
      long full = base + r * size;
      long empty = base + t * size;
      if ((full & DmaMapping.PAGE_MASK) > last || (empty & DmaMapping.PAGE_MASK) > last) {
        break;
      }
      if (visitor != null) {
        Mem.deviceLoadBarrier(); // the packet is read after the DD that announces it
        int verdict = visit(visitor, region + full, len);
        if (verdict <= 0) {
          if (verdict < 0) {
            break;
          }
          Mem.putLong(rxDescs + o, address(rxLut, full));
          Mem.putLong(rxDescs + o + 8, 0);
          Mem.putLong(rxSlots + o, r | (long) len << 32);
          txSlots -= SLOT_SIZE;
          txDescs -= SLOT_SIZE;
          dropped++;
          continue;
        }
        if (Integer.compareUnsigned(verdict - IxgbeTxRing.MIN_PAYLEN, lengths) > 0) {
          end = RESIZED;
          length = verdict;
          break;
        }
        len = verdict;
      }
      Mem.putLong(txDescs + o, address(txLut, full));
      Mem.putLong(txDescs + o + 8, IxgbeTxRing.WHOLE | len | (long) len << IxgbeTxRing.PAYLEN_SHIFT);
      Mem.putLong(rxDescs + o, address(rxLut, empty));
      Mem.putLong(rxDescs + o + 8, 0);
      Mem.putLong(txSlots + o, r | (long) len << 32);
      Mem.putLong(rxSlots + o, t | (long) len << 32);
    }
    sent = o / SLOT_SIZE - dropped;
    return o / SLOT_SIZE;
  }

  private static long address(long lut, long offset) {
    return Mem.getLong(lut + (offset >>> DmaMapping.PAGE_SHIFT << 3))
        + (offset & DmaMapping.PAGE_MASK);
  }

  /** The visitor's result; -1 as well when it throws. */
  private int visit(PacketVisitor visitor, long address, int len) {
    try {
      int verdict = visitor.packet(address, len);
      if (verdict < 0) {
        end = KEPT;
      }
      return verdict;
    } catch (RuntimeException e) {
      exception = e;
    } catch (Error e) {
      error = e;
    }
    end = KEPT;
    return PacketVisitor.STOP;
  }

  private void rethrow() {
    RuntimeException e = exception;
    Error also = error;
    exception = null;
    error = null;
    if (e != null) {
      throw e;
    }
    if (also != null) {
      throw also;
    }
  }

  /**
   * The packet at head, which the visitor has given a length that the hot loop does not send: as
   * swap and the syncs of both rings do it.
   *
   * @return 0 or EINVAL
   */
  private int resized() {
    long full = from.slot(from.rHead);
    long empty = to.slot(to.rHead);
    long lenFlags = (long) (Math.min(length, 0xffff) | NS_BUF_CHANGED << 16) << 32;
    long mine = Mem.getLong(full);
    Mem.putLong(full, Mem.getLong(empty) & INDEX | lenFlags);
    Mem.putLong(empty, mine & INDEX | lenFlags);
    from.rHead = from.next(from.rHead);
    to.rHead = to.next(to.rHead);
    int status;
    try {
      status = tx.send(to);
    } catch (NetmapException | InternalError e) {
      status = toAdapter.deviceLost(e);
    }
    return released() ? status : Libc.EINVAL;
  }
}

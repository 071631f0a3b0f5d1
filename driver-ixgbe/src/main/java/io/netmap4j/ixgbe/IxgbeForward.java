package io.netmap4j.ixgbe;

import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.SlotVisitor;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.spi.Forwarding;
import io.netmap4j.spi.Kring;

/**
 * From an RX queue to a TX queue of one region in one pass: each written-back RX descriptor becomes
 * a TX descriptor, the TX slot's old buffer goes into the RX slot and arms its descriptor at once.
 * What is unusual (several descriptors, errors, short or long frames, invalid buffers) ends the
 * pass, and the two rings' own ways handle it.
 */
final class IxgbeForward implements Forwarding {
  private final IxgbeAdapter fromAdapter;
  private final IxgbeAdapter toAdapter;
  private final Kring from;
  private final Kring to;
  private final IxgbeRxRing rx;
  private final IxgbeTxRing tx;

  /** Where the region's buffers are for the program. */
  private final long pool;

  // What a run has left beside its result.
  private int sent;
  private int verdict;
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
    this.pool = from.region.address() + from.region.bufOffset();
  }

  @Override
  public int verdict() {
    return verdict;
  }

  @Override
  public int forward(int most, SlotVisitor visitor) {
    verdict = UNSEEN;
    if (fromAdapter.dead() || !toAdapter.carrier() || !release()) {
      return BY_SLOTS;
    }
    int room = to.distance(to.rHead, to.hwTail);
    if (room < most) {
      tx.reclaim(to);
      room = to.distance(to.rHead, to.hwTail);
    }
    int done = forwardUpTo(Math.min(Math.min(most, room), from.numSlots - 1), visitor);
    rethrow();
    return done;
  }

  @Override
  public boolean release() {
    try {
      return from.hwCur == from.rHead || rx.release(from) == 0;
    } catch (NetmapException | InternalError e) {
      fromAdapter.deviceLost(e);
      return false;
    }
  }

  /** In straight runs of all four rings; one doorbell for each queue. */
  private int forwardUpTo(int most, SlotVisitor visitor) {
    int slot = from.hwTail;
    int free = to.rHead;
    int rxDesc = from.distance(from.hwOfs, slot);
    int txDesc = to.distance(to.hwOfs, free);
    int left = most;
    boolean more = false;
    while (left > 0 && !more) {
      int run =
          Math.min(
              Math.min(left, tx.untilReport()),
              Math.min(
                  from.numSlots - Math.max(slot, rxDesc), to.numSlots - Math.max(free, txDesc)));
      int done = run(slot, rxDesc, free, txDesc, run, visitor);
      slot = rx.wrap(slot + done);
      free = tx.wrap(free + sent);
      rxDesc = rx.wrap(rxDesc + done);
      txDesc = tx.wrap(txDesc + sent);
      left -= done;
      if (tx.filled(sent)) {
        report(txDesc, free);
      }
      if (done < run) {
        more = rx.arrived(rxDesc);
        break;
      }
    }
    if (free != to.rHead && tx.scarce(to, free) && tx.untilReport() < IxgbeTxRing.REPORT_EVERY) {
      report(txDesc, free);
    }
    submit(slot, free, txDesc);
    if (more) {
      rx.receive(from);
    }
    return most - left;
  }

  /** Of what has been sent, all before {@code free}. */
  private void report(int desc, int free) {
    tx.report(to, (desc == 0 ? to.numSlots : desc) - 1, free);
  }

  private void submit(int slot, int free, int txDesc) {
    if (slot == from.hwCur) {
      return;
    }
    int armed = from.distance(from.hwCur, slot);
    from.hwCur = from.hwTail = from.rHead = slot;
    try {
      rx.announce(from, armed);
    } catch (NetmapException | InternalError e) {
      fromAdapter.deviceLost(e);
    }
    if (free == to.hwCur) {
      return;
    }
    to.hwCur = to.rHead = free;
    try {
      tx.doorbell(txDesc);
    } catch (NetmapException | InternalError e) {
      toAdapter.deviceLost(e);
    }
  }

  /**
   * The hot loop. Ends at the first descriptor that is not there yet or unusual, at an invalid
   * buffer index of either slot, and where the visitor says so. Four pointers move along: adding to
   * one base takes HotSpot two instructions for each access.
   *
   * @return RX slots done; {@link #sent} says how many TX slots
   */
  private int run(int slot, int rxDesc, int free, int txDesc, int run, SlotVisitor visitor) {
    long rxSlot = rx.slots + (long) slot * SLOT_SIZE;
    long rxDescriptor = rx.descs + (long) rxDesc * IxgbeRing.DESC_SIZE;
    long txSlot = tx.slots + (long) free * SLOT_SIZE;
    long txDescriptor = tx.descs + (long) txDesc * IxgbeRing.DESC_SIZE;
    final long firstTxSlot = txSlot;
    final long rxAddresses = rx.addresses;
    final long txAddresses = tx.addresses;
    final long buffers = rx.bufTotal;
    final long most = Math.min(rx.bufferBytes(), tx.maxLen);
    final long payload = pool;
    final long size = rx.bufSize;
    int left = run;
    for (; left > 0; left--) {
      long d = Mem.getLong(rxDescriptor + 8);
      long r = Mem.getUnsignedInt(rxSlot);
      long t = Mem.getUnsignedInt(txSlot);
      long len = d >>> 32 & 0xffff;
      if ((d & IxgbeRxRing.JUDGED) != (IxgbeRing.DD | IxgbeRxRing.EOP)
          || len < IxgbeTxRing.MIN_PAYLEN
          || len > most
          || r >= buffers
          || t >= buffers) {
        break;
      }
      long full = Mem.getLong(txAddresses + (r << 3));
      long empty = Mem.getLong(rxAddresses + (t << 3));
      if (full == 0 || empty == 0) {
        break;
      }
      Order.loadedBeforePayload(); // the packet is read after the DD that announces it
      int send = visit(visitor, payload + r * size, (int) len);
      if (send != (int) len) {
        if (send == SlotVisitor.DROP) {
          full = Mem.getLong(rxAddresses + (r << 3));
          if (full == 0) { // sent it may be, received into not
            verdict = send;
            break;
          }
          Mem.putLong(rxDescriptor, full);
          Mem.putLong(rxDescriptor + 8, 0);
          Mem.putLong(rxSlot, r | len << 32);
          rxSlot += SLOT_SIZE;
          rxDescriptor += IxgbeRing.DESC_SIZE;
          continue;
        }
        if (send < IxgbeTxRing.MIN_PAYLEN || send > most) {
          verdict = send;
          break;
        }
        len = send;
      }
      Mem.putLong(txDescriptor, full);
      Mem.putLong(txDescriptor + 8, IxgbeTxRing.WHOLE + len * IxgbeTxRing.BOTH_LENGTHS);
      Mem.putLong(rxDescriptor, empty);
      Mem.putLong(rxDescriptor + 8, 0);
      Mem.putLong(txSlot, r | len << 32);
      Mem.putLong(rxSlot, t | len << 32);
      rxSlot += SLOT_SIZE;
      rxDescriptor += IxgbeRing.DESC_SIZE;
      txSlot += SLOT_SIZE;
      txDescriptor += IxgbeRing.DESC_SIZE;
    }
    sent = (int) (txSlot - firstTxSlot) / SLOT_SIZE;
    return run - left;
  }

  private int visit(SlotVisitor visitor, long address, int len) {
    try {
      return visitor.packet(address, len);
    } catch (RuntimeException e) {
      exception = e;
    } catch (Error e) {
      error = e;
    }
    return SlotVisitor.STOP;
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
}

package io.netmap4j.compat.pipe;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;
import static io.netmap4j.layout.RingLayout.SLOT_PTR;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.Sleepers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How slots get from a TX ring of one end of a pipe to the RX ring of the other, and back
 * (netmap_pipe.c; docs/netmap-abi.md 5.2, 5.7).
 *
 * <p>The sender copies a slot into the receiver's ring, and copies it back once the receiver has
 * released it, with whatever buffer it then has: a buffer is in the TX slot or in the RX slot, the
 * other one has an old copy. Two indices of the RX ring pass between the threads: up to where there
 * are whole packets, and up to where slots are released. All else is the sender's.
 *
 * <pre>
 *   TX ring   free .. due .... open .... hwCur = head        RX ring   .. back .. released .... sent .. filled ..
 *                     | with the | packet    |                            | to be  | the         | packet |
 *                     | receiver | without   |                            | copied | receiver's  | without|
 *                                | an end    |                            | back   |             | an end |
 * </pre>
 *
 * Slots of a packet that cannot be sent take none in the RX ring, and complete in their turn.
 */
final class Exchange {
  private static final VarHandle INDEX = MethodHandles.arrayElementVarHandle(int[].class);

  // Places in shared: each has two cache lines, against false sharing.
  private static final int SENT = 32;
  private static final int RELEASED = 64;
  private static final int SHARED_LENGTH = 96;

  private static final long BUF_CHANGED = (long) NS_BUF_CHANGED << 48;
  private static final long MOREFRAG = (long) NS_MOREFRAG << 48;

  /** Waits for room in the TX ring, and for packets in the RX ring. */
  final Sleepers forRoom = new Sleepers();

  final Sleepers forPackets = new Sleepers();

  private final int[] shared = new int[SHARED_LENGTH];
  private final Kring tx;
  private final Kring rx;
  private final long txSlots;
  private final long rxSlots;
  private final int numSlots;
  private final int bufSize;
  private final int usable;

  // From here on the sender's.

  /** TX: the first slot that is not done, and the first one of the packet without an end. */
  private int due;

  private int open;

  /** RX: where the slot {@code due} went, {@code open} goes, and the next one goes. */
  private int back;

  private int sent;
  private int filled;

  /** The packet without an end is refused. */
  private boolean refusing;

  /** TX slots that went nowhere, and how many they are. */
  private final boolean[] refused;

  private int refusedCount;

  /** Between rings that are empty and of the same length. */
  Exchange(Kring tx, Kring rx) {
    this.tx = tx;
    this.rx = rx;
    this.txSlots = tx.slots;
    this.rxSlots = rx.slots;
    this.numSlots = tx.numSlots;
    this.bufSize = tx.region.bufSize();
    this.usable = tx.region.bufTotal() - Region.FIRST_BUFFER;
    this.refused = new boolean[numSlots];
    copy(txSlots, rxSlots, numSlots); // as netmap: both rings show the same buffers at first
  }

  /** The sender's sync. */
  int send(Kring k) {
    int released = (int) INDEX.getAcquire(shared, RELEASED);
    if (back != released) {
      takeBack(released);
    }
    int status = 0;
    if (k.hwCur != k.rHead) {
      status = submit(k);
      if (sent != shared[SENT]) {
        INDEX.setRelease(shared, SENT, sent);
        forPackets.wake();
      }
    }
    if (refusedCount > 0) {
      passRefused();
    }
    k.hwTail = before(due);
    return status;
  }

  /** The receiver's sync. */
  int receive(Kring k) {
    k.hwTail = (int) INDEX.getAcquire(shared, SENT);
    int from = k.hwCur;
    if (from == k.rHead) {
      return 0;
    }
    int status = release(k);
    if (k.hwCur != from) {
      INDEX.setRelease(shared, RELEASED, k.hwCur);
      forRoom.wake();
    }
    return status;
  }

  /** Passes slots [hwCur, rHead) on in straight runs. */
  private int submit(Kring k) {
    int slot = k.hwCur;
    int todo = k.distance(slot, k.rHead);
    int status = 0;
    while (todo > 0) {
      int done;
      if (refusing) {
        done = refuse(k, slot, todo);
      } else {
        int run = Math.min(todo, numSlots - Math.max(slot, filled));
        done = fill(k, slot, run);
        if (done < run) {
          startRefusing(k, wrap(slot + done));
          status = Libc.EINVAL;
        }
      }
      slot = wrap(slot + done);
      todo -= done;
    }
    if (!refusing && k.distance(open, slot) == numSlots - 1) {
      startRefusing(k, slot); // the packet has every slot, so its end can never come
      status = Libc.EINVAL;
    }
    k.hwCur = slot;
    return status;
  }

  /**
   * The hot loop: valid slots, whatever packets they belong to.
   *
   * @return slots done; the one after them, if it belongs to the run, is invalid
   */
  private int fill(Kring k, int slot, int run) {
    final long from = txSlots + (long) slot * SLOT_SIZE;
    final long to = rxSlots + (long) filled * SLOT_SIZE;
    final long mask = k.offsetMask;
    final long maxOffset = k.maxOffset;
    final int buffers = usable;
    final int size = bufSize;
    final int end = run * SLOT_SIZE;
    int whole = 0;
    int o = 0;
    for (; o < end; o += SLOT_SIZE) {
      long s = Mem.getLong(from + o);
      long ptr = Mem.getLong(from + o + SLOT_PTR);
      long offset = ptr & mask;
      if (Long.compareUnsigned(offset, maxOffset) > 0) {
        offset = maxOffset;
      }
      if (Integer.compareUnsigned((int) s - Region.FIRST_BUFFER, buffers) >= 0
          || (s >>> 32 & 0xffff) + offset > size) {
        break;
      }
      Mem.putLong(to + o, s);
      Mem.putLong(to + o + SLOT_PTR, ptr);
      if ((s & BUF_CHANGED) != 0) {
        Mem.putShort(from + o + SLOT_FLAGS, (short) ((s & ~BUF_CHANGED) >>> 48));
      }
      if ((s & MOREFRAG) == 0) {
        whole = o + SLOT_SIZE;
      }
    }
    if (whole > 0) {
      open = wrap(slot + whole / SLOT_SIZE);
      sent = wrap(filled + whole / SLOT_SIZE);
    }
    filled = wrap(filled + o / SLOT_SIZE);
    return o / SLOT_SIZE;
  }

  /** Takes the packet without an end back, of which slots [open, {@code end}) have been passed. */
  private void startRefusing(Kring k, int end) {
    filled = sent;
    refusing = true;
    k.unsent++;
    for (; open != end; open = k.next(open)) {
      refuse(k, open);
    }
  }

  /**
   * Refuses up to {@code todo} slots, to the end of the packet.
   *
   * @return how many
   */
  private int refuse(Kring k, int slot, int todo) {
    int done = 0;
    while (refusing && done < todo) {
      long flags = Mem.getShort(txSlots + (long) slot * SLOT_SIZE + SLOT_FLAGS);
      refuse(k, slot);
      slot = k.next(slot);
      done++;
      refusing = (flags & NS_MOREFRAG) != 0;
    }
    open = slot;
    return done;
  }

  private void refuse(Kring k, int slot) {
    refused[slot] = true;
    refusedCount++;
    k.badSlots++;
  }

  /** Copies slots back that the receiver has released. */
  private void takeBack(int released) {
    while (back != released) {
      int run = 1;
      if (refusedCount > 0) {
        passRefused();
      } else {
        run = Math.min((back < released ? released : numSlots) - back, numSlots - due);
      }
      copy(rxSlots + (long) back * SLOT_SIZE, txSlots + (long) due * SLOT_SIZE, run);
      back = wrap(back + run);
      due = wrap(due + run);
    }
  }

  /** Refused slots are done when those before them are. */
  private void passRefused() {
    while (refused[due]) {
      refused[due] = false;
      refusedCount--;
      due = wrap(due + 1);
    }
  }

  private static void copy(long from, long to, int slots) {
    Mem.copy(from, to, (long) slots * SLOT_SIZE);
  }

  /** Gives slots [hwCur, rHead) back, up to one without a buffer. */
  private int release(Kring k) {
    int slot = k.hwCur;
    int todo = k.distance(slot, k.rHead);
    while (todo > 0) {
      int run = Math.min(todo, numSlots - slot);
      int done = valid(slot, run);
      slot = wrap(slot + done);
      if (done < run) {
        k.badSlots++;
        k.hwCur = slot;
        return Libc.EINVAL;
      }
      todo -= run;
    }
    k.hwCur = slot;
    return 0;
  }

  /** How many slots of the run have buffers, up to the first that has not. */
  private int valid(int slot, int run) {
    final long from = rxSlots + (long) slot * SLOT_SIZE;
    final int buffers = usable;
    final int size = bufSize;
    final int end = run * SLOT_SIZE;
    for (int o = 0; o < end; o += SLOT_SIZE) {
      long s = Mem.getLong(from + o);
      if (Integer.compareUnsigned((int) s - Region.FIRST_BUFFER, buffers) >= 0) {
        return o / SLOT_SIZE;
      }
      if ((s >>> 32 & 0xffff) > size) {
        // Kring's repair of the ring must find nothing to do in slots that the sender writes.
        Mem.putShort(from + o + SLOT_LEN, (short) 0);
      }
    }
    return run;
  }

  private int wrap(int slot) {
    return slot >= numSlots ? slot - numSlots : slot;
  }

  private int before(int slot) {
    return slot == 0 ? numSlots - 1 : slot - 1;
  }

  /**
   * Takes old copies out of both rings, so that each buffer is in one slot and freed once. After
   * the last sync.
   */
  void end() {
    int n = numSlots;
    for (int slot = due; slot != tx.hwCur; slot = tx.next(slot)) {
      if (!refused[slot]) {
        Mem.putInt(tx.slot(slot), 0);
      }
    }
    int taken = rx.distance(back, filled);
    for (int i = taken, slot = filled; i < n; i++, slot = rx.next(slot)) {
      Mem.putInt(rx.slot(slot), 0);
    }
  }
}

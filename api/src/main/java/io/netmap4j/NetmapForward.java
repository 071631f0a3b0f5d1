package io.netmap4j;

import io.netmap4j.common.Errno;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Forwarding;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingForward;
import org.jspecify.annotations.Nullable;

/**
 * Forwards from an RX ring to a TX ring of the same region as one operation: receive, a visitor or
 * nothing, swap the buffers, send.
 *
 * <p>What it leaves behind is what a program leaves that does it slot by slot: an RX sync; {@link
 * NetmapRing#swap} for each packet; {@link NetmapRing#advance} of both rings; a TX sync. So both
 * ways can be mixed. Between two NICs of {@code driver-ixgbe} it is one pass over the descriptors,
 * and a slot costs about half; everywhere else (pipes, VALE ports, host rings, rings with offsets
 * or monitors), and for packets of several slots, it does those steps.
 *
 * <p>A program calls {@link #forward} until it returns 0, and then waits for packets ({@link
 * NetmapPort#poll}). Packets that are in the RX ring already, from head to tail, go first.
 *
 * <p>Threads: as {@link NetmapRing}; the object counts as used with both rings.
 */
public final class NetmapForward {
  private static final PacketVisitor EVERY = (address, length) -> length;

  private final NetmapRing from;
  private final NetmapRing to;

  /** Null where there is no quicker way. */
  private final @Nullable RingForward pass;

  /**
   * For these two rings. Allocates: make one for each pair, once.
   *
   * @param from an RX ring
   * @param to a TX ring in the same region, of the same port or another
   * @throws IllegalArgumentException when it isn't, or is in another region
   */
  public NetmapForward(NetmapRing from, NetmapRing to) {
    Kring rx = from.kring();
    Kring tx = to.kring();
    if (rx.tx || !tx.tx || rx.region != tx.region) {
      throw new IllegalArgumentException(
          "forwarding is from an RX ring to a TX ring of the same region, not from "
              + from
              + " to "
              + to
              + (rx.region == tx.region ? "" : ", which is in another region: copy the packets"));
    }
    this.from = from;
    this.to = to;
    this.pass = RingForward.between(rx, tx);
  }

  /**
   * As {@link #forward(int, PacketVisitor)}, every packet.
   *
   * @param most slots of the RX ring
   * @return the same
   */
  public int forward(int most) {
    return forward(most, EVERY);
  }

  /**
   * Forwards packets that have arrived, as long as there is room in the TX ring, and sends them.
   * Does not block. Takes in more, and stamps the RX ring as an RX sync does, once no packet that
   * is there can be forwarded.
   *
   * @param most slots of the RX ring, 1 or more. A packet is never split: one that begins within
   *     them is forwarded whole
   * @param visitor sees each packet, but one whose slot has no valid buf_idx, which is refused
   * @return RX slots done with, forwarded or dropped: 0 when there is no packet or no room. Or,
   *     negative, what an RX or TX sync returned, which may be after packets were forwarded: −EIO
   *     when a port is closed or its device is gone; −EBUSY when another thread syncs one of the
   *     rings; −EINVAL when packets were refused ({@link NetmapPort#unsent}), a ring had illegal
   *     indices and was repaired, or an RX slot has no buffer
   * @throws IllegalArgumentException when the packet's offset is more than the TX ring's can be; it
   *     and those behind it stay in the RX ring
   */
  public int forward(int most, PacketVisitor visitor) {
    if (from.retired() || to.retired()) {
      return -Errno.EIO;
    }
    RingForward quick = pass;
    if (quick == null) {
      return afterSync(0, most, visitor);
    }
    int done = quick.forward(most, visitor);
    return done == Forwarding.BACKLOG
        ? backlog(quick, most, visitor)
        : rest(quick, 0, done, most, visitor);
  }

  /**
   * What was received before. Takes nothing more in while it can be forwarded: under load there
   * would be a backlog in every call, and no quick way.
   */
  private int backlog(RingForward quick, int most, PacketVisitor visitor) {
    if (slots(from.head(), from.space()) == 0) { // its end has not arrived
      return afterSync(0, most, visitor);
    }
    int first = from.head();
    int result = bySlots(0, 0, most, visitor, Forwarding.UNSEEN);
    int done = from.kring().distance(first, from.head());
    if (done == 0 && result == 0) { // no room, or the visitor waits, perhaps for more packets
      return -from.kring().rxSync(from.syncFlags());
    }
    if (result < 0 && result != -Errno.EINVAL || done >= most || !from.isEmpty()) {
      return result;
    }
    int all = rest(quick, done, quick.forward(most - done, visitor), most, visitor);
    return all < 0 || result >= 0 ? all : result; // packets were refused
  }

  /**
   * What the quick way has left.
   *
   * @param before slots that were done before it
   * @param result what it returned
   */
  private int rest(RingForward quick, int before, int result, int most, PacketVisitor visitor) {
    if (result == Forwarding.BY_SLOTS || result == Forwarding.BACKLOG) {
      return afterSync(before, most, visitor);
    }
    if (result < 0) {
      return result;
    }
    int done = before + result;
    return done >= most || from.isEmpty() || quick.verdict() < 0
        ? done
        : bySlots(done, 0, most, visitor, quick.verdict());
  }

  private int afterSync(int before, int most, PacketVisitor visitor) {
    int status = from.kring().rxSync(from.syncFlags());
    return status == Errno.EBUSY || status == Errno.EIO
        ? -status
        : bySlots(before, status, most, visitor, Forwarding.UNSEEN);
  }

  /**
   * The packets that are in the RX ring now.
   *
   * @param before slots that are done already
   * @param received status of the RX sync
   * @param said what the visitor has said of the first one; UNSEEN when it has not seen it
   */
  private int bySlots(int before, int received, int most, PacketVisitor visitor, int said) {
    NetmapRing rx = from;
    NetmapRing tx = to;
    int status = received;
    int slot = rx.head();
    int free = tx.head();
    int space = rx.space();
    int done = 0;
    try {
      while (done < space && before + done < most) {
        int slots = slots(slot, space - done);
        boolean never = slots >= tx.numSlots();
        if (slots == 0 || !never && slots > room(free) && slots > roomOfDone(free)) {
          break;
        }
        int length = rx.len(slot);
        int verdict =
            !rx.kring().region.isBuffer(rx.bufIdx(slot))
                ? length // for the TX sync to refuse
                : said != Forwarding.UNSEEN && done == 0
                    ? said
                    : slots == 1
                        ? visitor.packet(rx.buffer(slot), length)
                        : visitor.packet(rx, slot, slots);
        if (verdict < 0) {
          break;
        }
        if (never && verdict > 0) { // no TX ring of that size ever has room for it
          to.kring().unsent++;
          status = Errno.EINVAL;
        } else if (verdict > 0) {
          if (slots == 1 && verdict != length) {
            rx.len(slot, Math.min(verdict, 0xffff));
          }
          for (int i = 0; i < slots; i++, free = tx.next(free)) {
            rx.swap(rx.plus(slot, i), tx, free);
          }
        }
        slot = rx.plus(slot, slots);
        done += slots;
      }
    } catch (IllegalArgumentException e) {
      if (!from.retired() && !to.retired()) {
        throw e;
      }
      status = Errno.EIO; // a close meanwhile: these objects are copies now
    } finally {
      rx.advance(slot);
      tx.advance(free);
      int sent = to.kring().txSync(Adapter.FORCE_RECLAIM);
      sent = sent == Errno.EBUSY ? NetmapPort.awaitTurn(to.kring(), 0) : sent;
      status = sent == 0 ? status : sent;
    }
    return status == 0 ? before + done : -status;
  }

  /** TX slots from {@code free} on that the program may use. */
  private int room(int free) {
    int room = to.tail() - free;
    return room < 0 ? room + to.numSlots() : room;
  }

  /** The same, when what is done has been looked for. */
  private int roomOfDone(int free) {
    to.kring().txSync(Adapter.FORCE_RECLAIM);
    return room(free);
  }

  /** Slots of the packet at {@code slot}; 0 when its end is not among {@code limit}. */
  private int slots(int slot, int limit) {
    for (int n = 1; n <= limit; n++, slot = from.next(slot)) {
      if ((from.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
        return n;
      }
    }
    return 0;
  }
}

package io.netmap4j.pipeline;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A worker's part of a port: some of its RX rings, and one TX ring. For the worker's thread. */
@SuppressWarnings("NullAway") // callers ask a sink for no pool, a source for no TX ring
final class PortEnd {
  /** What became of a packet that was to be sent. */
  enum Sent {
    SENT,
    FULL,
    REFUSED
  }

  /** Number of the port in the pipeline. */
  final int index;

  /** The port of the TX ring, and of RX rings. */
  final NetmapPort port;

  /** That, and others with an RX ring each. */
  final NetmapPort[] all;

  /** None of a sink. */
  final NetmapRing[] rx;

  /** Null of a source. */
  final @Nullable NetmapRing tx;

  /** Null of a sink. */
  final @Nullable HoldPool pool;

  /** Where packets go by default; −1 for nowhere. */
  final int defaultOutput;

  /** By RX ring: the output that its first packet waits for, having passed the stages; −1. */
  final int[] waitsFor;

  private final int shortest;
  private final int longest;
  private final int mostSlots;
  private int free;
  private int room;
  private boolean dirty;

  /** Of the last wait. */
  int events = -1;

  PortEnd(
      int index,
      NetmapPort[] all,
      NetmapRing[] rx,
      @Nullable NetmapRing tx,
      @Nullable HoldPool pool,
      int defaultOutput) {
    this.index = index;
    this.all = all;
    this.port = all[0];
    this.rx = rx;
    this.tx = tx;
    this.pool = pool;
    this.defaultOutput = defaultOutput;
    this.waitsFor = new int[rx.length];
    Arrays.fill(waitsFor, -1);
    this.shortest = port.minFrame();
    this.longest = port.maxFrame();
    this.mostSlots = tx == null ? 0 : Math.min(port.maxSlots(), tx.numSlots() - 1);
    if (tx != null) {
      free = tx.head();
      room = tx.space();
    }
  }

  /** Takes in what has arrived, and gives back what was released. */
  void receive() {
    for (NetmapPort each : all) {
      check(each.rxSync());
    }
  }

  /** Sends a packet of an RX ring: exchanges buffers, or copies between different memories. */
  Sent send(PortEnd from, NetmapRing ring, int slot, int slots) {
    if (!exchangeable(from, ring, slot, slots)) {
      return copy(ring, slot, slots);
    }
    Sent may = reserve(slots == 1 ? ring.len(slot) : Packets.bytes(ring, slot, slots), slots);
    if (may == Sent.SENT) {
      for (int k = 0; k < slots; k++, slot = ring.next(slot), free = tx.next(free)) {
        ring.swap(slot, tx, free);
      }
      room -= slots;
    }
    return may;
  }

  private boolean exchangeable(PortEnd from, NetmapRing ring, int slot, int slots) {
    boolean fits = from.port.memory().address() == port.memory().address();
    if (ring.offsetMask() != 0) {
      for (int k = 0; k < slots; k++, slot = ring.next(slot)) {
        fits &= ring.offset(slot) <= tx.maxOffset();
      }
    }
    return fits;
  }

  /** Sends a copy of a packet of an RX ring. */
  Sent copy(NetmapRing ring, int slot, int slots) {
    long bytes = Packets.bytes(ring, slot, slots);
    int needs = Packets.slotsOfCopy(ring, slots, bytes, tx);
    Sent may = reserve(bytes, needs);
    if (may == Sent.SENT) {
      free = Packets.copy(ring, slot, slots, tx, free);
      room -= needs;
    }
    return may;
  }

  /** Sends a packet that was held; its buffers stay with the pool. */
  Sent send(Held held) {
    if (!held.pool.exchangeable(held, tx, port.memory())) {
      return copy(held);
    }
    Sent may = reserve(held.pool.bytes(held), held.slots);
    if (may == Sent.SENT) {
      free = held.pool.exchange(held, tx, free);
      room -= held.slots;
    }
    return may;
  }

  /** Sends a copy of a packet that was held. */
  Sent copy(Held held) {
    int needs = held.pool.slotsOfCopy(held, tx);
    Sent may = reserve(held.pool.bytes(held), needs);
    if (may == Sent.SENT) {
      free = held.pool.copy(held, tx, free);
      room -= needs;
    }
    return may;
  }

  private Sent reserve(long bytes, int needs) {
    if (bytes < shortest || bytes > longest || needs > mostSlots) {
      return Sent.REFUSED;
    }
    if (needs > room) {
      sync();
      if (needs > room) {
        return Sent.FULL;
      }
    }
    dirty = true;
    return Sent.SENT;
  }

  /** Sends what was put into the TX ring since the last call. */
  void flush() {
    if (dirty) {
      sync();
    }
  }

  private void sync() {
    tx.advance(free);
    check(port.txSync());
    free = tx.head();
    room = tx.space();
    dirty = false;
  }

  /**
   * After a wait that an error has ended: {@link #receive} finds out what it was, but without RX
   * rings there is none.
   */
  void lookAtError(NetmapPoll poll) {
    if (rx.length == 0 && (poll.ready(port) & NetmapPort.POLLERR) != 0) {
      sync();
    }
  }

  /** Before a wait: for room, however much there is now, or not. */
  void wakeAtRoom(boolean wanted) {
    if (tx != null) {
      tx.cur(wanted ? tx.tail() : tx.head());
    }
  }

  /** A sync that refuses packets says so once; they are counted by {@code unsent()}. */
  private void check(int status) {
    if (status == Errno.EIO) {
      throw new NetmapException(
          Errno.EIO, port.name() + ": the device is gone, or the port was closed");
    }
  }
}

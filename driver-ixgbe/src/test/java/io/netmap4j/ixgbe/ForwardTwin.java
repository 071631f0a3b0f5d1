package io.netmap4j.ixgbe;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapForward;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.PacketVisitor;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Two {@link PlainDevice}s in one region, an RX ring of one and a TX ring of the other. Forwards
 * with {@link NetmapForward}, or as a program does slot by slot; everything else is the same for
 * the same seeds, so two of them must be in the same state after each round.
 */
final class ForwardTwin implements AutoCloseable {
  static final int RX_SLOTS = 104;
  static final int TX_SLOTS = 136;

  private static final int DESC = 16;
  private static final int DD = 1;
  private static final int EOP = 2;
  private static final int RS = 1 << 27;
  private static final int TDH = 0x6010;
  private static final int[] ODD = {0, 1, 13, 14, 16, 1519, 1600, 2048, 2049, 0xffff};

  final List<Object> seen = new ArrayList<>();
  final NetmapRing rx;
  final NetmapRing tx;
  final NetmapForward forward;

  /** Slots of rounds in which nothing was in the RX ring before. */
  int quick;

  private final boolean onePass;
  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(RX_SLOTS * 3 + TX_SLOTS * 3, 2048));
  private final PlainDevice a = new PlainDevice();
  private final PlainDevice b = new PlainDevice();
  private final NetmapPort from;
  private final NetmapPort to;
  private final Random visits;
  private final List<Integer> lost = new ArrayList<>();
  private int room = RX_SLOTS;
  private int rdh;
  private int tdh;

  ForwardTwin(long seed, boolean onePass) {
    this.onePass = onePass;
    this.visits = new Random(seed);
    this.from = open(a);
    this.to = open(b);
    this.rx = from.rx(0);
    this.tx = to.tx(0);
    this.forward = new NetmapForward(rx, tx);
  }

  private NetmapPort open(PlainDevice device) {
    RingSet rings =
        RingSet.start(
            new IxgbeDriver().attach(device, region, NicOptions.DEFAULT.slots(TX_SLOTS, RX_SLOTS)),
            region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(all);
    return TestPorts.open(device.name(), rings, all, NetmapPort.Request.DEFAULT);
  }

  /** Packets arrive, slots are spoiled, some of it is forwarded, some has been sent. */
  void round(long step) {
    Random random = new Random(step);
    room = (RX_SLOTS - 1 - rx.space()) / 2; // at least so many descriptors the card is told of
    arrive(random);
    room = RX_SLOTS;
    boolean spoilt = random.nextInt(12) == 0;
    if (spoilt) {
      spoil(random);
    }
    int most = 1 + random.nextInt(random.nextBoolean() ? 8 : 100);
    boolean fresh = rx.isEmpty();
    int result = onePass ? run(most) : slotBySlot(most);
    quick += fresh && result > 0 ? result : 0;
    if (!spoilt) { // else one may see only at its next sync what the other has seen in this call
      seen.add("result " + (result < 0 ? "refused" : result));
    }
    complete(random.nextBoolean() ? TX_SLOTS : 0); // a part would show where reports are asked for
    // The same point for both: packets that were left are in the ring, what is done is seen.
    from.rxSync();
    to.txSync();
    mend();
    if (random.nextBoolean()) { // else what is left is mixed with what comes next
      drain();
    }
  }

  private void drain() {
    for (int i = 0; i < 1000 && !rx.isEmpty(); i++) {
      completeAll();
      to.txSync();
      int result = onePass ? run(64) : slotBySlot(64);
      seen.add("drained " + (result < 0 ? "refused" : "some"));
      from.rxSync();
      to.txSync();
      mend();
    }
  }

  private int run(int most) {
    try {
      return forward.forward(most, this::visit);
    } catch (IllegalStateException e) {
      seen.add("threw");
      return -1;
    }
  }

  /** What a netmap program does. */
  private int slotBySlot(int most) {
    int status = from.rxSync() | to.txSync();
    int slot = rx.head();
    int free = tx.head();
    int space = rx.space();
    int done = 0;
    try {
      while (done < space && done < most) {
        int slots = 1;
        for (int i = slot; (rx.slotFlags(i) & Netmap.NS_MOREFRAG) != 0; i = rx.next(i)) {
          slots++;
        }
        if (slots > (tx.tail() - free + TX_SLOTS) % TX_SLOTS) {
          break;
        }
        int verdict =
            region.isBuffer(rx.bufIdx(slot)) ? visit(rx.buffer(slot), rx.len(slot)) : rx.len(slot);
        if (verdict < 0) {
          break;
        }
        if (verdict > 0 && slots == 1) {
          rx.len(slot, verdict);
        }
        for (int i = 0; i < slots; i++, slot = rx.next(slot), done++) {
          if (verdict > 0) {
            rx.swap(slot, tx, free);
            free = tx.next(free);
          }
        }
      }
    } catch (IllegalStateException e) {
      seen.add("threw");
      status = 1;
    } finally {
      rx.advance(slot);
      tx.advance(free);
      status |= to.txSync();
    }
    return status == 0 ? done : -1;
  }

  private int visit(long address, int length) {
    long offset = address - region.address() - region.bufOffset();
    seen.add(offset + " " + length);
    int dice = visits.nextInt(100);
    if (dice < 10) {
      return PacketVisitor.DROP;
    }
    if (dice < 14) {
      return 1 + visits.nextInt(2100);
    }
    if (dice < 16) {
      return PacketVisitor.STOP;
    }
    if (dice == 16) {
      throw new IllegalStateException();
    }
    return length;
  }

  /** Single packets, packets of several descriptors, odd lengths, errors. */
  private void arrive(Random random) {
    for (int n = random.nextInt(40); n > 0; n--) {
      int dice = random.nextInt(60);
      if (dice < 2) {
        int parts = 2 + random.nextInt(5);
        for (int i = 1; i < parts && owned() >= parts - i + 1; i++) {
          writeBack(2048, DD);
        }
        writeBack(1 + random.nextInt(2048), DD | EOP);
      } else if (dice == 2) {
        writeBack(ODD[random.nextInt(ODD.length)], DD | EOP);
      } else if (dice == 3) {
        writeBack(60, DD | EOP | 1 << 29); // RXE
      } else {
        writeBack(17 + random.nextInt(1500), DD | EOP);
      }
    }
  }

  void arrive(int packets, int length) {
    for (int i = 0; i < packets; i++) {
      writeBack(length, DD | EOP);
      room++;
    }
  }

  private int owned() {
    return Math.min(room, (a.read32(Reg.rdt(0)) - rdh + RX_SLOTS) % RX_SLOTS);
  }

  private void writeBack(int length, int status) {
    if (owned() > 0) {
      Mem.putLong(a.rxDescs() + rdh * DESC + 8, status & 0xffffffffL | (long) length << 32);
      rdh = (rdh + 1) % RX_SLOTS;
      room--;
    }
  }

  /** A bad buffer index in the slot that is forwarded next, or takes a packet next. */
  private void spoil(Random random) {
    NetmapRing ring = random.nextBoolean() ? rx : tx;
    int slot = ring.plus(ring.head(), random.nextInt(3));
    lost.add(ring.bufIdx(slot));
    ring.bufIdx(slot, random.nextBoolean() ? region.bufTotal() + random.nextInt(9) : 1);
  }

  /** Slots without a buffer get one back. */
  private void mend() {
    for (NetmapRing ring : List.of(rx, tx)) {
      for (int i = 0; i < ring.numSlots(); i++) {
        if (!region.isBuffer(ring.bufIdx(i)) && !lost.isEmpty()) {
          ring.bufIdx(i, lost.remove(0));
        }
      }
    }
    from.rxSync();
  }

  void completeAll() {
    complete(TX_SLOTS);
  }

  /** The card sends so many packets: DD where a report was asked for. */
  private void complete(int count) {
    int tdt = b.read32(Reg.tdt(0));
    for (int n = 0; n < count && tdh != tdt; n++, tdh = (tdh + 1) % TX_SLOTS) {
      long command = b.txDescs() + tdh * DESC + 8;
      if ((Mem.getInt(command) & RS) != 0) {
        Mem.putInt(command + 4, Mem.getInt(command + 4) | DD);
      }
    }
    b.write32(TDH, tdh);
  }

  void receive() {
    from.rxSync();
  }

  /** RDT, once the card is told of all. */
  private int armed() {
    return (rx.head() + RX_SLOTS - 1) % RX_SLOTS;
  }

  /** RX descriptors that the card is not told of. */
  int untold() {
    return (armed() - a.read32(Reg.rdt(0)) + RX_SLOTS) % RX_SLOTS;
  }

  /** TX descriptors that the card is told of, since the start. */
  int sent() {
    return b.read32(Reg.tdt(0));
  }

  /** TX descriptors that ask for a report. */
  List<Integer> reports() {
    List<Integer> with = new ArrayList<>();
    for (int i = 0; i < TX_SLOTS; i++) {
      if ((Mem.getInt(b.txDescs() + i * DESC + 8) & RS) != 0) {
        with.add(i);
      }
    }
    return with;
  }

  /** Rings, slots, descriptors that are with the cards, tails, what was refused. */
  List<String> state() {
    StringBuilder s = new StringBuilder(8192);
    for (NetmapRing ring : List.of(rx, tx)) {
      s.append(ring).append('\n');
      for (int i = 0; i < ring.numSlots(); i++) {
        long slot = Mem.getLong(ring.address() + RingLayout.SLOTS + i * DESC);
        boolean theDrivers =
            ring.plus(i, ring.numSlots() - ring.head()) % ring.numSlots() >= ring.space();
        slot &= theDrivers ? 0x0000_ffff_ffff_ffffL : -1; // flags of no meaning
        s.append(i).append(' ').append(Long.toHexString(slot)).append('\n');
      }
    }
    int armed = armed();
    int untold = untold();
    boolean told = untold == 0 || untold < 32 && 2 * untold + rx.space() < RX_SLOTS - 1;
    s.append("armed to ").append(armed).append(" RDH ").append(rdh);
    s.append(told ? "\n" : ": " + untold + " that the card is not told of\n");
    for (int d = rdh; d != armed; d = (d + 1) % RX_SLOTS) {
      words(s, a.rxDescs(), d);
    }
    s.append("TDT ").append(b.read32(Reg.tdt(0))).append(" TDH ").append(tdh).append('\n');
    for (int d = tdh; d != b.read32(Reg.tdt(0)); d = (d + 1) % TX_SLOTS) {
      words(s, b.txDescs(), d);
    }
    return s.append("unsent ").append(to.unsent()).toString().lines().toList();
  }

  private static void words(StringBuilder s, long descs, int d) {
    s.append(d).append(' ').append(Long.toHexString(Mem.getLong(descs + d * DESC)));
    s.append(' ').append(Long.toHexString(Mem.getLong(descs + d * DESC + 8) & ~RS)).append('\n');
  }

  @Override
  public void close() {
    from.close();
    to.close();
    region.close();
  }
}

package io.netmap4j.bench.scale;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.bench.NullDevice;
import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CRing;
import io.netmap4j.bench.control.PlainRings;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.ixgbe.IxgbeDriver;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.RingSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cards that do nothing, with as many RX and TX rings as are wanted, 16 to a card: frames come by
 * the RX rings of some and leave by the TX rings of as many others. What the card does is part of
 * the time of both subjects: a store of 8 bytes for each frame received, of 4 for each report.
 */
final class Nics implements AutoCloseable {
  private static final int MOST_QUEUES = 16;
  private static final int LEAST_SLOTS = 64;
  private static final int FRAME = 60;
  private static final int DESC = 16;
  private static final long RECEIVED = 3 | (long) FRAME << 32; // DD, EOP
  private static final int DD = 1;
  private static final int RS = 1 << 27;

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final int rings;
  private final int slots;
  private final int batch;
  private final NetmapPort[] rxPorts;
  private final NetmapPort[] txPorts;
  private final NetmapRing[] rx;
  private final NetmapRing[] tx;
  private final long[] rxDescriptors;
  private final long[] txDescriptors;
  private final int[] written;
  private final int[] completed;
  private long cRx;
  private long cTx;
  private Function c;

  @SuppressWarnings("UnusedVariable") // written, so that no read is left out
  private long seen;

  private int users;

  /**
   * Opens the cards.
   *
   * @param rings 1 to 16, or a multiple of 16
   * @param slots of each ring, 64 to 4096
   * @param batch frames that a ring moves at a time; less than half of the slots in any case
   * @param library null for no control
   */
  Nics(int rings, int slots, int batch, CLibrary library) {
    this.rings = rings;
    this.slots = slots;
    this.batch =
        Math.min(batch, (slots - 1) / 2); // slots come back a sync after they were released
    int cards = (rings + MOST_QUEUES - 1) / MOST_QUEUES;
    int queues = Math.min(rings, MOST_QUEUES);
    rxPorts = new NetmapPort[cards];
    txPorts = new NetmapPort[cards];
    rx = new NetmapRing[rings];
    tx = new NetmapRing[rings];
    rxDescriptors = new long[rings];
    txDescriptors = new long[rings];
    written = new int[rings];
    completed = new int[rings];
    try {
      Region region = region(cards);
      for (int i = 0; i < cards; i++) {
        NullDevice from = new NullDevice();
        NullDevice to = new NullDevice();
        rxPorts[i] =
            port(from, region, NicOptions.DEFAULT.rings(1, queues).slots(LEAST_SLOTS, slots));
        txPorts[i] =
            port(to, region, NicOptions.DEFAULT.rings(queues, 1).slots(slots, LEAST_SLOTS));
        for (int q = 0; q < queues; q++) {
          rx[i * queues + q] = rxPorts[i].rx(q);
          tx[i * queues + q] = txPorts[i].tx(q);
          rxDescriptors[i * queues + q] = from.descriptors(1 + q); // behind the only TX ring's
          txDescriptors[i * queues + q] = to.descriptors(q);
        }
      }
      if (library != null) {
        control(library);
      }
    } catch (RuntimeException e) {
      closeAll();
      throw e;
    }
  }

  private Region region(int cards) {
    int buffers = 2 * rings * slots + 2 * cards * LEAST_SLOTS;
    MemoryOptions options =
        MemoryOptions.DEFAULT
            .rings(2 * rings + 2 * cards + 2, RingLayout.sizeFor(Math.max(slots, LEAST_SLOTS)))
            .buffers( // some straddle two pages, and no ring gets them
                buffers + buffers / 64 + 64, MemoryOptions.DEFAULT.bufSize());
    Region region = opened(Region.create(options));
    Resources.touch(region.address(), region.size());
    return region;
  }

  private NetmapPort port(NullDevice device, Region region, NicOptions options) {
    RingSet set = RingSet.start(new IxgbeDriver().attach(device, region, options), region);
    RingSet.Binding all = new RingSet.Binding(0, options.txRings(), 0, options.rxRings(), false);
    set.bind(all);
    return opened(TestPorts.open(device.name(), set, all, NetmapPort.Request.DEFAULT));
  }

  /**
   * Rings, descriptors, buffers and a table of device addresses as the driver's, for the control.
   */
  private void control(CLibrary library) {
    Region region = region(1);
    DmaMapping mapping =
        opened(new DmaMapping(new long[(int) (region.size() / DmaMapping.PAGE)], () -> {}));
    PlainRings plain =
        opened(new PlainRings(region, new Adapter.Rings(rings, rings, slots, slots), true));
    NullDevice registers = new NullDevice();
    CRing[] to = new CRing[rings];
    CRing[] from = new CRing[rings];
    for (int i = 0; i < rings; i++) {
      int queue = i % MOST_QUEUES * 0x40;
      to[i] =
          opened(
              new CRing(
                  plain.tx(i),
                  registers.allocateDma((long) slots * DESC).address(),
                  registers.mappedRegister(0x6018 + queue),
                  mapping.table()));
      from[i] =
          opened(
              new CRing(
                  plain.rx(i),
                  registers.allocateDma((long) slots * DESC).address(),
                  registers.mappedRegister(0x1018 + queue),
                  mapping.table()));
    }
    cTx = CRing.array(to);
    cRx = CRing.array(from);
    open.push(() -> Mem.free(cTx));
    open.push(() -> Mem.free(cRx));
    c = library.function("nic");
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.push(resource);
    return resource;
  }

  /** The points of rx, tx and forward; these cards close with the last of them. */
  List<Point> points(String chart, int x, String xName) {
    List<Point> points = new ArrayList<>();
    for (Direction direction : Direction.values()) {
      users++;
      points.add(new NicPoint(this, direction, chart, x, xName));
    }
    return points;
  }

  /** What is measured; the control knows it by its number. */
  enum Direction {
    RX(0),
    TX(1),
    FORWARD(2);

    final int number;

    Direction(int number) {
      this.number = number;
    }
  }

  private record NicPoint(Nics nics, Direction direction, String chart, int x, String xName)
      implements Point {
    @Override
    public String what() {
      return direction.name().toLowerCase(java.util.Locale.ROOT);
    }

    @Override
    public int packets() {
      return nics.rings * nics.batch;
    }

    @Override
    public long java(long rounds) {
      return switch (direction) {
        case RX -> nics.receive(rounds);
        case TX -> nics.send(rounds);
        case FORWARD -> nics.forward(rounds);
      };
    }

    @Override
    public long c(long rounds, long nanos) {
      Object[] arguments = {
        new Pointer(nics.cRx),
        new Pointer(nics.cTx),
        nics.rings,
        direction.number,
        nics.batch,
        rounds,
        new Pointer(nanos)
      };
      return nics.c.invokeLong(arguments);
    }

    @Override
    public void close() {
      nics.close();
    }
  }

  private long receive(long rounds) {
    long moved = 0;
    for (long k = 0; k < rounds; k++) {
      arrive();
      for (NetmapRing ring : rx) {
        moved += take(ring);
      }
    }
    return moved;
  }

  private long send(long rounds) {
    long moved = 0;
    for (long k = 0; k < rounds; k++) {
      for (NetmapRing ring : tx) {
        moved += give(ring);
      }
      leave();
    }
    return moved;
  }

  private long forward(long rounds) {
    long moved = 0;
    for (long k = 0; k < rounds; k++) {
      arrive();
      for (int i = 0; i < rings; i++) {
        moved += swap(rx[i], tx[i]);
      }
      leave();
    }
    return moved;
  }

  /** A batch of frames for each ring, and the sync that takes them in. */
  private void arrive() {
    for (int i = 0; i < rings; i++) {
      written[i] = writeBack(rxDescriptors[i], written[i]);
    }
    for (NetmapPort port : rxPorts) {
      ok(port.rxSync());
    }
  }

  private void leave() {
    for (NetmapPort port : txPorts) {
      ok(port.txSync());
    }
    for (int i = 0; i < rings; i++) {
      completed[i] = complete(txDescriptors[i], completed[i], tx[i].head());
    }
  }

  private int writeBack(long descriptors, int from) {
    int slot = from;
    for (int i = 0; i < batch; i++) {
      Mem.putLong(descriptors + (long) slot * DESC + 8, RECEIVED);
      slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return slot;
  }

  /** Answers the reports that are wanted of what was sent since. */
  private int complete(long descriptors, int from, int head) {
    int slot = from;
    while (slot != head) {
      long status = descriptors + (long) slot * DESC + 8;
      if ((Mem.getInt(status) & RS) != 0) {
        Mem.putInt(status + 4, DD);
      }
      slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return slot;
  }

  private int take(NetmapRing ring) {
    int n = ring.space();
    int slot = ring.head();
    long sum = 0;
    for (int i = 0; i < n; i++) {
      sum += ring.len(slot);
      slot = ring.next(slot);
    }
    seen += sum;
    ring.advance(slot);
    return n;
  }

  private int give(NetmapRing ring) {
    int n = Math.min(batch, ring.space());
    int slot = ring.head();
    for (int i = 0; i < n; i++) {
      ring.lenAndFlags(slot, FRAME, 0);
      slot = ring.next(slot);
    }
    ring.advance(slot);
    return n;
  }

  private int swap(NetmapRing from, NetmapRing to) {
    int n = Math.min(Math.min(from.space(), to.space()), batch);
    int slot = from.head();
    int dest = to.head();
    long sum = 0;
    for (int i = 0; i < n; i++) {
      sum += from.getUnsignedByte(slot, 0);
      from.swap(slot, to, dest);
      slot = from.next(slot);
      dest = to.next(dest);
    }
    seen += sum;
    from.advance(slot);
    to.advance(dest);
    return n;
  }

  private static void ok(int status) {
    if (status != 0) {
      throw new IllegalStateException("a sync answered errno " + status);
    }
  }

  @Override
  public void close() {
    if (--users <= 0) {
      closeAll();
    }
  }

  private void closeAll() {
    Resources.closeAll(open);
  }
}

package io.netmap4j.bench.loops;

import static io.netmap4j.Netmap.NS_REPORT;

import io.netmap4j.bench.NullDevice;
import io.netmap4j.bench.NullPort;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;

/**
 * The driver's own loops on a device that does nothing: the adapter is called as a Kring calls it,
 * without the Kring's part (exclusion, check of head and cur, tail), by somebody who plays the user
 * and the card. For one thread.
 */
final class DriverLoops implements AutoCloseable {
  private static final int TDT0 = 0x6018; // docs/82599.md 4.1
  private static final int RDT0 = 0x1018; // docs/82599.md 4.4
  private static final int DD = 1;
  private static final int CLOCK_READINGS = 10_000;

  /** A pass that took longer, somebody else had the processor in; loops.c has the same. */
  private static final long DISTURBED_NANOS = 100_000;

  /** With so many times the slice's length gone by, such passes count too: all are that slow. */
  private static final int PATIENCE = 20;

  private final Region region;
  private final NullDevice device = new NullDevice();
  private final RingSet rings;
  private final Adapter adapter;
  private final Kring tx;
  private final Kring rx;
  private final long addresses;
  private final long clockCost = clockCost();

  DriverLoops(int slots) {
    region = NullPort.region(slots);
    rings = NullPort.rings(device, region, slots);
    rings.bind(new RingSet.Binding(0, 1, 0, 1, false));
    adapter = rings.adapter();
    tx = rings.tx(0);
    rx = rings.rx(0);
    addresses = Mem.allocate(8L * region.bufTotal());
    for (int i = Region.FIRST_BUFFER; i < region.bufTotal(); i++) {
      Mem.putLong(
          addresses + 8L * i,
          NullDevice.deviceAddress(region.bufOffset() + (long) i * region.bufSize()));
    }
  }

  /** What this works on, so that C can work on the same. */
  RingMemory memory(Loop loop) {
    Kring k = kring(loop);
    return new RingMemory(
        k.slots,
        device.descriptors(loop == Loop.TX ? 0 : 1),
        addresses,
        device.mappedRegister(loop == Loop.TX ? TDT0 : RDT0),
        region.address() + region.bufOffset(),
        region.bufSize(),
        region.bufTotal(),
        k.numSlots);
  }

  Kring kring(Loop loop) {
    return loop == Loop.TX ? tx : rx;
  }

  /**
   * Sets the indices. What was to be reported has been, up to hwCur, and the card is told of all
   * before it: by a sync that ends there. The tail register is written.
   */
  void start(Loop loop, int hwCur, int hwTail, int hwOfs) {
    Kring k = kring(loop);
    if (loop == Loop.TX) {
      k.rHead = k.hwCur;
      long descriptors = device.descriptors(0);
      for (int i = 0; i < k.numSlots; i++) {
        Mem.putInt(descriptors + (long) i * Image.ENTRY + 12, DD);
      }
      ok(adapter.txSync(k, Adapter.FORCE_RECLAIM));
      k.hwOfs = hwOfs;
      reportUpTo(hwCur);
    } else {
      k.hwCur = k.rHead = hwCur;
      k.hwTail = k.plus(hwCur, k.numSlots - 1);
      k.hwOfs = hwOfs;
      ok(adapter.rxSync(k, 0));
    }
    k.hwCur = k.rHead = k.rCur = hwCur;
    k.hwTail = hwTail;
    k.hwOfs = hwOfs;
  }

  /** A packet in the slot before asks for a report, which comes. */
  private void reportUpTo(int hwCur) {
    Kring k = tx;
    int last = k.plus(hwCur, k.numSlots - 1);
    long kept = Mem.getLong(k.slot(last));
    Mem.putLong(
        k.slot(last), Image.FIRST_BUFFER | (long) Image.BYTES << 32 | (long) NS_REPORT << 48);
    k.hwCur = k.hwTail = last;
    k.rHead = k.rCur = hwCur;
    ok(adapter.txSync(k, 0));
    long desc = device.descriptors(0) + (long) k.distance(k.hwOfs, last) * Image.ENTRY;
    Mem.putInt(desc + 12, DD);
    ok(adapter.txSync(k, Adapter.FORCE_RECLAIM));
    Mem.putLong(k.slot(last), kept);
  }

  /** Syncs up to a head of the user's, who has the ring's whole rest. */
  int sync(Loop loop, int rHead) {
    Kring k = kring(loop);
    k.rHead = k.rCur = rHead;
    return loop == Loop.TX ? adapter.txSync(k, 0) : adapter.rxSync(k, 0);
  }

  /**
   * Passes over the ring, each begun from the same slots and descriptors, until they have taken
   * {@code nanos}; what is prepared is not timed. loops.c has the same in ring_slice.
   *
   * @return ns for a packet; NaN when a pass did not end where it should
   */
  double slice(Loop loop, Image image, int batch, long nanos) {
    Kring k = kring(loop);
    int batches = k.numSlots / batch - 1;
    int end = batches * batch;
    long descriptors = device.descriptors(loop == Loop.TX ? 0 : 1);
    long spent = 0;
    long all = 0;
    long passes = 0;
    while (spent < nanos) {
      start(loop, 0, loop == Loop.TAKE ? 0 : k.numSlots - 1, 0);
      Mem.copy(image.slots, k.slots, image.bytes);
      Mem.copy(image.descriptors, descriptors, image.bytes);
      long pass =
          switch (loop) {
                case TX -> send(k, batch, batches);
                case TAKE -> take(k, batch, batches);
                case GIVE -> give(k, batch, batches);
              }
              - clockCost;
      all += pass;
      if (pass < DISTURBED_NANOS || all > PATIENCE * nanos) {
        spent += pass;
        passes++;
      }
      if ((loop == Loop.TAKE ? k.hwTail : k.hwCur) != end) {
        return Double.NaN;
      }
    }
    return (double) spent / (passes * end);
  }

  private long send(Kring k, int batch, int batches) {
    long begin = System.nanoTime();
    for (int i = 0; i < batches; i++) {
      k.rHead += batch;
      k.rCur = k.rHead;
      adapter.txSync(k, 0);
    }
    return System.nanoTime() - begin;
  }

  /** All slots are the user's but for a batch: so a batch is taken. */
  private long take(Kring k, int batch, int batches) {
    long begin = System.nanoTime();
    for (int i = 0; i < batches; i++) {
      k.hwCur = k.rHead = k.plus(k.hwTail, batch + 1);
      adapter.rxSync(k, 0);
    }
    return System.nanoTime() - begin;
  }

  private long give(Kring k, int batch, int batches) {
    long begin = System.nanoTime();
    for (int i = 0; i < batches; i++) {
      k.rHead += batch;
      adapter.rxSync(k, 0);
    }
    return System.nanoTime() - begin;
  }

  /** What two readings of the clock lie apart with nothing between them. */
  private static long clockCost() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < CLOCK_READINGS; i++) {
      long begin = System.nanoTime();
      least = Math.min(least, System.nanoTime() - begin);
    }
    return least;
  }

  private static void ok(int status) {
    if (status != 0) {
      throw new IllegalStateException("sync answered " + status);
    }
  }

  @Override
  public void close() {
    rings.release(new RingSet.Binding(0, 1, 0, 1, false));
    region.close();
    Mem.free(addresses);
  }
}

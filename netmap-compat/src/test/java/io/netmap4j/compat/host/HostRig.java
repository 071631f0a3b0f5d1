package io.netmap4j.compat.host;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;

/** A device with host rings in front of a stack, both the test's. */
final class HostRig implements AutoCloseable {
  static final int SLOTS = 16;

  final Region region = Region.create(MemoryOptions.DEFAULT.rings(24, 36864).buffers(1024, 2048));
  final FakeStack stack;
  final FakeCard card;
  final RingSet rings;

  /** Of the device's rings, as many of each direction. */
  final int own;

  HostRig(int cardRings, int hostTx, int hostRx, boolean forwardAll) {
    this(new FakeCard(cardRings, cardRings, SLOTS), new FakeStack(hostRx), hostTx, forwardAll);
  }

  HostRig(FakeCard card, FakeStack stack, int hostTx, boolean forwardAll) {
    this.card = card;
    this.stack = stack;
    this.own = card.rings().rx();
    rings = RingSet.start(card, region);
    rings.hold();
    HostRings.attach(rings, stack, hostTx, stack.queues(), forwardAll);
  }

  /** Every ring: {@code *}. */
  NetmapPort all() {
    return open(0, 0);
  }

  /** The host rings: {@code ^}. */
  NetmapPort host() {
    return open(own, own);
  }

  NetmapPort open(int txFirst, int rxFirst) {
    return open(new RingSet.Binding(txFirst, rings.txRings(), rxFirst, rings.rxRings(), false));
  }

  NetmapPort open(RingSet.Binding binding) {
    rings.bind(binding);
    return TestPorts.open("card", rings, binding, NetmapPort.Request.DEFAULT);
  }

  /** Frames 0, 1 ... of 60 bytes have arrived on an RX ring of the device, at its tail. */
  void arrive(NetmapPort port, int ring, int count) {
    NetmapRing rx = port.rx(ring);
    int slot = rx.tail();
    for (int i = 0; i < count; i++, slot = rx.next(slot)) {
      rx.put(slot, frame(i, 60));
    }
    card.arriving = count;
    port.rxSync();
    card.arriving = 0;
  }

  static byte[] frame(int number, int length) {
    byte[] f = new byte[length];
    for (int i = 0; i < length; i++) {
      f[i] = (byte) (number + i);
    }
    return f;
  }

  /** The bytes of a slot. */
  static byte[] bytes(NetmapRing ring, int slot) {
    byte[] all = new byte[ring.len(slot)];
    Mem.copyOut(ring.buffer(slot), all, 0, all.length);
    return all;
  }

  @Override
  public void close() {
    rings.release();
    region.close();
  }
}

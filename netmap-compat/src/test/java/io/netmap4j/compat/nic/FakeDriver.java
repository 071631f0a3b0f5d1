package io.netmap4j.compat.nic;

import io.netmap4j.Netmap;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.PciId;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.NicDriver;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes adapters whose TX ring i ends up in RX ring i of the card at the other end, slot by slot.
 */
public final class FakeDriver implements NicDriver {
  static final AtomicInteger STARTS = new AtomicInteger();

  /** What is on its way to a card's ring, by "address/ring". */
  private static final Map<String, Queue<Part>> WIRES = new ConcurrentHashMap<>();

  /** Slots sent by a card, by address. */
  private static final Map<String, AtomicLong> SENT = new ConcurrentHashMap<>();

  private record Part(byte[] bytes, boolean more) {}

  @Override
  public String name() {
    return "fakedriver";
  }

  @Override
  public boolean claims(PciId id) {
    return id.vendor() == FakeBackend.VENDOR;
  }

  @Override
  public Adapter attach(NicDevice device, Region region, NicOptions options) {
    String address = device.name().substring("fake:".length());
    if (address.equals("3")) {
      throw new NetmapException(Libc.EOPNOTSUPP, "fake:3 is recognised and not supported");
    }
    return new FakeAdapter(device, address, options);
  }

  private record FakeAdapter(NicDevice device, String address, NicOptions options)
      implements Adapter {
    @Override
    public String name() {
      return device.name();
    }

    @Override
    public Rings rings() {
      return new Rings(options.txRings(), options.rxRings(), options.txSlots(), options.rxSlots());
    }

    /** For programs to go by; what is longer is sent all the same. */
    @Override
    public int maxFrame() {
      return options.mtu() + 18;
    }

    private static Queue<Part> wire(String to, int ring) {
      return WIRES.computeIfAbsent(to + "/" + ring, key -> new ConcurrentLinkedQueue<>());
    }

    private AtomicLong sent() {
      return SENT.computeIfAbsent(address, key -> new AtomicLong());
    }

    @Override
    public int txSync(Kring k, int flags) {
      Queue<Part> wire = wire(address.equals("0") ? "1" : "0", k.ringId);
      for (int i = k.hwCur; i != k.rHead; i = k.next(i)) {
        long slot = k.slots + (long) i * RingLayout.SLOT_SIZE;
        byte[] bytes = new byte[Mem.getShort(slot + RingLayout.SLOT_LEN) & 0xffff];
        Mem.copyOut(k.region.bufAddress(Mem.getInt(slot)), bytes, 0, bytes.length);
        sent().incrementAndGet();
        wire.add(
            new Part(
                bytes, (Mem.getShort(slot + RingLayout.SLOT_FLAGS) & Netmap.NS_MOREFRAG) != 0));
      }
      k.hwCur = k.rHead;
      k.hwTail = k.hwCur == 0 ? k.numSlots - 1 : k.hwCur - 1;
      return 0;
    }

    @Override
    public int rxSync(Kring k, int flags) {
      Queue<Part> wire = wire(address, k.ringId);
      for (Part p;
          k.next(k.hwTail) != k.hwCur && (p = wire.poll()) != null;
          k.hwTail = k.next(k.hwTail)) {
        long slot = k.slots + (long) k.hwTail * RingLayout.SLOT_SIZE;
        Mem.copyIn(p.bytes, 0, k.region.bufAddress(Mem.getInt(slot)), p.bytes.length);
        Mem.putInt(
            slot + RingLayout.SLOT_LEN, p.bytes.length | (p.more ? Netmap.NS_MOREFRAG << 16 : 0));
      }
      k.hwCur = k.rHead;
      return 0;
    }

    @Override
    public void start(Kring[] tx, Kring[] rx) {
      STARTS.incrementAndGet();
      forget(); // what came while the card was closed
      if (address.equals("4")) {
        throw new NetmapException(Libc.EIO, "fake:4 does not start");
      }
    }

    @Override
    public void stop() {
      forget();
    }

    private void forget() {
      WIRES.keySet().removeIf(key -> key.startsWith(address + "/"));
    }

    @Override
    public LinkState link() {
      return new LinkState(true, 10_000);
    }

    @Override
    public Map<String, Long> counters() {
      return Map.of("slots_sent", sent().get());
    }

    @Override
    public void close() {
      device.close();
    }
  }
}

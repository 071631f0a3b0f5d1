package io.netmap4j.compat.monitor;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;
import io.netmap4j.spi.Sleepers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A port whose device does what a test says, and monitors of it. */
final class Watched implements AutoCloseable {
  static final int SLOTS = 16;

  final Region region = Region.create(MemoryOptions.DEFAULT.buffers(4096, 2048).rings(64, 8448));
  final Device device;
  final RingSet rings;
  final RingSet.Binding all;
  final NetmapPort port;
  final List<NetmapPort> monitors = new ArrayList<>();

  /** RX ring 0 of each monitor. */
  final Map<NetmapPort, Kring> krings = new HashMap<>();

  private final MonitorPorts type = new MonitorPorts(this::find);

  /**
   * Takes what it can, keeps {@link #inFlight} slots, receives what {@link #arrive} says. Refuses a
   * released slot without a buffer, as every adapter does.
   */
  static final class Device extends FakeAdapter {
    final Deque<byte[]> arriving = new ArrayDeque<>();
    final Sleepers sleepers = new Sleepers();

    /** Of what is submitted, how many slots are left behind. */
    int leftBehind;

    int armed;

    Device(int tx, int rx, int slots) {
      super(tx, rx, slots, slots);
    }

    /** A packet of parts of at most {@code part} bytes is on its way. */
    void arrive(byte[] packet) {
      arriving.add(packet);
      sleepers.wake();
    }

    @Override
    public int txSync(Kring k, int flags) {
      int head = k.rHead;
      k.rHead = Math.floorMod(head - Math.min(leftBehind, k.distance(k.hwCur, head)), k.numSlots);
      try {
        return super.txSync(k, flags);
      } finally {
        k.rHead = head;
      }
    }

    @Override
    public int rxSync(Kring k, int flags) {
      while (!arriving.isEmpty()) {
        byte[] packet = arriving.peek();
        int parts = Math.max(1, (packet.length + 2047) / 2048);
        if (k.numSlots - 1 - k.distance(k.hwCur, k.hwTail) < parts) {
          break;
        }
        arriving.remove();
        for (int i = 0; i < parts; i++, k.hwTail = k.next(k.hwTail)) {
          long slot = k.slot(k.hwTail);
          int n = Math.min(2048, packet.length - 2048 * i);
          Mem.copyIn(packet, 2048 * i, k.region.bufAddress(Mem.getInt(slot)) + k.offset(slot), n);
          Mem.putInt(slot + 4, n | (i + 1 < parts ? Netmap.NS_MOREFRAG << 16 : 0));
        }
      }
      for (int i = k.hwCur; i != k.rHead; i = k.next(i)) {
        if (!k.region.isBuffer(Mem.getInt(k.slot(i)))) {
          k.hwCur = i;
          return Libc.EINVAL;
        }
      }
      k.hwCur = k.rHead;
      return 0;
    }

    @Override
    public boolean offsets() {
      return true;
    }

    @Override
    public int waitFd(Kring kring) {
      return WAKES_BY_CALL;
    }

    @Override
    public void arm(Kring kring, Runnable wake) {
      armed++;
      sleepers.add(wake);
    }

    @Override
    public void disarm(Kring kring, Runnable wake) {
      armed--;
      sleepers.remove(wake);
    }
  }

  /** Finds the port. */
  private PortType.Hold find(Registration r) {
    return rings.hold() ? PortType.Hold.of(rings) : null;
  }

  Watched() {
    this(1, 1, null);
  }

  Watched(int tx, int rx, Offsets offsets) {
    device = new Device(tx, rx, SLOTS);
    rings = RingSet.start(device, region);
    all = new RingSet.Binding(0, tx, 0, rx, false);
    rings.bind(all, offsets);
    port = TestPorts.open("port", rings, all, NetmapPort.Request.DEFAULT);
  }

  /** Opens {@code port/FLAGS}. */
  NetmapPort monitor(String flags) {
    return monitor(flags, 0, null, null);
  }

  /**
   * @param slots of the RX rings, 0 for as many as the port's
   * @param in a region; null for the monitor's own
   */
  NetmapPort monitor(String flags, int slots, Region in, Offsets offsets) {
    Registration r =
        Registration.of(
            PortSpec.parse("netmap:port" + flags),
            new PortProvider.Request(
                in, 0, 0, 0, 0, RingCounts.DEFAULT.slots(0, slots), offsets, null));
    PortType.Hold hold = type.hold(r);
    RingSet of = hold.rings();
    Adapter.Rings n = of.adapter().rings();
    RingSet.Binding binding = new RingSet.Binding(0, n.tx(), 0, n.rx(), false);
    try {
      of.bind(binding, offsets);
    } catch (RuntimeException e) {
      hold.release().run();
      throw e;
    }
    NetmapPort made =
        TestPorts.open("monitor", of, binding, NetmapPort.Request.DEFAULT, hold.release());
    monitors.add(made);
    krings.put(made, of.rx(0));
    return made;
  }

  /** The port sends a packet, in parts. */
  void send(byte[] packet, int part) {
    NetmapRing ring = port.tx(0);
    int slot = ring.head();
    for (int at = 0; at < packet.length; at += part) {
      int n = Math.min(part, packet.length - at);
      Mem.copyIn(packet, at, ring.buffer(slot), n);
      ring.lenAndFlags(slot, n, at + n < packet.length ? Netmap.NS_MOREFRAG : 0);
      slot = ring.next(slot);
    }
    ring.advance(slot);
  }

  /** Whether the lists of buffers are whole: every slot has one, and no two have the same. */
  void checkBuffers() {
    List<Integer> seen = new ArrayList<>();
    List<NetmapPort> ports = new ArrayList<>(monitors);
    ports.add(port);
    for (NetmapPort p : ports) {
      if (p.memory().memId() == port.memory().memId()) {
        for (NetmapRing ring : new NetmapRing[] {p.rx(0), p.tx(0)}) {
          for (int i = 0; i < ring.numSlots(); i++) {
            seen.add(ring.bufIdx(i));
          }
        }
      }
    }
    if (seen.stream().distinct().count() != seen.size()) {
      throw new AssertionError("buffers in two slots: " + seen);
    }
  }

  /** What a monitor shows, each packet put together, with 't' or 'r' in front; releases it. */
  static List<String> shown(NetmapPort monitor) {
    monitor.rxSync();
    List<String> packets = new ArrayList<>();
    NetmapRing ring = monitor.rx(0);
    StringBuilder text = new StringBuilder();
    int slot = ring.head();
    for (; slot != ring.tail(); slot = ring.next(slot)) {
      int flags = ring.slotFlags(slot);
      if (text.length() == 0) {
        text.append((flags & Netmap.NS_TXMON) != 0 ? 't' : 'r');
      }
      text.append(new String(ring.get(slot), StandardCharsets.ISO_8859_1));
      if ((flags & Netmap.NS_MOREFRAG) == 0) {
        packets.add(text.toString());
        text.setLength(0);
      }
    }
    if (text.length() > 0) {
      throw new AssertionError("the tail stands inside a packet: " + text);
    }
    ring.advance(slot);
    return packets;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The port's user releases everything that it has received. */
  List<String> receive() {
    return shown(port);
  }

  @Override
  public void close() {
    monitors.forEach(NetmapPort::close);
    port.close();
    region.close();
  }
}

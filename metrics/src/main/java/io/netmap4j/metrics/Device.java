package io.netmap4j.metrics;

import static java.util.stream.Collectors.toSet;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The ports of one name, what was last read of them, and their meters. */
final class Device {
  /** A meter does not show what was read longer ago, unless the device does not answer. */
  static final long MOST_AGE_MILLIS = 100;

  /** Prometheus has all rates in bytes. */
  private static final int BYTES_OF_MEGABIT = 1_000_000 / 8;

  private final String name;
  private final List<NetmapPort> ports = new CopyOnWriteArrayList<>();

  /** Addresses of each port's rings while it was open. */
  private final Map<NetmapPort, Set<Long>> rings = new ConcurrentHashMap<>();

  /** One thread reads; what it reads is seen by all. */
  private final ReentrantLock reading = new ReentrantLock();

  /** What the device last said of its own counters. */
  private final Map<String, Long> last = new HashMap<>();

  /** What was counted before: by closed ports for themselves, by the device until it was reset. */
  private final Map<String, Long> before = new HashMap<>();

  private volatile Map<String, Long> counters = Map.of();
  private volatile LinkState link = LinkState.DOWN;
  private volatile long readAt;

  private final OwnMeters meters = new OwnMeters();

  /** By registry, the names of those that it has. */
  private final Map<MeterRegistry, Set<Object>> registered = new HashMap<>();

  private boolean gone;

  Device(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  void add(NetmapPort port) {
    if (port.isOpen() && !ports.contains(port)) {
      rings.put(port, ringsOf(port));
      ports.add(port);
    }
  }

  boolean isOpen() {
    return ports.stream().anyMatch(NetmapPort::isOpen);
  }

  /** Reads counters and link, unless another thread does so at the moment. */
  void read() {
    if (!reading.tryLock()) {
      return;
    }
    try {
      Map<String, Long> ofDevice = new HashMap<>();
      Map<String, Long> ofOpen = new HashMap<>();
      Set<Long> seen = new HashSet<>();
      LinkState now = LinkState.DOWN;
      List<NetmapPort> all = List.copyOf(ports);
      // Before any is read, so that of one device no closed port says more than an open one.
      Set<NetmapPort> stillOpen = all.stream().filter(NetmapPort::isOpen).collect(toSet());
      for (NetmapPort port : all) {
        // Not when a port before this one has one of its rings: their counts are in already.
        boolean first = Collections.disjoint(seen, rings.get(port));
        seen.addAll(rings.get(port));
        boolean open = stillOpen.contains(port);
        Map<String, Long> own = open ? ofOpen : before;
        Map<String, Long> shared = open ? ofDevice : last;
        try {
          port.counters()
              .forEach(
                  (counter, value) -> {
                    if (!CounterNames.ofPort(counter)) {
                      shared.merge(counter, value, Math::max); // each port says the same
                    } else {
                      boolean counts = first || counter.startsWith("wait_");
                      own.merge(counter, counts ? value : 0L, Long::sum);
                    }
                  });
          now = open ? port.link() : now;
        } catch (NetmapException e) {
          now = LinkState.DOWN; // the device is gone: its last counters stay
        }
        if (!open) {
          ports.remove(port);
          rings.remove(port);
        }
      }
      ofDevice.forEach(this::goOn);
      Map<String, Long> totals = new TreeMap<>(last);
      ofOpen.forEach((counter, value) -> totals.merge(counter, value, Long::sum));
      before.forEach((counter, value) -> totals.merge(counter, value, Long::sum));
      counters = totals;
      link = now;
      readAt = System.nanoTime();
    } finally {
      reading.unlock();
    }
  }

  /** Totals never fall: a device that was opened again counts from 0. */
  private void goOn(String counter, long value) {
    Long old = last.put(counter, value);
    if (old != null && value < old) {
      before.merge(counter, old, Long::sum);
    }
  }

  private static Set<Long> ringsOf(NetmapPort port) {
    Set<Long> rings = new HashSet<>();
    for (int r = port.firstTxRing(); r < port.endTxRing(); r++) {
      rings.add(port.tx(r).address());
    }
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      rings.add(port.rx(r).address());
    }
    return rings;
  }

  private Map<String, Long> fresh() {
    if (System.nanoTime() - readAt > TimeUnit.MILLISECONDS.toNanos(MOST_AGE_MILLIS)) {
      read();
    }
    return counters;
  }

  private double sum(Map<String, Integer> weights) {
    Map<String, Long> now = fresh();
    long sum = 0;
    for (Map.Entry<String, Integer> e : weights.entrySet()) {
      sum += e.getValue() * now.getOrDefault(e.getKey(), 0L);
    }
    return sum;
  }

  private double linkUp() {
    fresh();
    return isOpen() && link.up() ? 1 : 0;
  }

  private double linkSpeed() {
    fresh();
    return isOpen() ? (double) link.mbps() * BYTES_OF_MEGABIT : 0;
  }

  /** NaN for a ring that no open port has. */
  private double ofRing(boolean tx, int ring, ToDoubleFunction<NetmapRing> figure) {
    for (NetmapPort port : ports) {
      boolean has =
          tx
              ? port.firstTxRing() <= ring && ring < port.endTxRing()
              : port.firstRxRing() <= ring && ring < port.endRxRing();
      if (has && port.isOpen()) {
        return figure.applyAsDouble(tx ? port.tx(ring) : port.rx(ring));
      }
    }
    return Double.NaN;
  }

  private static double pending(NetmapRing ring) {
    return ring.numSlots() - 1 - ring.space();
  }

  /** Registers the meters that the registry does not have yet. */
  synchronized void register(MeterRegistry registry) {
    if (gone) {
      return;
    }
    Set<Object> here = registered.computeIfAbsent(registry, r -> new HashSet<>());
    Tags tags = Tags.of("port", name);
    Set<String> known = counters.keySet();
    for (String counter : known) {
      CounterNames.Meaning m = CounterNames.meaning(counter, known);
      if (m != null) {
        count(
            registry, here, m.meter(), m.unit(), m.text(), tags.and(m.tags()), Map.of(counter, 1));
      }
    }
    for (CounterNames.Total t : CounterNames.totals(known)) {
      count(registry, here, t.meter(), t.unit(), t.text(), tags.and(t.tags()), t.weights());
    }
    gauge(registry, here, "netmap4j.port.link.up", null, "1 with carrier", tags, Device::linkUp);
    gauge(
        registry,
        here,
        "netmap4j.port.link.speed",
        "bytes_per_second",
        "Speed of the link, 0 without carrier",
        tags,
        Device::linkSpeed);
    for (NetmapPort port : ports) {
      for (int r = port.firstTxRing(); r < port.endTxRing(); r++) {
        rings(registry, here, tags, true, r);
      }
      for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
        rings(registry, here, tags, false, r);
      }
    }
  }

  private void rings(MeterRegistry registry, Set<Object> here, Tags port, boolean tx, int ring) {
    Tags tags = port.and("direction", tx ? "tx" : "rx", "ring", Integer.toString(ring));
    gauge(
        registry,
        here,
        "netmap4j.ring.slots",
        null,
        "Slots of the ring",
        tags,
        d -> d.ofRing(tx, ring, NetmapRing::numSlots));
    gauge(
        registry,
        here,
        "netmap4j.ring.fill",
        "slots",
        "RX: received and not yet released; TX: given and not yet given back",
        tags,
        d -> d.ofRing(tx, ring, tx ? Device::pending : NetmapRing::space));
  }

  private void count(
      MeterRegistry registry,
      Set<Object> here,
      String meter,
      @Nullable String unit,
      String text,
      Tags tags,
      Map<String, Integer> weights) {
    if (here.add(List.of(meter, tags))) {
      meters.add(
          registry,
          FunctionCounter.builder(meter, this, d -> d.sum(weights))
                  .baseUnit(unit)
                  .description(text)
                  .tags(tags)
              ::register);
    }
  }

  private void gauge(
      MeterRegistry registry,
      Set<Object> here,
      String meter,
      @Nullable String unit,
      String text,
      Tags tags,
      ToDoubleFunction<Device> value) {
    if (here.add(List.of(meter, tags))) {
      meters.add(
          registry,
          Gauge.builder(meter, this, value).baseUnit(unit).description(text).tags(tags)::register);
    }
  }

  /** Removes the meters; none comes back. */
  synchronized void unregister() {
    gone = true;
    meters.remove();
    registered.clear();
  }
}

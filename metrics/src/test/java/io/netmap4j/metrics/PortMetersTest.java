package io.netmap4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PortMetersTest {
  private static final int FRAMES = 1000;

  private final MeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void countersAgreeWithThoseOfThePort() {
    try (NetmapPort a = Netmap.open("netmap:model0");
        NetmapPort b = Netmap.open("netmap:model1");
        PortMeters meters = new PortMeters(a, b)) {
      meters.bindTo(registry);
      send(a, b, FRAMES);
      meters.refresh();
      assertThat(count("netmap4j.port.packets", "port", "model0", "direction", "tx"))
          .isEqualTo(FRAMES);
      assertThat(count("netmap4j.port.packets", "port", "model1", "direction", "rx"))
          .isEqualTo(FRAMES);
      assertThat(count("netmap4j.port.bytes", "port", "model1", "direction", "rx"))
          .isEqualTo(FRAMES * 60.0);
      assertThat(count("netmap4j.port.bytes", "port", "model0", "direction", "tx"))
          .isEqualTo(FRAMES * 60.0);
      assertThat(count("netmap4j.device.qprc", "port", "model1", "ring", "0")).isEqualTo(FRAMES);
      Map<String, Long> counters = b.counters();
      counters.forEach(
          (counter, value) -> {
            CounterNames.Meaning m = CounterNames.meaning(counter, counters.keySet());
            if (m != null) {
              assertThat(
                      registry
                          .get(m.meter())
                          .tags(m.tags().and("port", "model1"))
                          .functionCounter()
                          .count())
                  .as(counter)
                  .isEqualTo(value.doubleValue());
            }
          });
    }
  }

  @Test
  void ringsShowWhatIsInThem() {
    try (NetmapPort a = Netmap.open("netmap:x{0");
        NetmapPort b = Netmap.open("netmap:x}0");
        PortMeters meters = new PortMeters(a, b)) {
      meters.bindTo(registry);
      assertThat(gauge("netmap4j.ring.fill", a, "rx")).isZero();
      give(b, 5);
      assertThat(gauge("netmap4j.ring.fill", b, "tx")).isEqualTo(5);
      b.txSync();
      a.rxSync();
      assertThat(gauge("netmap4j.ring.fill", a, "rx")).isEqualTo(5);
      assertThat(gauge("netmap4j.ring.slots", a, "rx")).isEqualTo(a.rx(a.firstRxRing()).numSlots());
      assertThat(gauge("netmap4j.port.link.up", a)).isEqualTo(1);
    }
  }

  @Test
  void waitsThatSleepAreCounted() throws Exception {
    try (NetmapPort a = Netmap.open("netmap:y{0");
        NetmapPort b = Netmap.open("netmap:y}0");
        PortMeters meters = new PortMeters(a)) {
      meters.bindTo(registry);
      a.poll(NetmapPort.POLLIN, 5);
      meters.refresh();
      assertThat(count("netmap4j.port.wait.sleeps", "port", a.name())).isPositive();
      assertThat(count("netmap4j.port.wait.wakeups", "port", a.name())).isZero();
      Thread waiter = new Thread(() -> a.poll(NetmapPort.POLLIN, 60_000));
      double sleeps = count("netmap4j.port.wait.sleeps", "port", a.name());
      waiter.start();
      Thread.sleep(50);
      give(b, 1);
      b.txSync();
      waiter.join();
      meters.refresh();
      assertThat(count("netmap4j.port.wait.wakeups", "port", a.name())).isEqualTo(1);
      assertThat(count("netmap4j.port.wait.sleeps", "port", a.name())).isGreaterThan(sleeps);
    }
  }

  @Test
  void refusedPacketsAreCounted() {
    try (NetmapPort a = Netmap.open("netmap:model0");
        PortMeters meters = new PortMeters(a)) {
      meters.bindTo(registry);
      NetmapRing tx = a.tx(0);
      tx.put(tx.head(), new byte[10]);
      tx.advance(tx.next(tx.head()));
      a.txSync();
      meters.refresh();
      assertThat(count("netmap4j.port.unsent", "port", "model0")).isEqualTo(1);
      assertThat(count("netmap4j.port.bad.slots", "port", "model0")).isEqualTo(1);
    }
  }

  @Test
  void metersGoWithTheirPort() {
    try (PortMeters meters = new PortMeters()) {
      meters.bindTo(registry);
      Meter kept;
      try (NetmapPort a = Netmap.open("netmap:model0")) {
        meters.add(a);
        assertThat(registry.getMeters()).hasSizeGreaterThan(50);
        kept = registry.get("netmap4j.ring.fill").tag("direction", "rx").gauge();
      }
      assertThat(registry.get("netmap4j.port.link.up").gauge().value()).isZero();
      assertThat(((io.micrometer.core.instrument.Gauge) kept).value()).isNaN();
      meters.refresh();
      assertThat(registry.getMeters()).isEmpty();
      try (NetmapPort again = Netmap.open("netmap:model0")) {
        meters.add(again);
        assertThat(gauge("netmap4j.ring.fill", again, "rx")).isZero();
      }
    }
  }

  @Test
  void closeRemovesThemWhileThePortIsOpen() {
    try (NetmapPort a = Netmap.open("netmap:model0")) {
      PortMeters meters = new PortMeters(a);
      meters.bindTo(registry);
      meters.close();
      meters.close();
      assertThat(registry.getMeters()).isEmpty();
      assertThat(a.isOpen()).isTrue();
    }
  }

  @Test
  void aPortOpenedAgainTakesTheMetersOver() {
    try (PortMeters old = new PortMeters();
        PortMeters meters = new PortMeters()) {
      try (NetmapPort a = Netmap.open("netmap:model0")) {
        old.add(a);
        old.bindTo(registry);
        send(a, null, 7);
      }
      int before = registry.getMeters().size();
      try (NetmapPort again = Netmap.open("netmap:model0")) {
        meters.add(again);
        meters.bindTo(registry);
        send(again, null, 5);
        meters.refresh();
        assertThat(sent()).isEqualTo(5);
        old.refresh();
        assertThat(registry.getMeters()).hasSize(before);
        assertThat(sent()).isEqualTo(5);
        assertThat(gauge("netmap4j.port.link.up", again)).isEqualTo(1);
      }
    }
    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void twoOfOnePortDoNotRemoveEachOthersMeters() {
    try (NetmapPort a = Netmap.open("netmap:model0");
        PortMeters first = new PortMeters(a)) {
      first.bindTo(registry);
      int before = registry.getMeters().size();
      try (PortMeters second = new PortMeters(a)) {
        second.bindTo(registry);
        assertThat(registry.getMeters()).hasSize(before);
      }
      assertThat(registry.getMeters()).hasSize(before);
      send(a, null, 5);
      first.refresh();
      assertThat(sent()).isEqualTo(5);
    }
    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void aClosedPortAddsNothing() {
    try (PortMeters meters = new PortMeters()) {
      meters.bindTo(registry);
      NetmapPort closed = Netmap.open("netmap:model0");
      closed.close();
      meters.add(closed);
      assertThat(registry.getMeters()).isEmpty();
    }
  }

  @Test
  void countersGoOnWhenTheDeviceIsOpenedAgain() {
    try (PortMeters meters = new PortMeters()) {
      meters.bindTo(registry);
      int total = 0;
      for (int frames : List.of(100, 60, 90)) {
        try (NetmapPort a = Netmap.open("netmap:model0")) {
          meters.add(a);
          assertThat(sent()).isEqualTo(total);
          send(a, null, frames);
          total += frames;
          assertThat(a.counters()).containsEntry("GPTC", (long) frames);
          meters.refresh();
          assertThat(sent()).isEqualTo(total);
        }
      }
    }
  }

  /** As of pkt-gen -p 4: one device, whose counters count once. */
  @Test
  void portsOfOneDeviceShareItsCounters() {
    NetmapPort.Request request = NetmapPort.Request.DEFAULT;
    try (NetmapPort all = Netmap.open("netmap:q{0@conf:rings=2");
        PortMeters meters = new PortMeters(all)) {
      meters.bindTo(registry);
      NetmapPort half = Netmap.open("netmap:q{0-1", request);
      meters.add(half);
      meters.refresh();
      assertThat(registry.find("netmap4j.port.unsent").functionCounters()).hasSize(1);
      assertThat(registry.find("netmap4j.ring.fill").gauges()).hasSize(4);
      NetmapRing tx = half.tx(1);
      tx.head(tx.numSlots()); // illegal
      half.txSync();
      half.poll(NetmapPort.POLLIN, 1);
      meters.refresh();
      double reinits = count("netmap4j.port.ring.reinits", "port", all.name());
      double sleeps = count("netmap4j.port.wait.sleeps", "port", all.name());
      assertThat(reinits).isEqualTo(all.counters().get("ring_reinits").doubleValue()).isPositive();
      assertThat(sleeps).isPositive();
      half.close();
      meters.refresh();
      assertThat(count("netmap4j.port.ring.reinits", "port", all.name())).isEqualTo(reinits);
      assertThat(count("netmap4j.port.wait.sleeps", "port", all.name())).isEqualTo(sleeps);
    }
  }

  /** A scrape may come at any moment of a port's life. */
  @Test
  void isReadWhilePortsOpenAndClose() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<Throwable> trouble = new AtomicReference<>();
    try (PortMeters meters = new PortMeters()) {
      meters.bindTo(registry);
      List<Thread> scrapers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Thread scraper =
            new Thread(
                () -> {
                  try {
                    while (!done.get()) {
                      meters.refresh();
                      registry.getMeters().forEach(m -> m.measure().forEach(v -> v.getValue()));
                    }
                  } catch (Throwable e) {
                    trouble.set(e);
                  }
                });
        scrapers.add(scraper);
        scraper.start();
      }
      for (int i = 0; i < 50; i++) {
        try (NetmapPort a = Netmap.open("netmap:model0");
            NetmapPort p = Netmap.open("netmap:z{0")) {
          meters.add(a);
          meters.add(p);
          send(a, null, 10);
        }
      }
      done.set(true);
      for (Thread scraper : scrapers) {
        scraper.join();
      }
      assertThat(trouble.get()).isNull();
      meters.refresh();
      assertThat(registry.getMeters()).isEmpty();
    }
  }

  private static void give(NetmapPort port, int frames) {
    NetmapRing tx = port.tx(port.firstTxRing());
    for (int i = 0; i < frames; i++) {
      tx.put(tx.head(), new byte[60]);
      tx.advance(tx.next(tx.head()));
    }
  }

  private static void send(NetmapPort from, NetmapPort to, int frames) {
    from.awaitLink(1000);
    int received = 0;
    for (int sent = 0; sent < frames; ) {
      int batch = Math.min(from.tx(0).space(), frames - sent);
      give(from, batch);
      from.txSync();
      sent += batch;
      received += to == null ? 0 : receive(to);
    }
    boolean drained = from.drain(60_000);
    assertThat(drained).as("%s, %s, %s", from.link(), from.counters(), from.tx(0)).isTrue();
    while (to != null && received < frames && to.poll(NetmapPort.POLLIN, 10_000) != 0) {
      received += receive(to);
    }
    assertThat(received).isEqualTo(to == null ? 0 : frames);
  }

  private static int receive(NetmapPort port) {
    port.rxSync();
    NetmapRing rx = port.rx(0);
    int n = rx.space();
    rx.advance(rx.tail());
    return n;
  }

  private double sent() {
    return count("netmap4j.port.packets", "port", "model0", "direction", "tx");
  }

  private double count(String meter, String... tags) {
    return registry.get(meter).tags(tags).functionCounter().count();
  }

  private double gauge(String meter, NetmapPort port) {
    return registry.get(meter).tags("port", port.name()).gauge().value();
  }

  private double gauge(String meter, NetmapPort port, String direction) {
    return registry.get(meter).tags("port", port.name(), "direction", direction).gauge().value();
  }
}

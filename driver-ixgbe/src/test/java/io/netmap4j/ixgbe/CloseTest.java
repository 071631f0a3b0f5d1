package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SoakProgress;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.RingSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Opens and closes under traffic, while other threads sync, poll and look: no crash, no hang,
 * nothing left behind. 150 rounds, or {@code -Dnetmap4j.closes=10000}.
 */
@Timeout(1800)
@Tag("once")
class CloseTest {
  private static final int ROUNDS = Integer.getInteger("netmap4j.closes", 150);
  private static final NicOptions NIC = NicOptions.DEFAULT.slots(128, 128).dropWhenFull(false);

  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(4096, 2048).rings(16, 8448));
  private final ModelDomain domain = ModelDomain.scattered(3);
  private final Nic82599[] cards = {
    new Nic82599(CardOptions.port(0)), new Nic82599(CardOptions.port(1))
  };
  private final AtomicLong packets = new AtomicLong();
  private final AtomicLong syncsAfterClose = new AtomicLong();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private volatile NetmapPort[] ports = {};
  private volatile boolean done;

  @Test
  void tenThousandClosesUnderTraffic() throws Exception {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    cards[0].attach(cable, WireEnd.A);
    cards[1].attach(cable, WireEnd.B);
    try (ModelRunner runner = new ModelRunner(cards)) {
      runner.start();
      List<Thread> users = List.of(new Thread(this::traffic), new Thread(this::polling));
      users.forEach(t -> t.setUncaughtExceptionHandler((thread, e) -> failures.add(e)));
      round();
      int buffers = region.freeBuffers();
      int rings = region.freeRings();
      users.forEach(Thread::start);
      for (int i = 0; i < 20; i++) {
        round();
      }
      long files = count("/proc/self/fd");
      long maps = mappings();
      int threads = Thread.activeCount();
      SoakProgress progress = new SoakProgress("close", ROUNDS);
      for (int i = 0; i < ROUNDS && failures.isEmpty(); i++) {
        progress.at(i);
        round();
      }
      assertThat(failures).isEmpty();
      assertEquals(buffers, region.freeBuffers(), "buffers");
      assertEquals(rings, region.freeRings(), "rings");
      assertThat(count("/proc/self/fd")).as("open files").isLessThanOrEqualTo(files + 3);
      assertThat(mappings()).as("mappings").isLessThanOrEqualTo(maps + 4);
      assertThat(Thread.activeCount()).as("threads").isLessThanOrEqualTo(threads + 1);
      done = true;
      for (Thread t : users) {
        t.join(10_000);
        assertThat(t.isAlive()).as("a user's thread hangs").isFalse();
      }
      assertThat(packets.get()).as("packets received").isGreaterThan(ROUNDS);
      assertThat(syncsAfterClose.get()).as("syncs that met a closed port").isPositive();
      System.out.printf(
          "close: %d rounds, %d packets, %d syncs met a closed port%n",
          ROUNDS, packets.get(), syncsAfterClose.get());
    } finally {
      done = true;
      cards[0].close();
      cards[1].close();
    }
    assertThat(cards[0].violations()).isEmpty();
    assertThat(cards[1].violations()).isEmpty();
  }

  /** Of files of ours: the JVM's own come and go. */
  private static long mappings() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("netmap4j")).count();
    }
  }

  private static long count(String folder) throws IOException {
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      return files.count();
    }
  }

  private void round() {
    NetmapPort[] pair = {open(0), open(1)};
    assertTrue(pair[0].awaitLink(5000) && pair[1].awaitLink(5000));
    long before = packets.get();
    ports = pair;
    long until = System.nanoTime() + 200_000_000;
    while (done == false
        && packets.get() == before
        && System.nanoTime() < until
        && failures.isEmpty()) {
      Thread.onSpinWait();
    }
    pair[0].close();
    pair[1].close();
    assertEquals(Libc.EIO, pair[0].txSync());
    assertEquals(Libc.EIO, pair[1].rxSync());
  }

  private NetmapPort open(int i) {
    ModelDevice device = ModelDevice.open(cards[i], domain, "model:" + i);
    RingSet set = RingSet.start(new IxgbeDriver().attach(device, region, NIC), region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    return TestPorts.open("model" + i, set, all, NetmapPort.Request.DEFAULT.extraBuffers(10));
  }

  /** Sends on one, receives on the other, whatever is open at the moment. */
  private void traffic() {
    while (!done) {
      NetmapPort[] pair = ports;
      if (pair.length == 0) {
        continue;
      }
      NetmapRing tx = pair[0].tx(0);
      while (tx.space() > 0) {
        tx.len(tx.head(), 60);
        tx.advance(tx.next(tx.head()));
      }
      int status = pair[0].txSync() | pair[1].rxSync();
      syncsAfterClose.addAndGet(status == Libc.EIO ? 1 : 0);
      NetmapRing rx = pair[1].rx(0);
      packets.addAndGet(rx.space());
      rx.advance(rx.tail());
    }
  }

  /** Looks at everything else that a program might look at meanwhile. */
  private void polling() {
    while (!done) {
      for (NetmapPort port : ports) {
        port.poll(NetmapPort.POLLIN, 1);
        port.link();
        port.counters();
      }
    }
  }
}

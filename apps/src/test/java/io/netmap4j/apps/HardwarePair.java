package io.netmap4j.apps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.compat.nic.Nics;
import io.netmap4j.linux.HugePages;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * A port on each of the two functions that {@code -Dcards=A,B} names, joined by a cable;
 * docs/hardware.md.
 */
final class HardwarePair implements AutoCloseable {
  /** What profile hardware passes on. */
  static final String PROPERTY = "netmap4j.cards";

  static final String WANTED =
      "wants two cards: mvn verify -Phardware -Dcards=A,B (docs/hardware.md)";

  private static final long PATIENCE_NANOS = 20_000_000_000L;

  private final NicOptions options;
  private final int extra;
  private final Region region = Region.create(memory());
  private final NetmapPort[] ports = new NetmapPort[2];

  HardwarePair(NicOptions options, int extra) {
    this.options = options;
    this.extra = extra;
    try {
      open(0);
      open(1);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  static List<String> cards() {
    String[] names = System.getProperty(PROPERTY, "").split(",");
    assertEquals(2, names.length, WANTED);
    return List.of(names);
  }

  /** UIO wants hugepages. */
  static Path hugetlbfs() {
    boolean uio = cards().stream().anyMatch(c -> Nics.device(c).backend().scheme().equals("uio"));
    return uio ? new HugePages().mounts().get(0) : null;
  }

  private static MemoryOptions memory() {
    return MemoryOptions.DEFAULT.buffers(16384, 2048).hugetlbfs(hugetlbfs());
  }

  NetmapPort port(int card) {
    return ports[card];
  }

  void open(int card) {
    Nics.Named named = Nics.device(cards().get(card));
    NicDevice device = named.backend().open(named.address());
    RingSet rings;
    try {
      rings =
          RingSet.start(
              Nics.driverOf(device.id()).orElseThrow().attach(device, region, options), region);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
    RingSet.Binding binding = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(binding);
    ports[card] =
        TestPorts.open(
            cards().get(card), rings, binding, NetmapPort.Request.DEFAULT.extraBuffers(extra));
  }

  void close(int card) {
    if (ports[card] != null) {
      ports[card].close();
      ports[card] = null;
    }
  }

  /** Returns how long it took until both have a link, in milliseconds. */
  long awaitLink() {
    long start = System.nanoTime();
    until("a link at both ends", () -> ports[0].link().up() && ports[1].link().up());
    return (System.nanoTime() - start) / 1_000_000;
  }

  static void until(String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 20 s for " + what);
      Thread.yield();
    }
  }

  @Override
  public void close() {
    close(0);
    close(1);
    region.close();
  }
}

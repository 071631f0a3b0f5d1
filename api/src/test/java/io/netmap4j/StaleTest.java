package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.layout.IfLayout;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.RingSet;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import net.openhft.chronicle.bytes.PointerBytesStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a program has kept of a port or a region that is closed: harmless to everybody. */
@Timeout(120)
class StaleTest {
  private static final int N = 128;
  private final Region region = Region.create(small());
  private FakeAdapter adapter;

  private static MemoryOptions small() {
    return MemoryOptions.DEFAULT.buffers(1024, 2048).rings(4, 8448);
  }

  private NetmapPort open(Region in) {
    adapter = new FakeAdapter(1, 1, N, N);
    RingSet set = RingSet.start(adapter, in);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    return TestPorts.open("netmap:stale", set, all, NetmapPort.Request.DEFAULT.extraBuffers(4));
  }

  @AfterEach
  void close() {
    region.close();
  }

  private byte[] everything() {
    byte[] all = new byte[(int) region.size()];
    Mem.copyOut(region.address(), all, 0, all.length);
    return all;
  }

  /** Every way of writing that a ring and an interface object have. */
  private static void write(NetmapRing ring, NetmapIf nifp) {
    ring.head(7);
    ring.cur(8);
    ring.advance(100);
    ring.flags(Netmap.NR_TIMESTAMP);
    for (int i = 0; i < N; i++) {
      ring.bufIdx(i, i + 5);
      ring.put(i, new byte[] {1, 2, 3, 4, 5});
      ring.len(i, 99);
      ring.lenAndFlags(i, 98, Netmap.NS_REPORT);
      ring.slotFlags(i, Netmap.NS_BUF_CHANGED);
      ring.ptr(i, -1);
      Mem.putInt(ring.buffer(i), 0xdead);
      ring.buffer(i, new PointerBytesStore()).writeInt(0, 0xbeef);
    }
    ring.swap(1, ring, 2);
    Mem.putLong(ring.sem(), -1);
    Mem.putInt(ring.address() + RingLayout.TAIL, 3);
    nifp.bufsHead(9);
    Mem.putInt(nifp.address() + IfLayout.NI_TX_RINGS, 77);
  }

  @Test
  void aRingOfAClosedPortIsNotAWayIntoTheNextOnes() {
    NetmapPort old = open(region);
    NetmapRing tx = old.tx(0);
    NetmapRing rx = old.rx(0);
    old.close();
    NetmapPort next = open(region);
    assertThat(next.tx(0).address()).as("the memory is used again").isNotEqualTo(tx.address());
    byte[] before = everything();
    write(tx, old.nifp());
    write(rx, old.nifp());
    assertThat(everything()).as("the region").isEqualTo(before);
    assertThat(next.txSync()).isZero();
    assertThat(adapter.tx[0].hwCur).as("slots sent").isZero();
    assertThat(old.txSync()).isEqualTo(Libc.EIO);
    next.close();
  }

  @Test
  void anotherPortOfTheSameRingGoesOn() {
    FakeAdapter both = new FakeAdapter(1, 1, N, N);
    RingSet set = RingSet.start(both, region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    NetmapPort a = TestPorts.open("netmap:a", set, all, NetmapPort.Request.DEFAULT);
    set.bind(all);
    NetmapPort b = TestPorts.open("netmap:b", set, all, NetmapPort.Request.DEFAULT);
    NetmapRing closed = a.tx(0);
    a.close();
    b.tx(0).advance(10);
    closed.advance(100);
    assertThat(b.tx(0).head()).isEqualTo(10);
    assertThat(b.txSync()).isZero();
    assertThat(both.tx[0].hwCur).isEqualTo(10);
    b.close();
  }

  @Test
  void aClosedPortsObjectsShowWhatWas() {
    NetmapPort port = open(region);
    NetmapRing tx = port.tx(0);
    tx.len(3, 1234);
    tx.advance(5);
    String text = tx.toString();
    int index = tx.bufIdx(3);
    port.close();
    NetmapPort next = open(region);
    next.tx(0).advance(50);
    assertThat(tx).hasToString(text);
    assertThat(tx.len(3)).isEqualTo(1234);
    assertThat(tx.bufIdx(3)).isEqualTo(index);
    assertThat(tx.numSlots()).isEqualTo(N);
    assertThat(port.nifp().name()).isEqualTo("netmap:stale");
    assertThat(port.nifp().txRings()).isEqualTo(1);
    assertThat(port.nifp().ringOfs(0)).isEqualTo(tx.address() - port.nifp().address());
    next.close();
  }

  @Test
  void buffersAreNotSwappedBetweenRegions() {
    Region other = Region.create(small());
    NetmapPort here = open(region);
    NetmapPort there = open(other);
    byte[] before = everything();
    assertThatThrownBy(() -> here.rx(0).swap(0, there.tx(0), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("different regions")
        .hasMessageContaining("copy the packet");
    assertThat(everything()).isEqualTo(before);
    here.close();
    assertThatThrownBy(() -> there.rx(0).swap(0, here.tx(0), 1)).hasMessageContaining("closed");
    there.close();
    other.close();
  }

  @Test
  void whatDoesNotFitIntoASlotIsRefused() {
    try (NetmapPort port = open(region)) {
      NetmapRing ring = port.tx(0);
      ring.lenAndFlags(0, 65_535, 0xffff);
      assertThat(ring.len(0)).isEqualTo(65_535);
      assertThat(ring.slotFlags(0)).isEqualTo(0xffff);
      for (int wide : new int[] {65_536, 70_000, -1, Integer.MIN_VALUE}) {
        for (Runnable call :
            List.<Runnable>of(
                () -> ring.len(0, wide),
                () -> ring.slotFlags(0, wide),
                () -> ring.lenAndFlags(0, wide, 0),
                () -> ring.lenAndFlags(0, 0, wide))) {
          assertThatThrownBy(call::run)
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining(wide + " does not fit");
        }
      }
      assertThat(ring.len(0)).isEqualTo(65_535);
    }
  }

  /** The ring's constants are the user's to overwrite: they must not lead anywhere. */
  @Test
  void aPortThatOpensARingLaterDoesNotBelieveWhatAnotherWroteIntoIt() {
    RingSet set = RingSet.start(new FakeAdapter(1, 1, N, N), region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    NetmapPort a = TestPorts.open("netmap:a", set, all, NetmapPort.Request.DEFAULT);
    Mem.putLong(a.tx(0).address() + RingLayout.BUF_OFS, 1L << 45);
    Mem.putInt(a.tx(0).address() + RingLayout.NUM_SLOTS, 1 << 30);
    Mem.putInt(a.tx(0).address() + RingLayout.NR_BUF_SIZE, 1 << 30);
    Mem.putInt(a.nifp().address() + IfLayout.NI_TX_RINGS, 1 << 30);
    set.bind(all);
    NetmapPort b = TestPorts.open("netmap:b", set, all, NetmapPort.Request.DEFAULT);
    assertThat(b.tx(0).numSlots()).isEqualTo(N);
    assertThat(b.tx(0).bufSize()).isEqualTo(2048);
    assertThat(b.tx(0).buffer(3)).isEqualTo(region.bufAddress(b.tx(0).bufIdx(3)));
    assertThatThrownBy(() -> a.nifp().ringOfs(1 << 20))
        .isInstanceOf(IndexOutOfBoundsException.class);
    a.close();
    b.close();
  }

  /** In a JVM of its own: a wrong one of these calls ends it. */
  @Test
  void lateCallsDoNotEndTheJvm() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(a -> a.startsWith("--") || a.startsWith("-XX:+Ignore"))
            .toList());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=/dev/null",
            "-cp",
            System.getProperty("java.class.path"),
            LateCalls.class.getName()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).as("exit code, said:%n%s", said).isZero();
    assertThat(said).contains("survived");
  }

  /** Everything that can be kept, used after the port is closed and after the region is. */
  static final class LateCalls {
    private LateCalls() {}

    public static void main(String[] args) throws Exception {
      StaleTest test = new StaleTest();
      for (int round = 0; round < 20; round++) {
        test.orderly();
        test.whileOthersUseIt();
      }
      test.close();
      System.out.println("survived");
    }
  }

  private void orderly() {
    Region mine = Region.create(small());
    NetmapPort port = open(mine);
    NetmapRing tx = port.tx(0);
    PointerBytesStore view = tx.buffer(0, new PointerBytesStore());
    long raw = tx.buffer(1);
    try {
      mine.close();
      throw new AssertionError("a region in use was closed");
    } catch (NetmapException busy) {
      port.txSync();
    }
    port.close();
    late(port, tx);
    mine.close();
    Region next = Region.create(small());
    late(port, tx);
    view.writeLong(0, 0xdeadL);
    view.readLong(2040);
    Mem.putInt(raw, 0xdead);
    try (NetmapPort again = open(next)) {
      late(port, tx);
      again.txSync();
    }
    next.close();
    for (Runnable call :
        List.<Runnable>of(
            mine::address,
            () -> mine.bufAddress(2),
            () -> mine.allocateRing(512),
            () -> mine.allocateIf(128),
            () -> open(mine))) {
      try {
        call.run();
        throw new AssertionError("a closed region was used");
      } catch (NetmapException closed) {
        // as it should be
      }
    }
    mine.close();
  }

  private static void late(NetmapPort port, NetmapRing tx) {
    if (port.txSync() != Libc.EIO || port.poll(NetmapPort.POLLIN, 0) != NetmapPort.POLLERR) {
      throw new AssertionError("a closed port works");
    }
    port.rxSync();
    port.counters();
    port.link();
    port.nifp().name();
    assertThat(tx.toString()).isNotEmpty();
    tx.space();
    tx.get(0);
    write(tx, port.nifp());
    port.close();
  }

  /** Closes from two threads while a third uses what is closed. */
  private void whileOthersUseIt() throws InterruptedException {
    Region mine = Region.create(small());
    NetmapPort port = open(mine);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    Thread user =
        new Thread(
            () -> {
              while (port.txSync() != Libc.EIO) {
                try {
                  write(port.tx(0), port.nifp());
                } catch (IllegalArgumentException e) {
                  // swap looked before and after the port was closed
                }
              }
              for (int i = 0; i < 20; i++) {
                write(port.tx(0), port.nifp());
              }
            });
    Runnable closing =
        () -> {
          port.close();
          mine.close();
        };
    List<Thread> all = List.of(user, new Thread(closing), new Thread(closing));
    all.forEach(t -> t.setUncaughtExceptionHandler((thread, e) -> failed.set(e)));
    all.forEach(Thread::start);
    for (Thread t : all) {
      t.join();
    }
    if (failed.get() != null) {
      throw new AssertionError(failed.get());
    }
  }
}

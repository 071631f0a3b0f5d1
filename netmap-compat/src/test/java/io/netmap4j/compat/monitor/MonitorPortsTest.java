package io.netmap4j.compat.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.linux.Libc;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a monitor's name means, and monitors of modelled cards. */
@Timeout(60)
class MonitorPortsTest {
  /** With no port open. */
  private static int freeBuffers;

  private static final NetmapPort.Request TWO_TX_THREE_RX =
      NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.rings(2, 3).slots(64, 128));
  private static final NetmapPort.Request HOLDS =
      NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.dropWhenFull(false));

  @BeforeAll
  static void count() {
    freeBuffers = NetmapMemory.shared().freeBuffers();
  }

  @AfterEach
  void nothingIsLeftOpen() {
    assertThat(NetmapMemory.shared().freeRings())
        .isEqualTo(NetmapMemory.shared().options().ringNum());
    assertThat(NetmapMemory.shared().freeBuffers()).isEqualTo(freeBuffers);
  }

  private static int errnoOf(String name, NetmapPort.Request request) {
    try (NetmapPort port = Netmap.open(name, request)) {
      throw new AssertionError(port.name() + " opened");
    } catch (NetmapException e) {
      return e.errno();
    }
  }

  @Test
  void thePortMustBeOpen() {
    assertThatThrownBy(() -> Netmap.open("netmap:fake0/r"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL))
        .hasMessage("netmap:fake0/r: fake0 is not open: open it before its monitor");
    assertThat(errnoOf("netmap:eth9/z", NetmapPort.Request.DEFAULT)).isEqualTo(Libc.ENXIO);
    try (NetmapPort port = Netmap.open("netmap:fake0");
        NetmapPort monitor = Netmap.open("netmap:fake0/r")) {
      assertThat(monitor.rxSync() + port.txSync()).isZero();
    }
    assertThat(Netmap.isOpen("netmap:fake0")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"fake0/r, 0, 3", "fake0-1/r, 1, 2", "fake0-2/z, 2, 3", "fake0/tR, 0, 3"})
  void itHasARingForEachOfThePorts(String name, int first, int end) {
    try (NetmapPort port = Netmap.open("netmap:fake0", TWO_TX_THREE_RX);
        NetmapPort monitor = Netmap.open("netmap:" + name)) {
      assertThat(port.endTxRing()).isEqualTo(2);
      assertThat(monitor.nifp().txRings()).isEqualTo(1);
      assertThat(monitor.nifp().rxRings()).isEqualTo(3);
      assertThat(new int[] {monitor.firstRxRing(), monitor.endRxRing()})
          .containsExactly(first, end);
      assertThat(monitor.rx(first).numSlots()).isEqualTo(128);
    }
  }

  @Test
  void slotsAreAskedForUpTo4096() {
    try (NetmapPort port = Netmap.open("netmap:fake0", TWO_TX_THREE_RX)) {
      for (int[] pair : new int[][] {{1, 1}, {2, 2}, {100, 100}, {4096, 4096}, {9000, 4096}}) {
        NetmapPort.Request request =
            NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.slots(pair[0], pair[0]));
        try (NetmapPort monitor = Netmap.open("netmap:fake0/rt", request)) {
          assertThat(monitor.rx(0).numSlots()).isEqualTo(pair[1]);
          assertThat(monitor.tx(0).numSlots()).isEqualTo(pair[1]);
          Ends.send(port, Ends.frames(1, 100, 1));
          assertThat(monitor.rxSync()).isZero();
          assertThat(monitor.rx(0).space()).isEqualTo(Math.min(1, pair[1] - 1));
        }
      }
    }
  }

  @Test
  void copiesAreInMemoryOfTheirOwnAndExchangedBuffersInThePorts() {
    try (NetmapPort port = Netmap.open("netmap:fake0");
        NetmapPort copy = Netmap.open("netmap:fake0/r");
        NetmapPort z = Netmap.open("netmap:fake0/z")) {
      assertThat(copy.memory().memId()).isNotEqualTo(port.memory().memId());
      assertThat(copy.nifp().flags() & Netmap.NI_PRIV_MEM).isNotZero();
      assertThat(z.memory().memId()).isEqualTo(port.memory().memId());
      assertThat(errnoOf("netmap:fake0/z", NetmapPort.Request.DEFAULT.memId(60_000)))
          .isEqualTo(Libc.EINVAL);
      assertThat(errnoOf("netmap:fake0/z@" + copy.memory().memId(), NetmapPort.Request.DEFAULT))
          .isEqualTo(Libc.EINVAL);
      try (NetmapPort there = Netmap.open("netmap:fake0/t@" + copy.memory().memId())) {
        assertThat(there.memory().memId()).isEqualTo(copy.memory().memId());
      }
    }
  }

  @Test
  void flagsOfTheRequestMeanTheSameAsThoseOfTheName() {
    try (NetmapPort port = Netmap.open("netmap:fake0");
        NetmapPort monitor =
            Netmap.open(
                "netmap:fake0", NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_MONITOR_TX))) {
      List<byte[]> frames = Ends.frames(3, 2048, 1);
      Ends.send(port, frames);
      Ends.receive(monitor, frames, true);
    }
  }

  @Test
  void aMonitorSendsNothing() {
    try (NetmapPort port = Netmap.open("netmap:fake0");
        NetmapPort monitor = Netmap.open("netmap:fake0/r")) {
      NetmapRing tx = monitor.tx(0);
      assertThat(monitor.poll(NetmapPort.POLLIN, 0)).isZero();
      tx.lenAndFlags(0, 60, 0);
      tx.advance(1);
      assertThat(monitor.txSync()).isEqualTo(Libc.EIO);
      assertThat(monitor.poll(NetmapPort.POLLOUT, 0) & NetmapPort.POLLERR).isNotZero();
      assertThat(port.counters().get("slots_sent")).isNotNull();
    }
  }

  @Test
  void onlyTheRingsThatAreMeantAreWatched() {
    try (NetmapPort port = Netmap.open("netmap:fake0", TWO_TX_THREE_RX);
        NetmapPort one = Netmap.open("netmap:fake0-1/t");
        NetmapPort none = Netmap.open("netmap:fake0/tT");
        NetmapPort all = Netmap.open("netmap:fake0/t")) {
      for (int ring = 0; ring < 2; ring++) {
        port.tx(ring).lenAndFlags(0, 60 + ring, 0);
        port.tx(ring).advance(1);
      }
      assertThat(port.txSync() + one.rxSync() + all.rxSync() + none.rxSync()).isZero();
      assertThat(one.rx(1).len(0)).isEqualTo(61);
      assertThat(one.counters().get("monitor_packets")).isEqualTo(1);
      assertThat(all.counters().get("monitor_packets")).isEqualTo(2);
      assertThat(none.counters().get("monitor_packets")).isZero();
      assertThat(errnoOf("netmap:fake0-3/r", NetmapPort.Request.DEFAULT)).isEqualTo(Libc.EINVAL);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/r", "/t", "/z"})
  void whoSleepsWakesWhenThePortOfTheCardCloses(String flags) throws Exception {
    try (NetmapPort port = Netmap.open("netmap:model0")) {
      NetmapPort monitor = Netmap.open("netmap:model0" + flags);
      CountDownLatch started = new CountDownLatch(1);
      FutureTask<Integer> wait =
          new FutureTask<>(
              () -> {
                started.countDown();
                return monitor.poll(NetmapPort.POLLIN, -1);
              });
      Thread thread = new Thread(wait);
      thread.start();
      started.await();
      Thread.sleep(20);
      port.close();
      assertThat(wait.get()).isEqualTo(NetmapPort.POLLERR);
      thread.join();
      assertThat(Netmap.isOpen("netmap:model0")).as("the monitor does not hold it").isFalse();
      assertThat(monitor.rxSync()).isEqualTo(Libc.EIO);
      monitor.close();
    }
  }

  @Test
  void aReceiveMonitorOfACardWakesForArrivalsThatNobodyTakesIn() {
    try (NetmapPort a = Netmap.open("netmap:model0", HOLDS);
        NetmapPort b = Netmap.open("netmap:model1", HOLDS);
        NetmapPort monitor = Netmap.open("netmap:model1/r")) {
      assertThat(a.awaitLink(10_000) && b.awaitLink(10_000)).isTrue();
      List<byte[]> frames = Ends.frames(20, 1514, 3);
      Ends.send(a, frames);
      Ends.receive(monitor, frames, false);
      Ends.receive(b, frames, false);
    }
  }

  /** Monitors come and go while a card is busy: the port loses nothing, and no buffer. */
  @ParameterizedTest
  @ValueSource(strings = {"/rt", "/z"})
  void monitorsComeAndGoUnderTraffic(String flags) throws Exception {
    int count = Integer.getInteger("netmap4j.monitor.frames", 5_000);
    try (NetmapPort a = Netmap.open("netmap:model0", HOLDS);
        NetmapPort b = Netmap.open("netmap:model1", HOLDS)) {
      assertThat(a.awaitLink(10_000) && b.awaitLink(10_000)).isTrue();
      FutureTask<Integer> sender = new FutureTask<>(() -> sendNumbers(a, count));
      FutureTask<Integer> receiver = new FutureTask<>(() -> receiveNumbers(b, count));
      Thread[] threads = {new Thread(sender), new Thread(receiver)};
      for (Thread t : threads) {
        t.start();
      }
      long seen = 0;
      int opened = 0;
      while (!receiver.isDone()) {
        String name = "netmap:model" + opened % 2 + flags;
        try (NetmapPort first = Netmap.open(name);
            NetmapPort second = Netmap.open(name)) {
          for (int i = 0; i < 20 && !receiver.isDone(); i++) {
            for (NetmapPort monitor : new NetmapPort[] {first, second}) {
              monitor.poll(NetmapPort.POLLIN, 1);
              seen += checkNumbers(monitor.rx(0));
            }
          }
        }
        opened++;
      }
      assertThat(sender.get()).isEqualTo(count);
      assertThat(receiver.get()).isEqualTo(count);
      assertThat(seen).isPositive();
    }
  }

  private static int sendNumbers(NetmapPort port, int count) {
    NetmapRing tx = port.tx(0);
    int number = 0;
    while (number < count) {
      port.poll(NetmapPort.POLLOUT, 100);
      for (int left = tx.space(); left > 0 && number < count; left--) {
        int slot = tx.head();
        tx.putLong(slot, 0, -1L);
        tx.putInt(slot, 8, 0);
        tx.putShort(slot, 12, 0x88b5);
        tx.putInt(slot, 14, number);
        tx.putInt(slot, 60, ~number);
        tx.lenAndFlags(slot, 64, 0);
        tx.advance(tx.next(slot));
        number++;
      }
    }
    assertThat(port.drain(10_000)).isTrue();
    return number;
  }

  private static int receiveNumbers(NetmapPort port, int count) {
    NetmapRing rx = port.rx(0);
    int number = 0;
    while (number < count) {
      if ((port.poll(NetmapPort.POLLIN, 10_000) & NetmapPort.POLLIN) == 0) {
        return number;
      }
      for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
        assertThat(rx.getInt(rx.head(), 14)).isEqualTo(number++);
      }
    }
    port.rxSync();
    return number;
  }

  /** Every frame that is shown is whole, and they come in order. */
  private static int checkNumbers(NetmapRing ring) {
    int last = -1;
    int seen = 0;
    for (; !ring.isEmpty(); ring.advance(ring.next(ring.head()))) {
      int number = ring.getInt(ring.head(), 14);
      assertThat(ring.getInt(ring.head(), 60)).isEqualTo(~number);
      assertThat(number).isGreaterThan(last);
      last = number;
      seen++;
    }
    return seen;
  }
}

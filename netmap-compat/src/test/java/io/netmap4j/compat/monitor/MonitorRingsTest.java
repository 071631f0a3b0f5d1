package io.netmap4j.compat.monitor;

import static io.netmap4j.compat.monitor.Watched.SLOTS;
import static io.netmap4j.compat.monitor.Watched.bytes;
import static io.netmap4j.compat.monitor.Watched.shown;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a monitor shows which slots, on a device that does what the test says. */
@Tag("suite")
@Timeout(60)
class MonitorRingsTest {
  private Watched w = new Watched();

  @AfterEach
  void close() {
    w.close();
  }

  private static long counter(NetmapPort monitor, String name) {
    return monitor.counters().get("monitor_" + name);
  }

  @Test
  void copiesWhatIsSubmittedAndWhatArrivesBeforeAnybodyReads() {
    NetmapPort both = w.monitor("/rt");
    NetmapPort rx = w.monitor("/r");
    NetmapPort tx = w.monitor("/t");
    w.device.inFlight = 5;
    w.send(bytes("one"), 2048);
    w.port.txSync();
    assertThat(shown(both)).containsExactly("tone");
    w.device.arrive(bytes("two"));
    assertThat(shown(both)).as("its own sync takes it in").containsExactly("rtwo");
    assertThat(w.port.rx(0).isEmpty()).as("nothing is published for the port").isTrue();
    assertThat(shown(rx)).containsExactly("rtwo");
    assertThat(shown(tx)).containsExactly("tone");
    assertThat(w.receive()).containsExactly("rtwo");
    assertThat(counter(both, "packets")).isEqualTo(2);
  }

  @Test
  void zeroCopyShowsWhatHasLeftAndWhatIsReleased() {
    NetmapPort z = w.monitor("/z");
    assertThat(z.memory()).isSameAs(w.port.memory());
    w.device.inFlight = 1;
    NetmapRing tx = w.port.tx(0);
    int buffer = tx.bufIdx(0);
    w.send(bytes("one"), 2048);
    w.port.txSync();
    assertThat(shown(z)).as("in flight").isEmpty();
    w.device.inFlight = 0;
    w.port.txSync();
    assertThat(tx.bufIdx(0)).isNotEqualTo(buffer);
    assertThat(tx.slotFlags(0) & Netmap.NS_BUF_CHANGED).isNotZero();
    assertThat(shown(z)).containsExactly("tone");
    w.device.arrive(bytes("two"));
    w.port.rxSync();
    assertThat(shown(z)).as("not released").isEmpty();
    assertThat(w.receive()).containsExactly("rtwo");
    assertThat(shown(z)).as("not synced").isEmpty();
    w.port.rxSync();
    assertThat(shown(z)).containsExactly("rtwo");
    w.checkBuffers();
  }

  @Test
  void exchangesBufferAndLength() {
    NetmapPort z = w.monitor("/z");
    NetmapRing tx = w.port.tx(0);
    NetmapRing shows = z.rx(0);
    shows.len(0, 99);
    int mine = tx.bufIdx(0);
    int its = shows.bufIdx(0);
    w.send(bytes("packet"), 2048);
    w.port.txSync();
    z.rxSync();
    assertThat(new int[] {tx.bufIdx(0), tx.len(0)}).containsExactly(its, 99);
    assertThat(new int[] {shows.bufIdx(0), shows.len(0)}).containsExactly(mine, 6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/rt", "/z"})
  void ofABatchThatDoesNotFitTheLastAreShown(String flags) {
    NetmapPort monitor = w.monitor(flags, 6, null, null);
    for (int i = 0; i < 9; i++) {
      w.send(bytes("" + i), 2048);
    }
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("t4", "t5", "t6", "t7", "t8");
    assertThat(counter(monitor, "lost")).isEqualTo(4);
    monitor.rxSync();
    w.send(bytes("a"), 2048);
    w.send(bytes("b"), 2048);
    w.port.txSync();
    for (int i = 0; i < 5; i++) {
      w.send(bytes("" + i), 2048);
    }
    w.port.txSync();
    assertThat(shown(monitor)).as("queued ones stay").containsExactly("ta", "tb", "t2", "t3", "t4");
    for (int i = 0; i < 2; i++) { // the released slots come with the second sync
      w.send(bytes("x"), 2048);
      w.port.txSync();
      monitor.rxSync();
    }
    assertThat(shown(monitor)).containsExactly("tx");
    assertThat(counter(monitor, "lost")).isEqualTo(4 + 2 + 1);
    assertThat(counter(monitor, "packets")).isEqualTo(5 + 5 + 1);
    w.checkBuffers();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/rt", "/z"})
  void aPacketThatIsLostInPartIsLostAsAWhole(String flags) {
    NetmapPort monitor = w.monitor(flags, 6, null, null);
    w.send(bytes("aaabbbccc"), 3);
    w.send(bytes("dddeee"), 3);
    w.send(bytes("fffggg"), 3);
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("tdddeee", "tfffggg");
    assertThat(counter(monitor, "lost")).isEqualTo(1);
    w.send(new byte[SLOTS - 1], 1); // longer than the ring
    w.port.txSync();
    assertThat(shown(monitor)).isEmpty();
    assertThat(counter(monitor, "lost")).isEqualTo(2);
    w.checkBuffers();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/rt", "/z"})
  void longPacketsStayWhole(String flags) {
    NetmapPort monitor = w.monitor(flags);
    byte[] packet = new byte[5000];
    new Random(1).nextBytes(packet);
    String text = new String(packet, StandardCharsets.ISO_8859_1);
    w.device.arrive(packet);
    assertThat(w.receive()).containsExactly("r" + text);
    w.send(packet, 700);
    w.port.txSync();
    w.port.rxSync();
    assertThat(shown(monitor)).containsExactlyInAnyOrder("t" + text, "r" + text);
  }

  @Test
  void aSlotThatIsLeftBehindIsShownOnce() {
    NetmapPort monitor = w.monitor("/t");
    w.device.leftBehind = 2;
    w.send(bytes("0"), 2048);
    w.send(bytes("1"), 2048);
    w.send(bytes("2"), 2048);
    w.port.txSync();
    w.port.txSync();
    w.send(bytes("3"), 2048);
    w.port.txSync();
    w.device.leftBehind = 0;
    w.port.txSync();
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("t0", "t1", "t2", "t3");
  }

  @Test
  void slotsThatTheUserTakesBackAreShownWhenTheyAreSubmittedAgain() {
    NetmapPort monitor = w.monitor("/t");
    w.device.carrier = false;
    w.send(bytes("0"), 2048);
    w.send(bytes("1"), 2048);
    w.port.txSync();
    w.port.tx(0).advance(1);
    assertThat(w.port.txSync()).isEqualTo(Libc.EINVAL);
    w.port.txSync();
    w.send(bytes("2"), 2048);
    w.device.carrier = true;
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("t0", "t1", "t2");
  }

  @Test
  void anUnfinishedPacketIsShownWithItsEnd() {
    NetmapPort monitor = w.monitor("/t");
    NetmapRing tx = w.port.tx(0);
    w.device.leftBehind = 1;
    w.send(bytes("0"), 2048);
    w.send(bytes("begin"), 2048);
    tx.slotFlags(1, Netmap.NS_MOREFRAG);
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("t0");
    w.device.leftBehind = 0;
    w.send(bytes("end"), 2048);
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("tbeginend");
    w.send(bytes("taken without its end"), 2048);
    tx.slotFlags(3, Netmap.NS_MOREFRAG);
    w.port.txSync(); // the device takes it
    w.send(bytes("next"), 2048);
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("tnext");
  }

  @Test
  void partsThatAreReleasedOneByOneAreNotMixedWithTheOtherDirection() {
    NetmapPort z = w.monitor("/z");
    NetmapRing rx = w.port.rx(0);
    NetmapRing tx = w.port.tx(0);
    w.device.arrive(new byte[2048 * 2 + 1]);
    w.device.arrive(bytes("behind"));
    w.port.rxSync();
    w.port.rx(0).advance(1);
    w.port.rxSync();
    w.send(bytes("abcd"), 1); // its parts leave one by one, too
    for (int inFlight = 3; inFlight >= 0; inFlight--) {
      w.device.inFlight = inFlight;
      w.port.txSync();
      if (inFlight == 1) {
        w.port.rx(0).advance(2);
        w.port.rxSync();
      }
    }
    List<String> first = shown(z);
    assertThat(first).containsExactly("tabcd");
    rx.advance(rx.tail());
    w.port.rxSync();
    List<String> second = shown(z);
    assertThat(second).hasSize(2);
    assertThat(second.get(0)).hasSize(1 + 2048 * 2 + 1);
    assertThat(second.get(1)).isEqualTo("rbehind");
    assertThat(tx.space()).isEqualTo(SLOTS - 1);
    w.checkBuffers();
  }

  @Test
  void anUnfinishedPacketWhoseRestDoesNotFitIsGivenUp() {
    NetmapPort z = w.monitor("/z", 4, null, null);
    w.device.arrive(new byte[2048 * 3]);
    w.device.arrive(bytes("a"));
    w.device.arrive(bytes("b"));
    w.device.arrive(bytes("c"));
    w.port.rxSync();
    w.port.rx(0).advance(2);
    w.port.rxSync();
    w.port.rx(0).advance(6);
    w.port.rxSync();
    assertThat(shown(z)).containsExactly("ra", "rb", "rc");
    assertThat(counter(z, "lost")).isEqualTo(1);
    w.checkBuffers();
  }

  @ParameterizedTest
  @CsvSource({"/t, 0", "/t, 1", "/t, -1", "/t, 4096", "/z, 0", "/z, 1", "/z, -1", "/z, 4096"})
  void aSlotWithoutABufferIsNeverRead(String flags, int index) {
    NetmapPort monitor = w.monitor(flags);
    NetmapRing tx = w.port.tx(0);
    int buffer = tx.bufIdx(2);
    w.send(bytes("before"), 2048);
    w.send(bytes("aabbcc"), 2);
    tx.bufIdx(2, index);
    w.send(bytes("behind"), 2048);
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("tbefore", "tbehind");
    assertThat(counter(monitor, "unreadable")).isEqualTo(1);
    assertThat(counter(monitor, "lost")).isZero();
    for (int i = 0; i < SLOTS; i++) {
      assertThat(w.region.isBuffer(monitor.rx(0).bufIdx(i)) || flags.equals("/t")).isTrue();
    }
    tx.bufIdx(2, buffer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/t", "/z"})
  void aLengthBeyondTheBufferIsNeverRead(String flags) {
    NetmapPort monitor = w.monitor(flags);
    w.send(bytes("a"), 2048);
    w.port.tx(0).len(0, 2049);
    w.send(bytes("b"), 2048);
    w.port.txSync();
    assertThat(shown(monitor)).containsExactly("tb");
    assertThat(counter(monitor, "unreadable")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/r", "/z"})
  void aReleasedSlotOfTheMonitorWithoutABufferIsRefused(String flags) {
    NetmapPort monitor = w.monitor(flags);
    for (String text : new String[] {"0", "1", "2"}) {
      w.device.arrive(bytes(text));
    }
    w.receive();
    w.port.rxSync();
    assertThat(monitor.rxSync()).isZero();
    NetmapRing ring = monitor.rx(0);
    int buffer = ring.bufIdx(1);
    ring.bufIdx(1, 70_000);
    ring.advance(3);
    assertThat(monitor.rxSync()).isEqualTo(Libc.EINVAL);
    assertThat(ring.bufIdx(1)).isZero();
    assertThat(monitor.rxSync()).isEqualTo(Libc.EINVAL);
    ring.bufIdx(1, buffer);
    assertThat(monitor.rxSync()).isZero();
    assertThat(monitor.counters().get("bad_slots")).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/r", "/z"})
  void aBufferThatIsTakenOutAfterTheReleaseHarmsNobody(String flags) {
    NetmapPort monitor = w.monitor(flags);
    int buffer = monitor.rx(0).bufIdx(0);
    monitor.rx(0).bufIdx(0, 1 << 30); // a free slot, which is not the user's
    w.device.arrive(bytes("0"));
    w.receive();
    w.port.rxSync();
    monitor.rxSync();
    assertThat(w.region.isBuffer(w.port.rx(0).bufIdx(0))).isTrue();
    monitor.rx(0).bufIdx(0, buffer);
  }

  @Test
  void headroomOfBothRingsIsHeeded() {
    w.close();
    w = new Watched(1, 1, new Offsets(64, 128, 16, 0));
    NetmapPort copy = w.monitor("/rt", 0, null, new Offsets(32, 32, 0, 0));
    NetmapPort z = w.monitor("/z");
    assertThat(z.rx(0).offsetMask()).isEqualTo(0xffff);
    w.device.arrive(bytes("arrives"));
    assertThat(w.receive()).containsExactly("rarrives");
    w.port.rxSync();
    w.port.tx(0).offset(0, 100);
    w.send(bytes("leaves"), 2048);
    w.port.txSync();
    copy.rxSync();
    assertThat(copy.rx(0).offset(0)).isEqualTo(32);
    assertThat(shown(copy)).containsExactly("rarrives", "tleaves");
    z.rxSync();
    assertThat(z.rx(0).offset(0)).isEqualTo(64);
    assertThat(z.rx(0).offset(1)).isEqualTo(100);
    assertThat(shown(z)).containsExactly("rarrives", "tleaves");
    assertThat(w.port.tx(0).offset(0)).as("stays the slot's").isEqualTo(100);
  }

  @Test
  void offsetsOfItsOwnAreForACopyingMonitor() {
    assertThatThrownBy(() -> w.monitor("/z", 0, null, new Offsets(32, 32, 0, 0)))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EOPNOTSUPP));
  }

  @Test
  void aCopyIsCutToTheMonitorsBuffers() {
    Region small = Region.create(MemoryOptions.DEFAULT.buffers(100, 64));
    NetmapPort monitor = w.monitor("/t", 0, small, new Offsets(16, 16, 0, 0));
    w.send(new byte[100], 2048);
    w.port.txSync();
    monitor.rxSync();
    assertThat(monitor.rx(0).len(0)).isEqualTo(48);
    monitor.close();
    small.close();
  }

  @Test
  void severalCopyingMonitorsAreIndependent() {
    NetmapPort a = w.monitor("/t");
    NetmapPort b = w.monitor("/rt");
    w.send(bytes("0"), 2048);
    w.port.txSync();
    assertThat(shown(a)).containsExactly("t0");
    a.close();
    w.send(bytes("1"), 2048);
    w.port.txSync();
    assertThat(shown(b)).containsExactly("t0", "t1");
  }

  @Test
  void zeroCopyMonitorsPassPacketsOn() {
    NetmapPort[] z = {w.monitor("/z"), w.monitor("/z"), w.monitor("/z")};
    w.send(bytes("0"), 2048);
    w.port.txSync();
    w.device.arrive(bytes("1"));
    w.receive();
    w.port.rxSync();
    for (NetmapPort monitor : z) {
      assertThat(shown(monitor)).containsExactly("t0", "r1");
      monitor.rxSync(); // passes on what it has released
    }
    z[1].close();
    w.send(bytes("2"), 2048);
    w.port.txSync();
    assertThat(shown(z[0])).containsExactly("t2");
    z[0].rxSync();
    assertThat(shown(z[2])).containsExactly("t2");
    w.checkBuffers();
    z[0].close();
    w.send(bytes("3"), 2048);
    w.port.txSync();
    assertThat(shown(z[2])).containsExactly("t3");
    z[2].close();
    w.send(bytes("4"), 2048);
    assertThat(w.port.txSync()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/r", "/t", "/z"})
  void whenThePortIsGoneTheMonitorFails(String flags) {
    NetmapPort monitor = w.monitor(flags);
    NetmapPort behind = w.monitor(flags);
    w.device.arrive(bytes("last"));
    w.send(bytes("last"), 2048);
    w.port.txSync();
    w.receive();
    w.port.rxSync();
    assertThat(monitor.poll(NetmapPort.POLLIN, 0)).isEqualTo(NetmapPort.POLLIN);
    w.port.close();
    assertThat(monitor.rxSync()).isEqualTo(Libc.EIO);
    assertThat(monitor.poll(NetmapPort.POLLIN, -1)).isEqualTo(NetmapPort.POLLERR);
    assertThat(behind.poll(NetmapPort.POLLIN, -1)).isEqualTo(NetmapPort.POLLERR);
    assertThat(shown(monitor)).as("what was shown stays").isNotEmpty();
    assertThat(monitor.link().up()).isFalse();
    assertThatThrownBy(() -> w.monitor(flags))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL))
        .hasMessage("port is not open: open it before its monitor");
  }

  /** Who sleeps arms, looks once more and sleeps: news at any step must be seen or wake it. */
  @ParameterizedTest
  @CsvSource({"/r, a", "/rt, a", "/t, s", "/rt, s", "/z, s", "/z, r", "/rt, c", "/z, c"})
  void noWakeUpIsLostAtAnyStep(String flags, String news) {
    for (int step = 0; step < 4; step++) {
      NetmapPort monitor = w.monitor(flags);
      Kring ring = w.krings.get(monitor);
      Adapter adapter = ring.adapter();
      int[] woken = {0};
      Runnable wake = () -> woken[0]++;
      assertThat(adapter.waitFd(ring)).isEqualTo(Adapter.WAKES_BY_CALL);
      boolean seen = false;
      for (int at = 0; at < 4; at++) {
        if (at == step) {
          happen(news);
        }
        if (at == 0) {
          adapter.arm(ring, wake);
        } else if (at == 1) {
          seen = ring.rxSync(0) != 0 || ring.hwTail != ring.hwCur;
        } else if (at == 2) {
          seen |= woken[0] > 0; // sleeps unless it was woken
        }
      }
      assertThat(seen || woken[0] > 0).as("%s %s at step %d", flags, news, step).isTrue();
      adapter.disarm(ring, wake);
      assertThat(w.device.armed).isZero();
      if (news.equals("c")) {
        w.close();
        w = new Watched();
      } else {
        w.receive();
        w.port.rxSync();
        monitor.close();
        w.monitors.clear();
      }
    }
  }

  private void happen(String news) {
    switch (news) {
      case "a" -> w.device.arrive(bytes("0"));
      case "s" -> {
        w.send(bytes("0"), 2048);
        w.port.txSync();
      }
      case "r" -> {
        w.device.arrive(bytes("0"));
        w.receive();
        w.port.rxSync();
      }
      default -> w.port.close();
    }
  }

  @Test
  void noObjectPerPacket() {
    NetmapPort[] monitors = {w.monitor("/rt"), w.monitor("/z"), w.monitor("/r")};
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    NetmapRing tx = w.port.tx(0);
    long before = 0;
    for (int i = 0; i < 20_000; i++) {
      if (i == 10_000) {
        before = threads.getThreadAllocatedBytes(self);
      }
      for (int n = 0; n < 8; n++) {
        tx.lenAndFlags(tx.head(), 60, 0);
        tx.advance(tx.next(tx.head()));
      }
      w.port.txSync();
      w.port.rxSync();
      for (NetmapPort monitor : monitors) {
        monitor.rxSync();
        monitor.rx(0).advance(monitor.rx(0).tail());
      }
    }
    assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(10_000);
    assertThat(counter(monitors[0], "packets")).isGreaterThan(70_000);
    assertThat(counter(monitors[1], "packets")).isGreaterThan(70_000);
  }
}

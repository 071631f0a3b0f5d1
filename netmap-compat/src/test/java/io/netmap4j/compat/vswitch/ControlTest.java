package io.netmap4j.compat.vswitch;

import static io.netmap4j.compat.vswitch.Frames.BROADCAST;
import static io.netmap4j.compat.vswitch.Frames.frame;
import static io.netmap4j.compat.vswitch.Frames.receive;
import static io.netmap4j.compat.vswitch.Frames.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.vale.ValeCtl;
import io.netmap4j.spi.RingSet;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that make, attach and list ports, with netmap's error numbers; NICs in a switch. */
@Timeout(120)
class ControlTest {
  private static final long MAC = 0x02000000bb01L;
  private final List<NetmapPort> open = new ArrayList<>();

  private NetmapPort open(String name) {
    NetmapPort port = Netmap.open(name);
    open.add(port);
    return port;
  }

  @AfterEach
  void close() {
    open.forEach(NetmapPort::close);
    assertThat(ValeCtl.list()).isEmpty();
  }

  private static void fails(int errno, ThrowingCallable what) {
    assertThatThrownBy(what)
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertEquals(errno, e.errno(), e.getMessage()));
  }

  @Test
  void listGoesThroughSwitchesAndPorts() {
    fails(Errno.ENOENT, () -> ValeCtl.next(0, 0));
    fails(Errno.ENOENT, () -> ValeCtl.find("vale1:a"));
    fails(Errno.EINVAL, () -> ValeCtl.find("eth0"));
    open("vale1:a");
    open("vale1:b");
    NetmapPort other = open("vale2:a");
    List<ValeCtl.Port> all = ValeCtl.list();
    assertThat(all.stream().map(ValeCtl.Port::name))
        .containsExactly("vale1:a", "vale1:b", "vale2:a");
    ValeCtl.Port at = ValeCtl.next(0, 0);
    List<ValeCtl.Port> walked = new ArrayList<>(List.of(at));
    for (int i = 0; i < 2; i++) {
      at = ValeCtl.next(at.bridgeIndex(), at.portIndex() + 1);
      walked.add(at);
    }
    assertEquals(all, walked);
    ValeCtl.Port last = at;
    fails(Errno.ENOENT, () -> ValeCtl.next(last.bridgeIndex(), last.portIndex() + 1));
    assertEquals(ValeCtl.NO_PORT, ValeCtl.find("vale1:c").portIndex());
    assertEquals(ValeCtl.NO_PORT, ValeCtl.find("vale1").portIndex());
    assertEquals(1, ValeCtl.find("vale1:b").portIndex());
    other.close();
    fails(Errno.ENOENT, () -> ValeCtl.find("vale2"));
  }

  @Test
  void namesAreChecked() {
    fails(Errno.EINVAL, () -> Netmap.open("vale0:sixteen_letters_"));
    fails(Errno.EINVAL, () -> ValeCtl.attach("eth0"));
    fails(Errno.EINVAL, () -> ValeCtl.attach("vale0"));
    fails(Errno.EINVAL, () -> ValeCtl.attach("vale-0:x"));
    fails(Errno.ENXIO, () -> ValeCtl.attach("vale0:nothing"));
    for (String other : new String[] {"p{1", "p}1", "lo-0", "lo*", "lo^", "lo/r", "lo@2", "a:b"}) {
      fails(Errno.ENXIO, () -> ValeCtl.attach("vale0:" + other));
    }
    fails(Errno.EINVAL, () -> ValeCtl.attach("vale0:nothing", false, 4711));
    fails(Errno.ENXIO, () -> ValeCtl.detach("vale0:nothing"));
    for (String bad : new String[] {"", "vale9", "sixteen_letters_"}) {
      fails(Errno.EINVAL, () -> ValeCtl.newIf(bad, RingCounts.DEFAULT, 0));
    }
    fails(Errno.EINVAL, () -> ValeCtl.newIf("p0", RingCounts.DEFAULT, 4711));
    fails(Errno.EEXIST, () -> ValeCtl.newIf("lo", RingCounts.DEFAULT, 0));
    fails(Errno.EINVAL, () -> ValeCtl.delIf("lo"));
    fails(Errno.ENXIO, () -> ValeCtl.header("vale0:nothing"));
    fails(Errno.ENXIO, () -> ValeCtl.lookup("vale0", null));
    open("vale0:a");
    fails(Errno.EBUSY, () -> ValeCtl.attach("vale0:a"));
    fails(Errno.EINVAL, () -> ValeCtl.detach("vale0:a"));
    fails(Errno.EINVAL, () -> Netmap.open("vale0:lo"));
    fails(Errno.EINVAL, () -> Netmap.open("vale0:a^"));
    fails(Errno.EINVAL, () -> Netmap.open("vale0:a-1"));
    fails(Errno.EINVAL, () -> Netmap.open("vale0:b-1"));
    assertThat(ValeCtl.list()).as("nothing is left of a failed open").hasSize(1);
  }

  @Test
  void countsAreLimitedAsInNetmap() {
    NetmapPort a =
        Netmap.open(
            "vale0:a",
            NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.rings(99, 0).slots(0, 9999)));
    open.add(a);
    assertEquals(16, a.endTxRing());
    assertEquals(1, a.endRxRing());
    assertEquals(1024, a.tx(0).numSlots());
    assertEquals(4096, a.rx(0).numSlots());
  }

  @Test
  void thereAreEightSwitches() {
    for (int i = 0; i < Switches.MAX_SWITCHES; i++) {
      open("valeL" + i + ":a");
    }
    fails(Errno.ENOMEM, () -> Netmap.open("valeM:a"));
    open.remove(3).close();
    open("valeM:a");
  }

  @Test
  void aSwitchHas254Ports() {
    MemoryOptions sizes = new MemoryOptions(300, 1024, 600, 512, 2000, 64, null);
    NetmapMemory memory = NetmapMemory.create(sizes);
    NetmapPort.Request tiny =
        NetmapPort.Request.DEFAULT.region(memory).counts(RingCounts.DEFAULT.slots(2, 2));
    for (int i = 0; i < ValeSwitch.MAX_PORTS; i++) {
      open.add(Netmap.open("valeP:" + i, tiny));
    }
    send(open.get(0), frame(BROADCAST, MAC, 60, 1));
    for (NetmapPort port : open) {
      assertThat(receive(port)).hasSize(port == open.get(0) ? 0 : 1);
    }
    fails(Errno.ENOMEM, () -> Netmap.open("valeP:more", tiny));
    open.forEach(NetmapPort::close);
    memory.close();
  }

  @Test
  void twoSwitchesAreJoinedByAPersistentPortInBoth() {
    ValeCtl.newIf("j0", RingCounts.DEFAULT, 0);
    try {
      NetmapPort free = open("netmap:j0");
      send(free, frame(BROADCAST, MAC, 60, 1));
      fails(Errno.EBUSY, () -> ValeCtl.delIf("j0"));
      fails(Errno.EBUSY, () -> ValeCtl.attach("valeA:j0"));
      free.close();
      ValeCtl.attach("valeA:j0");
      NetmapPort a = open("valeA:a");
      NetmapPort port = open("valeA:j0");
      send(a, frame(BROADCAST, MAC, 60, 2));
      assertThat(receive(port)).hasSize(1);
      fails(Errno.EBUSY, () -> ValeCtl.attach("valeB:j0"));
      port.close();
      ValeCtl.attach("valeB:j0");
      NetmapPort b = open("valeB:b");
      fails(Errno.EBUSY, () -> Netmap.open("valeA:j0"));
      fails(Errno.EBUSY, () -> Netmap.open("valeB:j0"));
      for (int i = 0; i < 50; i++) {
        send(a, frame(BROADCAST, MAC, 60 + 30 * i, i));
        assertThat(awaitFrame(b)).isEqualTo(frame(BROADCAST, MAC, 60 + 30 * i, i));
        send(b, frame(MAC, MAC + 1, 60, i));
        assertThat(awaitFrame(a)).isEqualTo(frame(MAC, MAC + 1, 60, i));
      }
      ValeCtl.detach("valeB:j0");
      ValeCtl.detach("valeA:j0");
    } finally {
      ValeCtl.delIf("j0");
    }
  }

  /** As a reset of a NIC does it: its rings are stopped, and start again. */
  @Test
  void anAttachedDeviceGoesOnAfterAReset() throws Exception {
    ValeCtl.newIf("j0", RingCounts.DEFAULT.rings(2, 2), 0);
    try {
      ValeCtl.attach("valeA:j0");
      ValeCtl.attach("valeB:j0");
      NetmapPort a = open("valeA:a");
      NetmapPort b = open("valeB:b");
      traffic(a, b, 0);
      RingSet device;
      synchronized (Switches.LOCK) {
        device = Switches.find("j0").ringSet;
      }
      fence(device, 1);
      traffic(a, b, 1);
      fence(device, 0);
      send(a, frame(BROADCAST, MAC, 60, 2));
      send(b, frame(BROADCAST, MAC + 1, 60, 3));
      Thread.sleep(50);
      long before = cpuNanos("netmap4j-vale-valeB:j0");
      Thread.sleep(400);
      assertThat(cpuNanos("netmap4j-vale-valeB:j0") - before)
          .as("ns of a processor in 400 ms without the device")
          .isLessThan(200_000_000);
      assertThat(ours(a)).isEmpty();
      assertThat(ours(b)).isEmpty();
      unfence(device, 0);
      assertThat(awaitFrame(b)).isEqualTo(frame(BROADCAST, MAC, 60, 2));
      assertThat(awaitFrame(a)).isEqualTo(frame(BROADCAST, MAC + 1, 60, 3));
      unfence(device, 1);
      traffic(a, b, 4);
      ValeCtl.detach("valeB:j0");
      ValeCtl.detach("valeA:j0");
    } finally {
      ValeCtl.delIf("j0");
    }
  }

  private static void fence(RingSet device, int ring) {
    device.tx(ring).fence();
    device.rx(ring).fence();
  }

  private static void unfence(RingSet device, int ring) {
    device.tx(ring).unfence();
    device.rx(ring).unfence();
  }

  private static long cpuNanos(String thread) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    Thread found =
        Thread.getAllStackTraces().keySet().stream()
            .filter(t -> t.getName().equals(thread))
            .findFirst()
            .orElseThrow();
    return threads.getThreadCpuTime(found.getId());
  }

  @Test
  void aPacketLongerThanTheDevicesRingIsDropped() {
    ValeCtl.newIf("j0", RingCounts.DEFAULT.slots(8, 8), 0);
    try {
      ValeCtl.attach("valeA:j0");
      ValeCtl.attach("valeB:j0");
      NetmapPort a = open("valeA:a");
      NetmapPort b = open("valeB:b");
      fragments(b.tx(0), 8);
      fragments(b.tx(0), 7);
      assertEquals(0, b.txSync());
      assertThat(awaitFrame(a)).hasSize(7 * 100);
      synchronized (Switches.LOCK) {
        assertThat(Switches.inSwitch("valeB:j0").ringSet.adapter().counters())
            .containsEntry("device_drops", 1L);
      }
      ValeCtl.detach("valeB:j0");
      ValeCtl.detach("valeA:j0");
    } finally {
      ValeCtl.delIf("j0");
    }
  }

  private static void fragments(NetmapRing tx, int count) {
    byte[] whole = frame(BROADCAST, MAC, count * 100, 1);
    int slot = tx.head();
    for (int i = 0; i < count; i++) {
      tx.put(slot, whole, i * 100, 100, i < count - 1 ? Netmap.NS_MOREFRAG : 0);
      slot = tx.next(slot);
    }
    tx.advance(slot);
  }

  @Test
  void aPacketWithoutRoomWaitsForMoreRoom() {
    NetmapPort a = open("valeA:a");
    NetmapPort.Request same = NetmapPort.Request.DEFAULT.region(a.memory());
    NetmapPort from = Netmap.open("valeA:from", same);
    open.add(from);
    NetmapPort to = Netmap.open("valeA:to", same.counts(RingCounts.DEFAULT.slots(8, 8)));
    open.add(to);
    fragments(a.tx(0), 5);
    assertEquals(0, a.txSync());
    assertEquals(0, from.rxSync());
    NetmapRing tx = to.tx(0);
    fragments(tx, 4);
    AtomicLong drops = new AtomicLong();
    assertThat(Attachment.Lane.move(from.rx(0), tx, drops)).isFalse();
    assertEquals(4, tx.head());
    assertEquals(tx.tail(), tx.cur());
    assertThat(to.poll(NetmapPort.POLLOUT, 1000)).isEqualTo(NetmapPort.POLLOUT);
    assertThat(Attachment.Lane.move(from.rx(0), tx, drops)).isTrue();
    assertEquals(1, tx.head());
    assertEquals(1, tx.cur());
    assertEquals(0, drops.get());
  }

  /** What has come, but for what a kernel says by itself on an interface of its own. */
  private static List<byte[]> ours(NetmapPort port) {
    List<byte[]> got = receive(port);
    got.removeIf(f -> f[12] != (byte) 0x88 || f[13] != (byte) 0xb5);
    return got;
  }

  private static byte[] awaitFrame(NetmapPort port) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (true) {
      List<byte[]> got = ours(port);
      if (!got.isEmpty()) {
        assertThat(got).hasSize(1);
        return got.get(0);
      }
      assertTrue(System.nanoTime() < deadline, "waited 20 s for a frame at " + port.name());
      port.poll(NetmapPort.POLLIN, 100);
    }
  }

  /** The other card of the cable. */
  private void nicInASwitch(boolean hostRings) {
    int index = ValeCtl.attach("vale0:model0", hostRings, 0);
    try {
      assertEquals(index, ValeCtl.find("vale0:model0").portIndex());
      fails(Errno.EBUSY, () -> ValeCtl.attach("vale0:model0"));
      fails(Errno.EBUSY, () -> ValeCtl.attach("vale1:model0"));
      fails(Errno.EBUSY, () -> Netmap.open("vale0:model0"));
      fails(Errno.EBUSY, () -> Netmap.open("netmap:model0"));
      NetmapPort a = open("vale0:a");
      NetmapPort wire = open("netmap:model1");
      assertTrue(wire.awaitLink(20_000));
      traffic(a, wire, 1);
      assertThat(ValeCtl.list().stream().map(ValeCtl.Port::name).toList().contains("vale0:model0^"))
          .isEqualTo(hostRings);
      if (hostRings) {
        fails(Errno.EINVAL, () -> ValeCtl.detach("vale0:model0^"));
        long before = hostFrames();
        send(a, frame(BROADCAST, MAC, 60, 1));
        awaitFrame(wire);
        assertEquals(before + 1, hostFrames(), "a broadcast goes to the kernel too");
      }
      fails(Errno.EFAULT, () -> ValeCtl.pollingDisable("vale0:model0"));
      fails(Errno.EOPNOTSUPP, () -> ValeCtl.pollingEnable("vale0:a", 1, 0, 1));
      fails(Errno.ENXIO, () -> ValeCtl.pollingEnable("vale0:b", 1, 0, 1));
      int processors = Runtime.getRuntime().availableProcessors();
      int[][] wrong = {{0, 0, 1}, {1, 0, 0}, {1, 0, 2}, {2, 1, 1}, {2, -1, 1}, {1, 0, processors}};
      for (int[] w : wrong) {
        fails(Errno.EINVAL, () -> ValeCtl.pollingEnable("vale0:model0", w[0], w[1], w[2]));
      }
      if (processors > 1) {
        for (int mode : new int[] {ValeCtl.POLLING_SINGLE_CPU, ValeCtl.POLLING_MULTI_CPU}) {
          ValeCtl.pollingEnable("vale0:model0", mode, 0, 1);
          fails(Errno.EFAULT, () -> ValeCtl.pollingEnable("vale0:model0", mode, 0, 1));
          fails(Errno.EBUSY, () -> ValeCtl.detach("vale0:model0"));
          traffic(a, wire, 1 + mode);
          ValeCtl.pollingDisable("vale0:model0");
        }
      }
      traffic(a, wire, 4);
    } finally {
      ValeCtl.detach("vale0:model0");
    }
    fails(Errno.ENXIO, () -> ValeCtl.detach("vale0:model0"));
    open("netmap:model0").close();
  }

  private static long hostFrames() {
    synchronized (Switches.LOCK) {
      return Switches.find("vale0:model0^").ringSet.adapter().counters().get("rx_frames");
    }
  }

  private static void traffic(NetmapPort a, NetmapPort wire, int round) {
    receive(a);
    for (int i = 0; i < 20; i++) {
      byte[] f = frame(BROADCAST, MAC, 60 + 10 * i, round);
      send(a, f);
      assertThat(awaitFrame(wire)).isEqualTo(f);
      f = frame(MAC, MAC + 1, 60 + 70 * i, i);
      send(wire, f);
      assertThat(awaitFrame(a)).isEqualTo(f);
    }
  }

  @Test
  void cat08_aNicIsAttachedAndDetached() {
    Assumptions.assumeTrue(modelled(), "no modelled card on the class path");
    fails(Errno.EINVAL, () -> Netmap.open("vale0:model0"));
    NetmapPort used = open("netmap:model0");
    fails(Errno.EBUSY, () -> ValeCtl.attach("vale0:model0"));
    used.close();
    assertThat(ValeCtl.list()).as("nothing is left of a failed attach").isEmpty();
    nicInASwitch(false);
  }

  /** The kernel's stack, behind a TAP device, is one more port. */
  @Test
  void cat09_aNicIsAttachedWithItsHostRings() {
    Assumptions.assumeTrue(modelled(), "no modelled card on the class path");
    try {
      Netmap.open("netmap:model0^").close();
    } catch (NetmapException e) {
      Assumptions.abort("skipped, host rings need root: " + e.getMessage());
    }
    nicInASwitch(true);
  }

  /**
   * Also 18, vale_polling_enable_disable, on a device that every machine has: a persistent port.
   */
  @ParameterizedTest
  @ValueSource(ints = {ValeCtl.POLLING_SINGLE_CPU, ValeCtl.POLLING_MULTI_CPU})
  void cat18_aDeviceIsPolledAndNotPolled(int mode) {
    Assumptions.assumeTrue(
        Runtime.getRuntime().availableProcessors() > 1, "one processor must be left");
    ValeCtl.newIf("q0", RingCounts.DEFAULT.rings(2, 3), 0);
    try {
      ValeCtl.attach("valeA:q0");
      ValeCtl.attach("valeB:q0");
      NetmapPort a = open("valeA:a");
      NetmapPort b = open("valeB:b");
      for (int round = 0; round < 3; round++) {
        ValeCtl.pollingEnable("valeB:q0", mode, 0, 1);
        fails(Errno.EFAULT, () -> ValeCtl.pollingEnable("valeB:q0", mode, 0, 1));
        fails(Errno.EBUSY, () -> ValeCtl.detach("valeB:q0"));
        fails(Errno.EOPNOTSUPP, () -> ValeCtl.pollingEnable("valeA:q0", mode, 0, 1));
        traffic(a, b, round);
        ValeCtl.pollingDisable("valeB:q0");
        fails(Errno.EFAULT, () -> ValeCtl.pollingDisable("valeB:q0"));
        traffic(a, b, round);
      }
      ValeCtl.detach("valeB:q0");
      ValeCtl.detach("valeA:q0");
    } finally {
      ValeCtl.delIf("q0");
    }
  }

  private static boolean modelled() {
    try {
      Netmap.open("netmap:model0").close();
      return true;
    } catch (NetmapException e) {
      return false;
    }
  }
}

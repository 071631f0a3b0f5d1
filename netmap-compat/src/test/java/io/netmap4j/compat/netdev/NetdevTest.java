package io.netmap4j.compat.netdev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingTap;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ports on the two ends of a virtual cable, {@code va} and {@code vb}, in a namespace of theirs.
 */
@Timeout(60)
class NetdevTest {
  private static final int MTU = 1500;
  private static final long PROMPT_NANOS = 700_000_000; // a sleep looks again after 1 s

  private Veth veth;

  @BeforeEach
  void begin() {
    veth = Veth.pair(MTU);
  }

  @AfterEach
  void end() {
    System.clearProperty("netmap4j.config");
    if (veth != null) {
      veth.close();
    }
  }

  private static void until(String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 20 s for " + what);
    }
  }

  /** Broadcast, with an EtherType and bytes behind it. */
  private static byte[] frame(int etherType, int length) {
    byte[] f = new byte[length];
    Arrays.fill(f, 0, 6, (byte) -1);
    f[6] = 2;
    f[12] = (byte) (etherType >> 8);
    f[13] = (byte) etherType;
    for (int i = 14; i < length; i++) {
      f[i] = (byte) i;
    }
    return f;
  }

  private static void put(NetmapRing ring, byte[] frame) {
    ring.put(ring.head(), frame);
    ring.advance(ring.next(ring.head()));
  }

  private static void send(NetmapPort from, byte[] frame) {
    put(from.tx(0), frame);
    assertEquals(0, from.txSync());
  }

  private static byte[] receive(NetmapPort to) {
    NetmapRing ring = to.rx(0);
    until("a frame at " + to.name(), () -> to.rxSync() == 0 && !ring.isEmpty());
    byte[] whole = {};
    boolean more;
    do {
      int slot = ring.head();
      byte[] part = ring.get(slot);
      int at = whole.length;
      whole = Arrays.copyOf(whole, at + part.length);
      System.arraycopy(part, 0, whole, at, part.length);
      more = (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
      ring.advance(ring.next(slot));
    } while (more);
    return whole;
  }

  private static void assertSilence(NetmapPort port) {
    assertEquals(0, port.poll(NetmapPort.POLLIN, 20), "nothing comes to " + port.name());
  }

  /** netmap's test script 024: a burst over a veth pair in emulated mode. */
  @Test
  void script024_sendRecVeth() {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      assertEquals(1024, a.tx(0).numSlots(), "generic_ringsize");
      assertEquals(1, a.endTxRing(), "generic_rings");
      for (int i = 0; i < 800; i++) {
        put(a.tx(0), frame(0x88b5, 60 + i));
      }
      assertEquals(0, a.txSync());
      for (int i = 0; i < 800; i++) {
        assertArrayEquals(frame(0x88b5, 60 + i), receive(b), "frame " + i);
      }
      assertSilence(a); // what is sent does not come back
      assertEquals(MTU + 18, a.maxFrame());
      assertArrayEquals(a.nic().macAddress(), a.nic().macAddress());
    }
  }

  /** The kernel takes the outer tag out of what an interface receives. */
  @ParameterizedTest
  @ValueSource(ints = {0x8100, 0x88a8})
  void aVlanTagIsPutBack(int etherType) {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      byte[] tagged = frame(etherType, 100);
      tagged[14] = (byte) 0xe1; // priority 7, VLAN 0x123
      tagged[15] = 0x23;
      tagged[16] = 8;
      tagged[17] = 0;
      send(a, tagged);
      assertArrayEquals(tagged, receive(b));
      byte[] longest = Arrays.copyOf(tagged, MTU + 18);
      if (etherType == 0x8100) {
        send(a, longest);
        assertArrayEquals(longest, receive(b));
      }
    }
  }

  @Test
  void aFrameThatIsTooLongIsRefusedAndTheNextOneIsSent() {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      put(a.tx(0), frame(0x88b5, MTU + 15));
      put(a.tx(0), frame(0x88b5, MTU + 14));
      assertEquals(Libc.EINVAL, a.txSync());
      assertEquals(1, a.unsent());
      assertArrayEquals(frame(0x88b5, MTU + 14), receive(b));
      veth.ip("link", "set", "va", "mtu", "1000"); // the port does not know
      put(a.tx(0), frame(0x88b5, 1200));
      put(a.tx(0), frame(0x88b5, 900));
      assertEquals(Libc.EINVAL, a.txSync());
      assertEquals(2, a.unsent());
      assertEquals(2, a.counters().get("bad_slots"));
      assertFalse(a.tx(0).txPending());
      assertArrayEquals(frame(0x88b5, 900), receive(b));
    }
  }

  /** The kernel leaves checksums open for a card to finish; a virtual cable has none. */
  @Test
  @Tag(SuiteRunner.TAG)
  void checksumsThatTheKernelLeftOpenAreFinished() throws IOException {
    veth.ip("addr", "add", "198.51.100.1/24", "dev", "va");
    veth.ip("neigh", "add", "198.51.100.2", "lladdr", "02:00:00:00:00:02", "dev", "va");
    try (NetmapPort b = Veth.open("netmap:vb");
        DatagramSocket socket = new DatagramSocket(4000)) {
      for (int length : new int[] {1, 2, 99, 1000, 1472}) {
        byte[] payload = Arrays.copyOf(frame(0, 14 + length), length);
        socket.send(
            new DatagramPacket(payload, length, InetAddress.getByName("198.51.100.2"), 4001));
        byte[] got = receive(b);
        assertEquals(14 + 20 + 8 + length, got.length);
        assertArrayEquals(payload, Arrays.copyOfRange(got, 42, got.length));
        assertTrue(Packet.checksumsAreRight(got), "checksums of " + length + " bytes");
      }
    }
  }

  @Test
  void framesOfTheLoopbackInterfaceTakeManySlots() throws IOException {
    veth.ip("link", "set", "lo", "up");
    try (NetmapPort lo = Veth.open("netmap:lo");
        DatagramSocket socket = new DatagramSocket()) {
      byte[] payload = frame(0, 65_507); // the longest datagram
      InetAddress self = InetAddress.getLoopbackAddress();
      socket.send(new DatagramPacket(payload, payload.length, self, socket.getLocalPort()));
      byte[] got = receive(lo);
      assertEquals(14 + 28 + payload.length, got.length);
      assertArrayEquals(payload, Arrays.copyOfRange(got, 42, got.length));
      assertTrue(Packet.checksumsAreRight(got));
      assertEquals(1, lo.counters().get("rx_packets").longValue(), "once, though lo sends it too");
    }
  }

  @Test
  void portsOfOneInterfaceShareItsRingsAndThoseOfAnotherNamespaceDoNot() {
    NetmapPort.Request two = NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.rings(2, 2));
    try (NetmapPort a = Veth.open("netmap:va", two);
        NetmapPort same = Netmap.open("netmap:va-1")) {
      assertEquals(2, a.endRxRing());
      assertEquals(a.tx(1).address(), same.tx(1).address());
      assertTrue(Netmap.isOpen("netmap:va"));
      try (Veth other = Veth.pair(MTU);
          NetmapPort foreign = Netmap.open("netmap:va")) {
        assertThat(foreign.tx(0).address()).isNotEqualTo(a.tx(0).address());
        assertEquals(1, foreign.endTxRing());
      }
      assertThatThrownBy(() -> Netmap.open("netmap:va", two.nic(NicOptions.DEFAULT.slots(64, 64))))
          .isInstanceOf(NetmapException.class)
          .hasMessageContaining("is open already, with");
    }
    assertFalse(Netmap.isOpen("netmap:va"));
  }

  @Test
  void severalRingsShareTheFlowsAndGetEachFrameOnce() {
    NetmapPort.Request four = NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.rings(1, 4));
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb", four)) {
      int flows = 64;
      for (int i = 0; i < flows; i++) {
        put(a.tx(0), Packet.udp(1000 + i, 20));
      }
      assertEquals(0, a.txSync());
      int[] counts = new int[4];
      until(
          "all flows",
          () -> {
            assertEquals(0, b.rxSync());
            for (int i = 0; i < 4; i++) {
              counts[i] = b.rx(i).space();
            }
            return Arrays.stream(counts).sum() >= flows;
          });
      assertEquals(flows, Arrays.stream(counts).sum());
      assertThat(Arrays.stream(counts).max().orElse(0)).as("spread").isLessThan(flows);
    }
  }

  @Test
  void framesForOthersComeInPromiscuousModeOnly() {
    NetmapPort.Request quiet =
        NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.promiscuous(false));
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb", quiet)) {
      byte[] other = frame(0x88b5, 60);
      byte[] mac = {2, 0, 0, 0, 0, 9};
      System.arraycopy(mac, 0, other, 0, 6);
      byte[] own = frame(0x88b5, 61);
      System.arraycopy(b.nic().macAddress(), 0, own, 0, 6);
      send(a, other);
      send(a, own);
      assertArrayEquals(own, receive(b));
      b.nic().addAddress(mac);
      send(a, other);
      assertArrayEquals(other, receive(b));
      b.nic().removeAddress(mac);
      send(a, other);
      assertSilence(b);
      b.nic().promiscuous(true);
      send(a, other);
      assertArrayEquals(other, receive(b));
    }
  }

  @Test
  void aClosedPortHasNoSettings() {
    NetmapPort a = Veth.open("netmap:va");
    NicControl nic = a.nic();
    a.close();
    byte[] mac = {2, 0, 0, 0, 0, 9};
    assertClosed(() -> nic.promiscuous(false));
    assertClosed(() -> nic.allMulticast(true));
    for (int i = 0; i < 2; i++) {
      assertClosed(() -> nic.addAddress(mac)); // again: what failed is not remembered
    }
  }

  private static void assertClosed(ThrowingCallable change) {
    assertThatThrownBy(change)
        .isInstanceOfSatisfying(NetmapException.class, e -> assertEquals(Libc.EIO, e.errno()))
        .hasMessageContaining("closed");
  }

  @Test
  void withoutCarrierWhatIsGivenWaits() {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      veth.ip("link", "set", "vb", "down");
      until("no carrier", () -> !a.link().up());
      put(a.tx(0), frame(0x88b5, 60));
      assertEquals(0, a.txSync());
      assertFalse(a.drain(10));
      assertTrue(a.tx(0).txPending());
      assertEquals(0, b.rxSync(), "down is not gone");
      veth.ip("link", "set", "vb", "up");
      assertTrue(a.awaitLink(5000));
      assertTrue(a.drain(5000));
      assertArrayEquals(frame(0x88b5, 60), receive(b));
      veth.ip("link", "set", "va", "down");
      veth.ip("link", "set", "va", "up");
      assertTrue(b.awaitLink(5000));
      assertTrue(a.awaitLink(5000));
      send(b, frame(0x88b5, 70));
      assertArrayEquals(frame(0x88b5, 70), receive(a));
    }
  }

  @Test
  void anInterfaceThatIsRemovedIsDeadAndEndsWaits() throws Exception {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      CompletableFuture<Integer> wait =
          CompletableFuture.supplyAsync(() -> a.poll(NetmapPort.POLLIN, 20_000));
      Thread.sleep(5); // in its sleep, mostly
      veth.ip("link", "del", "va");
      assertEquals(NetmapPort.POLLERR, wait.get());
      assertEquals(Libc.EIO, a.rxSync());
      assertEquals(Libc.EIO, a.txSync());
      put(b.tx(0), frame(0x88b5, 60));
      until("EIO", () -> b.txSync() == Libc.EIO);
      assertEquals(NetmapPort.POLLERR, b.poll(NetmapPort.POLLOUT, 1000));
      assertFalse(b.link().up());
    }
    assertThatThrownBy(() -> Netmap.open("netmap:va")).isInstanceOf(NetmapException.class);
  }

  /** Nobody looks while the interface is down, and the kernel's word of it is not left over. */
  @Test
  void anInterfaceThatWasDownBetweenTwoLooksKeepsNoWaitAwake() {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      int fd = rxFd("netmap:va");
      veth.ip("link", "set", "va", "down");
      veth.ip("link", "set", "va", "up");
      assertTrue(a.awaitLink(5000));
      assertEquals(1, Libc.pollIn(new int[] {fd}, 0), "the kernel says that it was down");
      until("quiet", () -> a.rxSync() == 0 && Libc.pollIn(new int[] {fd}, 0) == 0);
      assertTrue(b.awaitLink(5000));
      send(b, frame(0x88b5, 70));
      assertArrayEquals(frame(0x88b5, 70), receive(a));
    }
  }

  /** A frame that is queued because of its length: the kernel says ENETDOWN in its place. */
  @Test
  void longFramesAreTheirOwnAfterTheInterfaceWasDown() throws IOException {
    veth.ip("link", "set", "lo", "up");
    try (NetmapPort lo = Veth.open("netmap:lo");
        DatagramSocket socket = new DatagramSocket()) {
      for (int i = 0; i < 3; i++) {
        byte[] payload = new byte[60_000 + i];
        Arrays.fill(payload, (byte) (i + 1));
        InetAddress self = InetAddress.getByName("127.0.0.1");
        socket.send(new DatagramPacket(payload, payload.length, self, socket.getLocalPort()));
        if (i == 0) {
          veth.ip("link", "set", "lo", "down");
          veth.ip("link", "set", "lo", "up");
        }
        byte[] got = receive(lo);
        assertArrayEquals(payload, Arrays.copyOfRange(got, 42, got.length), "frame " + i);
      }
      assertEquals(0, lo.counters().get("rx_undeliverable"));
    }
  }

  /** What the ring has no room for stays in the kernel's, whose descriptor stays readable. */
  @Test
  void aPollOfAFullRingSleeps() {
    NetmapPort.Request small = NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.slots(64, 64));
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb", small)) {
      for (int i = 0; i < 100; i++) {
        put(a.tx(0), frame(0x88b5, 60 + i));
      }
      assertEquals(0, a.txSync());
      NetmapRing rx = b.rx(0);
      until("a full ring", () -> b.rxSync() == 0 && rx.space() == 63);
      rx.cur(rx.tail());
      assertSleeps(b);
      rx.head(rx.cur());
      long begin = System.nanoTime();
      assertEquals(NetmapPort.POLLIN, b.poll(NetmapPort.POLLIN, 5000));
      assertThat(System.nanoTime() - begin).isLessThan(PROMPT_NANOS);
      assertEquals(37, rx.space());
      for (int i = 63; i < 100; i++) {
        assertArrayEquals(frame(0x88b5, 60 + i), receive(b), "frame " + i);
      }
    }
  }

  /** A packet of many slots, and room for fewer. */
  @Test
  void aPollForAPacketThatDoesNotFitSleeps() throws IOException {
    veth.ip("link", "set", "lo", "up");
    NetmapPort.Request small = NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.slots(64, 64));
    try (NetmapPort lo = Veth.open("netmap:lo", small);
        DatagramSocket socket = new DatagramSocket()) {
      InetAddress self = InetAddress.getByName("127.0.0.1");
      byte[] payload = new byte[41_000]; // 20 slots
      for (int i = 0; i < 5; i++) {
        Arrays.fill(payload, (byte) i);
        socket.send(new DatagramPacket(payload, payload.length, self, socket.getLocalPort()));
      }
      NetmapRing rx = lo.rx(0);
      until("three", () -> lo.rxSync() == 0 && rx.space() == 60);
      rx.cur(rx.tail());
      assertSleeps(lo);
      rx.head(20);
      long begin = System.nanoTime();
      assertEquals(NetmapPort.POLLIN, lo.poll(NetmapPort.POLLIN, 5000));
      assertThat(System.nanoTime() - begin).isLessThan(PROMPT_NANOS);
      rx.head(60);
      assertEquals(20, rx.space());
      for (int i = 3; i < 5; i++) {
        Arrays.fill(payload, (byte) i);
        byte[] got = receive(lo);
        assertArrayEquals(payload, Arrays.copyOfRange(got, 42, got.length), "packet " + i);
      }
    }
  }

  private static void assertSleeps(NetmapPort port) {
    int[] looks = looks("netmap:" + port.name());
    long begin = System.nanoTime();
    assertEquals(0, port.poll(NetmapPort.POLLIN, 200));
    assertThat(System.nanoTime() - begin).isGreaterThan(190_000_000);
    assertThat(looks[0]).as("looks").isLessThan(100);
  }

  /** Counts syncs of the first RX ring of an open port, from now on. */
  static int[] looks(String name) {
    int[] looks = {0};
    rx(name)
        .addTap(
            new RingTap() {
              @Override
              public void before(Kring kring) {
                looks[0]++;
              }

              @Override
              public void after(Kring kring, int hwCur, int hwTail) {}
            });
    return looks;
  }

  private static Kring rx(String name) {
    PortType.Hold hold = new NetdevPorts().hold(Registration.of(PortSpec.parse(name)));
    try {
      return hold.rings().rx(0);
    } finally {
      hold.release().run();
    }
  }

  private static int rxFd(String name) {
    Kring rx = rx(name);
    return rx.adapter().waitFd(rx);
  }

  /** A sleeper arms, looks, and sleeps; the frame comes at each of the three moments. */
  @Test
  void noWakeUpIsLost() {
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      int fd = rxFd("netmap:vb");
      assertEquals(0, Libc.pollIn(new int[] {fd}, 0), "quiet");
      send(a, frame(0x88b5, 60)); // before it arms: the look sees it
      until("the frame", () -> b.rxSync() == 0 && b.rx(0).space() == 1);
      assertEquals(0, Libc.pollIn(new int[] {fd}, 0), "and the descriptor does not any more");
      for (int i = 0; i < 3000; i++) { // after the look: the descriptor is readable until the next
        send(a, frame(0x88b5, 60));
        assertEquals(1, Libc.pollIn(new int[] {fd}, 5000));
        assertEquals(1, Libc.pollIn(new int[] {fd}, 0), "still");
        assertEquals(0, b.rxSync());
        NetmapRing ring = b.rx(0);
        ring.advance(ring.tail());
        assertEquals(0, Libc.pollIn(new int[] {fd}, 0), "taken in");
      }
    }
  }

  /** A slow line holds the sender up, and wakes it. */
  @Test
  void aFullQueueHoldsTheSenderUpAndLosesNothing() {
    String wrong =
        Veth.says(
            "tc", "qdisc", "add", "dev", "va", "root", "tbf", "rate", "10mbit", "burst", "20kb",
            "limit", "10mb");
    assumeTrue(wrong.isEmpty(), "skipped: no tc with tbf: " + wrong);
    // A frame takes a millisecond, much longer than a turn of the loop.
    NetmapPort.Request small = NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.slots(64, 64));
    try (NetmapPort a = Veth.open("netmap:va", small);
        NetmapPort b = Veth.open("netmap:vb")) {
      int total = 300;
      int held = 0;
      int received = 0;
      for (int sent = 0; sent < total; ) {
        while (a.tx(0).space() > 0 && sent < total) {
          put(a.tx(0), frame(0x88b5, 1000 + sent++ % 500));
        }
        assertEquals(0, a.txSync());
        while (a.tx(0).space() == 0) {
          held++;
          assertThat(a.poll(NetmapPort.POLLOUT, 5000)).isEqualTo(NetmapPort.POLLOUT);
        }
        assertEquals(0, b.rxSync());
        for (; !b.rx(0).isEmpty(); received++) {
          assertEquals(1000 + received % 500, receive(b).length, "frame " + received);
        }
      }
      assertThat(held).as("times without room").isPositive();
      CompletableFuture<Boolean> left = CompletableFuture.supplyAsync(() -> a.drain(20_000));
      for (; received < total; received++) {
        assertEquals(1000 + received % 500, receive(b).length, "frame " + received);
      }
      assertTrue(left.join());
    }
  }

  @Test
  void aPacketAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      long before = 0;
      for (int round = 0; round < 2; round++) { // the first one loads classes
        before = threads.getThreadAllocatedBytes(self);
        for (int i = 0; i < 100; i++) {
          burst(a, b, 64);
        }
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(10_000);
    }
  }

  private static void burst(NetmapPort from, NetmapPort to, int count) {
    NetmapRing tx = from.tx(0);
    for (int i = 0; i < count; i++) {
      long buffer = tx.buffer(tx.head());
      Mem.putLong(buffer, -1);
      tx.lenAndFlags(tx.head(), 60 + i, 0);
      tx.advance(tx.next(tx.head()));
    }
    from.txSync();
    NetmapRing rx = to.rx(0);
    for (int got = 0; got < count; got += rx.space(), rx.advance(rx.tail())) {
      to.rxSync();
    }
    to.rxSync();
  }

  @Test
  void withoutThePermissionOneLineSaysWhatToDo() {
    Veth.withoutNetRaw(
        () ->
            assertThatThrownBy(() -> Netmap.open("netmap:va"))
                .isInstanceOfSatisfying(
                    NetmapException.class, e -> assertEquals(Libc.EPERM, e.errno()))
                .message()
                .contains("va", "CAP_NET_RAW", "sudo")
                .doesNotContain("\n"));
  }

  @Test
  void theConfigurationNamesInterfaces(@TempDir Path folder) throws IOException {
    veth.ip("link", "set", "va", "down");
    veth.ip("link", "set", "va", "name", "v-a");
    veth.ip("link", "set", "v-a", "up");
    Path file = folder.resolve("netmap4j.properties");
    Files.writeString(
        file,
        """
        nic.left = netdev:v-a,qdisc-bypass
        nic.right = netdev:vb
        nic.right.slots = 128
        nic.none = netdev:nothing
        nic.big = netdev:v-a
        nic.big.mtu = 9000
        """);
    System.setProperty("netmap4j.config", file.toString());
    try (NetmapPort a = Veth.open("netmap:left");
        NetmapPort b = Veth.open("netmap:right")) {
      assertEquals(128, b.tx(0).numSlots());
      send(a, frame(0x88b5, 300));
      assertArrayEquals(frame(0x88b5, 300), receive(b));
      assertThatThrownBy(() -> Netmap.open("netmap:right^"))
          .isInstanceOf(NetmapException.class)
          .hasMessageContaining("host rings");
    }
    assertThatThrownBy(() -> Netmap.open("netmap:none"))
        .isInstanceOfSatisfying(NetmapException.class, e -> assertEquals(Libc.ENXIO, e.errno()))
        .hasMessageContaining("no network interface nothing; in this network namespace are: ");
    assertThatThrownBy(() -> Netmap.open("netmap:big"))
        .hasMessageContaining("sudo ip link set v-a mtu 9000");
    assertFalse(Netmap.isOpen("netmap:big"));
  }

  /** Frames, and their checksums by another implementation than the one that is tested. */
  static final class Packet {
    private Packet() {}

    /** From one port number, to 198.51.100.2. */
    static byte[] udp(int port, int payload) {
      ByteBuffer b = ByteBuffer.allocate(42 + payload);
      b.put(frame(0x0800, 14));
      b.put((byte) 0x45).put((byte) 0).putShort((short) (28 + payload)).putInt(0);
      b.put((byte) 64).put((byte) 17).putShort((short) 0);
      b.putInt(0xc6336401).putInt(0xc6336402);
      b.putShort((short) port).putShort((short) 9).putShort((short) (8 + payload));
      return b.array();
    }

    /** Of IPv4 or IPv6 without extensions, and of UDP or TCP. */
    static boolean checksumsAreRight(byte[] frame) {
      ByteBuffer b = ByteBuffer.wrap(frame);
      boolean six = b.getShort(12) == (short) 0x86dd;
      int l4 = 14 + (six ? 40 : (frame[14] & 0xf) * 4);
      int end = 14 + (six ? 40 + b.getShort(18) : b.getShort(16) & 0xffff);
      int protocol = six ? frame[20] : frame[23];
      int field = l4 + (protocol == 6 ? 16 : 6);
      int addresses = six ? sum(b, 22, 54) : sum(b, 26, 34);
      int total = addresses + protocol + (end - l4) + sum(b, l4, end);
      return end == frame.length
          && (six || fold(sum(b, 14, l4)) == 0xffff)
          && b.getShort(field) != 0
          && fold(total) == 0xffff;
    }

    private static int sum(ByteBuffer b, int from, int to) {
      int sum = 0;
      for (int i = from; i < to; i++) {
        sum += (b.get(i) & 0xff) << ((i - from) % 2 == 0 ? 8 : 0);
      }
      return sum;
    }

    private static int fold(int sum) {
      while (sum >>> 16 != 0) {
        sum = (sum & 0xffff) + (sum >>> 16);
      }
      return sum;
    }
  }
}

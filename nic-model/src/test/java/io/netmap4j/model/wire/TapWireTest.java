package io.netmap4j.model.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.TapDevice;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Talks to the kernel's own network stack: an ARP request of ours is answered by the kernel, in a
 * frame that it made. Without a card. Interfaces and namespaces are named after this process, and
 * an interface with an address is in a namespace, where it meets no other network.
 */
@Timeout(60)
class TapWireTest {
  private static final int EICR = 0x00800;
  private static final int LSC = 1 << 20;
  private static final int LINKS = 0x042A4;
  private static final long MAC = 0x02000000AA02L;
  private static final byte[] KERNEL = HexFormat.of().parseHex("02000000aa02");
  private static final byte[] OURS = HexFormat.of().parseHex("02000000aa01");

  private final String name = "nm" + ProcessHandle.current().pid() + "t";
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Received card = new Received();

  /** Keeps what it is offered; can be full. */
  private static final class Received implements FrameSink {
    final List<byte[]> frames = new ArrayList<>();
    int room = Integer.MAX_VALUE;
    int missed;
    int depth;

    @Override
    public boolean receive(long address, int length) {
      assertThat(depth).as("between begin and end").isEqualTo(1);
      if (room == 0) {
        return false;
      }
      byte[] frame = new byte[length];
      Mem.copyOut(address, frame, 0, length);
      if (!isChatter(frame)) {
        room--;
        frames.add(frame);
      }
      return true;
    }

    /** IPv6 introduces itself on every interface. */
    private static boolean isChatter(byte[] frame) {
      return ByteBuffer.wrap(frame).getShort(12) == (short) 0x86DD;
    }

    @Override
    public void begin() {
      depth++;
    }

    @Override
    public void end() {
      depth--;
    }

    @Override
    public void missed(long address, int length) {
      missed++;
    }
  }

  private static final class Nobody implements FrameSink {
    @Override
    public boolean receive(long address, int length) {
      return true;
    }

    @Override
    public void missed(long address, int length) {}
  }

  @BeforeEach
  void needsRoot() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "skipped: there is no /dev/net/tun");
    try {
      TapDevice.create(name).close();
    } catch (LinuxException e) {
      boolean root = e.errno() != Libc.EPERM && e.errno() != Libc.EACCES;
      assumeTrue(root, "skipped: " + e.getMessage());
      throw e;
    }
    assumeTrue(runs("ip", "-V"), "skipped: there is no ip: apt-get install iproute2");
  }

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private TapWire wire(TapWire.Options options) {
    TapWire wire = TapWire.open(options);
    open.add(wire);
    wire.connect(WireEnd.A, card);
    return wire;
  }

  /** A wire whose interface is in a namespace, up, and has the address 192.0.2.1. */
  private TapWire addressed(CableMode mode) throws Exception {
    ip("netns", "add", name);
    open.add(() -> ip("netns", "del", name));
    TapWire wire = wire(TapWire.Options.named(name).mac(MAC).mode(mode));
    ip("link", "set", name, "netns", name);
    ip("-n", name, "addr", "add", "192.0.2.1/30", "dev", name);
    ip("-n", name, "link", "set", name, "up");
    return wire;
  }

  /** What the kernel says of the interface: address, mtu, flags. */
  private String sysfs(String file) throws IOException {
    return Files.readString(Path.of("/sys/class/net", name, file)).trim();
  }

  private boolean exists() {
    return Files.exists(Path.of("/sys/class/net", name));
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getInputStream().readAllBytes();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static String ip(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
    assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  /** Who has 192.0.2.1? Tell 192.0.2.2. */
  private static byte[] arpRequest() {
    ByteBuffer frame = ByteBuffer.allocate(60);
    frame.put(HexFormat.of().parseHex("ffffffffffff")).put(OURS).putShort((short) 0x0806);
    frame.put(HexFormat.of().parseHex("0001080006040001"));
    frame.put(OURS).put(new byte[] {(byte) 192, 0, 2, 2});
    frame.put(new byte[6]).put(new byte[] {(byte) 192, 0, 2, 1});
    return frame.array();
  }

  private static byte[] echoRequest(int payload) {
    byte[] frame = TestFrames.ip("192.0.2.2", 0x0800, "192.0.2.1", 0, TestFrames.UDP, payload);
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    bytes.put(KERNEL).put(OURS);
    bytes.put(23, (byte) 1).putShort(24, (short) 0);
    bytes.putShort(24, (short) ~TestFrames.sum(frame, 14, 20, 0));
    bytes.putInt(34, 0x08000000).putInt(38, 0);
    bytes.putShort(36, (short) ~TestFrames.sum(frame, 34, frame.length - 34, 0));
    return frame;
  }

  private static boolean send(TapWire wire, byte[] frame) {
    long at = Mem.allocate(frame.length);
    try {
      Mem.copyIn(frame, 0, at, frame.length);
      return wire.send(WireEnd.A, at, frame.length);
    } finally {
      Mem.free(at);
    }
  }

  private static void runUntil(TapWire wire, BooleanSupplier condition) {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      wire.run(64);
      assertThat(System.nanoTime() - begin).as("10 s").isLessThan(TimeUnit.SECONDS.toNanos(10));
      LockSupport.parkNanos(100_000);
    }
  }

  private void assertAnswered(TapWire wire) {
    card.frames.clear();
    assertThat(send(wire, arpRequest())).isTrue();
    runUntil(wire, () -> !card.frames.isEmpty());
    ByteBuffer reply = ByteBuffer.wrap(card.frames.get(0));
    assertThat(reply.array()).startsWith(OURS).hasSize(60);
    assertThat(reply.slice(6, 6)).isEqualTo(ByteBuffer.wrap(KERNEL));
    assertThat(reply.getShort(20)).as("a reply").isEqualTo((short) 2);
    assertThat(reply.slice(22, 6)).isEqualTo(ByteBuffer.wrap(KERNEL));
    assertThat(reply.slice(42, 18)).as("padding").isEqualTo(ByteBuffer.allocate(18));
  }

  @Test
  void framesCrossBothWaysAndRuntsArePadded() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    assertAnswered(wire);
    assertThat(wire.counters(WireEnd.A).frames()).isEqualTo(1);
    assertThat(wire.counters(WireEnd.A).bytes()).isEqualTo(60);
    assertThat(wire.counters(WireEnd.A).lost()).isZero();
    assertThat(wire.counters(WireEnd.B).frames()).isPositive();
    assertThat(card.depth).isZero();
  }

  @Test
  void aPaddedFrameHasNothingOfTheFrameBefore() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    assertAnswered(wire);
    byte[] ping = echoRequest(200);
    assertThat(send(wire, ping)).isTrue();
    runUntil(wire, () -> card.frames.stream().anyMatch(f -> f.length == ping.length));
    assertAnswered(wire);
  }

  @Test
  void theInterfaceHasTheAddressAndMtuThatWereAskedFor() throws Exception {
    TapWire wire = wire(TapWire.Options.named(name).mac(MAC).mtu(9000).up(true));
    assertThat(sysfs("address")).isEqualTo("02:00:00:00:aa:02");
    assertThat(sysfs("mtu")).isEqualTo("9000");
    assertThat(Integer.decode(sysfs("flags")) & 1).as("up").isEqualTo(1);
    assertThat(wire.name()).isEqualTo(name);
    assertThat(wire.carrier(WireEnd.A)).isTrue();
    assertThat(wire.carrier(WireEnd.B)).isTrue();
    wire.connect(WireEnd.A, null);
    assertThat(wire.carrier(WireEnd.B)).isFalse();
  }

  @Test
  void anAddressIsChosenByTheKernelUnlessGiven() throws Exception {
    wire(TapWire.Options.named(name));
    assertThat(sysfs("address")).hasSize(17).isNotEqualTo("00:00:00:00:00:00");
    assertThat(sysfs("mtu")).isEqualTo("1500");
    assertThat(Integer.decode(sysfs("flags")) & 1).as("up").isZero();
  }

  @Test
  void whileTheInterfaceIsDownFramesAreLostAndThenTheyCrossAgain() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    ip("-n", name, "link", "set", name, "down");
    assertThat(wire.carrier(WireEnd.A)).isFalse();
    while (wire.run(64) > 0) {
      // What the kernel had sent before, of its own accord.
    }
    assertThat(send(wire, arpRequest())).isTrue();
    assertThat(wire.run(64)).isZero();
    assertThat(wire.counters(WireEnd.A).frames()).isEqualTo(1);
    assertThat(wire.counters(WireEnd.A).lost()).isEqualTo(1);
    ip("-n", name, "link", "set", name, "up");
    assertThat(wire.carrier(WireEnd.A)).isTrue();
    assertAnswered(wire);
  }

  @Test
  void theCardsLinkFollowsTheInterfaceAndTheInterfacesCarrierTheCard() throws Exception {
    TapWire wire = wire(TapWire.Options.named(name));
    Nic82599 nic = new Nic82599(CardOptions.port(0));
    open.add(nic);
    nic.attach(wire, WireEnd.A);
    assertThat(nic.read(LINKS)).as("down").isZero();
    ip("link", "set", name, "up");
    nic.run(1);
    assertThat(nic.read(EICR) & LSC).as("a cause").isNotZero();
    assertThat(nic.read(LINKS) >>> 28 & 7).isEqualTo(7);
    assertThat(sysfs("carrier")).isEqualTo("1");
    nic.setLink(false);
    nic.run(1);
    assertThat(sysfs("carrier")).as("the cable is pulled").isEqualTo("0");
    nic.setLink(true);
    nic.run(1);
    assertThat(sysfs("carrier")).isEqualTo("1");
    nic.read(EICR);
    ip("link", "set", name, "down");
    nic.run(1);
    assertThat(nic.read(EICR) & LSC).as("a cause again").isNotZero();
    assertThat(nic.read(LINKS)).isZero();
  }

  @Test
  void anInterfaceThatSomebodyRemovedLosesFramesAndThrowsNothing() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    ip("-n", name, "link", "del", name);
    assertThat(send(wire, arpRequest())).isTrue();
    assertThat(wire.run(64)).isZero();
    assertThat(wire.counters(WireEnd.A).lost()).isEqualTo(1);
    assertThat(wire.carrier(WireEnd.A)).isFalse();
  }

  @Test
  void aFullCardGetsTheFrameLater() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    card.room = 0;
    assertThat(send(wire, arpRequest())).isTrue();
    for (int i = 0; i < 100; i++) {
      assertThat(wire.run(64)).isZero();
    }
    assertThat(card.missed).isZero();
    assertThat(card.depth).isZero();
    card.room = 1;
    runUntil(wire, () -> card.frames.size() == 1);
    assertThat(wire.counters(WireEnd.B).lost()).isZero();
  }

  @Test
  void aFullCardMissesTheFrameOnALossyWire() throws Exception {
    TapWire wire = addressed(CableMode.LOSSY);
    card.room = 0;
    assertThat(send(wire, arpRequest())).isTrue();
    runUntil(wire, () -> card.missed > 0);
    assertThat(wire.counters(WireEnd.B).lost()).isEqualTo(card.missed);
    assertThat(wire.counters(WireEnd.B).frames()).isEqualTo(card.missed);
  }

  @Test
  void noObjectPerFrameNorPerLook() {
    TapWire wire = wire(TapWire.Options.named(name).up(true));
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    byte[] bytes = TestFrames.plain(1, 60); // of a protocol that the kernel ignores
    long frame = Mem.allocate(bytes.length);
    try {
      Mem.copyIn(bytes, 0, frame, bytes.length);
      wire.connect(WireEnd.A, new Nobody());
      long before = 0;
      for (int i = 0; i < 20_000; i++) {
        if (i == 10_000) {
          before = threads.getThreadAllocatedBytes(self);
        }
        wire.send(WireEnd.A, frame, bytes.length);
        wire.run(64);
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(10_000);
    } finally {
      Mem.free(frame);
    }
    assertThat(wire.counters(WireEnd.A).lost()).isZero();
  }

  @Test
  void runKeepsToItsBudget() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    for (int i = 0; i < 5; i++) {
      send(wire, arpRequest());
    }
    LockSupport.parkNanos(50_000_000); // most likely all replies are there
    assertThat(wire.run(2)).isLessThanOrEqualTo(2);
    runUntil(wire, () -> card.frames.size() == 5);
  }

  @Test
  void framesCrossAfterTheInterfaceHasMovedToAnotherNamespace() throws Exception {
    TapWire wire = addressed(CableMode.FLOW_CONTROLLED);
    assertAnswered(wire);
    String other = name + "2";
    ip("netns", "add", other);
    try {
      ip("-n", name, "link", "set", name, "netns", other);
      assertThat(wire.carrier(WireEnd.A)).as("moving takes it down").isFalse();
      ip("-n", other, "addr", "add", "192.0.2.1/30", "dev", name);
      ip("-n", other, "link", "set", name, "up");
      assertThat(wire.carrier(WireEnd.A)).isTrue();
      assertAnswered(wire);
      assertThat(ip("-n", other, "link", "show", "dev", name)).contains("02:00:00:00:aa:02");
      wire.close();
      assertThat(ip("-n", other, "-o", "link")).doesNotContain(name);
    } finally {
      ip("netns", "del", other);
    }
  }

  @Test
  void closeRemovesTheInterface() throws Exception {
    TapWire wire = wire(TapWire.Options.named(name));
    assertThat(exists()).isTrue();
    wire.close();
    assertThat(exists()).isFalse();
    wire.close();
  }

  @Test
  void aNameThatIsTakenIsRefusedAndLeftAlone() throws Exception {
    wire(TapWire.Options.named(name).mac(MAC));
    assertThatThrownBy(() -> TapWire.open(TapWire.Options.named(name)))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("TAP device " + name)
        .hasMessageContaining("ip link del " + name);
    assertThat(sysfs("address")).isEqualTo("02:00:00:00:aa:02");
  }

  @Test
  void aPersistentDeviceOfThatNameIsNotTakenOver() throws Exception {
    ip("tuntap", "add", "dev", name, "mode", "tap");
    try {
      assertThatThrownBy(() -> TapWire.open(TapWire.Options.named(name)))
          .hasMessageContaining("ip link del " + name);
    } finally {
      ip("link", "del", name);
    }
  }

  @Test
  void badNamesAreExplained() {
    assertThatThrownBy(() -> TapWire.open(TapWire.Options.named("sixteen-bytes-00")))
        .hasMessageContaining("sixteen-bytes-00")
        .hasMessageContaining("16 bytes")
        .hasMessageContaining("at most 15");
    assertThatThrownBy(() -> TapWire.open(TapWire.Options.named("a/b")))
        .hasMessageContaining("neither / nor : nor blanks");
    assertThatThrownBy(() -> TapWire.open(TapWire.Options.named("")))
        .hasMessageContaining("without a name");
  }

  @Test
  void badAddressesAndMtusAreExplainedAndLeaveNoInterface() throws Exception {
    assertThatThrownBy(() -> TapWire.open(TapWire.Options.named(name).mac(0x010000000001L)))
        .hasMessageContaining("010000000001")
        .hasMessageContaining("unicast");
    assertThatThrownBy(() -> TapWire.open(TapWire.Options.named(name).mtu(70_000)))
        .hasMessageContaining("70000")
        .hasMessageContaining("65521");
    assertThat(exists()).isFalse();
  }

  @Test
  void theOtherEndIsTheKernels() {
    TapWire wire = wire(TapWire.Options.named(name));
    assertThatThrownBy(() -> wire.connect(WireEnd.B, card))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Opens a TAP; for {@link #withoutThePrivilegeTheMessageSaysSo}. */
  static final class Unprivileged {
    public static void main(String[] name) {
      try {
        TapWire.open(TapWire.Options.named(name[0])).close();
        System.out.println("opened");
      } catch (LinuxException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void withoutThePrivilegeTheMessageSaysSo() throws Exception {
    assumeTrue(runs("setpriv", "--version"), "skipped: no setpriv: apt-get install util-linux");
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--bounding-set=-net_admin",
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-cp",
                System.getProperty("java.class.path")));
    command.addAll(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(a -> a.startsWith("--") || a.startsWith("-XX:+Ignore"))
            .toList());
    command.addAll(List.of(Unprivileged.class.getName(), name));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(output)
        .contains("TAP device " + name)
        .contains("Operation not permitted")
        .contains("CAP_NET_ADMIN")
        .contains("sudo");
  }
}

package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NicOptions;
import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.TapDevice;
import io.netmap4j.model.ModelBackend;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.wire.TapWire;
import io.netmap4j.model.wire.WireEnd;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel's stack in one namespace behind a modelled card ({@code netmap:NAME*}), another stack
 * at the other end of its wire, and a program between card and stack that takes one UDP port's
 * packets for itself.
 */
@Tag("once")
@Timeout(120)
class HostRingsTest {
  private static final int UDP_PORT = 7777;
  private static final int DATAGRAMS = 100;
  private static final int DATAGRAM = 1000;

  /** Of the file, in bytes: -Dnetmap4j.host-rings.bytes=N. */
  private static final long BYTES = Long.getLong("netmap4j.host-rings.bytes", 100_000_000);

  /** The stack behind the card; interface, namespace and port have this name. */
  private final String near = Namespaces.name("a");

  /** The stack at the other end of the wire. */
  private final String far = Namespaces.name("b");

  private final Namespaces namespaces = new Namespaces();
  private final Nic82599 card = ModelBackend.pair(900).card(0);
  private TapWire wire;

  @TempDir Path folder;

  @BeforeEach
  void needsRoot() throws Exception {
    Namespaces.require(
        "ip=iproute2",
        "ping=iputils-ping",
        "socat=socat",
        "ethtool=ethtool",
        "udhcpc=udhcpc",
        "dnsmasq=dnsmasq-base");
    Path config = folder.resolve("netmap4j.properties");
    Files.writeString(config, "nic." + near + " = model:900\nnic." + near + ".drop = false\n");
    System.setProperty("netmap4j.config", config.toString());
    wire = TapWire.open(TapWire.Options.named(far));
    card.attach(wire, WireEnd.A);
  }

  @AfterEach
  void removeAll() throws Exception {
    System.clearProperty("netmap4j.config");
    namespaces.close();
    if (wire != null) {
      card.attach(null, null);
      wire.close();
    }
  }

  /** Everything but one UDP port's packets passes, by NS_FORWARD; those are counted. */
  private static final class Program implements AutoCloseable {
    private final FrameHeaders headers = new FrameHeaders();
    private final NetmapPort port;
    private final Thread thread = new Thread(this::run, "program");
    private volatile boolean done;
    private volatile Throwable failure;
    volatile int datagrams;
    volatile long payload;

    Program(NetmapPort port) {
      this.port = port;
      for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
        port.rx(r).flags(Netmap.NR_FORWARD);
      }
      thread.start();
    }

    private void run() {
      try {
        while (!done) {
          int ready = port.poll(NetmapPort.POLLIN, 100);
          assertThat(ready & NetmapPort.POLLERR).isZero();
          for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
            NetmapRing rx = port.rx(r);
            int slot = rx.head();
            for (; slot != rx.tail(); slot = rx.next(slot)) {
              if (!mine(rx, slot)) {
                rx.slotFlags(slot, rx.slotFlags(slot) | Netmap.NS_FORWARD);
              }
            }
            rx.advance(slot);
          }
        }
      } catch (Throwable e) {
        failure = e;
      }
    }

    private boolean mine(NetmapRing rx, int slot) {
      headers.parse(rx.buffer(slot), rx.len(slot));
      if (!headers.ipv4() || headers.protocol() != FrameHeaders.UDP || !headers.transport()) {
        return false;
      }
      long udp = rx.buffer(slot) + headers.l4();
      int destination = Short.toUnsignedInt(Short.reverseBytes(Mem.getShort(udp + 2)));
      if (destination != UDP_PORT) {
        return false;
      }
      datagrams++;
      payload += Short.toUnsignedInt(Short.reverseBytes(Mem.getShort(udp + 4))) - 8;
      return true;
    }

    @Override
    public void close() throws Exception {
      done = true;
      port.wakeup();
      thread.join();
      assertThat(failure).isNull();
    }
  }

  @Test
  void pingDhcpAndAFilePassWhileTheProgramTakesOneUdpPort() throws Exception {
    try (NetmapPort port = Netmap.open("netmap:" + near + "*");
        Program program = new Program(port)) {
      namespaces.place(near);
      namespaces.place(far);
      namespaces.in(far, "ip addr add 192.0.2.1/24 dev " + far);
      Namespaces.await("link", () -> port.link().up());
      lease();
      namespaces.in(near, "ping -n -q -c 20 -i 0.02 -W 5 192.0.2.1");
      namespaces.in(far, "ping -n -q -c 20 -i 0.02 -W 5 -s 1472 -M do 192.0.2.77");

      Path file = folder.resolve("file");
      Path udp = folder.resolve("udp");
      String sum = namespaces.in(far, head(BYTES, file));
      namespaces.in(far, "head -c " + DATAGRAM + " /dev/urandom >" + udp);
      Process datagrams =
          namespaces.start(
              far,
              folder.resolve("udp.out"),
              "bash",
              "-c",
              "for ((i = 0; i < "
                  + DATAGRAMS
                  + "; i++)); do cat "
                  + udp
                  + " >/dev/udp/192.0.2.77/"
                  + UDP_PORT
                  + "; sleep 0.005; done");
      transfer(far, near, "192.0.2.77", file, sum);
      sum = namespaces.in(far, head(BYTES / 5, file));
      transfer(near, far, "192.0.2.1", file, sum);
      assertThat(datagrams.waitFor(30, TimeUnit.SECONDS)).isTrue();
      Namespaces.await("the datagrams", () -> program.datagrams >= DATAGRAMS);
      assertThat(program.payload).isEqualTo((long) DATAGRAMS * DATAGRAM);
      assertThat(namespaces.in(near, "nstat -asz UdpNoPorts"))
          .as("datagrams that the stack had no socket for")
          .containsPattern("UdpNoPorts +0 ");
      assertThat(port.counters())
          .containsEntry("host_rx_too_long", 0L)
          .containsEntry("unsent", 0L)
          .containsEntry("bad_slots", 0L);
    }
    assertThat(namespaces.in(near, "ip -br link")).doesNotContain(near);
  }

  /** The address comes by DHCP. */
  private void lease() throws Exception {
    Path script = folder.resolve("lease");
    Files.writeString(
        script, "#!/bin/sh\n[ \"$1\" != bound ] || ip addr add \"$ip/24\" dev \"$interface\"\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    namespaces.start(
        far,
        folder.resolve("dnsmasq.out"),
        ("dnsmasq --no-daemon --conf-file=/dev/null --port=0 --user=root --no-ping --no-resolv"
                + " --no-hosts --dhcp-authoritative --pid-file= --interface="
                + far
                + " --dhcp-leasefile="
                + folder.resolve("leases")
                + " --dhcp-range=192.0.2.77,192.0.2.77,255.255.255.0,1h")
            .split(" "));
    String said =
        namespaces.in(
            near, "udhcpc -i " + near + " -n -q -f -t 20 -T 1 -s " + script.toAbsolutePath());
    assertThat(said).contains("192.0.2.77");
    assertThat(namespaces.in(near, "ip -4 -br addr show dev " + near)).contains("192.0.2.77/24");
  }

  private static String head(long bytes, Path file) {
    return "head -c " + bytes + " /dev/urandom | tee " + file + " | sha256sum";
  }

  private void transfer(String from, String to, String address, Path file, String sum)
      throws Exception {
    Path received = folder.resolve("sum");
    Process receiver =
        namespaces.start(
            to,
            received,
            "bash",
            "-c",
            "socat -u TCP4-LISTEN:7000,reuseaddr,accept-timeout=30 STDOUT | sha256sum");
    long begin = System.nanoTime();
    namespaces.in(
        from, "socat -u OPEN:" + file + " TCP:" + address + ":7000,retry=100,interval=0.05");
    assertThat(receiver.waitFor(60, TimeUnit.SECONDS)).isTrue();
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    assertThat(Files.readString(received)).isEqualTo(sum);
    System.out.printf(
        Locale.ROOT, "%s to %s: %d bytes in %d ms%n", from, to, Files.size(file), millis);
  }

  @Test
  void theInterfaceIsTheCardsAndItsCarrierFollowsTheCards() throws Exception {
    namespaces.place(far);
    try (NetmapPort port =
        Netmap.open(
            "netmap:" + near + "^", NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.mtu(4000)))) {
      String mac = HexFormat.ofDelimiter(":").formatHex(port.nic().macAddress());
      awaitLink("LOWER_UP");
      assertThat(link()).contains("mtu 4000 ").contains(",UP,").contains("link/ether " + mac);
      assertThat(Namespaces.sh("ip", "-d", "link", "show", "dev", near))
          .contains("tun type tap pi off vnet_hdr off persist off");
      assertThat(Namespaces.sh("ethtool", "-k", near))
          .contains("\nrx-checksumming: off")
          .contains("\ntx-checksumming: off")
          .contains("\ntcp-segmentation-offload: off")
          .contains("tx-udp-segmentation: off");
      card.setLink(false);
      awaitLink("NO-CARRIER");
      card.setLink(true);
      awaitLink("LOWER_UP");
    } finally {
      card.setLink(true);
    }
    assertThat(Namespaces.exists(near)).isFalse();
  }

  private void awaitLink(String flag) throws Exception {
    for (int i = 0; i < 300 && !link().contains(flag); i++) {
      Thread.sleep(20);
    }
    assertThat(link()).contains(flag);
  }

  private String link() throws Exception {
    return Namespaces.sh("ip", "link", "show", "dev", near);
  }

  /** Opens a port and tells so. */
  static final class Holder {
    public static void main(String[] name) throws InterruptedException {
      try (NetmapPort port = Netmap.open(name[0])) {
        System.out.println("open " + port.endRxRing());
        Thread.sleep(60_000);
      }
    }
  }

  @Test
  void aKilledProcessLeavesNoInterface() throws Exception {
    Path output = folder.resolve("holder");
    ProcessBuilder builder =
        new ProcessBuilder(JavaCommand.of(Holder.class, "netmap:" + near + "^"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("NETMAP4J_CONFIG", System.getProperty("netmap4j.config"));
    Process holder = builder.start();
    try {
      Namespaces.await("the interface", () -> Namespaces.exists(near) || !holder.isAlive());
      assertThat(Namespaces.exists(near)).as(Files.readString(output)).isTrue();
    } finally {
      holder.destroyForcibly().waitFor();
    }
    Namespaces.await("no interface", () -> !Namespaces.exists(near));
  }

  /** Each flow comes to one of the rings; all together they have everything. */
  @Test
  void theKernelSpreadsFlowsOverSeveralHostRings() throws Exception {
    namespaces.place(far);
    try (NetmapPort port = Netmap.open("netmap:" + near + "^@conf:host-rings=3")) {
      assertThat(port.nifp().hostRxRings()).isEqualTo(3);
      awaitLink("LOWER_UP");
      namespaces.place(near);
      namespaces.in(
          near,
          "ip addr add 198.51.100.1/24 dev "
              + near
              + "; ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:99 dev "
              + near
              + "; for ((p = 1000; p < 1060; p++)); do echo x >/dev/udp/198.51.100.2/$p; done");
      int[] of = new int[port.endRxRing()];
      Namespaces.await("60 flows", () -> take(port, of) >= 60);
      assertThat(Arrays.stream(of).filter(n -> n > 5).count()).isEqualTo(3);
    }
  }

  private static int take(NetmapPort port, int[] of) {
    port.rxSync();
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      NetmapRing rx = port.rx(r);
      for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
        boolean udp = rx.len(rx.head()) > 40 && rx.getUnsignedByte(rx.head(), 23) == 17;
        of[r] += udp && rx.getUnsignedShort(rx.head(), 12) == 0x0800 ? 1 : 0;
      }
    }
    return Arrays.stream(of).sum();
  }

  @Test
  void nothingIsAllocatedForAFrame() throws Exception {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (NetmapPort port = Netmap.open("netmap:" + near + "^")) {
      NetmapRing tx = port.tx(1);
      byte[] frame = new byte[60]; // of a type that the kernel ignores
      Arrays.fill(frame, 0, 6, (byte) 0xff);
      frame[12] = (byte) 0x88;
      frame[13] = (byte) 0xb5;
      long before = 0;
      for (int i = 0; i < 4000; i++) {
        if (i == 2000) {
          before = threads.getThreadAllocatedBytes(self);
        }
        tx.put(tx.head(), frame);
        tx.advance(tx.next(tx.head()));
        port.txSync();
        port.rxSync();
        port.rx(1).advance(port.rx(1).tail());
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(1000);
      assertThat(port.counters()).containsEntry("host_tx", 4000L);
    }
  }

  @Test
  void anInterfaceOfThatNameIsSomebodyElses() throws Exception {
    String other = Namespaces.name("c");
    try (TapDevice taken = TapDevice.create(near)) {
      assertThatThrownBy(() -> Netmap.open("netmap:" + near + "^"))
          .hasMessageContaining("there is an interface of that name")
          .hasMessageContaining("nic." + near + ".tap = IFNAME in netmap4j.properties");
      assertThat(Netmap.isOpen("netmap:" + near)).isFalse();
      Path config = Path.of(System.getProperty("netmap4j.config"));
      Files.writeString(
          config, Files.readString(config) + "nic." + near + ".tap = " + other + "\n");
      try (NetmapPort port = Netmap.open("netmap:" + near + "^");
          NetmapPort second = Netmap.open("netmap:" + near + "*")) {
        assertThat(Namespaces.exists(other)).isTrue();
        assertThat(second.endRxRing()).isEqualTo(port.endRxRing());
      }
      assertThat(Namespaces.exists(other)).isFalse();
      assertThat(taken.isUp()).isFalse();
    }
  }

  /** Whoever deletes the interface ends the host rings, not the card. */
  @Test
  void anInterfaceThatSomebodyRemovesIsAnErrorOfTheHostRingsOnly() throws Exception {
    namespaces.place(far);
    try (NetmapPort port = Netmap.open("netmap:" + near + "^");
        NetmapPort nic = Netmap.open("netmap:" + near)) {
      awaitLink("LOWER_UP");
      Namespaces.sh("ip", "link", "del", near);
      assertThat(port.poll(NetmapPort.POLLIN, 5000)).isEqualTo(NetmapPort.POLLERR);
      assertThat(port.rxSync()).isEqualTo(Errno.EIO);
      assertThat(nic.rxSync()).isZero();
    }
  }
}

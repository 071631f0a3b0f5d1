package io.netmap4j.compat.nic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicBackend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag(SuiteRunner.TAG)
@Timeout(60)
class CompatProviderTest {
  /** With no port open. */
  private static int freeBuffers;

  private static final NetmapPort.Request TWO_TX_THREE_RX =
      NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.rings(2, 3).slots(64, 64));

  @TempDir Path folder;

  @BeforeAll
  static void count() {
    freeBuffers = NetmapMemory.shared().freeBuffers();
  }

  @AfterEach
  void nothingIsLeftOpen() {
    System.clearProperty("netmap4j.config");
    assertThat(FakeBackend.OPEN).isEmpty();
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

  @ParameterizedTest
  @CsvSource({
    "fake0, 0, 2, 0, 3",
    "fake0-1, 1, 2, 1, 2",
    "fake0-2, 0, 1, 2, 3",
    "fake0/R, 0, 0, 0, 3",
    "fake0/T, 0, 2, 0, 0",
    "fake0/RT, 0, 0, 0, 0",
    "fake0-1/R, 0, 0, 1, 2",
  })
  void bindsTheRingsThatNetmapBinds(String name, int txFirst, int txEnd, int rxFirst, int rxEnd) {
    try (NetmapPort port = Netmap.open("netmap:" + name, TWO_TX_THREE_RX)) {
      assertThat(
              new int[] {
                port.firstTxRing(), port.endTxRing(), port.firstRxRing(), port.endRxRing()
              })
          .containsExactly(txFirst, txEnd, rxFirst, rxEnd);
      assertThat(port.nifp().name()).isEqualTo("fake0");
      assertThat(port.nifp().txRings()).isEqualTo(2);
    }
  }

  @Test
  void tellsWhetherADeviceIsOpen() {
    assertThat(Netmap.isOpen("netmap:fake1")).isFalse();
    try (NetmapPort port = Netmap.open("netmap:fake1")) {
      assertThat(port.rx(0).isEmpty()).isTrue();
      assertThat(Netmap.isOpen("netmap:fake1/R")).isTrue();
      assertThat(Netmap.isOpen("netmap:fake0")).isFalse();
    }
    assertThat(Netmap.isOpen("netmap:fake1")).isFalse();
    assertThat(Netmap.isOpen("netmap:nothing")).isFalse();
    assertThat(Netmap.isOpen("netmap:")).isFalse();
    assertThat(Netmap.isOpen("eth0")).isFalse();
  }

  @Test
  void aRingBeyondBothDirectionsIsRefusedAndTheDeviceGivenBack() {
    assertThatThrownBy(() -> Netmap.open("netmap:fake0-3", TWO_TX_THREE_RX))
        .hasMessage("netmap:fake0-3: no ring 3: there are 2 tx and 3 rx rings, from 0");
  }

  @Test
  void portsOfOneDeviceShareItsRings() {
    try (NetmapPort a = Netmap.open("netmap:fake0-0", TWO_TX_THREE_RX);
        NetmapPort b = Netmap.open("netmap:fake0-0")) {
      assertThat(a.tx(0).address()).isEqualTo(b.tx(0).address());
      assertThat(a.nifp().address()).isNotEqualTo(b.nifp().address());
    }
  }

  @Test
  void exclusiveRingsAreExclusiveOneByOne() {
    try (NetmapPort a = Netmap.open("netmap:fake0-0/x", TWO_TX_THREE_RX);
        NetmapPort b = Netmap.open("netmap:fake0-1/x")) {
      assertThat(a.name() + b.name()).isEqualTo("fake0fake0");
      assertThatThrownBy(() -> Netmap.open("netmap:fake0-0"))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EBUSY))
          .hasMessageContaining("held exclusively");
      try (NetmapPort c = Netmap.open("netmap:fake0-2/R")) {
        assertThat(errnoOf("netmap:fake0-2/xR", NetmapPort.Request.DEFAULT)).isEqualTo(Libc.EBUSY);
        assertThat(c.endRxRing()).isEqualTo(3);
      }
    }
    try (NetmapPort again = Netmap.open("netmap:fake0/x")) {
      assertThat(again.endTxRing()).isEqualTo(1);
    }
  }

  @Test
  void framesCrossTheCableAndExtraBuffersComeAlong() {
    try (NetmapPort a = Netmap.open("netmap:fake0", NetmapPort.Request.DEFAULT.extraBuffers(10));
        NetmapPort b = Netmap.open("netmap:fake1")) {
      assertThat(a.extraBuffers()).isEqualTo(10);
      a.tx(0).put(0, new byte[] {1, 2, 3});
      a.tx(0).advance(1);
      assertThat(a.txSync()).isZero();
      assertThat(b.poll(NetmapPort.POLLIN, 1000)).isEqualTo(NetmapPort.POLLIN);
      assertThat(b.rx(0).get(0)).containsExactly(1, 2, 3);
    }
  }

  @Test
  void aRegionOfOnesOwnIsUsedAndMustBeTheSameForEveryPort() {
    NetmapMemory mine = NetmapMemory.create(MemoryOptions.DEFAULT.buffers(4096, 2048));
    NetmapPort.Request request = NetmapPort.Request.DEFAULT.region(mine);
    try (NetmapPort a = Netmap.open("netmap:fake0", request)) {
      assertThat(a.memory()).isSameAs(mine);
      try (NetmapPort same = Netmap.open("netmap:fake0@" + mine.memId())) {
        assertThat(same.memory()).isSameAs(mine);
      }
      assertThat(errnoOf("netmap:fake0", request.region(NetmapMemory.shared())))
          .isEqualTo(Libc.EINVAL);
      assertThat(errnoOf("netmap:fake0@" + (mine.memId() + 1), request)).isEqualTo(Libc.EINVAL);
    }
    mine.close();
  }

  @Test
  void aDeviceThatIsOpenIsNotSetUpOtherwise() {
    NicOptions options = NicOptions.DEFAULT.rings(2, 3).waitMode(WaitMode.SPIN);
    NetmapPort.Request request = NetmapPort.Request.DEFAULT;
    try (NetmapPort a = Netmap.open("netmap:fake0", request.nic(options));
        NetmapPort same = Netmap.open("netmap:fake0", request.nic(options.rings(2, 3)));
        NetmapPort any = Netmap.open("netmap:fake0")) {
      assertThat(same.endRxRing()).isEqualTo(any.endRxRing());
      NetmapPort.Request other = request.nic(NicOptions.DEFAULT.rings(2, 3).mtu(9000));
      assertThat(errnoOf("netmap:fake0", other)).isEqualTo(Libc.EBUSY);
      assertThatThrownBy(() -> Netmap.open("netmap:fake0", other))
          .hasMessageContaining(
              "is open already, with mtu = 1500 and not 9000, wait = spin and not")
          .hasMessageContaining("wait = spin and not adaptive; give the same settings");
      assertThat(a.txSync()).isZero();
    }
    Netmap.open("netmap:fake0", request.nic(NicOptions.DEFAULT.mtu(9000))).close();
  }

  @Test
  void aClosedRegionIsRefusedAndTheDeviceGivenBack() {
    NetmapMemory mine = NetmapMemory.create(MemoryOptions.DEFAULT.buffers(4096, 2048));
    mine.close();
    assertThat(errnoOf("netmap:fake0", NetmapPort.Request.DEFAULT.region(mine)))
        .isEqualTo(Libc.EBADF);
    Netmap.open("netmap:fake0").close();
  }

  @Test
  void shareMeansTheMemoryOfAnotherPort() {
    try (NetmapPort a = Netmap.open("netmap:fake0@share=netmap:fake1")) {
      assertThat(a.memory()).isSameAs(NetmapMemory.shared());
    }
    NetmapMemory mine = NetmapMemory.create(MemoryOptions.DEFAULT.buffers(4096, 2048));
    NetmapPort.Request request = NetmapPort.Request.DEFAULT.region(mine);
    try (NetmapPort a = Netmap.open("netmap:fake0", request);
        NetmapPort b = Netmap.open("netmap:fake1@share=netmap:fake0-1/x", request)) {
      assertThat(b.memory()).isSameAs(a.memory());
      try (NetmapPort c = Netmap.open("netmap:0000:03:00.0@share=netmap:fake0")) {
        assertThat(c.memory()).isSameAs(mine);
      }
      try (NetmapPort c = Netmap.open("netmap:0000:03:00.0")) {
        assertThatThrownBy(() -> Netmap.open("netmap:0000:03:00.0@share=netmap:fake0"))
            .hasMessageContaining("mem_id " + mine.memId() + " was asked for");
      }
      assertThatThrownBy(() -> Netmap.open("netmap:fake1@60000@share=netmap:fake0"))
          .hasMessageContaining("cannot set mem_id to " + mine.memId() + ", already set to 60000");
      assertThat(errnoOf("netmap:fake0@share=netmap:nobody", request)).isEqualTo(Libc.ENXIO);
    }
    mine.close();
  }

  @Test
  void namesThatNobodyHasListThoseThatExist() {
    assertThatThrownBy(() -> Netmap.open("netmap:eth9"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENXIO))
        .hasMessageStartingWith(
            "netmap:eth9: no such port; known names: 0000:03:00.0, 0000:03:00.1, fake0, fake1");
    assertThat(errnoOf("eth9", NetmapPort.Request.DEFAULT)).isEqualTo(Libc.EINVAL);
  }

  @Test
  void namesThatNobodyHasComeWithWhatMayHelp() throws Exception {
    Path net = Files.createDirectories(folder.resolve("net"));
    Path function = Files.createDirectories(folder.resolve("devices/0000:03:00.1"));
    Files.createSymbolicLink(
        Files.createDirectory(net.resolve("eth0")).resolve("device"), function);
    Files.createDirectory(net.resolve("lo"));
    List<NicBackend> backends = List.of(new FakeBackend());
    assertThat(Nics.advice(net, "eth0", backends))
        .contains("eth0 belongs to a kernel driver")
        .contains("'sudo netmap4j bind --vfio 0000:03:00.1'")
        .contains("'nic.eth0 = vfio:0000:03:00.1'");
    assertThat(Nics.advice(net, "0000:04:00.0", backends))
        .contains("bind --vfio 0000:04:00.0'", "'nic.NAME = vfio:0000:04:00.0'");
    assertThat(Nics.advice(net, "lan", backends))
        .contains("bind --vfio ADDRESS'", "'nic.lan = vfio:ADDRESS'");
    assertThat(Nics.advice(net, "lo", backends)).contains("without a PCI device");
    assertThat(Nics.advice(net, "model0", backends)).contains("nic-model", "not on the class path");
    assertThat(Nics.advice(net, "model0", List.of())).contains("no backend is on the class path");
  }

  @Test
  void pciAddressesAreNamesAndSayWhatIsMissing() {
    try (NetmapPort port = Netmap.open("netmap:0000:03:00.0-0")) {
      assertThat(port.name()).isEqualTo("0000:03:00.0");
    }
    assertThatThrownBy(() -> Netmap.open("netmap:0000:03:00.1"))
        .hasMessage(
            "netmap:0000:03:00.1: cannot be opened yet: fake: bound to ixgbe: unbind it; nic.NAME in netmap4j.properties chooses between vfio: and uio:");
  }

  @Test
  void whenAStepFailsTheDeviceIsGivenBack() {
    assertThatThrownBy(() -> Netmap.open("netmap:fake2"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENXIO))
        .hasMessageContaining("fake:2 is 9999:0001, which no driver on the class path claims")
        .hasMessageContaining("fakedriver");
    assertThat(errnoOf("netmap:fake3", NetmapPort.Request.DEFAULT)).isEqualTo(Libc.EOPNOTSUPP);
    assertThat(errnoOf("netmap:fake4", NetmapPort.Request.DEFAULT)).isEqualTo(Libc.EIO);
    NicOptions huge = NicOptions.DEFAULT.slots(1 << 20, 64);
    assertThat(errnoOf("netmap:fake0", NetmapPort.Request.DEFAULT.nic(huge)))
        .isEqualTo(Libc.ENOMEM);
  }

  @Test
  void aliasesAndOptionsComeFromTheFileAndTheProgramOverridesThem() throws Exception {
    Path file = folder.resolve("netmap4j.properties");
    Files.writeString(
        file, "nic.lan = fake:0\nnic.lan.rings = 3\nnic.lan.slots = 64\nnic.bad = nope:0\n");
    System.setProperty("netmap4j.config", file.toString());
    try (NetmapPort lan = Netmap.open("netmap:lan");
        NetmapPort same = Netmap.open("netmap:fake0")) {
      assertThat(lan.endTxRing()).isEqualTo(3);
      assertThat(lan.tx(0).address()).isEqualTo(same.tx(0).address());
    }
    try (NetmapPort lan = Netmap.open("netmap:lan", TWO_TX_THREE_RX)) {
      assertThat(lan.endTxRing()).isEqualTo(2);
    }
    assertThatThrownBy(() -> Netmap.open("netmap:bad"))
        .hasMessageContaining(
            file + ": nic.bad: no backend for 'nope:' on the class path, only: fake");
  }

  @Test
  void threadsThatOpenAndCloseAtOnceAlwaysShareOneDevice() throws Exception {
    int threads = 8;
    int rounds = 300;
    int before = FakeDriver.STARTS.get();
    CyclicBarrier together = new CyclicBarrier(threads);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        all.add(
            pool.submit(
                () -> {
                  together.await();
                  for (int i = 0; i < rounds; i++) {
                    try (NetmapPort port = Netmap.open("netmap:fake0", TWO_TX_THREE_RX)) {
                      assertThat(port.txSync()).isZero();
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(FakeDriver.STARTS.get() - before).isBetween(1, threads * rounds);
  }
}

package io.netmap4j.compat.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.TapDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Monitors of host rings. */
@Timeout(60)
class HostMonitorTest {
  private final String name = "nm" + ProcessHandle.current().pid() + "m";

  @TempDir Path folder;

  @BeforeEach
  void needsRoot() throws Exception {
    try {
      TapDevice.create(name).close();
    } catch (LinuxException e) {
      assumeTrue(e.errno() == Libc.EBUSY, "skipped: " + e.getMessage());
      throw e;
    }
    Path config = folder.resolve("netmap4j.properties");
    Files.writeString(config, "nic." + name + " = fake:0\n");
    System.setProperty("netmap4j.config", config.toString());
  }

  @AfterEach
  void nothingIsLeft() {
    System.clearProperty("netmap4j.config");
    assertThat(Path.of("/sys/class/net", name)).doesNotExist();
  }

  private static int send(NetmapPort port, int ring, int number) {
    NetmapRing tx = port.tx(ring);
    tx.put(tx.head(), HostRig.frame(number, 60));
    tx.advance(tx.next(tx.head()));
    return port.txSync();
  }

  @Test
  void theRingsThatAreMeantAreShown() {
    try (NetmapPort port = Netmap.open("netmap:" + name + "*");
        NetmapPort host = Netmap.open("netmap:" + name + "^/t");
        NetmapPort one = Netmap.open("netmap:" + name + "^0/z");
        NetmapPort card = Netmap.open("netmap:" + name + "/t");
        NetmapPort both = Netmap.open("netmap:" + name + "*/t")) {
      assertThat(host.firstRxRing()).isEqualTo(1);
      assertThat(both.endRxRing()).isEqualTo(2);
      assertThat(send(port, 0, 1)).isZero();
      assertThat(send(port, 1, 2)).isZero();
      for (NetmapPort monitor : new NetmapPort[] {host, one, card, both}) {
        assertThat(monitor.rxSync()).isZero();
      }
      assertThat(host.rx(1).get(0)).isEqualTo(HostRig.frame(2, 60));
      assertThat(one.rx(1).get(0)).isEqualTo(HostRig.frame(2, 60));
      assertThat(card.rx(0).get(0)).isEqualTo(HostRig.frame(1, 60));
      assertThat(both.rx(0).get(0)).isEqualTo(HostRig.frame(1, 60));
      assertThat(both.rx(1).get(0)).isEqualTo(HostRig.frame(2, 60));
      assertThat(host.rx(1).space() + one.rx(1).space() + card.rx(0).space()).isEqualTo(3);
      assertThat(both.counters())
          .containsEntry("monitor_packets", 1L)
          .containsEntry("host_monitor_packets", 1L);
      assertThat(both.rx(1).slotFlags(0) & Netmap.NS_TXMON).isNotZero();
    }
  }

  @Test
  void hostRingsThatNobodyHasOpenedCannotBeMonitored() {
    try (NetmapPort port = Netmap.open("netmap:" + name)) {
      Netmap.open("netmap:" + name + "^/r").close();
      throw new AssertionError("opened beside " + port.name());
    } catch (NetmapException e) {
      assertThat(e.errno()).isEqualTo(Libc.EINVAL);
      assertThat(e).hasMessageContaining("are not open: open them before their monitor");
    }
  }
}

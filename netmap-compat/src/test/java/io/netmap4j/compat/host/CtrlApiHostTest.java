package io.netmap4j.compat.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.Nm;
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

/**
 * The cases of netmap's utils/ctrl-api-test.c about host rings, by their numbers there, on a card
 * of two TX and three RX rings. Like those: what is asked for is what there is.
 */
@Timeout(60)
class CtrlApiHostTest {
  private static final NetmapPort.Request CARD =
      NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.rings(2, 3).slots(64, 128));

  private final String name = "nm" + ProcessHandle.current().pid() + "h";

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

  private NetmapPort open(NetmapPort.Request request) {
    return Netmap.open("netmap:" + name, request);
  }

  private static void check(NetmapPort port, int hostTx, int hostRx, int... bound) {
    assertThat(port.memory().size()).isPositive();
    assertThat(port.nifp().txRings()).isEqualTo(2);
    assertThat(port.nifp().rxRings()).isEqualTo(3);
    assertThat(port.nifp().hostTxRings()).isEqualTo(hostTx);
    assertThat(port.nifp().hostRxRings()).isEqualTo(hostRx);
    assertThat(port.firstTxRing()).isEqualTo(bound[0]);
    assertThat(port.endTxRing()).isEqualTo(bound[1]);
    assertThat(port.firstRxRing()).isEqualTo(bound[2]);
    assertThat(port.endRxRing()).isEqualTo(bound[3]);
    // ring_ofs[] is 0 for what is not bound, host rings behind the device's (docs/netmap-abi.md
    // 4.2)
    for (int i = 0; i < 2 + hostTx; i++) {
      assertThat(port.nifp().ringOfs(i) != 0).isEqualTo(i >= bound[0] && i < bound[1]);
    }
    for (int i = 0; i < 3 + hostRx; i++) {
      assertThat(port.nifp().ringOfs(2 + hostTx + i) != 0).isEqualTo(i >= bound[2] && i < bound[3]);
    }
    for (int i = bound[0]; i < bound[1]; i++) {
      assertThat(port.tx(i).ringId()).isEqualTo(i);
      assertThat(port.tx(i).numSlots()).isEqualTo(64);
    }
    for (int i = bound[2]; i < bound[3]; i++) {
      assertThat(port.rx(i).ringId()).isEqualTo(i);
      assertThat(port.rx(i).numSlots()).isEqualTo(128);
    }
  }

  @Test
  void cat02_portRegisterHwallHost() {
    try (NetmapPort port = open(CARD.mode(Netmap.NR_REG_NIC_SW, 0))) {
      check(port, 1, 1, 0, 3, 0, 4);
    }
    try (NetmapPort port = Netmap.open("netmap:" + name + "*", CARD)) {
      check(port, 1, 1, 0, 3, 0, 4);
    }
  }

  @Test
  void cat04_portRegisterHostall() {
    try (NetmapPort port = open(CARD.mode(Netmap.NR_REG_SW, 0))) {
      check(port, 1, 1, 2, 3, 3, 4);
    }
  }

  @Test
  void cat06_portRegisterSingleHostPair() {
    NetmapPort.Request two = CARD.counts(RingCounts.DEFAULT.hostRings(2, 2));
    try (NetmapPort port = open(two.mode(Netmap.NR_REG_ONE_SW, 1))) {
      check(port, 2, 2, 3, 4, 4, 5);
      // The counts matter at the first open only; what there is holds.
      try (NetmapPort other = Netmap.open("netmap:" + name + "^0@conf:host-rings=7")) {
        check(other, 2, 2, 2, 3, 3, 4);
      }
      assertThatThrownBy(() -> Netmap.open("netmap:" + name + "^2"))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL));
    }
  }

  @Test
  void cat07_portRegisterHostallMany() {
    NetmapPort.Request many = CARD.counts(RingCounts.DEFAULT.hostRings(5, 4));
    try (NetmapPort port = open(many.mode(Netmap.NR_REG_SW, 0))) {
      check(port, 5, 4, 2, 7, 3, 7);
    }
  }

  @Test
  void cat44_legacyRegifSw() {
    Nm nm = Nm.nmOpen("netmap:" + name + "^", CARD);
    try {
      check(nm.port(), 1, 1, 2, 3, 3, 4);
    } finally {
      nm.nmClose();
    }
  }

  @Test
  void moreRingsThanAnInterfaceHasQueuesAreRefused() {
    NetmapPort.Request many = CARD.counts(RingCounts.DEFAULT.hostRings(257, 1));
    assertThatThrownBy(() -> open(many.mode(Netmap.NR_REG_SW, 0)))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL))
        .hasMessageContaining("257 and 1 host rings: an interface has at most 256 queues");
  }

  /** Opened before there were host rings, and after. */
  @Test
  void hostRingsComeToACardThatIsOpenAndStayWithIt() {
    try (NetmapPort nic = open(CARD)) {
      check(nic, 1, 1, 0, 2, 0, 3);
      try (NetmapPort host = Netmap.open("netmap:" + name + "^")) {
        check(host, 1, 1, 2, 3, 3, 4);
      }
      assertThat(Path.of("/sys/class/net", name)).exists();
    }
  }
}

package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ScriptedCopper.X540;
import static io.netmap4j.ixgbe.ScriptedCopper.X550;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.SuiteRunner;
import io.netmap4j.TestPorts;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** X540 and X550, word by word, on a card of the test's. */
@Timeout(60)
@Tag("once")
@Tag(SuiteRunner.TAG)
@Order(9)
class CopperTest {
  private static final NicOptions NIC = NicOptions.DEFAULT.slots(64, 64);
  private static final int TRIES = IxgbeSemaphores.tries;
  private final Region region = Region.create(MemoryOptions.DEFAULT.buffers(1024, 2048));

  @BeforeAll
  static void hurry() {
    IxgbeSemaphores.tries = 20;
  }

  @AfterAll
  static void asBefore() {
    IxgbeSemaphores.tries = TRIES;
  }

  @AfterEach
  void close() {
    region.close();
  }

  private NetmapPort open(ScriptedCopper card, NicOptions options) {
    RingSet rings = RingSet.start(new IxgbeDriver().attach(card, region, options), region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(all);
    return TestPorts.open(card.name(), rings, all, NetmapPort.Request.DEFAULT);
  }

  private void refused(ScriptedCopper card, NicOptions options, String... why) {
    assertThatThrownBy(() -> open(card, options).close())
        .isInstanceOf(io.netmap4j.common.NetmapException.class)
        .message()
        .contains(why)
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @CsvSource({"0x1528, false", "0x1560, true", "0x15d1, false"})
  void aSleepingPhyIsWokenAndNegotiates(String id, boolean lan1) {
    ScriptedCopper card = new ScriptedCopper(Integer.decode(id));
    card.lan1 = lan1;
    card.phy(30, 0, 0x0801); // low power, and a bit that is not ours
    try (NetmapPort port = open(card, NIC)) {
      assertEquals(new LinkState(true, 10_000), port.link());
      assertEquals(1, card.phy(30, 0));
      assertEquals(0x1000, card.phy(7, 0x20), "10G");
      assertEquals(0x0101, card.phy(7, 0x10), "100M, no half duplex, no pauses");
      assertEquals(1, card.restarts);
      assertEquals(384 << 10, card.read32(Reg.rxpbsize(0)));
    }
    assertEquals("", card.leftOver());
    assertThat(card.resets).isPositive();
  }

  @Test
  void twoAndAHalfAndFiveGigabitsAreAnX550sAndOnlyOnRequest() {
    ScriptedCopper x550 = new ScriptedCopper(X550);
    open(x550, NIC).close();
    assertEquals(0x8040, x550.phy(7, 0xc400), "1G alone");
    ScriptedCopper x540 = new ScriptedCopper(X540);
    open(x540, NIC).close();
    assertEquals(0x8c40, x540.phy(7, 0xc400), "what is not an X540's stays");
  }

  @ParameterizedTest
  @CsvSource({"0x1528, 1000", "0x1528, 100", "0x1563, 2500", "0x1563, 5000"})
  void aSpeedIsAdvertisedAlone(String id, int mbits) {
    ScriptedCopper card = new ScriptedCopper(Integer.decode(id));
    try (NetmapPort port = open(card, NIC.speed(mbits))) {
      assertEquals(new LinkState(true, mbits), port.link());
      int offers =
          Integer.bitCount(card.phy(7, 0x20) & 0x1000)
              + Integer.bitCount(
                  card.phy(7, 0xc400) & (card.id().device() == X550 ? 0x8c00 : 0x8000))
              + Integer.bitCount(card.phy(7, 0x10) & 0x0180);
      assertEquals(1, offers);
    }
    assertEquals("", card.leftOver());
  }

  @Test
  void aSpeedThatTheChipHasNotIsRefused() {
    refused(new ScriptedCopper(X540), NIC.speed(2_500), "speed = 2500", "X540", "100, 1000, 10000");
  }

  @Test
  void aLinkThatIsAsWantedIsLeftAlone() {
    ScriptedCopper card = new ScriptedCopper(X540);
    open(card, NIC).close();
    open(card, NIC).close();
    assertEquals(1, card.restarts);
    card.link(0);
    open(card, NIC).close();
    assertEquals(2, card.restarts);
    open(card, NIC.speed(1_000)).close();
    assertEquals(3, card.restarts, "what it offers has changed");
    assertEquals("", card.leftOver());
  }

  @Test
  void theFirmwaresVetoIsHeeded() {
    ScriptedCopper card = new ScriptedCopper(X540);
    card.write32(Reg.MMNGC, 1);
    open(card, NIC).close();
    assertEquals(0, card.restarts);
  }

  @Test
  void noPhy() {
    ScriptedCopper card = new ScriptedCopper(X540);
    card.phyAddress = 99;
    refused(card, NIC, "no PHY answers", "switch the machine off");
    assertEquals("", card.leftOver());
  }

  @Test
  void overTemperatureTakesThePortDownUntilItIsReset() {
    ScriptedCopper card = new ScriptedCopper(X540);
    try (NetmapPort port = open(card, NIC)) {
      assertTrue(port.link().up());
      card.phy(30, 0xcc00, 1 << 14);
      card.link(0);
      assertFalse(port.link().up());
      card.link(10_000);
      assertFalse(port.link().up(), "a link that comes back by itself");
      card.phy(30, 0xcc00, 0);
      port.nic().reset();
      assertTrue(port.link().up());
    }
    assertEquals("", card.leftOver());
  }

  @Test
  void aHotPhyIsNotStarted() {
    ScriptedCopper card = new ScriptedCopper(X550);
    card.phy(30, 0xcc00, 1 << 4);
    card.phy(30, 0xc850, 0x8007);
    card.link(10_000);
    try (NetmapPort port = open(card, NIC)) {
      assertFalse(port.link().up());
      assertEquals(0, card.restarts);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {X540, X550})
  void aDamagedNvmIsRefused(int id) {
    ScriptedCopper card = new ScriptedCopper(id);
    card.nvm[0x101]++;
    refused(card, NIC, "checksum", "nvmupdate");
    assertEquals("", card.leftOver());
  }

  @Test
  void anX550InRecoveryIsRefused() {
    ScriptedCopper card = new ScriptedCopper(X550);
    card.write32(Reg.FWSM, 1 << 15 | 1 << 5);
    refused(card, NIC, "recovery mode", "nvmupdate");
  }

  @Test
  void anX550sFirmwareReadsTheNvmAndStopsTheReceiver() {
    ScriptedCopper card = new ScriptedCopper(X550);
    card.write32(Reg.RXCTRL, 1); // left by the last user
    card.write32(Reg.RDRXCTL, card.read32(Reg.RDRXCTL) | 3 << 28);
    card.write32(Reg.DMATXCTL, 3 << 5);
    try (NetmapPort port = open(card, NIC.rings(1, 4))) {
      assertEquals(0xde, card.commands.get(0));
      assertThat(card.commands).contains(0x31);
      assertEquals(0, card.read32(Reg.RDRXCTL) & 3 << 28, "malicious-driver detection, receive");
      assertEquals(1, card.read32(Reg.DMATXCTL) & (3 << 5 | 1), "and transmit");
      assertEquals(0x03020100, card.read32(Reg.ereta(95)));
      assertEquals(1, card.read32(Reg.RXCTRL));
      int[] table = new int[512];
      table[511] = 3;
      port.nic().rss(new byte[40], table);
      assertEquals(3 << 24, card.read32(Reg.ereta(95)));
      port.nic().rss(new byte[40], new int[128]);
      assertEquals(0, card.read32(Reg.ereta(95)));
      assertThatThrownBy(() -> port.nic().rss(new byte[40], new int[256]))
          .hasMessageContaining("128 or 512");
    }
    assertEquals(0xde, card.commands.get(card.commands.size() - 1));
    assertEquals("", card.leftOver());
  }

  @Test
  void anX550WithoutAFirmwareThatAnswersIsRefused() {
    ScriptedCopper card = new ScriptedCopper(X550);
    card.firmwareAnswers = false;
    refused(card, NIC, "firmware does not answer");
    assertEquals("", card.leftOver());
  }

  @Test
  void anX550WhoseFirmwareRefusesIsRefused() {
    ScriptedCopper card = new ScriptedCopper(X550);
    card.firmwareRefuses = true;
    refused(card, NIC, "firmware does not answer");
    assertEquals("", card.leftOver());
  }

  @Test
  void theNvmWaitsForTheFlash() {
    ScriptedCopper card = new ScriptedCopper(X540);
    card.flash = 60;
    IxgbeSemaphores.tries = TRIES;
    open(card, NIC).close();
    hurry();
    assertEquals("", card.leftOver());
  }

  /** REGSMP with SMBI; the bit of a PHY. */
  @ParameterizedTest
  @CsvSource({"1, 0x80000000", "0, 2"})
  void whatAKilledProcessHeldIsTakenOver(int swsm, String gssr) {
    ScriptedCopper card = new ScriptedCopper(X540);
    card.swsm = swsm;
    card.gssr = Integer.parseUnsignedInt(gssr.replace("0x", ""), 16);
    try (NetmapPort port = open(card, NIC)) {
      assertTrue(port.link().up());
    }
    assertEquals("", card.leftOver());
  }

  @ParameterizedTest
  @CsvSource({"0x151c, TN1010", "0x1558, QSFP", "0x154f, LCO", "0x15ad, X552", "0x15c8, X553"})
  void idsWithoutASetUpAreRefusedByName(String id, String name) {
    ScriptedCopper card = new ScriptedCopper(Integer.decode(id));
    refused(card, NIC, name, "does not set up", "network interface");
    assertEquals(0, card.resets);
  }
}

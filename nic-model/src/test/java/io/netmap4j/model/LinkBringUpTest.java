package io.netmap4j.model;

import static io.netmap4j.model.LinkRig.AN_RESTART;
import static io.netmap4j.model.LinkRig.LASER_OFF;
import static io.netmap4j.model.LinkRig.LMS;
import static io.netmap4j.model.LinkRig.LRST;
import static io.netmap4j.model.LinkRig.LSC;
import static io.netmap4j.model.LinkRig.RST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.Rates;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From reset to carrier, as Linux, DPDK, FreeBSD, iPXE, ixy and Snabb go (docs/82599.md 12). */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class LinkBringUpTest {
  /** The link in an NVM's mode, before any driver: 10G serial on a board with a cage only. */
  @ParameterizedTest
  @CsvSource({"0,2", "1,0", "2,2", "3,3", "4,0", "5,0", "6,0", "7,0"})
  void theModeOfTheNvmDecidesUntilSomebodyWritesAutoc(int lms, int speed) {
    try (LinkRig rig = new LinkRig("lms=" + lms)) {
      assertThat(rig.speed()).isEqualTo(speed);
      // LX ixgbe_setup_sfp_modules_82599.
      assertThat(rig.protectedAutoc(rig.read("AUTOC") & ~LMS | 3 << 13)).isTrue();
      assertThat(rig.speed()).isEqualTo(3);
      rig.set("CTRL", RST);
      assertThat(rig.read("AUTOC") >> 13 & 7).as("loaded again").isEqualTo(lms);
      assertThat(rig.speed()).isEqualTo(speed);
    }
  }

  @Test
  void aDisabledLinkIsDownUntilTheDriverLiftsItAndAgainAfterAReset() {
    try (LinkRig rig = new LinkRig("link-disabled")) {
      assertThat(rig.up()).isFalse();
      rig.pipelineReset();
      assertThat(rig.up()).isTrue();
      rig.set("CTRL", RST);
      assertThat(rig.up()).isFalse();
      // Snabb writes AUTOC2 whole.
      rig.write("AUTOC2", 0);
      assertThat(rig.up()).as("KR is not SFI").isFalse();
      rig.set("AUTOC2", 0x20000);
      assertThat(rig.up()).isTrue();
    }
  }

  @Test
  void aLinkThatWantsARestartComesByAnRestartOrLrstAndNotByRst() {
    try (LinkRig rig = new LinkRig("start=restart")) {
      assertThat(rig.up()).isFalse();
      rig.set("CTRL", RST); // TinyNF
      assertThat(rig.up()).isFalse();
      rig.set("AUTOC", AN_RESTART); // ixy
      assertThat(rig.up()).isTrue();
      rig.set("CTRL", RST);
      assertThat(rig.up()).as("a running link stays").isTrue();
    }
    try (LinkRig rig = new LinkRig("start=restart")) {
      rig.set("CTRL", RST | LRST); // iPXE
      assertThat(rig.up()).isTrue();
    }
  }

  @Test
  void anotherModeWaitsForTheRestart() {
    try (LinkRig rig = new LinkRig("start=restart,lms=0")) {
      rig.set("CTRL", LRST);
      assertThat(rig.speed()).isEqualTo(2);
      rig.set("AUTOC", 3 << 13);
      assertThat(rig.speed()).as("written, not restarted").isEqualTo(2);
      rig.set("AUTOC", AN_RESTART);
      assertThat(rig.speed()).isEqualTo(3);
      rig.set("CTRL", RST);
      assertThat(rig.up()).as("the NVM's mode is not the one that was started").isFalse();
    }
  }

  @Test
  void onlyAPipelineResetWillDo() {
    try (LinkRig rig = new LinkRig("start=pipeline")) {
      rig.set("AUTOC", AN_RESTART); // ixy, Snabb
      rig.set("CTRL", LRST);
      assertThat(rig.up()).isFalse();
      assertThat(rig.pipelineReset()).isTrue();
      assertThat(rig.up()).isTrue();
      rig.set("CTRL", LRST);
      assertThat(rig.up()).as("LX does it before its reset").isTrue();
    }
    try (LinkRig rig = new LinkRig("start=pipeline")) {
      int autoc = rig.read("AUTOC") | AN_RESTART;
      rig.write("AUTOC", autoc ^ 4 << 13);
      assertThat(rig.read("ANLP1") & 0xF0000).isZero();
      rig.write("AUTOC", autoc);
      assertThat(rig.up()).as("nobody waited for the arbitration").isFalse();
    }
  }

  @Test
  void aWedgedLinkWantsLrst() {
    try (LinkRig rig = new LinkRig("start=lrst")) {
      rig.set("CTRL", RST);
      rig.pipelineReset();
      assertThat(rig.up()).isFalse();
      rig.reset();
      assertThat(rig.up()).isTrue();
    }
  }

  @Test
  void withoutTheLaserBothEndsAreDark() {
    try (LinkRig rig = new LinkRig("module=10g-sr")) {
      assertThat(rig.up()).isTrue();
      rig.set("ESDP", LASER_OFF); // LX ixgbe_disable_tx_laser_multispeed_fiber
      assertThat(rig.up()).isFalse();
      assertThat(rig.caused(LSC)).isTrue();
      rig.clear("ESDP", LASER_OFF);
      assertThat(rig.up()).isTrue();
    }
  }

  @Test
  void aSlowPartnerTakesItsTimeAfterEachStartAndNotAfterRst() {
    try (LinkRig rig = new LinkRig("slow=300")) {
      assertThat(rig.up()).isFalse();
      rig.pass(299);
      assertThat(rig.up()).isFalse();
      rig.pass(1);
      assertThat(rig.up()).isTrue();
      rig.set("CTRL", RST);
      assertThat(rig.up()).isTrue();
      rig.set("CTRL", LRST);
      assertThat(rig.up()).isFalse();
      rig.pass(300);
      assertThat(rig.up()).isTrue();
      rig.caused(-1);
      rig.set("ESDP", LASER_OFF);
      rig.clear("ESDP", LASER_OFF);
      assertThat(rig.up()).isFalse();
      rig.pass(300);
      assertThat(rig.caused(LSC)).isTrue();
      assertThat(rig.up()).isTrue();
    }
  }

  /** DP and LX ixgbe_setup_mac_link_multispeed_fiber: 10G first, 1G if that gives nothing. */
  @ParameterizedTest
  @CsvSource({"10g,3", "1g,2", "none,0"})
  void aDualRateModuleIsTriedAt10GThen1G(String partner, int speed) {
    try (LinkRig rig = new LinkRig("module=dual-rate,slow=60,partner=" + partner)) {
      rig.set("ESDP", 1 << 13 | 1 << 5);
      rig.pass(40);
      rig.fibreMode(3);
      for (int i = 0; i < 10 && !rig.up(); i++) {
        rig.pass(100);
      }
      if (!rig.up()) {
        rig.clear("ESDP", 1 << 5);
        rig.pass(40);
        rig.fibreMode(2);
        rig.pass(100);
      }
      assertThat(rig.speed()).isEqualTo(speed);
      assertThat(rig.read("PCS1GLSTA") >> 16 & 1).as("AN done").isEqualTo(speed == 2 ? 1 : 0);
    }
  }

  @Test
  void aRateThatTheModuleIsNotSwitchedToIsNoLink() {
    try (LinkRig rig = new LinkRig("module=dual-rate")) {
      assertThat(rig.up()).as("SDP5 is 0: 1G, and AUTOC has 10G").isFalse();
      rig.set("ESDP", 1 << 13 | 1 << 5);
      assertThat(rig.speed()).isEqualTo(3);
    }
  }

  private static List<Boolean> seen(String link, int millis) {
    List<Boolean> states = new ArrayList<>();
    try (LinkRig rig = new LinkRig(link)) {
      for (int i = 0; i < millis; i++) {
        boolean before = rig.up();
        rig.caused(-1);
        rig.pass(1);
        boolean changed = rig.caused(LSC);
        states.add(rig.up());
        assertThat(changed).as("LSC at %d ms", i).isEqualTo(before != rig.up());
      }
    }
    return states;
  }

  private static int changes(List<Boolean> states) {
    int changes = 0;
    for (int i = 1; i < states.size(); i++) {
      changes += states.get(i).equals(states.get(i - 1)) ? 0 : 1;
    }
    return changes;
  }

  @Test
  void aPartnerFlapsByItsSeedAndEachChangeIsTold() {
    List<Boolean> states = seen("flap=20/7", 1000);
    assertThat(changes(states)).isBetween(40, 60);
    assertThat(seen("flap=20/7", 1000)).isEqualTo(states);
    assertThat(seen("flap=20/8", 1000)).isNotEqualTo(states);
    List<Boolean> three = seen("flap=20/7/3", 1000);
    assertThat(changes(three)).isEqualTo(6);
    assertThat(three.get(999)).isTrue();
  }

  @Test
  void aPartnerVanishesOnceWhileTheLinkComesUp() {
    try (LinkRig rig = new LinkRig("slow=100,vanish=50/200")) {
      rig.up();
      rig.pass(240);
      assertThat(rig.up()).isFalse();
      rig.pass(20);
      assertThat(rig.up()).as("its light is back, negotiation starts anew").isFalse();
      rig.pass(100);
      assertThat(rig.up()).isTrue();
      rig.pass(500);
      assertThat(rig.up()).isTrue();
    }
  }

  @Test
  void withTrafficOnTheLineTheLinkMayStayDownUntilItIsRestarted() {
    for (int seed = 0; seed < 20; seed++) {
      try (LinkRig rig = new LinkRig("busy=" + seed)) {
        rig.pass(2000);
        assertThat(rig.up()).as("the first start fails").isFalse();
        // Snabb: a reset each 2 s until there is a link.
        int resets = 0;
        while (!rig.up() && resets < 30) {
          rig.reset();
          resets++;
        }
        assertThat(resets).isBetween(1, 29);
        assertThat(rig.up()).isTrue();
      }
    }
  }

  @Test
  void thePartnersTrafficArrivesAtOnce() {
    try (LinkRig rig = new LinkRig("busy")) {
      rig.card.writeConfig(0x04, 2, 0x6);
      rig.set("RXCTRL", 1);
      rig.set("FCTRL", 0x400);
      while (!rig.up()) {
        rig.pipelineReset();
      }
      rig.pass(50);
      assertThat(rig.card.total("TPR")).isBetween(49L, 60L);
      assertThat(rig.card.total("RXMPC")).as("no descriptors yet").isPositive();
    }
  }

  @Test
  void anEmptyCageShowsALinkByCrosstalkUnlessTheDriverLooksAtSdp2() {
    try (LinkRig rig = new LinkRig("module=absent,crosstalk")) {
      assertThat(rig.up()).isTrue();
      assertThat(rig.read("ESDP") & 4).isZero();
      rig.write("EERD", 0x2C << 2 | 1);
      assertThat(rig.read("EERD") >>> 16 & 0x80).as("the fix is wanted").isZero();
      rig.card.writeConfig(0x04, 2, 0x6);
      rig.set("RXCTRL", 1);
      rig.wire.deliver(new byte[60]);
      assertThat(rig.card.total("TPR")).as("no frame comes").isZero();
    }
    try (LinkRig rig = new LinkRig("module=absent")) {
      assertThat(rig.up()).isFalse();
    }
  }

  @Test
  void theFirmwaresVetoKeepsTheLinkAsItIs() {
    try (LinkRig rig = new LinkRig("veto,lms=0")) {
      assertThat(rig.read("MMNGC") & 1).isEqualTo(1);
      rig.fibreMode(3);
      assertThat(rig.card.warnings()).isNotEmpty().first().asString().contains("MNG_VETO");
    }
  }

  @Test
  void withLesmAutocIsWrittenUnderTheSemaphoreOnly() {
    try (LinkRig rig = new LinkRig("lesm")) {
      assertThatThrownBy(() -> rig.set("AUTOC", AN_RESTART))
          .isInstanceOf(ModelViolation.class)
          .hasMessageContaining("LESM");
      rig.set("SWSM", 2);
      rig.set("GSSR", 8);
      rig.clear("SWSM", 3);
      rig.set("AUTOC", AN_RESTART);
      assertThat(rig.up()).isTrue();
    }
  }

  /** KX4 and KR boards negotiate (clause 73); the partner's best speed wins. */
  @ParameterizedTest
  @CsvSource({"10f7,4,any,3", "10f8,6,any,3", "1517,7,1g,2", "10f8,4,none,0", "10f8,5,any,0"})
  void aBackplaneNegotiates(String id, int lms, String partner, int speed) {
    String link = "lms=" + lms + ",partner=" + partner;
    try (LinkRig rig = new LinkRig(Integer.parseInt(id, 16), link)) {
      rig.set("AUTOC", 0xC0010000);
      rig.pass(1);
      assertThat(rig.speed()).isEqualTo(speed);
      assertThat(rig.read("LINKS") >>> 31).as("AN done").isEqualTo(speed == 0 ? 0 : 1);
      assertThat(rig.read("LINKS2") >> 6 & 1).isEqualTo(speed == 0 ? 0 : 1);
    }
  }

  @Test
  void twoCardsOfDifferentSpeedHaveNoLink() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    try (Nic82599 a = new Nic82599(CardOptions.port(0));
        Nic82599 b = new Nic82599(CardOptions.port(1).link(LinkOptions.parse("lms=0")))) {
      a.attach(cable, WireEnd.A);
      b.attach(cable, WireEnd.B);
      assertThat(cable.rates(WireEnd.A)).isEqualTo(Rates.R1G | Rates.LIGHT);
      assertThat(cable.carrier(WireEnd.A)).isTrue();
      assertThat(a.read(0x042A4) & LinkRig.UP).isZero();
      assertThat(b.read(0x042A4) & LinkRig.UP).isZero();
      b.write(0x042A0, b.read(0x042A0) | 3 << 13 | AN_RESTART);
      assertThat(a.read(0x042A4) >>> 28 & 7).isEqualTo(7);
      assertThat(b.read(0x042A4) >>> 28 & 7).isEqualTo(7);
    }
  }

  /** HLREG0.LPBK with AUTOC.FLU: a self test works whatever is wrong outside. */
  @ParameterizedTest
  @ValueSource(strings = {"module=absent", "partner=none", "lms=1", "start=pipeline", "slow=9000"})
  void theLoopbackNeedsNothingOfTheLink(String link) {
    try (LinkRig rig = new LinkRig(link)) {
      assertThat(rig.up()).isFalse();
      rig.set("HLREG0", 1 << 15);
      rig.set("AUTOC", 1);
      assertThat(rig.up()).isTrue();
    }
  }
}

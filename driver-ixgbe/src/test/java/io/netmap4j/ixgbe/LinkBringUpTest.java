package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.NicOptions;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * From a reset to carrier with every kind of module, NVM and partner that the model has:
 * docs/link.md. The other end of the cable is a card that nobody drives, at whatever speed this one
 * has.
 */
@Timeout(60)
@Tag("once")
@ExtendWith(QuickLink.class)
class LinkBringUpTest {
  /** One card of ours, and its cable. */
  private static final class Rig implements AutoCloseable {
    final Nic82599 card;
    final Nic82599 other;
    final ModelRunner runner;
    final Region region = Region.create(ModelRig.Setup.DEFAULT.memory());
    NetmapPort port;

    Rig(String link, int deviceId, NicOptions options) {
      card = new Nic82599(CardOptions.port(0).deviceId(deviceId).link(LinkOptions.parse(link)));
      other = new Nic82599(CardOptions.port(1).deviceId(deviceId));
      Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
      card.attach(cable, WireEnd.A);
      other.attach(cable, WireEnd.B);
      runner = new ModelRunner(card, other);
      runner.start();
      try {
        open(options);
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }

    void open(NicOptions options) {
      NicDevice device = ModelDevice.open(card, ModelDomain.scattered(7), "model:0");
      try {
        RingSet rings = RingSet.start(new IxgbeDriver().attach(device, region, options), region);
        RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
        rings.bind(all, null);
        port = TestPorts.open("model0", rings, all, NetmapPort.Request.DEFAULT);
      } catch (RuntimeException e) {
        device.close();
        throw e;
      }
    }

    LinkState link() {
      return port.link();
    }

    void until(String what, BooleanSupplier condition) {
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (!condition.getAsBoolean()) {
        assertThat(System.nanoTime()).as(what + ", link " + link()).isLessThan(deadline);
        RegisterWait.sleepMicros(1000);
      }
    }

    void stays(LinkState state) {
      for (int i = 0; i < 40; i++) {
        assertThat(link()).isEqualTo(state);
        RegisterWait.sleepMicros(2000);
      }
    }

    void untilUp(int mbits) {
      until("carrier at " + mbits, () -> link().equals(new LinkState(true, mbits)));
    }

    boolean laser() {
      return (read(Reg.ESDP) & Reg.ESDP_SDP3) == 0;
    }

    int read(int register) {
      return card.peek(register);
    }

    @Override
    public void close() {
      if (port != null) {
        port.close();
      }
      runner.close();
      card.close();
      other.close();
      region.close();
    }
  }

  private static final NicOptions NIC = NicOptions.DEFAULT.slots(72, 72);

  private static Rig rig(String link) {
    return new Rig(link, 0x10fb, NIC);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "module=silent | 10000",
        "module=dac | 10000",
        "module=active-dac | 10000",
        "module=10g-sr | 10000",
        "module=10g-lr | 10000",
        "module=1g-sx,partner=1g | 1000",
        "module=1g-lx,partner=1g | 1000",
        "module=dual-rate | 10000",
        "module=dual-rate,partner=1g | 1000",
        "module=dual-rate,partner=10g | 10000",
        "module=unqualified | 10000",
        "module=10g-sr,no-sequences | 10000",
        "module=dac,analog=dark | 10000",
        "module=10g-sr,analog=dark | 10000",
        "module=1g-sx,analog=dark,partner=1g | 1000",
        "module=dac,start=restart | 10000",
        "module=dac,start=pipeline | 10000",
        "module=silent,start=restart | 10000",
        "module=silent,start=pipeline | 10000",
        "module=silent,start=lrst | 10000",
        "module=silent,lms=4 | 10000",
        "module=dac,no-sfi | 10000",
        "module=dac,lms=0 | 10000",
        "module=dac,lms=7 | 10000",
        "link-disabled | 10000",
        "module=dac,link-disabled,start=pipeline | 10000",
        "module=10g-sr,crosstalk | 10000",
        "module=10g-sr,slow=150 | 10000",
        "module=10g-sr,lesm | 10000",
        "module=dac,intel-only | 10000",
        "module=dac,left=smbi | 10000",
        "module=dac,left=swesmbi | 10000",
        "module=dac,firmware=3/20 | 10000",
        "module=10g-sr,busy=1 | 10000",
        "busy=2 | 10000",
        "busy=3 | 10000",
        "module=10g-sr,vanish=20/100 | 10000",
        "module=10g-sr,flap=40/5/4 | 10000"
      })
  void comesUp(String spec, int mbits) {
    try (Rig rig = rig(spec)) {
      rig.untilUp(mbits);
      assertThat(rig.laser()).isTrue();
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @Test
  void anEmptyCageHasNoLinkWhateverItPicksUp() {
    try (Rig rig = rig("module=absent,crosstalk")) {
      rig.stays(LinkState.DOWN);
      rig.card.module(ModuleKind.parse("10g-sr"));
      rig.untilUp(10_000);
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"dac, any", "10g-lr, 10g", "1g-sx, 1g", "dual-rate, 1g"})
  void aModuleThatIsPutInIsSetUp(String kind, String partner) {
    try (Rig rig = rig("module=absent,analog=dark,partner=" + partner)) {
      rig.stays(LinkState.DOWN);
      rig.card.module(ModuleKind.parse(kind));
      rig.until("carrier", () -> rig.link().up());
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @Test
  void aModuleThatIsExchangedIsSetUpAnew() {
    try (Rig rig = rig("module=10g-sr,analog=dark")) {
      rig.untilUp(10_000);
      rig.card.module(ModuleKind.parse("absent"));
      rig.until("no carrier", () -> !rig.link().up());
      rig.card.partner(LinkOptions.parse("partner=1g").partner());
      rig.card.module(ModuleKind.parse("1g-sx"));
      rig.untilUp(1_000);
      rig.card.partner(LinkOptions.DEFAULT.partner());
      rig.card.module(ModuleKind.parse("absent"));
      rig.until("no carrier", () -> !rig.link().up());
      rig.card.module(ModuleKind.parse("dac"));
      rig.untilUp(10_000);
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @Test
  void aModuleThatIsNoneIsKeptDarkUntilAnotherIsPutIn() {
    try (Rig rig = rig("module=unknown")) {
      rig.until("the laser to go off", () -> !rig.laser());
      rig.stays(LinkState.DOWN);
      rig.card.module(ModuleKind.parse("absent"));
      RegisterWait.sleepMicros(100_000);
      rig.card.module(ModuleKind.parse("10g-sr"));
      rig.untilUp(10_000);
      assertThat(rig.laser()).isTrue();
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"10g-sr, 1000", "dac, 1000", "1g-sx, 10000"})
  void aModuleThatIsNotAbleOfTheSpeedIsKeptDark(String kind, int speed) {
    try (Rig rig = new Rig("module=" + kind, 0x10fb, NIC.speed(speed))) {
      rig.stays(LinkState.DOWN);
      assertThat(rig.laser()).isFalse();
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 10000})
  void aDualRateModuleHasTheSpeedThatIsAskedFor(int speed) {
    String partner = speed == 1000 ? "1g" : "10g";
    try (Rig rig = new Rig("module=dual-rate,partner=" + partner, 0x10fb, NIC.speed(speed))) {
      rig.untilUp(speed);
      rig.stays(new LinkState(true, speed));
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"0x10f8, 4", "0x10f8, 6", "0x1517, 7", "0x10f7, 4", "0x10f9, 1"})
  void backplaneAndCx4ComeUp(String id, int lms) {
    try (Rig rig = new Rig("lms=" + lms, Integer.decode(id), NIC)) {
      rig.untilUp(10_000);
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @Test
  void whereKrCannotBeTrainedTheOtherRatesAreOfferedAlone() {
    try (Rig rig = new Rig("lms=4,untrained-kr", 0x10f8, NIC)) {
      rig.untilUp(10_000);
      assertThat(rig.read(Reg.AUTOC) & Reg.AUTOC_KR).isZero();
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @Test
  void theFirmwaresVetoIsHeeded() {
    try (Rig rig = rig("module=dac,veto")) {
      rig.untilUp(10_000);
      rig.port.nic().reset();
      rig.untilUp(10_000);
      assertThat(rig.card.violations()).isEmpty();
    }
  }

  @Test
  void theLinkComesBackAfterResets() {
    try (Rig rig = rig("module=10g-sr,analog=dark,start=pipeline")) {
      for (int i = 0; i < 3; i++) {
        rig.untilUp(10_000);
        rig.port.nic().reset();
      }
      rig.untilUp(10_000);
      assertThat(rig.card.violations()).isEmpty();
    }
  }
}

package io.netmap4j.model.peripherals;

import static io.netmap4j.model.LinkRig.LASER_OFF;
import static io.netmap4j.model.LinkRig.LSC;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.LinkRig;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What drivers read of a module, and what happens when it comes and goes (docs/82599.md 3.5). */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ModulesTest {
  private static final int AUTOC = 0x042A0;
  private static final int ESDP = 0x00020;
  private static final int EICR = 0x00800;
  private static final int GPIE = 0x00898;
  private static final int SDP1_CAUSE = 1 << 25;
  private static final int SDP2_CAUSE = 1 << 26;

  /** The bytes that LX ixgbe_identify_sfp_module_generic decides by. */
  @ParameterizedTest
  @CsvSource({
    "dac, 3, 0, 0, 4, 001B21",
    "active-dac, 3, 0, 0, 8, 001B21",
    "10g-sr, 3, 10, 0, 0, 001B21",
    "10g-lr, 3, 20, 0, 0, 001B21",
    "1g-sx, 3, 0, 1, 0, 001B21",
    "1g-lx, 3, 0, 2, 0, 001B21",
    "dual-rate, 3, 10, 1, 0, 001B21",
    "unqualified, 3, 10, 0, 0, 009065",
    "unknown, D, 10, 0, 0, 001B21",
  })
  void identifiesItself(
      String kind, String id, String tenGig, String oneGig, String cable, String vendor) {
    try (LinkRig rig = new LinkRig("module=" + kind)) {
      I2cMaster bus = new I2cMaster(rig.card);
      assertThat(bus.byteAt(0)).isEqualTo(Integer.parseInt(id, 16));
      assertThat(bus.byteAt(3)).isEqualTo(Integer.parseInt(tenGig, 16));
      assertThat(bus.byteAt(6)).isEqualTo(Integer.parseInt(oneGig, 16));
      assertThat(bus.byteAt(8)).isEqualTo(Integer.parseInt(cable, 16));
      assertThat(bus.byteAt(0x3C) & 4)
          .isEqualTo(kind.equals("active-dac") ? 4 : wavelengthBit(bus));
      int oui = bus.byteAt(0x25) << 16 | bus.byteAt(0x26) << 8 | bus.byteAt(0x27);
      assertThat(oui).isEqualTo(Integer.parseInt(vendor, 16));
      assertThat(bus.byteAt(63)).isEqualTo(sum(bus, 0xA0, 0, 63));
      assertThat(bus.byteAt(95)).isEqualTo(sum(bus, 0xA0, 64, 95));
      rig.write("EERD", 0x2C << 2 | 1);
      assertThat(rig.read("EERD") >>> 16 & 1).isEqualTo(kind.equals("unqualified") ? 0 : 1);
    }
  }

  /** Of optics, 0x3C is half of the wavelength. */
  private static int wavelengthBit(I2cMaster bus) {
    return bus.byteAt(0x3C) & 4;
  }

  private static int sum(I2cMaster bus, int device, int from, int to) {
    int sum = 0;
    for (int i = from; i < to; i++) {
      sum += bus.byteAt(device, i);
    }
    return sum & 0xFF;
  }

  @ParameterizedTest
  @ValueSource(strings = {"10g-sr", "10g-lr", "1g-sx", "dual-rate"})
  void opticsMeasureThemselves(String kind) {
    String mode = kind.equals("1g-sx") ? ",lms=0" : "";
    try (LinkRig rig = new LinkRig("module=" + kind + mode)) {
      if (kind.equals("dual-rate")) {
        rig.set("ESDP", 1 << 13 | 1 << 5);
      }
      assertThat(rig.up()).isTrue();
      I2cMaster bus = new I2cMaster(rig.card);
      assertThat(bus.byteAt(92) & 0x44).as("diagnostics at A2").isEqualTo(0x40);
      assertThat(bus.byteAt(94)).isPositive();
      assertThat(bus.byteAt(0xA2, 95)).isEqualTo(sum(bus, 0xA2, 0, 95));
      assertThat(bus.byteAt(0xA2, 96)).as("degrees").isBetween(20, 60);
      for (int i = 98; i < 106; i += 2) {
        int value = bus.wordAt(0xA2, i);
        int alarms = 8 * (i - 96 >> 1);
        assertThat(value)
            .as("measurement at %d, between its low and high alarm", i)
            .isBetween(bus.wordAt(0xA2, alarms + 2), bus.wordAt(0xA2, alarms));
      }
      rig.set("ESDP", LASER_OFF);
      assertThat(bus.wordAt(0xA2, 102)).as("transmitted power").isZero();
      assertThat(bus.byteAt(0xA2, 110) & 0x80).isNotZero();
      rig.clear("ESDP", LASER_OFF);
      rig.card.setLink(false);
      assertThat(bus.wordAt(0xA2, 104)).as("received power").isZero();
      assertThat(bus.byteAt(0xA2, 110) & 2).as("loss of signal").isNotZero();
      assertThat(rig.read("ESDP") & 2).as("SDP1").isNotZero();
    }
  }

  @Test
  void cablesHaveNoDiagnostics() {
    try (LinkRig rig = new LinkRig("module=dac")) {
      I2cMaster bus = new I2cMaster(rig.card);
      assertThat(bus.byteAt(94)).isZero();
      assertThat(bus.answers(0xA2)).isFalse();
    }
  }

  @Test
  void anEmptyCageIsToldByItsPinAndNobodyAnswers() {
    try (LinkRig rig = new LinkRig("module=absent")) {
      assertThat(rig.read("ESDP") & 4).isZero();
      assertThat(new I2cMaster(rig.card).answers(0xA0)).isFalse();
      assertThat(rig.up()).isFalse();
      rig.set("CTRL", LinkRig.LRST);
      rig.set("ESDP", 4);
      assertThat(rig.read("ESDP") & 4).as("a pin, not a bit").isZero();
    }
  }

  /** LX ixgbe_check_sfp_event wants EICR.GPI_SDP2, which GPIE.SDP2_GPIEN enables. */
  @Test
  void aModuleIsPulledAndPutBack() {
    try (LinkRig rig = new LinkRig("module=10g-sr")) {
      rig.set("GPIE", 6);
      rig.up();
      rig.caused(-1);
      rig.card.module(ModuleKind.ABSENT);
      assertThat(rig.read("EICR") & (LSC | SDP2_CAUSE)).isEqualTo(LSC);
      assertThat(rig.up()).isFalse();
      assertThat(new I2cMaster(rig.card).answers(0xA0)).isFalse();
      rig.card.module(ModuleKind.LR_10G);
      assertThat(rig.read("EICR") & (LSC | SDP2_CAUSE)).isEqualTo(LSC | SDP2_CAUSE);
      assertThat(rig.up()).isTrue();
      assertThat(new I2cMaster(rig.card).byteAt(3)).isEqualTo(0x20);
    }
  }

  @Test
  void withoutItsEnableThePinRaisesNothing() {
    try (LinkRig rig = new LinkRig("module=absent")) {
      rig.card.module(ModuleKind.DAC);
      assertThat(rig.read("EICR") & SDP2_CAUSE).isZero();
    }
  }

  @Test
  void aLostSignalIsSdp1sCause() {
    try (LinkRig rig = new LinkRig("module=10g-sr")) {
      rig.set("GPIE", 2);
      rig.up();
      rig.caused(-1);
      rig.card.setLink(false);
      assertThat(rig.read("EICR") & (LSC | SDP1_CAUSE)).isEqualTo(LSC | SDP1_CAUSE);
      rig.card.setLink(true);
      assertThat(rig.read("EICR") & (LSC | SDP1_CAUSE)).isEqualTo(LSC);
    }
  }

  /** LX flaps its laser to tell the partner: neither a mode nor a pipeline reset may do so. */
  @Test
  void aPartnerThatChangesItsModeKeepsItsLight() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    LinkOptions optics = LinkOptions.parse("module=10g-sr");
    try (Nic82599 a = new Nic82599(CardOptions.port(0).link(optics));
        Nic82599 b = new Nic82599(CardOptions.port(1).link(optics))) {
      a.attach(cable, WireEnd.A);
      b.attach(cable, WireEnd.B);
      a.write(GPIE, 2);
      a.run(1);
      a.read(EICR);
      b.write(AUTOC, b.read(AUTOC) ^ 4 << 13);
      a.run(1);
      assertThat(a.read(EICR) & (LSC | SDP1_CAUSE)).isEqualTo(LSC);
      b.write(ESDP, b.read(ESDP) | LASER_OFF);
      a.run(1);
      assertThat(a.read(EICR) & (LSC | SDP1_CAUSE)).isEqualTo(SDP1_CAUSE);
    }
  }

  /** LX ixgbe_setup_sfp_modules_82599: the words of the module, under GSSR bit 3. */
  private static void analog(LinkRig rig, int module) {
    int at = word(rig, 0x2B) + 1;
    while (word(rig, at) != module) {
      at += 2;
    }
    rig.set("SWSM", 2);
    rig.set("GSSR", 8);
    rig.clear("SWSM", 3);
    int words = word(rig, at + 1) + 1;
    for (int i = words; word(rig, i) != 0xFFFF; i++) {
      rig.write("CORECTL", word(rig, i));
    }
    rig.set("SWSM", 2);
    rig.clear("GSSR", 8);
    rig.clear("SWSM", 3);
    rig.protectedAutoc(rig.read("AUTOC") | 3 << 13);
  }

  private static int word(LinkRig rig, int address) {
    rig.write("EERD", address << 2 | 1);
    return rig.read("EERD") >>> 16;
  }

  @Test
  void aModuleWithoutItsAnalogWordsIsDark() {
    try (LinkRig rig = new LinkRig("module=10g-sr,analog=dark")) {
      rig.reset();
      assertThat(rig.up()).isFalse();
      analog(rig, 3);
      assertThat(rig.up()).as("the words of a cable are not those of optics").isFalse();
      analog(rig, 5);
      assertThat(rig.up()).isTrue();
      rig.reset();
      assertThat(rig.up()).as("they outlive a reset").isTrue();
      rig.card.module(ModuleKind.ABSENT);
      rig.card.module(ModuleKind.DAC);
      assertThat(rig.up()).as("another module wants its own").isFalse();
      analog(rig, 3);
      assertThat(rig.up()).isTrue();
    }
  }

  @Test
  void aModuleWithoutItsAnalogWordsGarblesFrames() {
    try (LinkRig rig = new LinkRig("module=dac,analog=crc")) {
      rig.card.writeConfig(0x04, 2, 0x6);
      rig.set("RXCTRL", 1);
      rig.card.run(1);
      for (int i = 0; i < 200; i++) {
        rig.wire.deliver(new byte[60]);
      }
      assertThat(rig.card.total("CRCERRS")).isBetween(60L, 140L);
      analog(rig, 3);
      long before = rig.card.total("CRCERRS");
      for (int i = 0; i < 50; i++) {
        rig.wire.deliver(new byte[60]);
      }
      assertThat(rig.card.total("CRCERRS")).isEqualTo(before);
    }
  }
}

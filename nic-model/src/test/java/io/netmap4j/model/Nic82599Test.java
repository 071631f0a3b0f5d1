package io.netmap4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.Statistics;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class Nic82599Test {
  private static final int CTRL = 0x00000;
  private static final int STATUS = 0x00008;
  private static final int ESDP = 0x00020;
  private static final int EICR = 0x00800;
  private static final int GPRC = 0x04074;
  private static final int HLREG0 = 0x04240;
  private static final int AUTOC = 0x042A0;
  private static final int LINKS = 0x042A4;
  private static final int RDLEN = 0x01008;
  private static final int RXDCTL = 0x01028;
  private static final int RDT = 0x01018;
  private static final int DCA_RXCTRL = 0x0100C;
  private static final int TDLEN = 0x06008;
  private static final int TDH = 0x06010;
  private static final int TDT = 0x06018;
  private static final int TXDCTL = 0x06028;
  private static final int DMATXCTL = 0x04A80;
  private static final int ENABLE = 1 << 25;

  private Nic82599 card;

  @BeforeEach
  void make() {
    card = new Nic82599(CardOptions.port(0));
    card.writeConfig(0x04, 2, 0x6);
  }

  @AfterEach
  void close() {
    card.close();
  }

  private Nic82599 lenient() {
    card.close();
    card = new Nic82599(CardOptions.port(1).lenient());
    card.writeConfig(0x04, 2, 0x6);
    return card;
  }

  private void enableTx() {
    card.write(TDLEN, 64 * 16);
    card.write(DMATXCTL, 1);
    card.write(TXDCTL, ENABLE);
  }

  private void refused(int register, int value, String... words) {
    int before = card.violations().size();
    assertThatThrownBy(() -> card.write(register, value))
        .isInstanceOf(ModelViolation.class)
        .hasMessageContainingAll(words)
        .hasMessageContaining("[docs/82599.md ");
    assertThat(card.violations()).hasSize(before + 1);
  }

  @Test
  void resetBitsClearThemselvesAndGioDisStaysUntilThen() {
    card.write(CTRL, 4);
    assertThat(card.read(CTRL)).isEqualTo(4);
    assertThat(card.read(STATUS) & 1 << 19).isZero();
    card.write(CTRL, 0);
    assertThat(card.read(CTRL)).isEqualTo(4);
    card.write(CTRL, 4 | 1 << 26);
    assertThat(card.read(CTRL)).isZero();
    assertThat(card.read(STATUS) & 1 << 19).isNotZero();
  }

  @Test
  void forcedLoopbackIsALinkWithNothingPluggedIn() {
    int autoc = card.read(AUTOC);
    card.write(HLREG0, card.read(HLREG0) | 1 << 15);
    assertThat(card.read(LINKS)).as("loopback without FLU").isZero();
    card.write(AUTOC, autoc | 1);
    assertThat(card.read(LINKS) >>> 28 & 7).isEqualTo(7);
    assertThat(card.read(EICR) & 1 << 20).as("LSC").isNotZero();
    card.write(HLREG0, card.read(HLREG0) & ~(1 << 15));
    assertThat(card.read(LINKS)).isZero();
  }

  /** The way DP's ixgbe_crypto_capable and LX's ixgbe_init_ipsec_offload ask. */
  @Test
  void securityEngineIsFusedOff() {
    for (int control : new int[] {0x08800, 0x08D00}) {
      card.write(control, 0);
      assertThat(card.read(control)).isEqualTo(1);
      card.write(control, 3);
      assertThat(card.read(control)).isEqualTo(3);
      assertThat(card.read(control + 4)).as("ready, no engine").isEqualTo(3);
    }
    assertThat(card.violations()).isEmpty();
  }

  @Test
  void resetGivesTheMacAddressBackAndDisablesQueues() {
    enableTx();
    card.write(0x0A200, 0);
    card.write(0x0A204, 0);
    card.write(CTRL, 0x04000008);
    assertThat(card.read(0x05400)).isEqualTo(0x00000002);
    assertThat(card.read(0x05404)).isEqualTo(0x80000100);
    assertThat(card.read(TXDCTL)).isZero();
    assertThat(card.read(TDLEN)).isZero();
  }

  @Test
  void resetLeavesConfigurationSpaceAndTheMsixTableAlone() {
    card.writeConfig(0x10, 4, 0xE0000000);
    card.writeMsix(0x00, 0xFEE00000);
    card.write(CTRL, 1 << 26);
    assertThat(card.readConfig(0x04, 2)).isEqualTo(0x6);
    assertThat(card.readConfig(0x10, 4)).isEqualTo(0xE000000C);
    assertThat(card.readMsix(0x00)).isEqualTo(0xFEE00000);
  }

  @Test
  void readingACounterClearsIt() {
    card.write(CTRL, 1 << 26);
    RegisterFile registers = new RegisterFile(rule -> {}, text -> {});
    new Statistics(registers).count(GPRC, 5);
    assertThat(registers.read(GPRC)).isEqualTo(5);
    assertThat(registers.read(GPRC)).isZero();
  }

  @Test
  void byteCountersCarryIntoTheirHighHalf() {
    RegisterFile registers = new RegisterFile(rule -> {}, text -> {});
    Statistics statistics = new Statistics(registers);
    statistics.count(0x04088, 0xFFFFFFF0L);
    statistics.count(0x04088, 0x20);
    assertThat(registers.read(0x04088)).isEqualTo(0x10);
    assertThat(registers.read(0x0408C)).isEqualTo(1);
    statistics.count(0x08708, 0x3_0000_0001L);
    assertThat(registers.read(0x0870C)).isEqualTo(3);
  }

  @Test
  void readingTheSoftwareSemaphoreTakesIt() {
    assertThat(card.read(0x10140) & 1).isZero();
    assertThat(card.read(0x10140) & 1).isEqualTo(1);
    card.write(0x10140, 2);
    card.write(0x10160, 1);
    assertThat(card.read(0x10160)).isEqualTo(1);
    card.write(0x10160, 0);
    card.write(0x10140, 0);
    assertThat(card.read(0x10140) & 3).isZero();
  }

  @Test
  void sharedBitsWithoutTheFirmwareSemaphoreAreRefused() {
    refused(0x10160, 1, "GSSR", "SWESMBI");
  }

  @Test
  void mdioFinishesAtOnceAndFindsNoPhy() {
    card.write(0x0425C, 1 << 30 | 3 << 26);
    assertThat(card.read(0x0425C) & 1 << 30).isZero();
    assertThat(card.read(0x04260) >>> 16).isEqualTo(0xFFFF);
  }

  @Test
  void waysToWaitForeverAreNone() {
    assertThat(card.read(0x10010) & 0x300).isEqualTo(0x300);
    assertThat(card.read(0x02F00) & 8).isEqualTo(8);
    assertThat(card.read(0x08D04) & 1).isEqualTo(1);
    assertThat(card.read(0x042B0) & 0xF0000).isNotZero();
    card.write(0x0EE00, 0x11);
    assertThat(card.read(0x0EE00) & 8).isEqualTo(8);
  }

  @Test
  void theLinkNeedsAWireAPlugAndTheLaser() {
    assertThat(card.read(LINKS)).isZero();
    Nic82599 other = new Nic82599(CardOptions.port(1));
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    card.attach(cable, WireEnd.A);
    other.attach(cable, WireEnd.B);
    assertThat(card.read(LINKS) >>> 28 & 7).isEqualTo(7);
    assertThat(card.read(EICR) & 1 << 20).isNotZero();
    card.setLink(false);
    assertThat(card.read(LINKS)).isZero();
    assertThat(card.read(EICR) & 1 << 20).isNotZero();
    card.setLink(true);
    card.write(ESDP, 0x0C);
    assertThat(card.read(LINKS)).isZero();
    card.write(ESDP, 0x04);
    assertThat(card.read(STATUS) & 1 << 7).isNotZero();
    other.close();
  }

  /** A fibre has two ends: each card's light is the other's link. */
  @Test
  void theLinkIsDownWhileTheOtherEndIsDark() {
    Nic82599 other = new Nic82599(CardOptions.port(1));
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    card.attach(cable, WireEnd.A);
    assertThat(card.read(LINKS)).as("nothing at the other end").isZero();
    other.attach(cable, WireEnd.B);
    darkAndBack(() -> other.setLink(false), () -> other.setLink(true));
    darkAndBack(() -> other.write(ESDP, 0x0C), () -> other.write(ESDP, 0x04));
    darkAndBack(other.faults()::pullOut, other.faults()::plugIn);
    darkAndBack(() -> other.attach(null, null), () -> other.attach(cable, WireEnd.B));
    other.close();
    assertThat(card.read(LINKS)).isZero();
  }

  private void darkAndBack(Runnable darken, Runnable light) {
    card.run(1);
    card.read(EICR);
    for (Runnable change : List.of(darken, light)) {
      change.run();
      card.run(1);
      assertThat(card.read(EICR) & 1 << 20).as("LSC, without a look at LINKS").isNotZero();
      assertThat(card.read(LINKS) >>> 30).isEqualTo(change == light ? 1 : 0);
      assertThat(card.read(STATUS) >> 7 & 1).isEqualTo(change == light ? 1 : 0);
    }
  }

  @Test
  void theModulePinStaysWhateverIsWritten() {
    card.write(ESDP, 0);
    assertThat(card.read(ESDP)).isEqualTo(4);
  }

  @Test
  void undefinedRegistersAreRefused() {
    assertThatThrownBy(() -> card.read(0x1FFF0))
        .isInstanceOf(ModelViolation.class)
        .hasMessageContaining("0x1FFF0");
    assertThatThrownBy(() -> card.write(0x00002, 1)).isInstanceOf(ModelViolation.class);
    assertThatThrownBy(() -> card.read(0x20000)).isInstanceOf(ModelViolation.class);
    assertThatThrownBy(() -> card.read(-4)).isInstanceOf(ModelViolation.class);
  }

  @Test
  void changingReadOnlyBitsIsRefusedAndChangesNothing() {
    refused(STATUS, 0x1, "STATUS", "read-only");
    card.write(0x15F00, 0x2);
    refused(0x15F00, 0x3, "HICR", "read-only");
    assertThat(card.read(0x15F00)).isEqualTo(0x2);
    refused(RDLEN, 100, "RDLEN(0)", "read-only bits 0xFFF0007F");
    refused(0x01000, 0x1040, "RDBAL(0)");
  }

  @Test
  void aTailOfADisabledQueueIsRefused() {
    card.write(TDT, 0);
    refused(TDT, 1, "TDT(0) <- 0x00000001", "not enabled");
    refused(RDT, 1, "RDT(0)", "not enabled");
  }

  @Test
  void tailsMustStayInTheRingAndBehindTheHead() {
    enableTx();
    refused(TDT, 64, "TDT(0)", "outside a ring of 64");
    refused(TDT, -1, "outside a ring of 64");
    card.write(TDT, 63);
    refused(TDT, 0, "passes the head, 0");
    assertThat(card.read(TDT)).isEqualTo(63);
  }

  @Test
  void aDoorbellWithoutBusMasteringIsRefused() {
    enableTx();
    card.writeConfig(0x04, 2, 0x2);
    refused(TDT, 1, "bus mastering");
  }

  @Test
  void aRunningQueuesRingAndHeadAreNotTheDrivers() {
    enableTx();
    refused(TDLEN, 128 * 16, "TDLEN(0)", "enabled");
    refused(0x06000, 0x80, "TDBAL(0)", "enabled");
    refused(TDH, 3, "TDH(0)", "head is the card's");
    card.write(TDH, 0);
  }

  @Test
  void aQueueCannotBeEnabledHalfReady() {
    refused(TXDCTL, ENABLE, "TXDCTL(0)", "length 0");
    card.write(TDLEN, 64 * 16);
    card.write(RDLEN, 64 * 16);
    card.write(0x01014, 0x0A000402);
    refused(RXDCTL, ENABLE, "DESCTYPE");
    card.write(0x01014, 0x02000402);
    card.write(RXDCTL, ENABLE);
    assertThat(card.read(RXDCTL)).isEqualTo(ENABLE);
  }

  @Test
  void receivingNeedsARealPacketBuffer() {
    card.write(0x02F00, 0xA);
    card.write(0x03C00 + 4 * 7, 256 << 10);
    refused(0x03000, 1, "RXPBSIZE");
    for (int i = 1; i < 8; i++) {
      card.write(0x03C00 + 4 * i, 0);
    }
    card.write(0x03000, 1);
    refused(0x05000, 1 << 13, "RXCSUM", "RXEN");
  }

  @Test
  void packetBuffersAsTheResetLeftThemMatterOnceFiltersWantAPlace() {
    card.write(0x02F00, 0xA);
    card.write(0x03000, 1);
    card.write(0x03000, 0);
    card.write(0x0EE00, 1);
    refused(0x03000, 1, "RXPBSIZE", "FDIRCTRL");
    for (int i = 1; i < 8; i++) {
      card.write(0x03C00 + 4 * i, 0);
    }
    refused(0x03000, 1, "RXPBSIZE");
    card.write(0x03C00, 448 << 10);
    card.write(0x03000, 1);
  }

  /** Snabb Intel82599:init writes it whole, DMAIDONE off. */
  @Test
  void dmaInitialisationStaysDone() {
    card.write(0x02F00, 0x2);
    assertThat(card.read(0x02F00)).isEqualTo(0xA);
    assertThat(card.violations()).isEmpty();
  }

  @Test
  void aFlushClearsItself() {
    card.write(TXDCTL, 1 << 26);
    assertThat(card.read(TXDCTL)).isZero();
  }

  @Test
  void aLenientCardListsAndGoesOn() {
    lenient();
    assertThat(card.read(0x1FFF0)).isZero();
    card.write(0x1FFF0, 7);
    card.write(STATUS, 0);
    card.write(TDT, 5);
    assertThat(card.read(TDT)).isEqualTo(5);
    assertThat(card.read(STATUS) >>> 2 & 3).isEqualTo(1);
    assertThat(card.violations()).hasSize(4).last().asString().contains("TDT(0)");
  }

  @Test
  void whatAnEngineFindsIsThrownAtTheNextAccess() {
    Nic82599 other = new Nic82599(CardOptions.port(1));
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    card.attach(cable, WireEnd.A);
    other.attach(cable, WireEnd.B);
    enableTx();
    card.write(TDT, 1);
    card.run(8);
    assertThat(card.violations()).hasSize(1).first().asString().contains("DMA fault");
    assertThatThrownBy(() -> card.read(STATUS)).isInstanceOf(ModelViolation.class);
    card.read(STATUS);
    card.write(TDT, 2);
    assertThat(card.run(8)).isZero();
    assertThat(card.violations()).as("the engines stand still").hasSize(1);
    other.close();
  }

  @Test
  void aPolledRegisterIsOneEntryOfTheLog() throws IOException {
    card.log().enable(3);
    card.read(CTRL);
    for (int i = 0; i < 1000; i++) {
      card.read(LINKS);
    }
    card.write(0x05080, 0x400);
    assertThat(card.log().total()).isEqualTo(1002);
    assertThat(card.log().accesses()).hasSize(1002);
    card.read(LINKS);
    StringBuilder lines = new StringBuilder();
    card.log().writeTo(lines, "0 ");
    assertThat(lines)
        .hasToString(
            "0 1000 x read LINKS 0x00000000\n"
                + "0 write FCTRL 0x00000400\n"
                + "0 read LINKS 0x00000000\n");
  }

  @Test
  void theLogRemembersTheLastAccesses() {
    card.log().enable(2);
    card.read(STATUS);
    card.write(0x05080, 0x400);
    card.write(0x05080, 0x500);
    assertThat(card.log().total()).isEqualTo(3);
    assertThat(card.log().written(0x05080)).containsExactly(0x400, 0x500);
    assertThat(card.log().accesses().get(1)).hasToString("write FCTRL 0x00000500");
  }

  @Test
  void theBillCountsDoorbellsApart() {
    enableTx();
    PcieBill.Snapshot before = card.bill().snapshot();
    card.write(TDT, 0);
    card.write(0x05080, 0);
    card.read(STATUS);
    PcieBill.Snapshot bill = card.bill().snapshot().since(before);
    assertThat(bill.doorbells()).isEqualTo(1);
    assertThat(bill.registerWrites()).isEqualTo(1);
    assertThat(bill.registerReads()).isEqualTo(1);
    assertThat(bill.perPacket(2)).contains("doorbells 0.5000");
  }

  @Test
  void aCardThatIsPulledOutReadsAllOnes() {
    card.write(0x05080, 0x400);
    card.faults().pullOut();
    assertThat(card.read(STATUS)).isEqualTo(-1);
    assertThat(card.readConfig(0x00, 2)).isEqualTo(0xFFFF);
    assertThat(card.readConfig(0x00, 4)).isEqualTo(-1);
    card.write(0x05080, 0x100);
    card.faults().plugIn();
    assertThat(card.read(0x05080)).isZero();
    assertThat(card.readConfig(0x04, 2)).isZero();
  }
}

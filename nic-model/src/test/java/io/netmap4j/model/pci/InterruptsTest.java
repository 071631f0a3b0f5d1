package io.netmap4j.model.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelClock;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class InterruptsTest {
  private static final int EICR = 0x00800;
  private static final int EICS = 0x00808;
  private static final int EIAC = 0x00810;
  private static final int EITR = 0x00820;
  private static final int EIMS = 0x00880;
  private static final int EIMC = 0x00888;
  private static final int EIAM = 0x00890;
  private static final int GPIE = 0x00898;
  private static final int EICS_EX = 0x00A90;
  private static final int EIMS_EX = 0x00AA0;
  private static final int EIMC_EX = 0x00AB0;
  private static final int EIAM_EX = 0x00AD0;
  private static final int IVAR_MISC = 0x00A00;
  private static final int LSC = 1 << 20;
  private static final int OTHER = 1 << 31;
  private static final int MSIX = 1 << 4 | 1 << 31;
  private static final int OCD = 1 << 5;
  private static final int EIAME = 1 << 30;

  private final ModelClock clock = ModelClock.manual();
  private final Nic82599 card = new Nic82599(CardOptions.port(0).clock(clock));
  private final List<Integer> fired = new ArrayList<>();
  private final List<Boolean> line = new ArrayList<>();

  @BeforeEach
  void listen() {
    card.writeConfig(0x04, 2, 0x6);
    card.connectInterrupts(
        new InterruptSink() {
          @Override
          public void fire(int vector) {
            fired.add(vector);
          }

          @Override
          public void intx(boolean asserted) {
            line.add(asserted);
          }
        },
        64);
  }

  private void msix(int gpie) {
    card.writeConfig(0x72, 2, 0x8000);
    card.write(GPIE, MSIX | gpie);
  }

  @Test
  void masksAreSetAndClearedByOnes() {
    card.write(EIMS, 0x0F);
    card.write(EIMS, 0x100000);
    card.write(EIMC, 0x03);
    assertThat(card.read(EIMS)).isEqualTo(0x10000C);
    assertThat(card.read(EIMC)).isZero();
    card.write(EIMS, 0);
    assertThat(card.read(EIMS)).isEqualTo(0x10000C);
  }

  @Test
  void theLowQueueBitsOfTheExtendedMaskAreTheSame() {
    card.write(EIMS, 0x0F);
    card.write(EIMS_EX, 0x10010);
    card.write(EIMS_EX + 4, 0x1);
    assertThat(card.read(EIMS_EX)).isEqualTo(0x1001F);
    assertThat(card.read(EIMS)).isEqualTo(0x1F);
    card.write(EIMC_EX, 0x1);
    assertThat(card.read(EIMS)).isEqualTo(0x1E);
    assertThat(card.read(EIMS_EX + 4)).isEqualTo(1);
  }

  @Test
  void readingTheCausesClearsThemAndReadingTheSetRegisterDoesNot() {
    card.write(EICS, 0x5 | LSC);
    assertThat(card.read(EICS)).isEqualTo(0x5 | LSC | OTHER);
    assertThat(card.read(EICR)).isEqualTo(0x5 | LSC | OTHER);
    assertThat(card.read(EICR)).isZero();
  }

  @Test
  void writingOnesClearsCauses() {
    card.write(EICS, 0x5 | LSC);
    card.write(EICR, 0x4 | LSC);
    assertThat(card.read(EICS)).isEqualTo(0x1);
  }

  @Test
  void withOcdAReadLeavesTheQueuesCauses() {
    card.write(GPIE, OCD);
    card.write(EICS, 0x5 | LSC);
    card.read(EICR);
    assertThat(card.read(EICS)).isEqualTo(0x5);
  }

  @Test
  void aMessageClearsWhatEiacListsAndMasksWhatEiamLists() {
    msix(OCD | EIAME);
    card.write(EIAC, 0xFFFF);
    card.write(EIAM_EX, -1);
    card.write(EIMS_EX, 0x2);
    card.write(EICS_EX, 0x2);
    assertThat(fired).containsExactly(1);
    assertThat(card.read(EICS)).isZero();
    assertThat(card.read(EIMS_EX)).isZero();
  }

  @Test
  void withoutEiacTheCauseStaysAndMakesOneMessage() {
    msix(0);
    card.write(EIMS, 0x2);
    card.write(EICS, 0x2);
    card.read(EIMS);
    card.read(EIMS);
    assertThat(fired).containsExactly(1);
    assertThat(card.read(EICS)).isEqualTo(2);
    card.write(EIMC, 0x2);
    card.write(EIMS, 0x2);
    assertThat(fired).as("unmasking tells again of a cause that stayed").containsExactly(1, 1);
  }

  @Test
  void aMaskedCauseWaitsForItsMask() {
    msix(EIAME);
    card.write(EIAC, 0xFFFF);
    card.write(EICS_EX + 4, 0x80000000);
    assertThat(fired).isEmpty();
    card.write(EIMS_EX + 4, 0x80000000);
    assertThat(fired).containsExactly(63);
    assertThat(card.read(EICS_EX + 4)).isZero();
  }

  @Test
  void aThrottledVectorWaitsForTheClock() {
    msix(0);
    card.write(EIAC, 0xFFFF);
    card.write(EITR, 0x028);
    card.write(EIMS, 0x1);
    card.write(EICS, 0x1);
    card.write(EICS, 0x1);
    assertThat(fired).hasSize(1);
    clock.advance(9_999);
    card.run(1);
    assertThat(fired).hasSize(1);
    clock.advance(1);
    card.run(1);
    assertThat(fired).hasSize(2);
    clock.advance(1_000_000);
    card.run(1);
    assertThat(fired).as("nothing new").hasSize(2);
  }

  @Test
  void aLinkChangeGoesToTheVectorOfOtherCauses() {
    msix(OCD | EIAME);
    card.write(EIAC, 0xFFFF);
    card.write(IVAR_MISC, 0x8500);
    card.write(EIMS, LSC | OTHER);
    Nic82599 peer = new Nic82599(CardOptions.port(1));
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    peer.attach(cable, WireEnd.B);
    card.attach(cable, WireEnd.A);
    assertThat(fired).containsExactly(5);
    assertThat(card.read(EICS) & LSC).isNotZero();
    card.write(EICR, LSC);
    card.setLink(false);
    assertThat(fired).containsExactly(5, 5);
  }

  @Test
  void aMaskedTableEntryIsPendingUntilItIsUnmasked() {
    msix(0);
    card.write(EIAC, 0xFFFF);
    card.writeMsix(3 * 16 + 12, 1);
    card.write(EIMS, 0x8);
    card.write(EICS, 0x8);
    assertThat(fired).isEmpty();
    assertThat(card.readMsix(0x2000)).isEqualTo(8);
    card.writeMsix(3 * 16 + 12, 0);
    assertThat(fired).containsExactly(3);
    assertThat(card.readMsix(0x2000)).isZero();
  }

  @Test
  void theFunctionMaskHoldsEverythingBack() {
    card.writeConfig(0x72, 2, 0xC000);
    card.write(GPIE, MSIX);
    card.write(EIMS, 0x8);
    card.write(EICS, 0x8);
    assertThat(fired).isEmpty();
    card.writeConfig(0x72, 2, 0x8000);
    assertThat(fired).containsExactly(3);
  }

  @Test
  void aMessageIsAMemoryWriteAndWaitsForBusMastering() {
    msix(0);
    card.write(EIAC, 0xFFFF);
    card.writeMsix(4 * 16 + 12, 1);
    card.write(EIMS, 0x18);
    card.write(EICS, 0x10);
    card.writeConfig(0x04, 2, 0x2);
    card.write(EICS, 0x8);
    card.writeMsix(4 * 16 + 12, 0);
    card.run(1);
    assertThat(fired).isEmpty();
    card.writeConfig(0x04, 2, 0x6);
    assertThat(fired).containsExactlyInAnyOrder(3, 4);
    card.run(1);
    assertThat(fired).as("once each").hasSize(2);
  }

  @Test
  void theLineNeedsNoBusMastering() {
    card.writeConfig(0x04, 2, 0x2);
    card.write(EIMS, 0x1);
    card.write(EICS, 0x1);
    assertThat(line).containsExactly(true);
  }

  @Test
  void theLineFollowsCausesAndMask() {
    card.write(EICS, 0x1);
    assertThat(line).isEmpty();
    card.write(EIMS, 0x1);
    assertThat(line).containsExactly(true);
    assertThat(card.readConfig(0x06, 2) & 8).isEqualTo(8);
    card.read(EICR);
    assertThat(line).containsExactly(true, false);
    assertThat(card.readConfig(0x06, 2) & 8).isZero();
    assertThat(fired).isEmpty();
  }

  @Test
  void theLineCanBeSwitchedOffInTheCommandRegister() {
    card.write(EIMS, 0x1);
    card.write(EICS, 0x1);
    card.writeConfig(0x04, 2, 0x406);
    assertThat(line).containsExactly(true, false);
    assertThat(card.readConfig(0x06, 2) & 8).as("the status bit still tells").isEqualTo(8);
    card.writeConfig(0x04, 2, 0x006);
    assertThat(line).containsExactly(true, false, true);
  }

  @Test
  void readingTheCausesAppliesTheAutoMaskWithoutMsix() {
    card.write(EIAM, 0xFFFF);
    card.write(EIMS, 0x3 | LSC);
    card.write(EICS, 0x1);
    card.read(EICR);
    assertThat(card.read(EIMS)).isEqualTo(LSC);
  }

  @Test
  void aMessageWithoutATableIsVectorZero() {
    card.writeConfig(0x52, 2, 1);
    card.write(EIMS, 0x4);
    card.write(EICS, 0x4);
    assertThat(fired).containsExactly(0);
    assertThat(line).isEmpty();
  }

  @Test
  void causesAreGoneAfterAReset() {
    card.write(EIMS, 0x1);
    card.write(EICS, 0x1);
    card.write(0x00000, 1 << 26);
    assertThat(line).containsExactly(true, false);
    assertThat(card.read(EIMS)).isZero();
    assertThat(card.read(EICS)).isZero();
  }
}

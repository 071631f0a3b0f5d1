package io.netmap4j.model.peripherals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelClock;
import io.netmap4j.model.ModelViolation;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.SharedChip;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SWSM and GSSR as LX takes and frees them, from both ports of a chip (docs/82599.md 3.6). */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class SemaphoresTest {
  private static final int SWSM = 0x10140;
  private static final int GSSR = 0x10160;
  private static final int CTRL = 0x00000;
  private static final int RST = 1 << 26;
  private static final int MAC_CSR = 1 << 3;
  private static final int FIRMWARES_MAC_CSR = MAC_CSR << 5;

  private final ModelClock clock = ModelClock.manual();

  private Nic82599 port(int lanId, SharedChip chip, String link) {
    CardOptions options = CardOptions.port(lanId).clock(clock).link(LinkOptions.parse(link));
    return new Nic82599(chip == null ? options : options.onChip(chip));
  }

  /** LX ixgbe_get_eeprom_semaphore. @return false: after as many tries */
  private static boolean enter(Nic82599 card, int tries) {
    boolean got = false;
    for (int i = 0; i < tries && !got; i++) {
      got = (card.read(SWSM) & 1) == 0;
    }
    if (!got) {
      leave(card);
      got = (card.read(SWSM) & 1) == 0;
    }
    for (int i = 0; got && i < tries; i++) {
      card.write(SWSM, card.read(SWSM) | 2);
      if ((card.read(SWSM) & 2) != 0) {
        return true;
      }
    }
    leave(card);
    return false;
  }

  /** LX ixgbe_release_eeprom_semaphore. */
  private static void leave(Nic82599 card) {
    card.write(SWSM, card.read(SWSM) & ~3);
  }

  /** One try of LX ixgbe_acquire_swfw_sync. */
  private static boolean acquire(Nic82599 card, int bits) {
    if (!enter(card, 2000)) {
      return false;
    }
    int gssr = card.read(GSSR);
    boolean free = (gssr & (bits | bits << 5)) == 0;
    if (free) {
      card.write(GSSR, gssr | bits);
    }
    leave(card);
    return free;
  }

  private static void release(Nic82599 card, int bits) {
    enter(card, 2000);
    card.write(GSSR, card.read(GSSR) & ~bits);
    leave(card);
  }

  @Test
  void whatOnePortHoldsTheOtherDoesNotGet() {
    SharedChip chip = new SharedChip();
    Nic82599 a = port(0, chip, "");
    Nic82599 b = port(1, chip, "");
    assertThat(acquire(a, MAC_CSR)).isTrue();
    assertThat(acquire(b, MAC_CSR)).isFalse();
    assertThat(acquire(b, 1)).as("another bit").isTrue();
    b.write(CTRL, RST);
    assertThat(acquire(b, MAC_CSR)).as("a reset of one port frees nothing").isFalse();
    release(a, MAC_CSR);
    assertThat(acquire(b, MAC_CSR)).isTrue();
    a.close();
    b.close();
  }

  @Test
  void cardsThatShareNoChipShareNothingAndAResetFrees() {
    Nic82599 a = port(0, null, "");
    Nic82599 b = port(1, null, "");
    assertThat(acquire(a, MAC_CSR)).isTrue();
    assertThat(acquire(b, MAC_CSR)).isTrue();
    a.write(CTRL, RST);
    assertThat(acquire(a, MAC_CSR)).isTrue();
    a.close();
    b.close();
  }

  /** Both ports at once, each from a thread of its own: never both inside. */
  @Test
  void theSemaphoreKeepsTwoPortsApart() throws Exception {
    SharedChip chip = new SharedChip();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger clashes = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    List<Nic82599> cards = List.of(port(0, chip, ""), port(1, chip, ""));
    for (Nic82599 card : cards) {
      Thread thread =
          new Thread(
              () -> {
                for (int got = 0; got < 200; ) {
                  while ((card.read(SWSM) & 1) != 0) {
                    Thread.onSpinWait();
                  }
                  card.write(SWSM, card.read(SWSM) | 2);
                  int gssr = card.read(GSSR);
                  boolean free = (gssr & MAC_CSR) == 0;
                  if (free) {
                    card.write(GSSR, gssr | MAC_CSR);
                  }
                  leave(card);
                  if (free) {
                    clashes.addAndGet(inside.incrementAndGet() > 1 ? 1 : 0);
                    inside.decrementAndGet();
                    while ((card.read(SWSM) & 1) != 0) {
                      Thread.onSpinWait();
                    }
                    card.write(SWSM, card.read(SWSM) | 2);
                    card.write(GSSR, card.read(GSSR) & ~MAC_CSR);
                    leave(card);
                    got++;
                  }
                }
                done.incrementAndGet();
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(done.get()).isEqualTo(2);
    assertThat(clashes.get()).isZero();
    cards.forEach(Nic82599::close);
  }

  @Test
  void theFirmwareHoldsItsBitsForATimeAndThenNot() {
    Nic82599 card = port(0, null, "firmware=30/100");
    card.write(SWSM, 2);
    assertThat(card.read(SWSM) & 2).as("it is taking its bits").isZero();
    leave(card);
    clock.advance(2_000_000);
    assertThat(card.read(GSSR) & FIRMWARES_MAC_CSR).isNotZero();
    assertThat(acquire(card, MAC_CSR)).isFalse();
    enter(card, 10);
    assertThatThrownBy(() -> card.write(GSSR, card.read(GSSR) | MAC_CSR))
        .isInstanceOf(ModelViolation.class)
        .hasMessageContaining("the firmware holds");
    leave(card);
    clock.advance(30_000_000);
    assertThat(acquire(card, MAC_CSR)).isTrue();
    clock.advance(70_000_000);
    assertThat(card.read(GSSR) & FIRMWARES_MAC_CSR).as("it waits for us too").isZero();
    card.close();
  }

  /** LX: after the tries it frees what it could not get, and tries once more. */
  @Test
  void whatADeadProcessLeftIsFreedByForce() {
    Nic82599 card = port(0, null, "left=smbi+swesmbi+gssr:8");
    card.write(CTRL, RST);
    assertThat(card.read(SWSM) & 3).as("no reset frees it").isEqualTo(3);
    assertThat(acquire(card, MAC_CSR)).as("SMBI is freed by force, GSSR is still held").isFalse();
    release(card, MAC_CSR | FIRMWARES_MAC_CSR);
    assertThat(acquire(card, MAC_CSR)).isTrue();
    card.close();
  }

  @Test
  void oneSideOfAChipDiesHoldingASemaphore() {
    SharedChip chip = new SharedChip();
    Nic82599 a = port(0, chip, "");
    Nic82599 b = port(1, chip, "");
    assertThat(acquire(a, MAC_CSR)).isTrue();
    a.read(SWSM);
    a.writeConfig(0xA8, 2, 1 << 15); // the kernel's function-level reset, when a VFIO user dies
    assertThat(acquire(b, MAC_CSR)).isFalse();
    release(b, MAC_CSR | FIRMWARES_MAC_CSR);
    assertThat(acquire(b, MAC_CSR)).isTrue();
    a.close();
    b.close();
  }
}

package io.netmap4j.model.registerfile;

import static io.netmap4j.model.registerfile.RegisterFileRig.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A driver stores words into the files; the expected values are those of docs/82599.md. */
class PolledCardTest {
  @TempDir Path folder;
  private RegisterFileRig rig;

  @BeforeEach
  void open() {
    rig = new RegisterFileRig(folder);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void whatADriverWaitsForIsThere() {
    rig.write(0, 0x10014, 0x0F << 2 | 1); // EERD: the firmware's word
    rig.write(0, 0x0425C, 0x44000000 | 5); // MSCA, MDICMD
    rig.write(0, RXDCTL, ENABLE);
    assertThat(rig.cards.get(0).doorbells()).isTrue();
    rig.poll();
    assertThat(rig.read(0, 0x10014)).isEqualTo(0x40 << 16 | 0x0F << 2 | 2);
    assertThat(rig.read(0, 0x0425C) & 1 << 30).isZero();
    assertThat(rig.read(0, 0x04260) >>> 16).isEqualTo(0xFFFF); // MSRWD: no PHY
    assertThat(rig.read(0, RXDCTL)).isEqualTo(ENABLE);
    assertThat(rig.read(0, 0x10010) & 0x300).isEqualTo(0x300); // EEC: PRES, ARD
    assertThat(rig.read(0, 0x08804) & 1).isEqualTo(1); // SECTXSTAT
    assertThat(rig.read(1, STATUS) & 0xC).isEqualTo(4); // LAN id 1
  }

  @Test
  void aResetMakesVoidWhatWasWrittenBefore() {
    rig.write(0, 0x0A200, 0); // RAL
    rig.write(0, 0x01008, 0x400);
    rig.write(0, 0x05080, 0x300); // FCTRL, which the card has seen
    rig.poll();
    rig.write(0, 0x05088, 0x12345678); // VLNCTRL, which it has not
    rig.write(0, CTRL, 1 << 26);
    assertThat(rig.cards.get(0).doorbells()).as("a reset is waited for").isTrue();
    rig.poll();
    assertThat(rig.read(0, CTRL)).isZero();
    assertThat(rig.read(0, 0x0A200)).isEqualTo(0x00000002);
    assertThat(rig.read(0, 0x0A204)).isEqualTo(0x80000100);
    assertThat(rig.read(0, 0x01008)).isZero();
    assertThat(rig.read(0, 0x05080)).isZero();
    assertThat(rig.read(0, 0x05088)).isEqualTo(0x8100);
    assertThat(rig.nics.get(0).peek(0x05088)).isEqualTo(0x8100);
  }

  @Test
  void masterDisableShowsInStatus() {
    rig.write(0, CTRL, 4);
    rig.poll();
    assertThat(rig.read(0, STATUS) & 1 << 19).isZero();
    assertThat(rig.read(0, CTRL)).isEqualTo(4);
    rig.write(0, CTRL, 4 | 1 << 26);
    rig.poll();
    assertThat(rig.read(0, STATUS) & 1 << 19).isNotZero();
  }

  @Test
  void interruptMasksAreSetAndCleared() {
    rig.write(0, 0x00880, 0x5); // EIMS
    rig.poll();
    rig.write(0, 0x00880, 0x8);
    rig.poll();
    assertThat(rig.read(0, 0x00880)).isEqualTo(0xD);
    rig.write(0, 0x00888, 0x4); // EIMC
    rig.poll();
    assertThat(rig.read(0, 0x00880)).isEqualTo(0x9);
    assertThat(rig.read(0, 0x00888)).isZero();
  }

  @Test
  void anAliasIsTheSameRegister() {
    rig.write(0, 0x02104, 0x02000004); // SRRCTL(1)
    rig.poll();
    assertThat(rig.read(0, 0x01054)).isEqualTo(0x02000004);
  }

  @Test
  void configurationSpaceKeepsWhatIsReadOnly() {
    Mem.putInt(rig.config[0], 0);
    rig.master(0);
    rig.poll();
    assertThat(Mem.getInt(rig.config[0])).isEqualTo(0x10FB8086);
    assertThat(rig.nics.get(0).memory().allowed()).isTrue();
    rig.cards.get(0).masterOff();
    rig.poll();
    assertThat(Mem.getInt(rig.config[0] + 4) & 4).isZero();
    assertThat(rig.nics.get(0).memory().allowed()).isFalse();
  }

  /** All of it is written before the card looks, the tails included. */
  @Test
  void framesCrossTheCable() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    rig.nics.get(0).attach(cable, WireEnd.A);
    rig.nics.get(1).attach(cable, WireEnd.B);
    rig.setUp(0);
    rig.setUp(1);
    rig.poll();
    rig.send(0, 0, 5, 60);
    rig.write(0, TDT, 5);
    rig.cards.get(0).doorbells();
    assertThat(rig.nics.get(0).run(64)).isEqualTo(5);
    for (int i = 0; i < 5; i++) {
      assertThat(rig.done(1, RX_RING, i)).isTrue();
      assertThat(Mem.getInt(rig.memory[1] + RX_BUFFERS + (long) i * BUFFER + 14)).isEqualTo(i);
    }
    assertThat(rig.done(1, RX_RING, 5)).isFalse();
    assertThat(rig.done(0, TX_RING, 4)).isTrue();
    assertThat(rig.cards.get(0).txDoorbells()).isEqualTo(1);
    rig.cards.forEach(PolledCard::show);
    assertThat(rig.read(0, 0x06010)).as("TDH").isEqualTo(5);
    assertThat(rig.read(1, 0x01010)).as("RDH").isEqualTo(5);
    assertThat(rig.read(0, 0x042A4)).as("LINKS").isEqualTo(0x70000080);
    assertThat(rig.read(1, 0x04074)).as("a counter that a read would clear").isZero();
    assertThat(rig.nics.get(1).violations()).isEmpty();
  }

  /** A word that the driver writes while the card shows its own value is the driver's. */
  @Test
  void aStoreOfTheDriverIsNotLost() {
    rig.setUp(0);
    rig.poll();
    rig.write(0, 0x10014, 0x3F << 2 | 1);
    rig.cards.get(0).show();
    assertThat(rig.read(0, 0x10014)).isEqualTo(0x3F << 2 | 1);
    rig.poll();
    assertThat(rig.read(0, 0x10014) & 3).isEqualTo(2);
  }

  @Test
  void aWindowIsPreparedOnRequestAndBilled() {
    rig.nics.forEach(nic -> nic.attach(new SilentWire(), WireEnd.A));
    rig.setUp(0);
    rig.setUp(1);
    rig.poll();
    assertThat(rig.control.asked()).isFalse();
    request(1, ControlPage.REFILL | ControlPage.CLEAR, 0, 0xFF);
    assertThat(rig.control.asked()).isTrue();
    rig.control.answer(true);
    assertThat(rig.word(0x40)).isEqualTo(1);
    assertThat(rig.word(0x44)).isZero();
    assertThat(rig.word(0x48)).isEqualTo(SLOTS - 1);
    assertThat(rig.word(0x4C)).isEqualTo(SLOTS - 1);
    assertThat(rig.done(0, RX_RING, SLOTS - 2)).isTrue();
    assertThat(Mem.getInt(rig.memory[0] + RX_RING + 12) & 0xFFFF).isEqualTo(60);
    assertThat(rig.bill(0, 0)).isZero();

    rig.write(0, RDT, 9); // ten buffers back: SLOTS − 1 and 0 to 8
    for (int i = 0; i < 10; i++) {
      int slot = (SLOTS - 1 + i) % SLOTS;
      Mem.putLong(rig.memory[0] + RX_RING + 16L * slot, IOVA + RX_BUFFERS);
      Mem.putLong(rig.memory[0] + RX_RING + 16L * slot + 8, 0);
    }
    rig.send(0, 0, 6, 100);
    rig.write(0, TDT, 6);
    rig.poll();
    request(2, ControlPage.COMPLETE | ControlPage.REFILL, 128, 0);
    rig.control.answer(true);
    assertThat(rig.word(0x48)).isEqualTo(10);
    assertThat(rig.word(0x4C)).as("card 1 was not asked").isEqualTo(SLOTS - 1);
    assertThat(rig.done(0, TX_RING, 5)).isTrue();
    long[] expected = {10, 6, 1, 1, 16 * 16, 11 * 16, 11, 600, 1280, 0};
    for (int item = 0; item < expected.length; item++) {
      assertThat(rig.bill(0, item)).as("item " + item).isEqualTo(expected[item]);
      assertThat(rig.bill(1, item)).as("item " + item + " of card 1").isZero();
    }
  }

  @Test
  void aRequestThatMeansNothingIsRefused() {
    request(7, 8, 0, 0xFF);
    rig.control.answer(true);
    assertThat(rig.word(0x44)).isEqualTo(1);
    request(8, 1, 59, 0);
    rig.control.answer(true);
    assertThat(rig.word(0x44)).isEqualTo(1);
    request(9, 1, 60, 2);
    rig.control.answer(true);
    assertThat(rig.word(0x44)).isEqualTo(1);
    assertThat(rig.word(0x40)).isEqualTo(9);
    request(10, ControlPage.REFILL, 60, 0);
    rig.control.answer(false);
    assertThat(rig.word(0x44)).isEqualTo(2);
  }

  private void request(int number, int command, int length, int card) {
    Mem.putInt(rig.page + 4, command);
    Mem.putInt(rig.page + 8, length);
    Mem.putInt(rig.page + 0xC, card);
    Mem.putIntRelease(rig.page, number);
  }

  @Test
  void theFilesAreThoseOfACardBoundToUio() throws Exception {
    Path function = folder.resolve("sys/bus/pci/devices/0000:e0:00.1");
    assertThat(function.resolve("device")).hasContent("0x10fb");
    assertThat(function.resolve("driver").toRealPath().getFileName())
        .hasToString("uio_pci_generic");
    assertThat(Files.readAllLines(function.resolve("resource"))).hasSize(7);
    assertThat(folder.resolve("sys/class/uio/uio1/device").toRealPath()).isEqualTo(function);
    assertThat(Files.size(function.resolve("resource0"))).isEqualTo(0x80000);
    rig.close();
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
    rig = new RegisterFileRig(folder);
  }
}

package io.netmap4j.model.peripherals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelViolation;
import io.netmap4j.model.Nic82599;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class NvmAndModuleTest {
  private static final int EEC = 0x10010;
  private static final int EERD = 0x10014;
  private static final int EEWR = 0x10018;
  private static final int I2CCTL = 0x00028;

  private static int word(Nic82599 card, int address) {
    card.write(EERD, address << 2 | 1);
    int value = card.read(EERD);
    assertThat(value & 2).as("DONE").isEqualTo(2);
    return value >>> 16;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theChecksumIsWhatADriverComputes(boolean sfp) {
    Nic82599 card = new Nic82599(sfp ? CardOptions.port(0).withSfp() : CardOptions.port(0));
    int sum = 0;
    for (int i = 0; i < 0x3F; i++) {
      sum += word(card, i);
    }
    int sections = 0;
    for (int i = 3; i < 0xF; i++) {
      int pointer = word(card, i);
      int length = pointer == 0 || pointer == 0xFFFF ? 0 : word(card, pointer);
      if (length != 0 && length != 0xFFFF) {
        sections++;
        for (int j = pointer + 1; j <= pointer + length; j++) {
          sum += word(card, j);
        }
      }
    }
    assertThat(sections).as("sections to follow").isPositive();
    assertThat(word(card, 0x3F)).isEqualTo(0xBABA - sum & 0xFFFF);
  }

  @Test
  void theFirmwareIsNewEnough() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    int version = word(card, word(card, 0x0F) + 4);
    assertThat(word(card, version + 7)).isGreaterThan(5);
    assertThat(word(card, 0x2C)).isEqualTo(0x83);
    assertThat(word(card, 0x2B)).isEqualTo(0xFFFF);
  }

  /** As LX ixgbe_get_sfp_init_sequence_offsets looks: 3, 4 direct attach, 5, 6 optics. */
  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 6})
  void theModuleListLeadsToTheWordsOfEachModule(int module) {
    Nic82599 card = new Nic82599(CardOptions.port(1).withSfp());
    int at = word(card, 0x2B) + 1;
    while (word(card, at) != module) {
      assertThat(word(card, at)).isNotEqualTo(0xFFFF);
      at += 2;
    }
    int words = word(card, at + 1) + 1;
    assertThat(word(card, words)).isNotEqualTo(0xFFFF);
    assertThat(word(card, words + 2)).isEqualTo(0xFFFF);
  }

  @Test
  void aWordCanBeWritten() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    card.write(EEWR, 0xBEEF << 16 | 0x90 << 2 | 1);
    assertThat(card.read(EEWR) & 2).isEqualTo(2);
    assertThat(word(card, 0x90)).isEqualTo(0xBEEF);
  }

  @Test
  void aWordPastTheEndIsRefused() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    int words = 1 << (card.read(EEC) >>> 11 & 0xF) + 6;
    assertThatThrownBy(() -> card.write(EERD, words << 2 | 1))
        .isInstanceOf(ModelViolation.class)
        .hasMessageContaining("past the 256");
  }

  @Test
  void theGrantFollowsTheRequest() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    int idle = card.read(EEC);
    card.write(EEC, idle | 1 << 6);
    assertThat(card.read(EEC)).isEqualTo(idle | 0xC0);
    card.write(EEC, card.read(EEC) & ~(1 << 6));
    assertThat(card.read(EEC)).isEqualTo(idle);
  }

  @Test
  void withoutAModuleTheBusMirrorsAndNobodyAcknowledges() {
    I2cMaster bus = new I2cMaster(new Nic82599(CardOptions.port(0)));
    assertThat(bus.card().read(I2CCTL)).isEqualTo(0xF);
    assertThat(bus.card().read(I2CCTL) & 5).isEqualTo(5);
    bus.start();
    assertThat(bus.send(0xA0)).isFalse();
    bus.card().write(I2CCTL, 0);
    assertThat(bus.card().read(I2CCTL)).isZero();
  }

  @Test
  void aPassiveCopperModuleCanBeReadByteByByte() {
    I2cMaster bus = new I2cMaster(new Nic82599(CardOptions.port(0).withSfp()));
    assertThat(bus.byteAt(0x00)).isEqualTo(0x03);
    assertThat(bus.byteAt(0x03)).isEqualTo(0x00);
    assertThat(bus.byteAt(0x08)).isEqualTo(0x04);
    assertThat(bus.byteAt(0x26)).isEqualTo(0x1B);
    assertThat(bus.byteAt(0x27)).isEqualTo(0x21);
    assertThat(bus.card().read(I2CCTL)).as("the bus is free again").isEqualTo(0xF);
  }

  @Test
  void theModuleReadsOnWhenTheMasterAcknowledges() {
    I2cMaster bus = new I2cMaster(new Nic82599(CardOptions.port(0).withSfp()));
    bus.start();
    assertThat(bus.send(0xA0)).isTrue();
    assertThat(bus.send(0x25)).isTrue();
    bus.start();
    assertThat(bus.send(0xA1)).isTrue();
    assertThat(bus.receive(true)).isEqualTo(0x00);
    assertThat(bus.receive(true)).isEqualTo(0x1B);
    assertThat(bus.receive(false)).isEqualTo(0x21);
    bus.stop();
  }

  @Test
  void theDiagnosticsAddressDoesNotAnswer() {
    I2cMaster bus = new I2cMaster(new Nic82599(CardOptions.port(0).withSfp()));
    bus.start();
    assertThat(bus.send(0xA2)).isFalse();
    bus.stop();
    assertThat(bus.byteAt(0x00)).isEqualTo(0x03);
  }
}

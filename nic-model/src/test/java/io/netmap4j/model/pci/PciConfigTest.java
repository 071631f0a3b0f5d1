package io.netmap4j.model.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class PciConfigTest {
  private final Nic82599 card = new Nic82599(CardOptions.port(0).mac(0x90E2BA112233L));

  private int config(int offset, int bytes) {
    return card.readConfig(offset, bytes);
  }

  @Test
  void itIsAnEthernetCardOfTwoPorts() {
    assertThat(config(0x00, 4)).isEqualTo(0x10FB8086);
    assertThat(config(0x08, 4)).isEqualTo(0x02000001);
    assertThat(config(0x0E, 1)).isEqualTo(0x80);
    assertThat(config(0x3D, 1)).isEqualTo(1);
    assertThat(new Nic82599(CardOptions.port(1)).readConfig(0x3D, 1)).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "0x10, 0xFFF8000C",
    "0x14, 0xFFFFFFFF",
    "0x18, 0xFFFFFFE1",
    "0x1C, 0",
    "0x20, 0xFFFFC00C",
    "0x24, 0xFFFFFFFF",
    "0x30, 0"
  })
  void baseAddressRegistersTellTheirSize(int offset, String answer) {
    card.writeConfig(offset, 4, -1);
    assertThat(config(offset, 4)).isEqualTo(Long.decode(answer).intValue());
  }

  @Test
  void theCapabilitiesAreWhereDriversExpectThem() {
    List<String> found = new ArrayList<>();
    for (int at = config(0x34, 1); at != 0; at = config(at + 1, 1)) {
      found.add(Integer.toHexString(at) + ":" + Integer.toHexString(config(at, 1)));
    }
    assertThat(found).containsExactly("40:1", "50:5", "70:11", "a0:10", "e0:3");
    assertThat(config(0x72, 2) & 0x7FF).isEqualTo(63);
    assertThat(config(0x74, 4)).isEqualTo(4);
    assertThat(config(0x78, 4)).isEqualTo(0x2004);
    assertThat(config(0xAA, 2) & 1 << 5).as("nothing pending").isZero();
  }

  @Test
  void theExtendedCapabilitiesFollowOneAnother() {
    List<Integer> ids = new ArrayList<>();
    for (int at = 0x100; at != 0; at = config(at, 4) >>> 20) {
      ids.add(config(at, 2));
    }
    assertThat(ids).containsExactly(1, 3, 0xE);
    assertThat(config(0x148, 4)).isEqualTo(0x90E2BAFF);
    assertThat(config(0x144, 4)).isEqualTo(0xFF112233);
  }

  @Test
  void readOnlyBitsStay() {
    card.writeConfig(0x00, 4, 0);
    card.writeConfig(0x72, 2, 0xFFFF);
    assertThat(config(0x00, 4)).isEqualTo(0x10FB8086);
    assertThat(config(0x72, 2)).isEqualTo(0xC03F);
  }

  @Test
  void functionLevelResetClearsCommandTableAndRegisters() {
    card.writeConfig(0x04, 2, 0x6);
    card.writeMsix(0x0C, 0);
    card.write(0x05080, 0x400);
    card.writeConfig(0xA8, 2, config(0xA8, 2) | 0x8000);
    assertThat(config(0x04, 2)).isZero();
    assertThat(config(0xA8, 2)).isEqualTo(0x2810);
    assertThat(card.readMsix(0x0C)).isEqualTo(1);
    assertThat(card.read(0x05080)).isZero();
  }

  @Test
  void theWayBackFromD3Resets() {
    card.write(0x05080, 0x400);
    card.writeConfig(0x44, 2, 3);
    assertThat(card.read(0x05080)).isEqualTo(0x400);
    card.writeConfig(0x44, 2, 0);
    assertThat(card.read(0x05080)).isZero();
    assertThat(config(0x44, 2)).isEqualTo(0x2000);
  }

  @Test
  void vitalProductDataEndsAtOnce() {
    card.writeConfig(0xE2, 2, 0);
    assertThat(config(0xE2, 2) & 0x8000).isNotZero();
    assertThat(config(0xE4, 1)).isEqualTo(0x78);
  }

  @Test
  void oddAccessesAreRefused() {
    assertThatThrownBy(() -> config(0, 3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> config(4093, 4)).isInstanceOf(IllegalArgumentException.class);
  }
}

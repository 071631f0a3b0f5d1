package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MacAddressTest {
  @Test
  void textOctetsAndBitsAreTheSameAddress() {
    MacAddress address = MacAddress.parse("fe:0:00:0a:B:ff");
    assertThat(address).isEqualTo(new MacAddress(0xFE00000A0BFFL)).hasToString("fe:00:00:0a:0b:ff");
    assertThat(MacAddress.of(address.octets())).isEqualTo(address);
    assertThat(address.multicast()).isFalse();
    assertThat(new MacAddress(0xFFFFFFFFFFFFL).multicast()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 48, -1})
  void moreThan48BitsAreRefused(long bits) {
    assertThatThrownBy(() -> new MacAddress(bits))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("0x" + Long.toHexString(bits) + " is no MAC address: it has 48 bits");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 7})
  void otherThanSixOctetsAreRefused(int octets) {
    assertThatThrownBy(() -> MacAddress.of(new byte[octets]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(octets + " bytes are no MAC address: it has 6 octets");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "02:00:00:00:00", "02:00:00:00:00:01:02", "02-00-00-00-00-01"})
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> MacAddress.parse(text)).hasMessageContaining("is no MAC address");
  }
}

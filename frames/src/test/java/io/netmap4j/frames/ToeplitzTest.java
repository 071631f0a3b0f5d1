package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Against Microsoft's verification suite for RSS. */
class ToeplitzTest {
  private static final byte[] KEY =
      HexFormat.of()
          .parseHex(
              "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");

  @Test
  void hashesArePublished() {
    byte[] input = {
      66, 9, (byte) 149, (byte) 187, (byte) 161, (byte) 142, 100, 80, 10, -22, 6, -26
    };
    Toeplitz toeplitz = new Toeplitz(KEY);
    long memory = Mem.allocate(input.length);
    Mem.copyIn(input, 0, memory, input.length);
    int addresses = toeplitz.hash(0, 0, memory, 8);
    assertThat(addresses).isEqualTo(0x323E8FC2);
    assertThat(toeplitz.hash(addresses, 8, memory + 8, 4)).isEqualTo(0x51CCC178);
    Mem.free(memory);
  }

  @Test
  void aShortKeyIsRefused() {
    assertThatThrownBy(() -> new Toeplitz(new byte[39])).hasMessageContaining("39 bytes");
  }
}

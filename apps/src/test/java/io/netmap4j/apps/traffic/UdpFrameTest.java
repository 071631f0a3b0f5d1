package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class UdpFrameTest {
  private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

  private static byte[] next(UdpFrame frame) {
    long memory = Mem.allocate(frame.size());
    byte[] bytes = new byte[frame.size()];
    Mem.copyIn(frame.template(), 0, memory, frame.size());
    frame.stamp(memory, frame.nextSize());
    Mem.copyOut(memory, bytes, 0, bytes.length);
    Mem.free(memory);
    return bytes;
  }

  private static UdpFrame frame(String source, String destination, int size) {
    return UdpFrame.ipv4(
        MAC, MAC, Endpoints.parse(source, false), Endpoints.parse(destination, false), size);
  }

  /** The Internet checksum over bytes that contain a right one is 0xffff before the complement. */
  private static int sum(byte[] b, int from, int to, int sum) {
    for (int i = from; i < to; i++) {
      sum += (i - from) % 2 == 0 ? (b[i] & 0xff) << 8 : b[i] & 0xff;
    }
    while (sum > 0xffff) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {42, 43, 60, 61, 1514, 9018, UdpFrame.LONGEST})
  void checksumsAreRightForEveryFlow(int size) {
    UdpFrame frame =
        frame("10.0.0.1:65534-10.0.0.3:65535", "255.255.255.255:1-255.255.255.255:2", size);
    for (int i = 0; i < 20; i++) {
      byte[] b = next(frame);
      assertThat(sum(b, 14, 34, 0)).isEqualTo(0xffff);
      int pseudo = sum(b, 26, 34, 17 + size - 34);
      assertThat(sum(b, 34, size, pseudo)).isEqualTo(0xffff);
      assertThat((b[16] & 0xff) << 8 | b[17] & 0xff).isEqualTo(size - 14);
    }
  }

  @Test
  void flowsRunThroughPortsThenAddressesThenTheOtherEnd() {
    UdpFrame frame = frame("10.0.0.1:7-10.0.0.2:8", "10.1.0.1:5-10.1.0.1:6", 60);
    List<String> seen = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      byte[] b = next(frame);
      seen.add(b[29] + ":" + b[35] + ">" + b[37]);
    }
    assertThat(seen)
        .containsExactly(
            "1:7>5", "1:8>5", "2:7>5", "2:8>5", "1:7>6", "1:8>6", "2:7>6", "2:8>6", "1:7>5");
    assertThat(frame.varies()).isTrue();
    assertThat(frame("10.0.0.1", "10.1.0.1", 60).varies()).isFalse();
  }

  @Test
  void thePayloadIsPktGens() {
    byte[] b = next(frame("10.0.0.1", "10.1.0.1", 60));
    assertThat(new String(b, 42, 17, StandardCharsets.US_ASCII)).isEqualTo("netmap pkt-gen DI");
    assertThat(b[59]).isZero();
    assertThat((b[34] & 0xff) << 8 | b[35] & 0xff).isEqualTo(1234);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | '' is not ip[:port",
        "10.0.0 | '10.0.0': 10.0.0 is no IPv4 address",
        "10.0.0.256 | 10.0.0.256: '256' is no number from 0 to 255",
        "10.0.0. | 10.0.0.: '' is no number from 0 to 255",
        "10.0.0.1:x | '10.0.0.1:x' is not ip[:port",
        "10.0.0.1:70000 | port 70000: '70000' is no number from 0 to 65535",
        "10.0.0.1:999999 | port 999999: '999999' is no number",
        "10.0.0.2-10.0.0.1 | it runs backwards: 10.0.0.1 is before 10.0.0.2",
        "10.0.0.1:9-10.0.0.1:8 | it runs backwards: port 8 is before port 9",
        "[fd00::1]:7 | as in 10.0.0.1:1024-10.0.0.1:1279; IPv6 needs -6",
        "1.2.3.4-1.2.3.4-1.2.3.4 | is not ip[:port",
      })
  void badRangesAreRefused(String text, String message) {
    assertThatThrownBy(() -> Endpoints.parse(text, false))
        .hasMessageContaining("'" + text + "'")
        .hasMessageContaining(message);
  }
}

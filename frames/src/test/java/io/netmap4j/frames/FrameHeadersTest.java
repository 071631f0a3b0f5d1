package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.Mem;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrameHeadersTest {
  private static final String MACS = "000203040506" + "020000000001";

  /** UDP from 10.0.0.1:1024 to 10.0.0.2:53, 2 bytes of payload. */
  private static final String UDP4 =
      "4500001e00004000401100000a0000010a000002" + "04000035000a0000" + "6869";

  private final long memory = Mem.allocate(2048);
  private final FrameHeaders headers = new FrameHeaders();

  @AfterEach
  void free() {
    Mem.free(memory);
  }

  private void parse(String hex, int padding) {
    byte[] frame = HexFormat.of().parseHex(hex);
    Mem.set(memory, 2048, (byte) 0xEE);
    Mem.copyIn(frame, 0, memory, frame.length);
    headers.parse(memory, frame.length + padding);
  }

  @Test
  void udpBehindIpv4() {
    parse(MACS + "0800" + UDP4, 18);
    assertThat(headers.etherType()).isEqualTo(FrameHeaders.IPV4);
    assertThat(headers.vlan()).isFalse();
    assertThat(headers.ipv4()).isTrue();
    assertThat(headers.ipv6()).isFalse();
    assertThat(headers.extended()).isFalse();
    assertThat(headers.protocol()).isEqualTo(FrameHeaders.UDP);
    assertThat(headers.transport()).isTrue();
    assertThat(headers.l3()).isEqualTo(14);
    assertThat(headers.l4()).isEqualTo(34);
    assertThat(headers.end()).as("without the padding").isEqualTo(44);
  }

  @Test
  void aTagMovesEverythingByFourBytes() {
    parse(MACS + "8100e123" + "0800" + UDP4, 0);
    assertThat(headers.vlan()).isTrue();
    assertThat(headers.vlanTag()).isEqualTo(0xE123);
    assertThat(headers.l3()).isEqualTo(18);
    assertThat(headers.l4()).isEqualTo(38);
    assertThat(headers.transport()).isTrue();
  }

  @Test
  void extensionHeadersOfIpv6AreSkipped() {
    String ip6 = "60000000" + "0020" + "00" + "40" + "00".repeat(32);
    String hopByHop = "0600" + "00".repeat(6);
    String tcp = "0400003500000001000000005010020000000000" + "00000000";
    parse(MACS + "86dd" + ip6 + hopByHop + tcp, 0);
    assertThat(headers.ipv6()).isTrue();
    assertThat(headers.extended()).isTrue();
    assertThat(headers.protocol()).isEqualTo(FrameHeaders.TCP);
    assertThat(headers.l4()).isEqualTo(14 + 40 + 8);
    assertThat(headers.transport()).isTrue();
  }

  @Test
  void aFragmentHasNoTransportHeader() {
    parse(MACS + "0800" + UDP4.replace("00004000", "00002000"), 0);
    assertThat(headers.fragment()).isTrue();
    assertThat(headers.protocol()).isEqualTo(FrameHeaders.UDP);
    assertThat(headers.transport()).isFalse();
  }

  @Test
  void aPacketThatIsNotWholeIsNoIp() {
    parse(MACS + "0800" + UDP4, -1);
    assertThat(headers.ipv4()).isFalse();
    assertThat(headers.protocol()).isEqualTo(-1);
    assertThat(headers.end()).isEqualTo(43);
  }

  @Test
  void whatIsBehindTheFrameDoesNotCount() {
    Random random = new Random(1);
    byte[] start = HexFormat.of().parseHex(MACS);
    for (int i = 0; i < 20_000; i++) {
      byte[] rest = new byte[80];
      random.nextBytes(rest);
      int length = random.nextInt(12 + rest.length);
      String type = random.nextBoolean() ? "8100" + "0001" + "86dd60" : "080045";
      byte[] begin = HexFormat.of().parseHex(type);
      Mem.copyIn(start, 0, memory, 12);
      Mem.copyIn(rest, 0, memory + 12, rest.length);
      Mem.copyIn(begin, 0, memory + 12, begin.length);
      headers.parse(memory, length);
      String before = text();
      Mem.set(memory + length, 256, (byte) 0);
      headers.parse(memory, length);
      assertThat(text()).as("%d bytes", length).isEqualTo(before);
    }
  }

  private String text() {
    return String.join(
        " ",
        headers.vlan() + "",
        headers.vlanTag() + "",
        headers.etherType() + "",
        headers.ipv4() + "",
        headers.ipv6() + "",
        headers.protocol() + "",
        headers.l4() + "",
        headers.end() + "",
        headers.transport() + "");
  }
}

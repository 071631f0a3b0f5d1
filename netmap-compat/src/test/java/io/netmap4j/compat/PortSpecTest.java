package io.netmap4j.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rows of the tables in docs/netmap-abi.md 14.2, as measured on libnetmap. */
@Timeout(10)
class PortSpecTest {
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "eth0, 1, 0, 0, 0",
        "eth0^, 2, 0, 0, 0",
        "eth0^3, 8, 3, 0, 0",
        "eth0*, 3, 0, 0, 0",
        "eth0-4094, 4, 4094, 0, 0",
        "eth0-1/xR, 4, 1, 0x2800, 0",
        "eth0/ztrT, 1, 0, 0x4700, 0",
        "eth0@2, 1, 0, 0, 2",
        "eth0@2/x@2, 1, 0, 0x800, 2",
        "eth0/x@2, 1, 0, 0x800, 2",
        "eth0@70000, 1, 0, 0, 4464",
      })
  void ringsFlagsAndMemory(String name, int mode, int ring, String flags, int memId) {
    PortSpec spec = PortSpec.parse("netmap:" + name);
    assertThat(spec.name()).isEqualTo("eth0");
    assertThat(spec.mode()).isEqualTo(mode);
    assertThat(spec.ringId()).isEqualTo(ring);
    assertThat(spec.flags()).isEqualTo(Long.decode(flags));
    assertThat(spec.memId()).isEqualTo(memId);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eth0&",
        "vale0:0",
        "eth0+",
        "eth0.100",
        "eth0:1",
        "0000:03:00.0",
        "{1",
        "pipe{1",
        "pipe}in_2"
      })
  void everythingElseIsPartOfTheName(String name) {
    assertThat(PortSpec.parse("netmap:" + name).name()).isEqualTo(name);
  }

  @Test
  void ringsOfAPipeCanBeNamed() {
    PortSpec spec = PortSpec.parse("netmap:eth0{1-2");
    assertThat(spec.name()).isEqualTo("eth0{1");
    assertThat(spec.mode()).isEqualTo(Netmap.NR_REG_ONE_NIC);
    assertThat(spec.ringId()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"vale0:1", "vale:1", "vale0:", "vale0:a b", "vale_x:p{1"})
  void switchPortsKeepTheirPrefix(String name) {
    assertThat(PortSpec.parse(name).name()).isEqualTo(name);
    assertThat(PortSpec.parse(name).vale()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "eth0 | invalid request, prefix unknown or missing",
        "\"\" | invalid request, prefix unknown or missing",
        "netmapx:eth0 | no identifier allowed between 'netmap' and ':'",
        "vale0 | missing ':'",
        "vale-:1 | invalid identifier '-'",
        "netmap: | invalid empty port name",
        "netmap:^ | invalid empty port name",
        "netmap:eth0{ | invalid empty pipe name",
        "netmap:{ | invalid empty pipe name",
        "netmap:pipe{1}2 | invalid pipe name '1}2'",
        "netmap:a{b{c | invalid pipe name 'b{c'",
        "netmap:eth0- | unexpected end of request",
        "netmap:eth0/ | unexpected end of request",
        "netmap:eth0@1/ | unexpected end of request",
        "netmap:eth0-x | got 'x' while expecting a number",
        "netmap:eth0--1 | got '-1' while expecting a number",
        "netmap:eth0-+3 | got '+3' while expecting a number",
        "netmap:eth0-4095 | '4095' out of range [0, 4095)",
        "netmap:eth0^4095 | '4095' out of range [0, 4095)",
        "netmap:eth0-1-2 | unexpected character: '-'",
        "netmap:eth0*1 | unexpected character: '1'",
        "netmap:eth0^-1 | unexpected character: '-'",
        "netmap:eth0@1x | unexpected character: 'x'",
        "netmap:eth0/x/x | unrecognized flag: '/'",
        "netmap:eth0/q | unrecognized flag: 'q'",
        "netmap:eth0@ | invalid empty mem_id",
        "netmap:eth0@2@ | invalid empty mem_id",
        "netmap:eth0@0 | invalid mem_id: '0'",
        "netmap:eth0@2@3 | invalid setting of mem_id to 3 (already set to 2)",
        "netmap:eth0@x | unknown option: 'x'",
        "netmap:eth0@xxx=1 | unknown option: 'xxx'",
        "netmap:eth0@conf:rings=1@2 | unknown option: '2'",
        "netmap:eth0@@ | invalid empty option",
        "netmap:eth0@conf | syntax error: missing body after 'conf'",
        "netmap:eth0@share | syntax error: missing body after 'share'",
        "netmap:eth0@extmem | syntax error: missing body after 'extmem'",
        "netmap:eth0@conf=4 | syntax error: '=' not valid after 'conf'",
        "netmap:eth0@conf:foo=1 | unknown key: 'foo'",
        "netmap:eth0@conf:rings=2, | unknown key: ''",
        "netmap:eth0@conf:rings | option 'conf': missing '=value' for key 'rings'",
        "netmap:eth0@conf:rings=2,rings=3 | option 'conf': duplicate key 'rings', already set to '2'",
        "netmap:eth0@extmem:if-num=1 | option 'extmem': mandatory key 'file' not assigned",
      },
      delimiter = '|')
  void libnetmapsErrorTexts(String name, String message) {
    String text = name == null ? "" : name;
    assertThatThrownBy(() -> PortSpec.parse(text))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL))
        .hasMessage(message);
  }

  @Test
  void namesHaveAtMost63Characters() {
    String longest = "a".repeat(63);
    assertThat(PortSpec.parse("netmap:" + longest).name()).isEqualTo(longest);
    assertThatThrownBy(() -> PortSpec.parse("netmap:" + longest + "a"))
        .hasMessage("name '" + longest + "a' too long");
  }

  @Test
  void theOffsetOptionIsSwitchedOff() {
    assertThatThrownBy(() -> PortSpec.parse("netmap:eth0@offset=10"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EOPNOTSUPP))
        .hasMessage("option 'offset' is not supported");
  }

  @Test
  void optionsAreTakenApart() {
    PortSpec spec = PortSpec.parse("netmap:eth0@2@conf:rings=2,tx_slots=abc@extmem=/mnt/huge");
    assertThat(spec.options())
        .isEqualTo(
            Map.of(
                "conf", Map.of("tx-rings", "2", "rx-rings", "2", "tx-slots", "0"),
                "extmem", Map.of("file", "/mnt/huge")));
    assertThat(PortSpec.parse("netmap:eth0@conf:").options()).containsKey("conf");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      delimiter = '|',
      value = {
        "netmap:eth0@share= | 22 | missing value for option 'share'",
        "netmap:eth0@share=0 | 22 | 0: invalid request, prefix unknown or missing",
        "netmap:eth0@share:port= | 22 | option 'share': mandatory key 'port' not assigned",
        "netmap:eth0@2@share=netmap:b | 22 | cannot set mem_id to 7, already set to 2",
        "netmap:eth0@extmem=/a@extmem=/b | 22 | eth0: extmem already in use",
        "netmap:eth0@conf:tx-rings=2,tx-rings=3 | 22 | option 'conf': duplicate key 'tx_rings', already set to '2'",
        "netmap:eth0@conf:rings=2,rings | 22 | option 'conf': duplicate key 'rings', already set to '2'",
        "netmap:eth0-99999999999999999999 | 34 | '9223372036854775807' out of range [0, 4095)",
        "netmap:eth0@2@99999999999999999999 | 34 | invalid setting of mem_id to 9223372036854775807 (already set to 2)",
        "netmapx-:eth0 | 22 | no identifier allowed between 'netmap' and ':'",
      })
  void optionsThatContradictAndNumbersOutOfRange(String name, int errno, String message) {
    assertThatThrownBy(() -> PortSpec.parse(name, shared -> 7))
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno))
        .hasMessage(message);
  }

  @Test
  void anEmptyValueIsUnsetAndALaterConfWins() {
    String twice = "netmap:eth0@conf:rings=,rings=3,tx-rings=5@conf:rx-rings=70000,slots=-1";
    assertThat(PortSpec.parse(twice).options().get("conf"))
        .isEqualTo(
            Map.of(
                "tx-rings", "5",
                "rx-rings", "4464",
                "tx-slots", "4294967295",
                "rx-slots", "4294967295"));
    assertThat(PortSpec.parse("netmap:a@7@share=netmap:b-3/x", shared -> 7).memId()).isEqualTo(7);
    assertThat(PortSpec.parse("netmap:eth0@99999999999999999999").memId()).isEqualTo(65535);
  }

  @Test
  void namesAreCountedInBytesAndEndNowhereElse() {
    String longest = "\u00e9".repeat(31);
    assertThat(PortSpec.parse("netmap:" + longest).name()).isEqualTo(longest);
    assertThatThrownBy(() -> PortSpec.parse("netmap:" + longest + "\u00e9"))
        .hasMessageEndingWith("too long");
    assertThatThrownBy(() -> PortSpec.parse("netmap:eth0\0x")).hasMessageContaining("a zero byte");
  }
}

package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the commands have in common, and dump and replay together, on two fake cards. */
@Timeout(60)
class CommandsTest {
  @TempDir Path folder;

  @Test
  void whatReplaySendsDumpRecordsByteForByte() throws Exception {
    Path in = folder.resolve("in.pcap");
    Path out = folder.resolve("out.pcap");
    Random random = new Random(1);
    List<byte[]> frames = new ArrayList<>();
    try (PcapWriter writer = PcapWriter.create(in)) {
      for (int i = 0; i < 700; i++) {
        byte[] frame =
            new byte[i % 10 == 0 ? 2048 * (1 + i / 10 % 4) + i % 3 - 1 : 60 + random.nextInt(1454)];
        random.nextBytes(frame);
        frames.add(frame);
        writer.write(1_000_000_000L + i * 100_000L, frame);
      }
    }
    Command run =
        Command.run(
            "run",
            "dump -i netmap:fake1 -c 1400 -w '" + out + "'",
            "replay -i fake0 --loop 2 -r \"" + in + "\"");
    assertThat(run.err()).contains("1400 packets");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Sent 1400 packets");
    try (PcapReader reader = PcapReader.open(out)) {
      for (int i = 0; i < 1400; i++) {
        assertThat(reader.next()).isTrue();
        assertThat(reader.bytes()).as("frame %d", i).isEqualTo(frames.get(i % 700));
      }
      assertThat(reader.next()).isFalse();
    }
  }

  @Test
  void dumpPrintsALineForEachPacketAndCutsThemInFiles() throws Exception {
    Command text =
        Command.run(
            "run", "dump -i fake1 -c 2", "pkt-gen -i fake0 -f tx -n 2 -S 02:00:00:00:00:07");
    assertThat(text.out())
        .containsPattern(
            "\\d\\d:\\d\\d:\\d\\d\\.\\d{6} 02:00:00:00:00:07 > ff:ff:ff:ff:ff:ff IPv4 10\\.0\\.0\\.1:1234 >"
                + " 10\\.1\\.0\\.1:1234 UDP, length 60");
    Path out = folder.resolve("cut.pcap");
    Command.run("run", "dump -i fake1 -c 2 -s 14 -w " + out, "pkt-gen -i fake0 -f tx -n 2");
    try (PcapReader reader = PcapReader.open(out)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.length()).isEqualTo(14);
    }
  }

  @Test
  void whenOneCommandFailsTheOthersEndWithTheirTotals() {
    Command run =
        Command.run("run", "pkt-gen -i fake1 -f rx", "bridge -i fake0 -i model0", "dump -i eth9");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.out()).contains("Received nothing.").contains("fake0 -> model0: 0 packets");
    assertThat(run.err().lines().filter(l -> l.startsWith("netmap4j:"))).hasSize(1);
  }

  @Test
  void devicesListsNamesIdsAndWhatIsMissing() {
    Command devices = Command.run("devices");
    assertThat(devices.code()).isZero();
    assertThat(devices.out().lines().findFirst().orElseThrow())
        .matches("PORT +DEVICE +ID +DRIVER +BOUND TO +NOTE");
    assertThat(devices.out())
        .containsPattern("netmap:fake0 +fake:0 +1234:0001 +fakedriver +fake +for tests")
        .contains("fake:0000:03:00.1: bound to ixgbe: unbind it");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pkt-gen | Missing required option: '-i=PORT'",
        "pkt-gen -i fake0 -f seq | -f seq: known functions are tx, rx, ping, pong, txseq and rxseq",
        "pkt-gen -i fake0 -f ping -l 53 | -l 53 is too short for a ping: its number and time need 54",
        "pkt-gen -i fake0 -f pong -p 2 | -p 2: ping, pong and txseq have one thread",
        "pkt-gen -i fake0/R -f ping | pkt-gen needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0/R -f tx | pkt-gen needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0/R -f pong | pkt-gen needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0/T -f rx | pkt-gen needs RX rings, and fake0/T has none",
        "pkt-gen -i fake0/T -f rx -p 2 | pkt-gen needs RX rings, and fake0/T has none",
        "pkt-gen -i fake0/RT -f rx | pkt-gen needs RX rings, and fake0/RT has none",
        "pkt-gen -i netmap:fake0-0/T | pkt-gen needs RX rings, and netmap:fake0-0/T has none",
        "bridge -i fake0/R -i fake1/R | bridge needs TX rings, and fake0/R has none",
        "bridge -i fake0 -i fake1/T | bridge needs RX rings, and fake1/T has none",
        "tap -i fake0/R -t t0 | tap needs TX rings, and fake0/R has none",
        "dump -i fake0/T | dump needs RX rings, and fake0/T has none",
        "replay -i fake0/R -r ../samples/mixed.pcap | replay needs TX rings, and fake0/R has none",
        "pkt-gen -i fake0 -n -5 | '-n': -5 is less than 0",
        "pkt-gen -i fake0 -n 1e3 | '-n': '1e3' is not a whole number",
        "pkt-gen -i fake0 -b 0 | '-b': 0 is out of range: 1 to",
        "pkt-gen -i fake0 -p 99999999999999999999 | is out of range: 1 to",
        "pkt-gen -i fake0 -w -1 | '-w': -1 is out of range: 0 to",
        "pkt-gen -i fake0 --wait-link -1 | '--wait-link': -1 is out of range: 0 to",
        "pkt-gen -i fake0 -T 0 | '-T': 0 is out of range: 1 to",
        "pkt-gen -i fake0 -S 02:00:00:00:00:000 | '02:00:00:00:00:000' is no MAC address",
        "pkt-gen -i fake0 --nic turbo=on | --nic: unknown key 'turbo'",
        "tap -i fake0 -t a%d | 'a%d' cannot be an interface's name",
        "tap -i fake0 -t sixteen-letters- | cannot be an interface's name",
        "pkt-gen -i fake0 -l 41 | -l 41 is out of range: 42 to 65520",
        "pkt-gen -i fake0 -f tx -R 1Q | '1Q' is no rate",
        "pkt-gen -i fake0 -D 1:2 | '1:2' is no MAC address",
        "pkt-gen -i fake0 -s 10.0.0 | -s '10.0.0': 10.0.0 is no IPv4 address",
        "pkt-gen -i fake0 -p 2 | -p 2: fake0 has 1 rx ring(s); --nic rings=2",
        "pkt-gen -i fake0 -p 100000 | -p 100000: fake0 has 1 rx ring(s); a card has at most 16, with --nic rings=16",
        "pkt-gen -i vale0:x -p 2 | -p 2: vale0:x has 1 rx ring(s); vale0:x@conf:rings=2",
        "pkt-gen -i vale0:x -C 9999 | vale0:x has 1 TX and 1 RX rings, of 4096 and 4096 slots, and does not change that for a port; close",
        "pkt-gen -i vale0:x --nic rings=2 | --nic: vale0:x is no NIC; vale0:x@conf:rings=...,slots=... says",
        "dump -i netmap:x{1 --nic slots=64 | --nic: netmap:x{1 is no NIC; netmap:x{1@conf:rings=...,slots=... says",
        "pkt-gen -i fake0 --nic drop=maybe | --nic: drop = 'maybe' is neither true",
        "nic-model -s /none --mac=zz | '--mac': 'zz' is no MAC address",
        "nic-model -s /none --mac=02:00:00:00:00:000 | '02:00:00:00:00:000' is no MAC address",
        "nic-model -s /none --mac=03:00:00:00:00:01 | --mac 03:00:00:00:00:01: not a unicast MAC address",
        "nic-model -s /none --device-id 1234567 | '--device-id': 1234567 is out of range: 1 to ffff, in hex",
        "nic-model -s /none --device-id zz | '--device-id': 'zz' is not a number in hex",
        "nic-model -s /none --wire tap:t0,mtu=abc | --wire tap: mtu='abc' is not a whole number",
        "nic-model -s /none --wire tap:t0,mtu=9 | --wire tap: mtu=9 is out of range: 68 to 65521",
        "nic-model -s /none --wire tap:t0,mac=zz | --wire tap: mac='zz' is no MAC address",
        "nic-model -s /none --wire tap:t0,mac=ff:ff:ff:ff:ff:ff | mac=ff:ff:ff:ff:ff:ff is a group's address",
        "pkt-gen -i fake0-1 -p 2 | -p 2 needs every ring",
        "pkt-gen -i fake0 -f txseq -p 2 | -p 2: ping, pong and txseq have one thread",
        "pkt-gen -i fake0 -f ping -e 2 | -e 2 is for tx, rx, txseq and rxseq",
        "pkt-gen -i fake0 -f tx -4 -6 | -4 and -6: one of them",
        "pkt-gen -i fake0 -f tx -6 -l 61 | -l 61 is out of range: 62 to 65520",
        "pkt-gen -i fake0 -f tx --vlan 1 -l 45 | -l 45 is out of range: 46 to 65520",
        "pkt-gen -i fake0 -f tx -6 -s 10.0.0.1 | as in [2001:db8::1]:1024-[2001:db8::ff]:1279; IPv4 is without -6",
        "pkt-gen -i fake0 -f tx -s fd00::1 | -s 'fd00::1' is not ip[:port",
        "pkt-gen -i fake0 -f tx -6 -d fd00::2-fd00::1 | -d 'fd00::2-fd00::1': it runs backwards: fd00::1 is before fd00::2",
        "pkt-gen -i fake0 -f tx -6 -d fd00::-fd01:: | -d 'fd00::-fd01::': too wide: the ends may differ in their lower 64 bits",
        "pkt-gen -i fake0 -f tx -6 -d 6@fd00::-fd00::1:1 | the ends may differ in group 6 only",
        "pkt-gen -i fake0 -f tx -S 2:0:0:0:0:2-2:0:0:0:0:1 | is not MAC[-MAC]",
        "pkt-gen -i fake0 -f tx --vlan 4096 | '--vlan': 4096 is out of range: 0 to 4095",
        "pkt-gen -i fake0 -f tx --vlan 1:8 | '--vlan': 8 is out of range: 0 to 7",
        "pkt-gen -i fake0 -f tx -l 60 -l 60 | the second one, the least, must be less than the first",
        "pkt-gen -i fake0 -f tx -l 64 -l 63 -l 62 | one size, or a largest and a least",
        "pkt-gen -i fake0 -f rx -l 64 -l 63 | -l twice is for tx and txseq, not rx",
        "pkt-gen -i fake0 -f txseq -l 45 | -l 45 is too short: the number needs 46",
        "pkt-gen -i fake0 -f tx -F 0 | -F 0 is out of range: 1 to 63",
        "pkt-gen -i fake0 -f tx -F 64 | -F 64 is out of range: 1 to 63",
        "pkt-gen -i fake0 -f tx -F 61 | -F 61: a frame of 60 bytes has not that many parts",
        "pkt-gen -i model0 -f tx -F 41 | model0 sends packets of at most 40 slots, and a frame of 60 bytes takes 41",
        "pkt-gen -i model0 -f txseq -M 20 -l 1500 | model0 sends packets of at most 40 slots, and a frame of 1500 bytes takes 75",
        "pkt-gen -i vale0:x -f tx -M 1 -l 65 | vale0:x sends packets of at most 64 slots",
        "pkt-gen -i fake0 -f txseq -r | -r is for tx, which needs nothing in its frames, not txseq",
        "pkt-gen -i fake0 -f ping -o 256 | -r is for tx, which needs nothing in its frames, not ping",
        "pkt-gen -i fake0 -f tx -r -F 2 | -r sends one buffer as it is, and a frame of 60 bytes takes 2",
        "pkt-gen -i fake0 -f ping -F 2 | -F and -M are for tx and txseq, not ping",
        "pkt-gen -i fake0 -f pong -M 20 | -F and -M are for tx and txseq, not pong",
        "pkt-gen -i fake0 -f pong -X | -X is for tx, rx, txseq and rxseq, not pong",
        "pkt-gen -i fake0 -f tx -W | -W is for rx, rxseq and pong, not tx",
        "pkt-gen -i fake0 -f rx -R 1K | -R is for tx, txseq and ping, not rx",
        "pkt-gen -i fake0 -f tx -M 0 | '-M': 0 is out of range: 1 to",
        "pkt-gen -i fake0 -f tx -H 11 | -H 11: 0, 10 or 12",
        "pkt-gen -i fake0 -f tx -H 12 | -H 12: fake0 sends Ethernet frames",
        "pkt-gen -i fake0 -f tx -o 16 | -o 16: bits 1 and 2",
        "pkt-gen -i fake0 -f rx -P ../samples/mixed.pcap | is for tx, not rx",
        "pkt-gen -i fake0 -f tx -l 60 -P ../samples/mixed.pcap | the frame is sent as it is: leave -l out",
        "pkt-gen -i fake0 -f tx -o 512 -P ../samples/mixed.pcap | leave -o 512 and 1024 out",
        "pkt-gen -i fake0 -f tx -r -P ../samples/mixed.pcap | and -r: one of them",
        "pkt-gen -i fake0 -c 8191 | -c 8191 is too high: there are",
        "pkt-gen -i fake0 -a 8192 | '-a': 8192 is out of range: 0 to 8191",
        "pkt-gen -i fake0 -C 1,2,3,4,5 | is not TXSLOTS[,RXSLOTS[,TXRINGS[,RXRINGS]]]",
        "pkt-gen -i fake0 --offset 65536 | --offset 65536 is out of range: 0 to 65535",
        "pkt-gen -i vale0:x -f tx -I -e 1 | -I uses no buffers: leave -e and --offset out",
        "pkt-gen -i fake0 -C 256 | -C: fake0 has 1 TX and 1 RX rings, of 512 and 512 slots",
        "bridge -i fake0 -i fake1 -i model0 | bridge takes one port or two",
        "bridge -L -i fake0 -i fake1 | -L is for one port, and there are two",
        "bridge -i fake0-0 | fake0-0 has no host rings to bridge to: give a whole NIC, two ports, or -L",
        "bridge -L -i fake0/T | bridge needs RX rings, and fake0/T has none",
        "bridge -i fake0 -i fake1 -b 0 | '-b': 0 is out of range",
        "bridge -i fake0 -i fake0 | fake0 and fake0 are the same rings",
        "bridge -i fake0 -i netmap:fake0 | fake0 and netmap:fake0 are the same rings",
        "bridge -i fake0-0 -i fake0 | fake0-0 and fake0 are the same rings",
        "demo --seconds 1Q | '--seconds': '1Q' is not a whole number",
        "replay -i fake0 -r x --rate fast | --rate 'fast' is no rate",
        "lb -p 2 | Missing required option: '-i=PORT'",
        "lb -i fake0/T | lb needs RX rings, and fake0/T has none",
        "lb -i fake0 -p 0 | '-p' ([NAME:]PIPES): 0 is out of range: 1 to 1000",
        "lb -i fake0 -p :2 | ':2': a name is missing before ':'",
        "lb -i fake0 -p a{b:2 | 'a{b' cannot be the name of pipes",
        "lb -i fake0 -B -1 | '-B': -1 is out of range: 0 to",
        "nmreplay -i fake0 | Missing required option: '-f=FILE'",
        "nmreplay -i fake0 -f x -B fast | '-B': 'fast' is not a bandwidth in bit/s",
        "nmreplay -i fake0 -f x -D 1h | '-D': '1h' is not a time in seconds, or with s, m, u or n",
        "nmreplay -i fake0 -f x -C 0,1,2 | -C takes 1, 2 or 4 CPUs",
        "nmreplay -i fake0 -f x -L 2 | '-L': '2' is too large for a loss rate",
        "nmreplay -i fake0/R -f ../samples/mixed.pcap | nmreplay needs TX rings, and fake0/R has none",
        "run 'dump | a quote is not closed",
        "pkt-gn -i fake0 | no such command: 'pkt-gn'; is pkt-gen meant?",
        "nonsense | no such command: 'nonsense'",
        "demo --second 3 | Unknown options: '--second', '3'; is --seconds meant?",
        "bind --vfio --uio 0000:03:00.0 | netmap4j: --vfio, --uio are mutually exclusive",
        "nic-model -s /none --device-id 0 | '--device-id': 0 is out of range: 1 to ffff, in hex",
        "lb -i fake0 -p x:2:3 | 'x:2' cannot be the name of pipes",
        "lb -i fake0 -p= | '' is not [NAME:]PIPES, as in x:2",
        "replay -i netmap:model0@conf:rings=99 -r ../samples/mixed.pcap | netmap:model0@conf:rings=99: model0 has tx-rings = 1;",
        "dump -i model0@conf:rx-slots=99 | model0 has rx-slots = 512; @conf is for pipes and ports of switches, and --nic rx-slots=99",
        "demo --rings 17 | --rings 17 is out of range: 1 to 16",
        "demo -n 0 | -n 0 is less than 1",
        "demo -l 9999 | -l 9999 is out of range: 42 to 1514",
        "demo --seconds 0 | --seconds 0 is less than 1",
        "demo --seconds 99999999999 | '--seconds': 99999999999 is out of range: 0 to 1000000",
        "demo -n 5 --seconds 5 | -n 5 and --seconds 5: one of them",
        "replay -i fake0 -r x --loop -1 | '--loop': -1 is less than 0",
        "replay -i fake0 -r x -b 0 | '-b': 0 is out of range: 1 to",
        "doctor model0 -w 601 | '--wait-link': 601 is out of range: 0 to 600",
        "doctor vale0:x | vale0:x is a port of a switch: it has no card",
        "pkt-gen -i model0 --nic rings=17 | --nic: netmap:model0: rings = 17 is out of range: 1 to 16",
        "pkt-gen -i model0 --nic rx-rings=17 | --nic: netmap:model0: rx-rings = 17 is out of range: 1 to 16",
        "dump -i model0 --nic slots=100 | --nic: netmap:model0: slots = 100: must be a multiple of 8",
        "dump -i model0 --nic tx-slots=100 | --nic: netmap:model0: tx-slots = 100, rx-slots = 512: must be multiples of 8",
        "bridge -L -i model0 --nic mtu=9711 | --nic: netmap:model0: mtu = 9711 is out of range: 68 to 9710",
        "pkt-gen -i model0 --offset 3000 | --offset 3000: netmap:model0: offsets up to 3000 leave no room in buffers of",
      })
  void wrongUsageIsExplainedInOneLine(String line, String message) {
    String[] words = line.split(" ");
    Command run =
        Command.run(line.startsWith("run ") ? new String[] {"run", line.substring(4)} : words);
    assertThat(run.err()).startsWith("netmap4j: ").contains(message).contains("See netmap4j");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void failuresAreOneLineAndAStackTraceOnlyWhenAskedFor() {
    Command run = Command.run("dump", "-i", "eth9");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("netmap4j: netmap:eth9: no such port; known names: ");
    assertThat(Command.run("-v", "dump", "-i", "eth9").err()).contains("at io.netmap4j.");
    assertThat(Command.run("dump", "-i", "eth9-x").err())
        .startsWith("netmap4j: eth9-x: got 'x' while expecting a number");
    assertThat(Command.run("replay", "-i", "fake0", "-r", "/none.pcap").err())
        .isEqualTo("netmap4j: /none.pcap: no such file or folder" + System.lineSeparator());
    assertThat(Command.run("run", "dump -i eth9", "devices").code()).isEqualTo(Main.FAILED);
  }

  /** Names of ports are looked for among interfaces; not all of them can be there. */
  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "a\u0000b", "..", "a\nb"})
  void whatCannotBeANameIsOneLine(String name) {
    Command run = Command.run("dump", "-i", name);
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("netmap4j: ").doesNotContain("Exception");
  }

  @ParameterizedTest
  @CsvSource({
    "demo",
    "pkt-gen",
    "bridge",
    "tap",
    "dump",
    "replay",
    "nmreplay",
    "run",
    "devices",
    "nic-model"
  })
  void everyCommandHasHelpWithAnExample(String command) {
    Command help = Command.run(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).contains("Example").contains("netmap4j " + command);
  }

  /** The letters of the originals' getopt; -h for help is everywhere but in vale-ctl. */
  @ParameterizedTest
  @CsvSource({"bridge, bcivwL", "lb, ipBbwWso", "nmreplay, BCDLbfivw", "vale-ctl, dahglnrCpPmv"})
  void theHelpHasEveryOptionOfTheOriginalAndSaysWhatDiffers(String command, String letters) {
    String help = Command.run(command, "--help").out();
    for (String letter : letters.split("")) {
      assertThat(help).containsPattern("(?m)^ +(-\\w, )?-" + letter + "\\b");
    }
    assertThat(help).contains("Differs from netmap's " + command);
  }
}

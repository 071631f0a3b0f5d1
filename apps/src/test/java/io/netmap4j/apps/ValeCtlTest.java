package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.compat.vale.ValeCtl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** vale-ctl, whose switches are those of this process. */
@Timeout(60)
class ValeCtlTest {
  @AfterEach
  void nothingIsLeft() {
    assertThat(ValeCtl.list()).isEmpty();
  }

  private static String vale(String line) {
    Command run = Command.run(("vale-ctl " + line).trim().split(" "));
    boolean makes = line.matches("(.* )?-[anh] .*");
    assertThat(run.err()).matches(makes ? "This ends with the process .*\\R" : "");
    assertThat(run.code()).isZero();
    return run.out().replace(System.lineSeparator(), "\n");
  }

  @Test
  void aPersistentPortIsMadeAttachedListedDetachedAndRemoved() {
    assertThat(vale("")).isEmpty();
    assertThat(vale("-v -n pp0 -C 128,256,2,3"))
        .matches(
            "tx_slots: +128\nrx_slots: +256\ntx_rings: +2\nrx_rings: +3\nmem_id: +([2-9]|[1-9]\\d+)\n");
    assertThat(vale("-n pp1 -C 64 -m netmap:pp0")).isEmpty();
    assertThat(vale("-g pp1"))
        .matches(
            "memsize: +\\d{6,}\ntx_slots: +64\nrx_slots: +64\ntx_rings: +1\nrx_rings: +1\n"
                + "mem_id: +\\d+\n");
    assertThat(vale("-g pp1").lines().skip(5).toList())
        .isEqualTo(vale("-g netmap:pp0").lines().skip(5).toList());
    assertThat(vale("-a vale3:pp0")).isEmpty();
    assertThat(vale("-v -a vale3:pp1")).isEqualTo("port_index: 1\n");
    assertThat(vale(""))
        .isEqualTo("vale3:pp0 bridge_idx 0 port_idx 0\nvale3:pp1 bridge_idx 0 port_idx 1\n");
    assertThat(vale("-l vale3:pp1")).matches("bridge_idx: 0\nport_idx: +1\n");
    Command early = Command.run("vale-ctl", "-r", "pp0");
    assertThat(early.code()).isEqualTo(Main.FAILED);
    assertThat(early.err())
        .startsWith("netmap4j: pp0 is attached; detach it first")
        .hasLineCount(1);
    assertThat(vale("-d vale3:pp0") + vale("-d vale3:pp1")).isEmpty();
    assertThat(vale("-r pp0") + vale("-r pp1") + vale("")).isEmpty();
  }

  /** In one run: a card behind the switch, whose frames a port of the switch receives. */
  @Test
  void aRunSetsUpASwitchForTheCommandsBehindIt() {
    Command run =
        Command.run(
            "run",
            "vale-ctl -a vale0:model1",
            "pkt-gen -i vale0:x -f rx -n 500",
            "pkt-gen -i model0 -f tx -n 500 -w 1",
            "vale-ctl");
    assertThat(run.out())
        .contains("Received 500 packets")
        .contains("Sent 500 packets")
        .containsPattern("vale0:model1 bridge_idx 0 port_idx 0\\R");
    assertThat(vale("-d vale0:model1")).isEmpty();
  }

  /** Ports of a switch have memory of their own: bridge copies between them and a card. */
  @Test
  void bridgeJoinsTwoMemories() throws Exception {
    try (NetmapPort near = Netmap.open("vale0:near");
        NetmapPort far = Netmap.open("vale1:far")) {
      RunningCommand bridge = RunningCommand.start("bridge -i vale0:a -i vale1:b -b 7");
      FlowTraffic traffic = new FlowTraffic(8);
      long begin = System.nanoTime();
      while (traffic.received() < 2000 && System.nanoTime() - begin < 30_000_000_000L) {
        traffic.send(near, (int) Math.min(100, 2000 - traffic.sent()));
        traffic.receive(far, 10);
      }
      Command end = bridge.stop();
      assertThat(traffic.missing()).isZero();
      assertThat(traffic.received()).isEqualTo(2000);
      assertThat(end.out()).contains("vale0:a -> vale1:b: 2000 packets");
      assertThat(end.err()).doesNotContain("netmap4j:");
      assertThat(end.code()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-a vale0:x -d vale0:x | are mutually exclusive",
        "-C 5 | -C goes with -n or -p",
        "-m 1 -g fake0 | -m goes with -n, -a or -h",
        "-n x -C 1,2,3,4,5 | '1,2,3,4,5' is not TXSLOTS",
        "-n x -C a | -C: 'a' is not a whole number",
        "-n x -m 99999 | -m: 99999 is out of range: 0 to 65535",
        "-p vale0:x | -p needs -C: 0 for one thread, or 1,RING,RINGS",
        "-p vale0:x -C 0,1,2 | -C 0,1,2: too many numbers for mode 0",
        "-l x | -l x: not a port of a switch",
        "-h | Missing required parameter for option '-h' (VALE:PORT)",
        "x | Unmatched argument",
      })
  void wrongUsage(String line, String message) {
    Command run = Command.run(("vale-ctl " + line).split(" "));
    assertThat(run.err()).startsWith("netmap4j: ").contains(message).contains("See netmap4j");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-a vale0:nosuch | nosuch",
        "-d vale0:x | no port vale0:x in any switch",
        "-l vale5:x | vale5:x: this process has no switch vale5 (vale-ctl lists",
        "-P vale0:x | no port vale0:x",
        "-r nosuch | no persistent port nosuch",
        "-n vale9 | 'vale9' cannot be a persistent port",
        "-n x -m 60000 | no memory has id 60000; this process has 1",
        "-n x -m netmap:eth9 | netmap:eth9: no such port",
      })
  void failures(String line, String message) {
    Command run = Command.run(("vale-ctl " + line).split(" "));
    assertThat(run.err()).startsWith("netmap4j: ").contains(message).hasLineCount(1);
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }
}

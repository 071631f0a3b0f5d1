package io.netmap4j.apps;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** {@code --json}: what is on standard output, all of it, is objects. */
@Timeout(120)
class JsonTest {
  @TempDir Path folder;

  /** Every line is an object, of that command, with a kind and a time. */
  private static List<JsonObject> objects(String out, String command) {
    List<JsonObject> all =
        out.lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    assertThat(all)
        .isNotEmpty()
        .allMatch(o -> o.get("command").getAsString().equals(command))
        .allMatch(o -> o.get("time").getAsDouble() > 1e9);
    return all;
  }

  private static JsonObject totals(Command run, String command) {
    List<JsonObject> all =
        objects(run.out(), command).stream()
            .filter(o -> o.get("kind").getAsString().equals("totals"))
            .toList();
    assertThat(all).as(run.err()).hasSize(1);
    return all.get(0);
  }

  @Test
  void sendingAndItsReports() {
    Command tx =
        Command.run(
            "pkt-gen --json -i netmap:model0 -f tx -n 5000 -R 10K -w 0 -T 100 --counters"
                .split(" "));
    assertThat(tx.code()).isZero();
    JsonObject totals = totals(tx, "pkt-gen");
    assertThat(totals.get("function").getAsString()).isEqualTo("tx");
    assertThat(totals.get("packets").getAsLong()).isEqualTo(5000);
    assertThat(totals.get("bytes").getAsLong()).isEqualTo(5000 * 60);
    assertThat(totals.get("packets_per_second").getAsDouble()).isBetween(1000.0, 20_000.0);
    assertThat(totals.getAsJsonObject("counters").get("GPTC").getAsLong()).isEqualTo(5000);
    List<JsonObject> intervals =
        objects(tx.out(), "pkt-gen").stream()
            .filter(o -> o.get("kind").getAsString().equals("interval"))
            .toList();
    assertThat(intervals)
        .hasSizeGreaterThan(1)
        .allMatch(o -> o.get("port").getAsString().equals("model0"))
        .allMatch(o -> o.get("function").getAsString().equals("tx"));
    assertThat(intervals.stream().mapToLong(o -> o.get("packets").getAsLong()).sum())
        .isBetween(1L, 5000L);
    assertThat(tx.err()).contains("Sent 5000 packets", "main_thread");
  }

  @Test
  void receivingWithNumbers() throws Exception {
    RunningCommand rx = RunningCommand.start("pkt-gen --json -i netmap:j{1 -f rxseq -n 700");
    Command tx = Command.run("pkt-gen --json -i netmap:j}1 -f txseq -n 700 -w 0".split(" "));
    Command stopped = awaitEnd(rx);
    assertThat(totals(tx, "pkt-gen").get("packets").getAsLong()).isEqualTo(700);
    JsonObject totals = totals(stopped, "pkt-gen");
    assertThat(totals.get("packets").getAsLong()).isEqualTo(700);
    JsonArray rings = totals.getAsJsonArray("sequences");
    assertThat(rings.get(0).getAsJsonObject().get("in_order").getAsLong()).isEqualTo(700);
    assertThat(rings.get(0).getAsJsonObject().get("missing").getAsLong()).isZero();
    assertThat(rings).allMatch(ring -> ring.getAsJsonObject().has("ring"));
    assertThat(totals.get("without_number").getAsLong()).isZero();
    assertThat(totals.getAsJsonObject("drops").size()).isZero();
  }

  /** Whose line it is; what has no --json prints its text beside them. */
  @Test
  void severalInARun() {
    Command run =
        Command.run(
            "run",
            "pkt-gen --json -T 100 -i netmap:model1@conf:rings=1 -f rx -W",
            "pkt-gen --json -T 100 -i model0 -f tx -R 5K -n 3000",
            "devices");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).containsPattern("(?m)^netmap:model0 ");
    String json = run.out().lines().filter(line -> line.startsWith("{")).collect(joining("\n"));
    for (String kind : List.of("interval", "totals")) {
      assertThat(objects(json, "pkt-gen"))
          .filteredOn(o -> o.get("kind").getAsString().equals(kind))
          .extracting(o -> o.get("function").getAsString() + " " + o.get("port").getAsString())
          .containsOnly("rx model1", "tx model0");
    }
  }

  private static Command awaitEnd(RunningCommand command) throws Exception {
    while (!command.ended()) { // within the time of the test
      Thread.sleep(20);
    }
    return command.stop();
  }

  @Test
  void roundTrips() throws Exception {
    RunningCommand pong = RunningCommand.start("pkt-gen --json -i netmap:k{1 -f pong -n 100");
    Command ping = Command.run("pkt-gen --json -i netmap:k}1 -f ping -n 100 -w 0".split(" "));
    JsonObject totals = totals(ping, "pkt-gen");
    assertThat(totals.get("sent").getAsLong()).isEqualTo(100);
    assertThat(totals.get("came_back").getAsLong()).isEqualTo(100);
    long p50 = totals.get("p50_ns").getAsLong();
    assertThat(p50).isPositive().isLessThanOrEqualTo(totals.get("p99_ns").getAsLong());
    assertThat(totals(awaitEnd(pong), "pkt-gen").get("packets").getAsLong()).isEqualTo(100);
  }

  @Test
  void forwarding() throws Exception {
    RunningCommand bridge = RunningCommand.start("bridge --json -v -i netmap:l{1 -i netmap:l{2");
    Command.run("pkt-gen -i netmap:l}1 -f tx -n 300 -w 0".split(" "));
    Command done = bridge.stop(); // the sender ends when all of it has been taken
    JsonObject there = totals(done, "bridge").getAsJsonArray("directions").get(0).getAsJsonObject();
    assertThat(there.get("from").getAsString()).isEqualTo("l{1");
    assertThat(there.get("packets").getAsLong()).isEqualTo(300);
    assertThat(there.get("not_sent").getAsLong()).isZero();
    assertThat(done.err()).contains("300 packets");
  }

  @Test
  void balancing() throws Exception {
    RunningCommand lb =
        RunningCommand.start("lb --json -i netmap:model1 -p o:1 -o 1 --nic drop=false");
    Command.run("pkt-gen -i netmap:model0 -f tx -n 3000 -w 2 -R 10K".split(" "));
    while (!lb.err().contains("\"packets_received\":3000,")) { // a report, as text
      Thread.sleep(20);
    }
    JsonObject totals = totals(lb.stop(), "lb");
    assertThat(totals.get("port").getAsString()).isEqualTo("model1");
    assertThat(totals.get("packets").getAsLong()).isEqualTo(3000);
    JsonArray pipes = totals.getAsJsonArray("pipes");
    assertThat(pipes).hasSize(1);
    JsonObject pipe = pipes.get(0).getAsJsonObject();
    assertThat(pipe.get("pipe").getAsString()).isEqualTo("o{0");
    long dropped = pipe.get("dropped").getAsLong();
    assertThat(dropped).isPositive().isEqualTo(3000 - pipe.get("packets").getAsLong());
    assertThat(totals.getAsJsonObject("drops").get("full_pipes").getAsLong()).isEqualTo(dropped);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "replay --json -i netmap:model0 -r ../samples/mixed.pcap --rate max --wait-link 0",
        "nmreplay --json -i netmap:model0 -f ../samples/mixed.pcap --loop 1 --wait-link 0"
      })
  void replaying(String line) {
    Command replay = Command.run(line.split(" "));
    assertThat(replay.code()).as(replay.err()).isZero();
    JsonObject totals = totals(replay, line.substring(0, line.indexOf(' ')));
    assertThat(totals.get("packets").getAsLong()).isEqualTo(1748);
    assertThat(totals.get("skipped").getAsLong()).isZero();
    assertThat(replay.err()).contains("Sent 1748 packets");
  }

  @Test
  void recording() throws Exception {
    Path file = folder.resolve("out.pcap");
    RunningCommand dump = RunningCommand.start("dump --json -i netmap:q{1 -c 20 -w " + file);
    Command.run("pkt-gen -i netmap:q}1 -f tx -n 20 -w 0".split(" "));
    JsonObject totals = totals(awaitEnd(dump), "dump");
    assertThat(totals.get("packets").getAsLong()).isEqualTo(20);
    assertThat(totals.get("written").getAsLong()).isEqualTo(20);
    assertThat(Command.run("dump --json -i netmap:q{1 -w -".split(" ")).code())
        .isEqualTo(Main.USAGE);
  }

  @Test
  void demo() {
    Command demo = Command.run("demo", "--json", "-n", "1000");
    assertThat(demo.code()).as(demo.err()).isZero();
    JsonObject totals = totals(demo, "demo");
    assertThat(totals.get("agree").getAsBoolean()).isTrue();
    assertThat(totals.getAsJsonObject("cards").getAsJsonObject("model0").get("GPTC").getAsLong())
        .isEqualTo(1000);
    assertThat(demo.err()).contains("All counts agree.");
  }

  @Test
  void devicesAndDoctor() {
    List<JsonObject> devices = objects(Command.run("devices", "--json").out(), "devices");
    assertThat(devices)
        .anyMatch(d -> d.has("port") && d.get("port").getAsString().equals("model0"));
    Command doctor = Command.run("doctor", "--json", "-w", "1", "model0");
    assertThat(totals(doctor, "doctor").get("failure").getAsInt())
        .isEqualTo(doctor.code() == 0 ? 0 : 1);
    assertThat(objects(doctor.out(), "doctor"))
        .filteredOn(o -> o.get("kind").getAsString().equals("finding"))
        .hasSizeGreaterThan(5)
        .allMatch(o -> o.has("verdict") && o.has("what") && o.has("value"));
  }

  @Test
  void servedCards() throws Exception {
    RunningCommand model = RunningCommand.start("nic-model --json -s " + folder.resolve("a.sock"));
    Command done = model.stop();
    List<JsonObject> cards = objects(done.out(), "nic-model");
    assertThat(cards).hasSize(1);
    assertThat(cards.get(0).get("GPTC").getAsLong()).isZero();
    assertThat(done.err()).contains("ready", "card: GPTC");
  }

  /** Which commands have it. */
  @Test
  void everyCommandThatPrintsFiguresHasIt() {
    List<String> without =
        new CommandLine(new Main(null, null, null))
            .getSubcommands().entrySet().stream()
                .filter(c -> c.getValue().getCommandSpec().findOption("--json") == null)
                .map(c -> c.getKey())
                .toList();
    assertThat(without)
        .containsExactlyInAnyOrder("run", "bind", "unbind", "vale-ctl", "top", "completion");
  }
}

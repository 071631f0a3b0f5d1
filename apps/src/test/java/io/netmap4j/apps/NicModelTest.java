package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.frames.PcapWriter;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NicModelTest {
  @TempDir Path folder;
  private final Stop stop = new Stop();

  private CompletableFuture<Command> start(String... args) throws InterruptedException {
    CompletableFuture<Command> run = CompletableFuture.supplyAsync(() -> Command.run(stop, args));
    while (!run.isDone() && !Files.exists(Path.of(args[args.length - 1]))) {
      Thread.sleep(10);
    }
    return run;
  }

  /** VERSION, then {@code value} to {@code register}, and the errno of the reply. */
  private static int write(Path socket, int register, int value) {
    long memory = Mem.allocate(256);
    ArrayDeque<Integer> fds = new ArrayDeque<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    try (UnixSocket client = UnixSocket.connect(socket)) {
      Mem.putInt(memory, 1 << 16 | 1);
      Mem.putInt(memory + 4, 20);
      client.send(memory, 20, new int[0], deadline);
      client.receiveFully(memory, 20, fds, deadline);
      Mem.putInt(memory, 10 << 16 | 2);
      Mem.putInt(memory + 4, 36);
      Mem.putInt(memory + 8, 0);
      Mem.putLong(memory + 16, register);
      Mem.putInt(memory + 24, 0);
      Mem.putInt(memory + 28, 4);
      Mem.putInt(memory + 32, value);
      client.send(memory, 36, new int[0], deadline);
      client.receiveFully(memory, 16, fds, deadline);
      int errno = Mem.getInt(memory + 12);
      client.receiveFully(memory + 16, Mem.getInt(memory + 4) - 16, fds, deadline);
      return errno;
    } finally {
      Mem.free(memory);
    }
  }

  @Test
  void aCabledPairIsServedUntilTheEnd() throws Exception {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    CompletableFuture<Command> run = start("nic-model", "-s", a.toString(), "-s", b.toString());
    assertThat(write(a, 0x00880, 1)).isZero();
    assertThat(write(b, 0x00880, 1)).isZero();
    stop.request();
    Command end = run.get(20, TimeUnit.SECONDS);
    assertThat(end.out()).startsWith("ready " + a + " " + b);
    assertThat(end.out())
        .containsPattern(" +a +b\n")
        .containsPattern("card: GPTC +0 +0\n")
        .containsPattern("card: QPRDC +0 +0\n")
        .containsPattern("wire: frames in +0 +0\n");
    assertThat(end.err()).isEmpty();
    assertThat(end.code()).isZero();
    assertThat(a).doesNotExist();
    assertThat(b).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"--sfp, 1", "--lenient, 0"})
  void brokenRulesAreListedAndCountForAStrictCard(String option, int code) throws Exception {
    Path a = folder.resolve("a");
    CompletableFuture<Command> run =
        start("nic-model", option, "--wire", "loopback,lossy", "-s", a.toString());
    assertThat(write(a, 0x7FFF0, 1)).isEqualTo(code == 0 ? 0 : 5);
    stop.request();
    Command end = run.get(20, TimeUnit.SECONDS);
    assertThat(end.out()).contains("1 broken rules").contains("undefined register 0x7FFF0");
    assertThat(end.code()).isEqualTo(code);
  }

  /** RXEN with the CRC bits as the reset leaves them: iPXE and FreeBSD run so. */
  @Test
  void warningsAreListedAndDoNotCount() throws Exception {
    Path a = folder.resolve("a");
    CompletableFuture<Command> run =
        start("nic-model", "--wire", "loopback,lossy", "-s", a.toString());
    assertThat(write(a, 0x03000, 1)).isZero();
    stop.request();
    Command end = run.get(20, TimeUnit.SECONDS);
    assertThat(end.out()).contains(a + ": 1 warnings:\n     1 times RXCTRL <- 0x00000001");
    assertThat(end.out()).doesNotContain("broken rules");
    assertThat(end.code()).isZero();
  }

  @Test
  void aCapturedFileIsAWire() throws Exception {
    Path in = folder.resolve("in.pcap");
    Path out = folder.resolve("out.pcap");
    try (PcapWriter writer = PcapWriter.create(in)) {
      writer.write(0, new byte[60]);
    }
    CompletableFuture<Command> run =
        start(
            "nic-model",
            "--mac=02:aa:00:00:00:01",
            "--wire",
            "pcap:" + in + "," + out + ",fast",
            "--lose=0.5",
            "-s",
            folder.resolve("a").toString());
    stop.request();
    assertThat(run.get(20, TimeUnit.SECONDS).code()).isZero();
    assertThat(out).exists();
  }

  @Test
  void theTraceComesAfterTheReportWithRepeatsAsOne() throws Exception {
    Path trace = folder.resolve("trace");
    Path a = folder.resolve("a");
    CompletableFuture<Command> run = start("nic-model", "--trace=" + trace, "-s", a.toString());
    assertThat(write(a, 0x00880, 1)).isZero();
    assertThat(write(a, 0x00880, 1)).isZero();
    stop.request();
    Command end = run.get(20, TimeUnit.SECONDS);
    assertThat(end.code()).isZero();
    assertThat(Files.readString(trace)).containsPattern("(?m)^0 2 x write EIMS 0x00000001$");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--trace=%s/no/file",
        "--dma-pages=%s/no/file",
        "--wire=pcap:,%s/no/file",
        "--control=%s/no/file"
      })
  void aFileThatCannotBeUsedIsRefusedAtTheStart(String option) {
    Path a = folder.resolve("a");
    Command run = Command.run("nic-model", String.format(option, folder), "-s", a.toString());
    assertThat(run.err()).contains(folder + "/no/file").hasLineCount(1);
    assertThat(run.out()).doesNotContain("ready");
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }

  @Test
  void cablesArePulledAndPluggedByLinesOfAFile() throws Exception {
    Path lines =
        Files.writeString(
            folder.resolve("lines"),
            "pull 0\nplug 1\nplug 0\nheat 0\nmodule 0 10g-sr\nmodule 0 floppy\npartner 0 slow=20\n");
    CompletableFuture<Command> run =
        start("nic-model", "--control=" + lines, "-s", folder.resolve("a").toString());
    stop.request();
    Command end = run.get(20, TimeUnit.SECONDS);
    assertThat(end.out()).contains("pull 0: done").contains("plug 0: done");
    assertThat(end.err()).contains("'heat 0': an 82599 has no PHY");
    assertThat(end.out()).contains("module 0 10g-sr: done").contains("partner 0 slow=20: done");
    assertThat(end.err())
        .containsPattern("(?m)'plug 1': there is one card, 0$")
        .contains("module floppy: one");
  }

  @Test
  void whatElseTheProcessRunsComesAfterTheSocketsListen() {
    Path a = folder.resolve("a");
    stop.request();
    Command run = Command.run(stop, "run", "nic-model -s " + a, "devices");
    assertThat(run.out()).contains("ready " + a).contains("PORT");
    assertThat(run.code()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nic-model | -s SOCKET or --register-file FOLDER",
        "nic-model -s a -s b -s c | -s once or twice, not 3 times",
        "nic-model -s a --link lms=8 | --link: lms 8 is out of range: 0 to 7",
        "nic-model -s a --link module=floppy | --link: module floppy: one of silent, absent",
        "nic-model -s a --link glow | --link: unknown key glow",
        "nic-model -s a --link slow=x | --link: slow=x: x is not a number",
        "nic-model -s a --link firmware=9/3 | --link: firmware holds for",
        "nic-model -s a --link left=all | --link: left=all: smbi, swesmbi, gssr:HEX",
        "nic-model -s a --sfp --link slow=1 | --sfp is --link module=dac",
        "nic-model -s a -s b --wire loopback | --wire loopback is for one card",
        "nic-model -s a --wire cable | give -s twice",
        "nic-model -s a --wire string | --wire string is none of cable",
        "nic-model -s a --wire loopback,x | --wire loopback,x is none of cable",
        "nic-model -s a --wire pcap:a,b,slow | is none of cable",
        "nic-model -s a --lose 0.1 | give a wire",
        "nic-model -s a --wire loopback --lose 0.6 --delay 0.6 | at most 1 together",
        "nic-model -s a --mac 01:00:00:00:00:00 | not a unicast MAC address",
        "nic-model -s a --mac x | is no MAC address",
        "nic-model -s a --device-id zz | is not a number in hex",
        "nic-model -s a --phy hot | --phy is for an X540 or X550, and device id 10fb is none",
        "nic-model -s a --device-id 1528 --phy cold | --phy: 'cold' is none of partner=",
        "nic-model -s a --device-id 1563 --phy partner=3g | '3g' is no speed: 10g, 5g",
      })
  void wrongUsageIsExplained(String line, String message) {
    Command run = Command.run(line.split(" "));
    assertThat(run.err()).startsWith("netmap4j: ").contains(message).contains("See netmap4j");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void aSocketThatCannotBeMadeIsOneLine() {
    Path missing = folder.resolve("none/a");
    Command run = Command.run("nic-model", "-s", missing.toString());
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("bind " + missing);
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }
}

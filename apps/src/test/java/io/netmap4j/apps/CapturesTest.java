package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.frames.BpfFilter;
import io.netmap4j.frames.PcapOracle;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import io.netmap4j.linux.LinuxException;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What dump and replay do with files, pipes and what is wrong with them. */
@Timeout(120)
class CapturesTest {
  private static final String NEWLINE = System.lineSeparator();

  @TempDir Path folder;

  /** Frames of those sizes, a microsecond apart. */
  private Path capture(String name, int... sizes) throws IOException {
    Path file = folder.resolve(name);
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (int i = 0; i < sizes.length; i++) {
        byte[] frame = new byte[sizes[i]];
        Arrays.fill(frame, (byte) i);
        writer.write(1_000_000_000L + i * 1000L, frame);
      }
    }
    return file;
  }

  private static List<Integer> lengths(Path file) throws IOException {
    List<Integer> lengths = new ArrayList<>();
    try (PcapReader reader = PcapReader.open(file)) {
      while (reader.next()) {
        lengths.add(reader.length());
      }
    }
    return lengths;
  }

  /** On a modelled card: what nobody hears is lost. */
  private static Command replay(String... options) {
    return replay(new Stop(), options);
  }

  private static Command replay(Stop stop, String... options) {
    List<String> words = new ArrayList<>(List.of("replay", "-i", "model0", "--wait-link", "0"));
    words.addAll(List.of(options));
    return Command.run(stop, words.toArray(String[]::new));
  }

  private static int[] of(int count, int size) {
    int[] sizes = new int[count];
    Arrays.fill(sizes, size);
    return sizes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"recorded", "max", "5K"})
  void wholeFramesOfACutCaptureAreSentAndCounted(String rate) throws Exception {
    Path whole = capture("whole.pcap", of(100, 60));
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = Files.write(folder.resolve("cut.pcap"), Arrays.copyOf(bytes, bytes.length - 1));
    Path out = folder.resolve("out.pcap");
    Command run =
        Command.run(
            "run",
            "dump -i fake1 -c 99 -w " + out,
            "replay -i fake0 --rate " + rate + " -r " + cut);
    assertThat(run.out()).contains("Sent 99 packets 5940 bytes");
    assertThat(run.err())
        .contains(
            "netmap4j: "
                + cut
                + " is truncated: frame 100 lacks 1 of its 60 bytes at byte 7623; 99 before it")
        .contains("99 packets, 5940 bytes received on fake1; 99 written to " + out + NEWLINE);
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(lengths(out)).hasSize(99);
  }

  /** A record of 65,535 bytes was 32 frames of zero bytes on the wire, one of 0 bytes was one. */
  @Test
  void whatThePortDoesNotSendIsSkippedAndCounted() throws Exception {
    Path in = capture("in.pcap", 60, 65_535, 0, 1, 13, 14, 1514, 9235, 9230, 61);
    Path out = folder.resolve("out.pcap");
    Command run =
        Command.run("run", "dump -i model1 -c 5 -w " + out, "replay -i model0 --loop 1 -r " + in);
    assertThat(run.out())
        .contains("Sent 5 packets " + (60 + 14 + 1514 + 9230 + 61) + " bytes")
        .contains("Skipped 5 frames: 2 too long, 3 too short." + NEWLINE);
    assertThat(run.err())
        .contains("netmap4j: model0: 2 too long, 3 too short, not sent: ")
        .contains("frames of 14 to 9234 bytes");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(lengths(out))
        .as("the card pads the one of 14")
        .containsExactly(60, 60, 1514, 9230, 61);
  }

  @Test
  void framesThatWereCutWhenRecordedAreTold() throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0xA1B2C3D4).putShort((short) 2).putShort((short) 4);
    bytes.putInt(0).putInt(0).putInt(64).putInt(0x24000001); // with an FCS of 4 bytes
    for (int[] lengths : new int[][] {{64, 64}, {64, 1518}, {10, 100}, {64, 68}}) {
      bytes.putInt(0).putInt(0).putInt(lengths[0]).putInt(lengths[1]);
      bytes.position(bytes.position() + lengths[0]);
    }
    Path in = Files.write(folder.resolve("in"), Arrays.copyOf(bytes.array(), bytes.position()));
    Command run = replay("-r", in.toString());
    assertThat(run.out())
        .contains("Sent 3 packets " + (60 + 64 + 64) + " bytes")
        .contains("Skipped 1 frames: 1 too short.")
        .contains("Cut when recorded: 1 frames, sent as they are in " + in)
        .contains("; 1 more were skipped.");
  }

  @ParameterizedTest
  @CsvSource({"'', 0", "13, 1", "'0 100000', 1"})
  void aLoopThatSendsNothingEnds(String sizes, int code) throws Exception {
    Path in =
        capture(
            "in.pcap",
            Arrays.stream(sizes.split(" "))
                .filter(s -> !s.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray());
    Command run = replay("--loop", "0", "-r", in.toString());
    assertThat(run.out()).startsWith("Sent nothing.");
    assertThat(run.code()).isEqualTo(code);
  }

  private Path captureWithAYearInIt() throws IOException {
    Path in = folder.resolve("year.pcap");
    try (PcapWriter writer = PcapWriter.create(in)) {
      writer.write(0, new byte[60]);
      writer.write(365L * 86_400 * 1_000_000_000, new byte[60]);
      writer.write(0, new byte[60]); // back in time: due at once
      writer.write(365L * 86_400 * 1_000_000_000 + 1, new byte[60]);
    }
    return in;
  }

  @Test
  void aYearsGapIsToldAndReported() throws Exception {
    Stop stop = new Stop();
    Path in = captureWithAYearInIt();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Main main =
        new Main(
            stop,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(
            () -> main.run("replay", "-i", "model0", "--wait-link", "0", "-r", in.toString()));
    String told =
        "Wait 31536000 secs for frame 2 of "
            + in
            + ", as it was recorded; --max-gap SECONDS shortens such gaps"
            + NEWLINE;
    while (!err.toString(StandardCharsets.UTF_8).contains(told) && !code.isDone()) {
      Thread.sleep(10);
    }
    stop.request();
    assertThat(code.get()).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8)).contains(told);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("Sent 1 packets");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "0.01"})
  void aYearsGapCanBeShortened(String gap) throws Exception {
    Command run = replay("--max-gap", gap, "-r", captureWithAYearInIt().toString());
    assertThat(run.out()).contains("Sent 4 packets");
    assertThat(run.err()).doesNotContain("Wait");
  }

  @Test
  void replayReportsAsPktGenDoes() throws Exception {
    Path in = capture("in.pcap", of(100, 60));
    Command run = replay("--rate", "200", "-T", "20", "-r", in.toString());
    assertThat(run.err())
        .containsPattern(
            "main_thread \\[2639\\] .*pps \\(.*pkts .*bps in \\d+ usec\\) .*avg_batch");
    assertThat(run.out()).contains("Sent 100 packets");
  }

  @Test
  void whatCanBeReadOnlyOnceIsNotLooped() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Command fromPipe = Command.run("replay", "-i", "fake0", "--loop", "2", "-r", pipe.toString());
    assertThat(fromPipe.err()).contains("--loop 2: " + pipe + " can be read once only");
    assertThat(fromPipe.code()).isEqualTo(Main.USAGE);
    Command fromInput = Command.run("replay", "-i", "fake0", "--loop", "0", "-r", "-");
    assertThat(fromInput.err()).contains("--loop 0: standard input can be read once only");
    assertThat(fromInput.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void aWaitForACaptureEndsWithTheCommand() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Stop stop = new Stop();
    stop.request();
    Command run = Command.run(stop, "replay", "-i", "fake0", "-r", pipe.toString());
    assertThat(run.out()).isEqualTo("Sent nothing." + NEWLINE);
    assertThat(run.code()).isZero();
  }

  /** A live capture: each frame leaves when it comes, though the burst is not full. */
  @Test
  void framesFromAPipeLeaveAsTheyCome() throws Exception {
    Path in = folder.resolve("in");
    Path out = folder.resolve("out");
    assertThat(new ProcessBuilder("mkfifo", in.toString(), out.toString()).start().waitFor())
        .isZero();
    CompletableFuture<Command> run =
        CompletableFuture.supplyAsync(
            () ->
                Command.run(
                    "run", "dump -i fake1 -c 3 -w " + out, "replay -i fake0 --rate max -r " + in));
    try (PcapReader reader = PcapReader.open(out);
        PcapWriter writer = PcapWriter.create(in)) {
      for (int i = 0; i < 3; i++) {
        writer.write(0, new byte[60 + i]);
        writer.flush();
        assertThat(reader.next()).isTrue();
        assertThat(reader.length()).isEqualTo(60 + i);
      }
    }
    assertThat(run.get().code()).isZero();
  }

  /** Under traffic that never pauses for as long as a poll. */
  @Test
  void whatDumpHasReceivedIsInTheFileWhileItRuns() throws Exception {
    Stop stop = new Stop();
    Path out = folder.resolve("out.pcap");
    CompletableFuture<Command> run =
        CompletableFuture.supplyAsync(
            () ->
                Command.run(
                    stop, "run", "dump -i fake1 -w " + out, "pkt-gen -i fake0 -f tx -R 1K"));
    while (!run.isDone() && (!Files.exists(out) || Files.size(out) < 24 + 76)) {
      Thread.sleep(10);
    }
    assertThat(run).isNotDone();
    stop.request();
    Command end = run.get();
    assertThat(end.err())
        .contains(" received on fake1; " + lengths(out).size() + " written to " + out);
  }

  /** In the middle of traffic. */
  @Test
  void whatDumpHasReceivedOutlivesAKill() throws Exception {
    Path out = folder.resolve("out.pcap");
    try (ChildProcess run =
        ChildProcess.start("run", "dump -i fake1 -w " + out, "pkt-gen -i fake0 -f tx -R 1K")) {
      run.await("main_thread", 60);
      while (run.running() && Files.size(out) < 24 + 500 * 76) {
        Thread.sleep(10);
      }
      assertThat(run.running()).as(run.output()).isTrue();
      run.kill();
    }
    assertThat(lengths(out)).as("whole frames only").hasSizeGreaterThanOrEqualTo(500);
  }

  @Test
  void dumpEndsWhenNobodyReadsItsPipe() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    CompletableFuture<Command> run =
        CompletableFuture.supplyAsync(
            () ->
                Command.run(
                    "run", "dump -i fake1 -w " + pipe, "pkt-gen -i fake0 -f tx -n 20 -R 1K"));
    try (InputStream reader = Files.newInputStream(pipe)) {
      assertThat(reader.readNBytes(24 + 20 * 76)).hasSize(24 + 20 * 76);
    }
    Command end = run.get(60, TimeUnit.SECONDS);
    assertThat(end.err())
        .contains("20 packets, 1200 bytes received on fake1; 20 written to " + pipe)
        .doesNotContain("netmap4j:");
    assertThat(end.code()).isZero();
  }

  /** dump | head -2 */
  @Test
  void dumpEndsWhenNobodyReadsItsLines() throws Exception {
    Process run =
        new ProcessBuilder(
                JavaCommand.of(
                    Main.class, "run", "dump -i fake1", "pkt-gen -i fake0 -f tx -n 2000 -R 1K"))
            .start();
    try {
      try (BufferedReader reader = run.inputReader()) {
        for (int i = 0; i < 3; i++) { // two are the sender's, who says what it is about to do
          assertThat(reader.readLine()).isNotBlank();
        }
      }
      assertThat(new String(run.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
          .containsPattern("[1-9]\\d* packets, \\d+ bytes received on fake1");
      assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      run.destroyForcibly();
    }
  }

  /**
   * Standard input and output by their descriptors: what ">>" had stays, and no text is mixed in.
   */
  @Test
  void standardInputAndOutputHoldCaptures() throws Exception {
    Path in = capture("in.pcap", 60, 61, 62);
    Path out = Files.writeString(folder.resolve("out"), "before");
    Process run =
        new ProcessBuilder(
                JavaCommand.of(
                    Main.class, "run", "dump -i fake1 -c 3 -w -", "replay -i fake0 -r -"))
            .redirectInput(in.toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(out.toFile()))
            .start();
    String err = new String(run.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(run.waitFor()).as(err).isZero();
    assertThat(err)
        .contains("Sent 3 packets 183 bytes")
        .contains("3 packets, 183 bytes received on fake1; 3 written to standard output");
    byte[] bytes = Files.readAllBytes(out);
    assertThat(new String(bytes, 0, 6, StandardCharsets.US_ASCII)).isEqualTo("before");
    Path rest = Files.write(folder.resolve("rest"), Arrays.copyOfRange(bytes, 6, bytes.length));
    assertThat(lengths(rest)).containsExactly(60, 61, 62);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 100, ''",
    "64, 64, ', 2 of them cut to 64 bytes'",
    "100, 100, ''",
    "9999999, 100, ''"
  })
  void dumpKeepsTheTrueLength(long snap, int kept, String said) throws Exception {
    Path out = folder.resolve("out.pcap");
    Command run =
        Command.run(
            "run",
            "dump -i fake1 -c 2 -s " + snap + " -w " + out,
            "pkt-gen -i fake0 -f tx -n 2 -l 100");
    assertThat(run.err())
        .contains("2 packets, 200 bytes received on fake1; 2 written to " + out + said + NEWLINE);
    try (PcapReader reader = PcapReader.open(out)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.length()).isEqualTo(kept);
      assertThat(reader.originalLength()).isEqualTo(100);
    }
  }

  @ParameterizedTest
  @CsvSource({"same", "linked", "hard", "../FOLDER/same"})
  void aFileThatIsReadIsNotWrittenOver(String name) throws Exception {
    Path same = capture("same", 60, 60);
    byte[] before = Files.readAllBytes(same);
    Files.createSymbolicLink(folder.resolve("linked"), same);
    Files.createLink(folder.resolve("hard"), same);
    Path other = folder.resolve(name.replace("FOLDER", folder.getFileName().toString()));
    for (String[] commands :
        new String[][] {
          {"dump -i fake1 -w " + other, "replay -i fake0 -r " + same},
          {"replay -i fake0 -r " + same, "dump -i fake1 -w " + other},
          {"dump -i fake1 -w " + other, "nic-model -s x --wire pcap:" + same},
          {"nic-model -s x --wire pcap:," + other, "replay -i fake0 -r " + same},
        }) {
      Command run = Command.run("run", commands[0], commands[1]);
      assertThat(run.err()).contains(same + " would be read and written");
      assertThat(run.code()).isEqualTo(Main.USAGE);
      assertThat(Files.readAllBytes(same)).isEqualTo(before);
    }
  }

  @Test
  void standardInputIsForOneCommand() {
    Command run = Command.run("run", "replay -i fake1 -r -", "replay -i fake0 -r -");
    assertThat(run.err()).contains("standard input would be read by two commands");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void twoCapturesGoToTwoFiles() {
    Path file = folder.resolve("new");
    Command run = Command.run("run", "dump -i fake1 -w " + file, "dump -i fake0 -w " + file);
    assertThat(run.err()).contains(file + " would be written by two commands");
    assertThat(run.code()).isEqualTo(Main.USAGE);
    assertThat(file).doesNotExist();
    Stop stop = new Stop();
    stop.request();
    Command devices =
        Command.run(stop, "run", "dump -i fake1 -w /dev/null", "replay -i fake0 -r /dev/null");
    assertThat(devices.err())
        .as("a device may be shared")
        .contains("/dev/null is not a pcap file: 0 bytes")
        .contains("0 written to /dev/null")
        .doesNotContain("would be");
  }

  @ParameterizedTest
  @CsvSource({"pcap, D4C3B2A1", "nsecpcap, 4D3CB2A1", "pcapng, 0A0D0D0A"})
  void aDumpHasTheFormatAndWhatItsFilterTakes(String format, String magic) throws IOException {
    assumeFilters();
    Path in = capture("in", 60, 300, 61, 9000, 200, 62);
    Path out = folder.resolve("out");
    Command run =
        Command.run(
            "run",
            "dump -i fake1 -c 3 -w " + out + " --format " + format + " len > 100 and not arp",
            "replay -i fake0 --rate max -r " + in);
    assertThat(run.err())
        .contains(
            "3 packets, 9500 bytes received on fake1, 2 more that the filter refused; 3 written to "
                + out
                + NEWLINE);
    assertThat(lengths(out)).containsExactly(300, 9000, 200);
    assertThat(HexFormat.of().withUpperCase().formatHex(Files.readAllBytes(out))).startsWith(magic);
    assertThat(run.code()).isZero();
  }

  @Test
  void aZippedCaptureIsReplayed() throws IOException {
    Path file = folder.resolve("x.pcap.gz");
    try (OutputStream gzip = new GZIPOutputStream(Files.newOutputStream(file))) {
      gzip.write(Files.readAllBytes(capture("plain", 60, 61)));
    }
    assertThat(replay("-r", file.toString()).out()).contains("Sent 2 packets 121 bytes");
  }

  private static void assumeFilters() {
    try {
      BpfFilter.compile("");
    } catch (LinuxException e) {
      Assumptions.abort(e.getMessage());
    }
  }

  @Test
  void aFilterThatIsNoneIsRefused() {
    assumeFilters();
    Command run = Command.run("dump", "-i", "fake0", "tcp", "prot", "80");
    assertThat(run.err()).contains("netmap4j: filter 'tcp prot 80': ").contains("syntax error");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void unusableFilesAreToldWithTheReason() throws Exception {
    assertThat(Command.run("dump", "-i", "fake1", "-w", "/dev/full").err())
        .contains("netmap4j: /dev/full: No space left on device" + NEWLINE);
    assertThat(Command.run("dump", "-i", "fake1", "-w", folder.toString()).err())
        .contains("netmap4j: " + folder + ": Is a directory" + NEWLINE);
    assertThat(Command.run("replay", "-i", "fake0", "-r", folder.toString()).err())
        .isEqualTo("netmap4j: " + folder + ": Is a directory" + NEWLINE);
    Path file = capture("file");
    assertThat(Command.run("replay", "-i", "fake0", "-r", file + "/x").err())
        .isEqualTo("netmap4j: " + file + "/x: Not a directory" + NEWLINE);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(Files.readAllBytes(capture("plain", 60)));
    }
    Path zipped = folder.resolve("x.pcap.gz");
    Files.write(zipped, Arrays.copyOf(packed.toByteArray(), packed.size() - 20));
    assertThat(Command.run("replay", "-i", "fake0", "-r", zipped.toString()).err())
        .contains(zipped + " is damaged: its gzip data break behind ")
        .contains(" unpacked bytes: it ends too early" + NEWLINE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dump -i fake0 -c -5 | -c",
        "dump -i fake0 -s -1 | -s",
        "dump -i fake0 --format pcapng | --format is for a file",
        "dump -i fake0 -w - --format snoop | 'snoop' is none of pcap, nsecpcap, pcapng",
        "replay -i fake0 -r x --max-gap -1 | --max-gap",
        "replay -i fake0 -r x --loop -1 | --loop",
        "replay -i fake0 -r x -b 0 | -b",
        "replay -i fake0 -r x -T 0 | -T",
        "dump -i fake0/T | dump needs RX rings",
        "replay -i fake0/R -r x | replay needs TX rings",
      })
  void whatCannotBeIsRefused(String line, String message) throws IOException {
    Path file = capture("x", 60);
    Command run = Command.run(line.replace("-r x", "-r " + file).split(" "));
    assertThat(run.err()).contains(message);
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  /** Whatever a file holds: what is whole and fits is sent, to the frame, and the code is right. */
  @Test
  @Timeout(value = 12, unit = TimeUnit.HOURS)
  void damagedCapturesAreReplayedAsFarAsTheyAreWhole() throws Exception {
    int cases = Integer.getInteger("netmap4j.fuzz", 100);
    SplittableRandom random = new SplittableRandom(Long.getLong("netmap4j.seed", 1));
    for (int i = 0; i < cases; i++) {
      byte[] bytes = PcapOracle.damage(random, PcapOracle.capture(random, 6, 10_000));
      Path file = Files.write(folder.resolve("fuzzed.pcap"), bytes);
      PcapOracle.Content content = PcapOracle.read(bytes);
      List<PcapOracle.Frame> fitting =
          content.frames().stream()
              .filter(f -> f.bytes().length >= 14 && f.bytes().length <= 9234)
              .toList();
      Command run = replay("--max-gap", "0", "-r", file.toString());
      boolean whole = content.opens() && content.ends();
      assertThat(run.code())
          .as("case %d: %s %s", i, run.out(), run.err())
          .isEqualTo(whole && fitting.size() == content.frames().size() ? 0 : 1);
      assertThat(run.err().contains("netmap4j: " + file)).as(run.err()).isEqualTo(!whole);
      assertThat(run.err().contains("not sent"))
          .as(run.err())
          .isEqualTo(whole && fitting.size() < content.frames().size());
      long sum = fitting.stream().mapToLong(f -> f.bytes().length).sum();
      assertThat(run.out())
          .as("case %d", i)
          .startsWith(
              !content.opens()
                  ? ""
                  : fitting.isEmpty()
                      ? "Sent nothing."
                      : "Sent " + fitting.size() + " packets " + sum + " bytes");
    }
  }
}

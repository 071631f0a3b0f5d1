package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** nmreplay on two modelled cards with a cable between them. */
@Timeout(60)
class NmReplayTest {
  private static final String NEWLINE = System.lineSeparator();

  @TempDir Path folder;

  private Path capture(int... sizes) throws IOException {
    Path file = folder.resolve("in.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (int i = 0; i < sizes.length; i++) {
        byte[] frame = new byte[sizes[i]];
        Arrays.fill(frame, (byte) i);
        writer.write(1_000_000_000L + i * 1000L, frame);
      }
    }
    return file;
  }

  @Test
  void allFramesOfAllPassesArriveInOrder() throws Exception {
    Path in = capture(60, 1514, 5000, 61);
    Path out = folder.resolve("out.pcap");
    Command run =
        Command.run(
            "run",
            "dump -i model1 -c 80 -w " + out,
            "nmreplay -i model0 -f " + in + " -B ether,1G -D uniform,1u,20u --loop 20");
    assertThat(run.out()).contains("Sent 80 packets " + 20 * (60 + 1514 + 5000 + 61) + " bytes");
    assertThat(run.code()).isZero();
    try (PcapReader reader = PcapReader.open(out)) {
      for (int i = 0; i < 80; i++) {
        assertThat(reader.next()).isTrue();
        assertThat(reader.bytes()[0]).as("frame %d", i).isEqualTo((byte) (i % 4));
      }
    }
  }

  @Test
  void aBandwidthIsKept() throws Exception {
    Path in = capture(1250, 1250); // 10 kbit each
    long begin = System.nanoTime();
    Command run =
        Command.run(
            "nmreplay",
            "-i",
            "model0",
            "-w",
            "0",
            "-f",
            in.toString(),
            "-B",
            "1M",
            "--loop",
            "10",
            "-C",
            "0");
    assertThat(run.out()).contains("Sent 20 packets 25000 bytes");
    assertThat((System.nanoTime() - begin) / 1e9).as("200 kbit at 1 Mbit/s").isGreaterThan(0.2);
    assertThat(run.err()).contains("Scheduled 20 packets in 0.200000 seconds, 10 passes over ");
  }

  @Test
  void whatIsSentAndWhatIsLostIsAllThereIsAndASeedRepeatsIt() throws Exception {
    Path in = capture(60, 600, 1500);
    String[] words =
        ("nmreplay -i model0 -w 0 -B 0 -L ber,1e-4 --loop 300 --seed 5 -f " + in).split(" ");
    Command run = Command.run(words);
    assertThat(run.code()).isZero();
    Matcher sent = Pattern.compile("Sent (\\d+) packets").matcher(run.out());
    Matcher lost = Pattern.compile("Lost on the link: (\\d+) packets, 0\\.").matcher(run.out());
    assertThat(sent.find() && lost.find()).as(run.out()).isTrue();
    assertThat(Integer.parseInt(sent.group(1)) + Integer.parseInt(lost.group(1))).isEqualTo(900);
    assertThat(run.err()).contains("seed 5");
    assertThat(Command.run(words).out()).contains(sent.group(), lost.group());
  }

  @Test
  void withoutALoopCountItGoesOnUntilTold() throws Exception {
    Path in = capture(60);
    Stop stop = new Stop();
    CompletableFuture<Command> run =
        CompletableFuture.supplyAsync(
            () ->
                Command.run(
                    stop, "nmreplay", "-i", "model0", "-w", "0", "-f", in.toString(), "-B", "1M"));
    int heard = 0;
    try (NetmapPort model1 = Netmap.open("netmap:model1")) {
      while (heard < 100 && !run.isDone()) {
        model1.poll(NetmapPort.POLLIN, 100);
        heard += model1.rx(0).space();
        model1.rx(0).advance(model1.rx(0).tail());
      }
    }
    assertThat(run).isNotDone();
    stop.request();
    assertThat(run.get().code()).isZero();
    assertThat(run.get().out()).containsPattern("Sent [1-9]\\d* packets");
  }

  @Test
  void whatSendsNothingEnds() throws Exception {
    Path in = capture(60, 60);
    Command all =
        Command.run("nmreplay", "-i", "model0", "-w", "0", "-f", in.toString(), "-L", "1");
    assertThat(all.out()).contains("Sent nothing.").contains("Lost on the link: ");
    Command empty = Command.run("nmreplay", "-i", "model0", "-w", "0", "-f", capture().toString());
    assertThat(empty.out()).isEqualTo("Sent nothing." + NEWLINE);
    String passes = "nmreplay -i model0 -w 0 --loop 1000000000000 -f " + capture();
    Command often = Command.run(passes.split(" "));
    assertThat(often.out()).isEqualTo("Sent nothing." + NEWLINE);
    assertThat(List.of(all.code(), empty.code(), often.code())).containsOnly(Main.OK);
  }

  /** A pipe has no longest frame, and its ring has room for 2 MiB. */
  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MAX_VALUE, Integer.MAX_VALUE - 2046, (1 << 18) + 1})
  void anImpossibleOriginalLengthIsTooLong(int original) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0xA1B2C3D4).putShort((short) 2).putShort((short) 4);
    bytes.putInt(0).putInt(0).putInt(64).putInt(1);
    bytes.putInt(0).putInt(0).putInt(60).putInt(original).put(new byte[60]);
    Path in = Files.write(folder.resolve("in"), Arrays.copyOf(bytes.array(), bytes.position()));
    Command run = Command.run("nmreplay", "-i", "netmap:long{0", "--loop", "1", "-f", "" + in);
    assertThat(run.out()).contains("Sent nothing.").contains("Skipped 1 frames: 1 too long.");
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }

  @Test
  void framesThatWereCutHaveTheirLengthAgainAndOthersAreSkipped() throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0xA1B2C3D4).putShort((short) 2).putShort((short) 4);
    bytes.putInt(0).putInt(0).putInt(64).putInt(1);
    for (int[] lengths : new int[][] {{64, 1500}, {64, 64}, {10, 10}, {64, 60_000}}) {
      bytes.putInt(0).putInt(0).putInt(lengths[0]).putInt(lengths[1]);
      for (int i = 0; i < lengths[0]; i++) {
        bytes.put((byte) 9);
      }
    }
    Path in = Files.write(folder.resolve("in"), Arrays.copyOf(bytes.array(), bytes.position()));
    Path out = folder.resolve("out.pcap");
    Command run =
        Command.run("run", "dump -i model1 -c 2 -w " + out, "nmreplay -i model0 --loop 1 -f " + in);
    assertThat(run.out())
        .contains("Sent 2 packets 1564 bytes")
        .contains("Skipped 2 frames: 1 too long, 1 too short.")
        .contains("Cut when recorded: 1 frames, sent at their original length with zeros.");
    assertThat(run.err()).contains("netmap4j: model0: 1 too long, 1 too short, not sent: ");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    try (PcapReader reader = PcapReader.open(out)) {
      assertThat(reader.next()).isTrue();
      byte[] frame = new byte[1500];
      Arrays.fill(frame, 0, 64, (byte) 9);
      assertThat(reader.bytes()).isEqualTo(frame);
    }
  }
}

package io.netmap4j.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.netmap4j.bench.report.Figure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code bench compare} makes of answers, and what it refuses. */
class CompareTest {
  private static final String OURS = "netmap4j uio, JDK 17";
  private static final String VECTOR = "DPDK 22.11 vector";
  private static final String SCALAR = "DPDK 22.11 scalar";

  private static Results.Key forward(String line) {
    return new Results.Key(line, "forward", 32);
  }

  @Test
  void anAnswerIsWhatWasPrinted() {
    Answer answer = new Answer(12.5, 13, 11.25, 15, 2000, 7, 416, 49);
    assertThat(Answer.parse(answer.toString())).isEqualTo(answer);
    assertThatThrownBy(() -> Answer.parse("median=12 mean=x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mean")
        .hasMessageContaining("median=12 mean=x");
  }

  @Test
  void aBillAddsBothCards() {
    Bill bill =
        Bill.parse(
            OURS,
            "forward",
            32,
            "packets=64 bill0=64,0,2,0,1024,1024,64,0,3840,0 bill1=0,64,0,2,1024,32,2,3840,0,0");
    assertThat(bill.perPacket("tail writes")).isEqualTo(4 / 64.0);
    assertThat(bill.perPacket("descriptor bytes")).isEqualTo(3104 / 64.0);
    assertThat(bill.perPacket("write-backs")).isEqualTo(66 / 64.0);
    assertThat(bill.perPacket("payload bytes")).isEqualTo(120);
    assertThat(bill.figures("c")).hasSize(4).allMatch(f -> f.chart().equals("bill"));
    assertThatThrownBy(() -> Bill.parse(OURS, "rx", 32, "packets=64 bill0=1,2 bill1=3"))
        .hasMessageContaining("no bill");
  }

  @Test
  void ratiosAreOfTheSameRoundAndToTheQuickest() {
    Results results = new Results(3);
    double[][] rounds = {{20, 25, 40}, {40, 50, 80}, {22, 25, 44}};
    for (int round = 0; round < 3; round++) {
      results.put(forward(OURS), round, rounds[round][0]);
      results.put(forward(VECTOR), round, rounds[round][1]);
      results.put(forward(SCALAR), round, rounds[round][2]);
    }
    results.put(new Results.Key(OURS, "forward-op", 32), 1, 25);
    assertThat(results.quickest("forward", 32, line -> line.startsWith("DPDK"))).isEqualTo(VECTOR);
    assertThat(results.ratiosToQuickest(forward(OURS), line -> line.startsWith("DPDK")))
        .containsExactly(0.8, 0.8, 0.88);
    assertThat(
            results.ratiosToQuickest(
                new Results.Key(OURS, "forward-op", 32), line -> line.startsWith("DPDK")))
        .containsExactly(0.5);
    assertThat(results.figures("compare", "u", "c"))
        .extracting(Figure::line, Figure::median, Figure::rounds)
        .contains(tuple(OURS, 22.0, 3));
    assertThat(results.beside("forward", "forward-op", line -> line.startsWith("DPDK"), "u", "c"))
        .extracting(Figure::line)
        .containsExactly(VECTOR, SCALAR);
    StringWriter text = new StringWriter();
    new Table(new PrintWriter(text, true), results, line -> line.startsWith("DPDK"))
        .times(List.of(OURS, VECTOR), List.of("forward"), List.of(32), "cycles");
    assertThat(text.toString()).contains("22.0 (20.0-40.0) x0.80").contains("25.0 (25.0-50.0)");
  }

  @Test
  void theSmokeFormHoldsToTheBaseline(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("baseline");
    Baseline.write(file, Map.of("rx", 0.5, "tx", 0.625));
    Map<String, Double> baseline = Baseline.read(file);
    assertThat(baseline).containsEntry("rx", 0.5).containsEntry("tx", 0.625);
    assertThat(Baseline.verdict("rx", 0.69, baseline.get("rx"))).isNull();
    assertThat(Baseline.verdict("rx", 0.71, baseline.get("rx"))).contains("0.71", "0.50", "0.70");
    assertThat(Baseline.verdict("forward", 0.1, baseline.get("forward")))
        .contains("--save-baseline");
    Files.writeString(file, "rx=fast\n");
    assertThatThrownBy(() -> Baseline.read(file)).hasMessageContaining("rx = 'fast'");
    assertThatThrownBy(() -> Baseline.read(folder.resolve("none")))
        .hasMessageContaining("--save-baseline");
  }

  @Test
  void aBaselineIsOfOneKindOfProcessor() {
    assertThat(
            Baseline.processor(
                List.of(
                    "vendor_id\t: AuthenticAMD",
                    "cpu family\t: 25",
                    "model\t\t: 1",
                    "model name\t: AMD EPYC")))
        .isEqualTo("AuthenticAMD-25-1");
    assertThat(Baseline.processor(List.of("processor\t: 0"))).isEqualTo("unknown-unknown-unknown");
  }

  @Test
  void theCountersRateIsHalfOfBogomips() {
    assertThat(
            Tsc.hertz(
                List.of("flags\t\t: fpu tsc constant_tsc", "bogomips\t: 4890.81", "", "x\t: y")))
        .isEqualTo(2_445_405_000L);
    assertThat(Tsc.hertz(List.of("flags\t\t: fpu tsc", "bogomips\t: 4890.81"))).isZero();
  }

  @Test
  void windowsAreTimedForAPacket() {
    int[] runs = {0, 0};
    Answer answer =
        new Stopwatch(2_000_000_000L)
            .time(
                new Stopwatch.Window() {
                  @Override
                  public void prepare() {
                    runs[0]++;
                  }

                  @Override
                  public void run(int packets, int batch) {
                    assertThat(packets).isEqualTo(416);
                    runs[1]++;
                    long end = System.nanoTime() + 100_000;
                    while (System.nanoTime() < end) {
                      Thread.onSpinWait();
                    }
                  }
                },
                32,
                50);
    assertThat(runs[0]).isEqualTo(runs[1]).isEqualTo(answer.windows() + answer.dropped());
    assertThat(answer.packets()).isEqualTo(416);
    assertThat(answer.low())
        .isGreaterThanOrEqualTo(200_000 / 416.0)
        .isLessThanOrEqualTo(answer.median());
    assertThat(answer.high()).isGreaterThanOrEqualTo(answer.median());
    assertThat(Stopwatch.packets(256)).isEqualTo(256);
    assertThat(Stopwatch.packets(128)).isEqualTo(384);
    assertThat(answer.clock()).isPositive();
  }

  @Test
  void wrongOptionsAreUsageErrors() {
    for (String[] wrong :
        new String[][] {
          {"--batch", "0"},
          {"--batch", "257"},
          {"--what", "sideways"},
          {"--rounds", "0"},
          {"--doorbell", "bell"},
          {"--against", "nowhere"},
          {"--save-baseline"}
        }) {
      StringWriter err = new StringWriter();
      CommandLine line = new CommandLine(new Compare());
      line.setErr(new PrintWriter(err, true));
      assertThat(line.execute(wrong)).as(wrong[0]).isEqualTo(2);
      assertThat(err.toString()).contains(wrong[0]);
    }
  }
}

package io.netmap4j.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.bench.control.OneCompiler;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Counts and names, not times: those depend on the machine. */
class ScaleCommandTest {
  @TempDir static Path once;
  private static Path compiler;
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void compileOnce() throws IOException {
    compiler = OneCompiler.in(once);
  }

  private int run(String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    if (all.stream().noneMatch(a -> a.startsWith("--compiler"))) {
      all.add("--compiler=" + compiler);
    }
    all.addAll(List.of("--rounds=2", "--slices=1", "--slice-micros=50", "--warm-millis=0"));
    return execute(all.toArray(new String[0]));
  }

  private int execute(String... arguments) {
    return new CommandLine(new ScaleCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .setExecutionExceptionHandler(
            (e, command, result) -> {
              throw e;
            })
        .execute(arguments);
  }

  @ParameterizedTest
  @CsvSource({
    "rings, 32, scale-rings, rx tx forward, rings",
    "slots, 64, scale-slots, rx tx forward, slots",
    "frames, 2049;9000, scale-frames, switch, bytes of a frame",
    "ports, 5, scale-ports, switch, ports",
    "pipes, 1;3, scale-pipes, pipe, pipes"
  })
  void bothSubjectsMoveEveryPacketAtEveryPoint(
      String axis, String values, String chart, String whats, String xName) throws IOException {
    OneCompiler.assumeThere();
    Path file = folder.resolve("run.json");
    assertThat(run("--axes", axis, "--values", values.replace(';', ','), "--json", file.toString()))
        .isZero(); // a subject that moved fewer packets would be an error
    assertThat(err.toString()).contains("bench scale: " + axis).doesNotContain("left out");
    Run run = Run.read(file);
    assertThat(run.title()).isEqualTo("bench scale");
    String[] lines = {"netmap4j, JDK " + Runtime.version().feature(), "C control"};
    List<Figure> points = run.figures().stream().filter(f -> f.chart().equals(chart)).toList();
    List<String> expected = new ArrayList<>();
    for (String what : whats.split(" ")) {
      for (String x : values.split(";")) {
        for (String line : lines) {
          expected.add(what + " " + line + " " + x + ".0");
        }
      }
    }
    assertThat(points)
        .extracting(f -> f.what() + " " + f.line() + " " + f.x())
        .containsExactlyInAnyOrderElementsOf(expected);
    assertThat(points)
        .allSatisfy(
            f -> {
              assertThat(f.min()).isPositive();
              assertThat(f.rounds()).isEqualTo(2);
              assertThat(f.xName()).isEqualTo(xName);
              assertThat(f.unit()).isEqualTo("ns per packet");
              assertThat(f.command()).startsWith("./netmap4j bench scale --axes " + axis);
              assertThat(f.command()).doesNotContain("json");
            });
  }

  @Test
  void growthIsSummedUpWhereBothEndsWereMeasured() throws IOException {
    OneCompiler.assumeThere();
    Path file = folder.resolve("run.json");
    assertThat(run("--axes=rings", "--values=1,16", "--json=" + file)).isZero();
    assertThat(Run.read(file).figures())
        .filteredOn(f -> f.chart().equals("scale-growth"))
        .extracting(f -> f.what() + ": " + f.line())
        .containsExactly("rx: rings 1 to 16", "tx: rings 1 to 16", "forward: rings 1 to 16");
    assertThat(out.toString()).contains("forward: growth from 1 to 16, Java's by C's: ");
  }

  @Test
  void withoutCompilerOneLineSaysSo() throws IOException {
    Path file = folder.resolve("run.json");
    assertThat(run("--axes=pipes", "--values=1", "--compiler=no-such-compiler", "--json=" + file))
        .isZero();
    assertThat(err.toString().lines())
        .filteredOn(line -> line.contains("left out"))
        .singleElement()
        .asString()
        .contains("no-such-compiler")
        .contains("apt-get install gcc");
    assertThat(Run.read(file).figures()).singleElement().extracting(Figure::what).isEqualTo("pipe");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--axes=rungs | none of rings, slots",
        "--axes=rings,rings | twice",
        "--values=3 | --values wants one axis",
        "--axes=rings --values=0 | 0 is not within 1 to 256",
        "--axes=rings --values=17 | multiple of 16",
        "--axes=slots --values=65 | multiple of 8",
        "--axes=slots --values=8192 | not within 64 to 4096",
        "--axes=frames --values=59 | not within 60 to 9000",
        "--axes=ports --values=1 | not within 2 to 32",
        "--axes=pipes --values=x | 'x' is not an int",
        "--batch=0 | --batch 0 is not within 1 to 32",
        "--batch=33 | --batch 33",
        "--rounds=0 | --rounds 0",
        "--slices=0 | --slices 0",
        "--slice-micros=9 | --slice-micros 9",
        "--warm-millis=-1 | --warm-millis -1",
        "--json=/no/such/folder/run.json | /no/such/folder/run.json",
        "--json=/ | no file can be written there",
        "--fast | --fast"
      })
  void badUsageEndsWith2BeforeAnythingIsMeasured(String arguments, String message) {
    assertThat(execute(arguments.split(" "))).isEqualTo(2);
    assertThat(err.toString()).contains(message);
    assertThat(out.toString()).isEmpty();
  }
}

package io.netmap4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunTest {
  @TempDir Path folder;

  private static Run run() {
    Map<String, String> machine = new LinkedHashMap<>();
    machine.put("processor", "\"quoted\" <b> \u00fc\n");
    machine.put("kernel", "Linux");
    return new Run(
        "bench compare",
        "2026-11-27T01:00:00Z",
        machine,
        List.of(
            Figure.of("compare", "rx", "A", 32, "batch", "ns", new double[] {3, 1, 2.5}, "cmd"),
            Figure.of("bill", "tx", "B", 1, "batch", "bytes", new double[] {0.1, 1e300}, "c")));
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Path file = folder.resolve("run.json");
    run().write(file);
    Run read = Run.read(file);
    assertThat(read).isEqualTo(run());
    assertThat(read.machine().keySet()).containsExactly("processor", "kernel");
  }

  @Test
  void theMedianOfRounds() {
    Figure odd = Figure.of("c", "w", "l", 1, "x", "u", new double[] {3, 1, 2.5}, "cmd");
    assertThat(odd)
        .extracting(Figure::median, Figure::min, Figure::max)
        .containsExactly(2.5, 1.0, 3.0);
    assertThat(odd.rounds()).isEqualTo(3);
    Figure even = Figure.of("c", "w", "l", 1, "x", "u", new double[] {4, 1, 2, 3}, "cmd");
    assertThat(even.median()).isEqualTo(2.5);
  }

  @ParameterizedTest
  @CsvSource({"2, 3, 4", "5, 3, 4", "NaN, 3, 4", "3, -Infinity, 4", "3, 3, Infinity"})
  void aMedianOutsideItsSpreadIsRefused(double median, double min, double max) {
    assertThatThrownBy(() -> new Figure("c", "w", "l", 1, "x", "u", median, min, max, 1, "cmd"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void filesThatAreNoRunAreRefusedInOneLine() throws IOException {
    String good = run().json();
    Map<String, String> bad = new LinkedHashMap<>();
    bad.put("", "the file is empty");
    bad.put(" \n", "the file is empty");
    bad.put(good.substring(0, good.length() / 2), "only a part");
    bad.put(good + "{}", "no result of netmap4j bench");
    bad.put("null", "no result of netmap4j bench");
    bad.put("[1, 2]", "no result of netmap4j bench");
    bad.put("\0\1\2", "no result of netmap4j bench");
    bad.put("{\"benchmark\": 1}", "Missing creator property 'title'");
    bad.put(good.replaceFirst("\\{", "{ \"score\" : 1,"), "unknown field \"score\"");
    bad.put(good.replaceFirst("\"min\" : 1.0,", ""), "min");
    bad.put(good.replaceFirst("\"min\" : 1.0", "\"min\" : 7.0"), "not within 7.0 to 3.0");
    bad.put(good.replaceFirst("\"min\" : 1.0", "\"min\" : \"NaN\""), "NaN");
    bad.put(
        good.replaceFirst("\"rounds\" : 3", "\"rounds\" : null"), "figures [0] rounds Cannot map");
    bad.put(good.replaceFirst("\"rounds\" : 3", "\"rounds\" : 0"), "0 rounds");
    bad.put(good.replaceFirst("\"what\" : \"rx\"", "\"what\" : null"), "what is missing");
    Path file = folder.resolve("bad.json");
    for (Map.Entry<String, String> one : bad.entrySet()) {
      Files.writeString(file, one.getKey());
      assertThatThrownBy(() -> Run.read(file))
          .as(one.getKey())
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining(one.getValue())
          .message()
          .hasLineCount(1);
    }
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none.json");
    assertThatThrownBy(() -> Run.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void theFactsOfThisMachine() {
    assertThat(Machine.facts())
        .containsKeys("processor", "cores", "kernel", "MOVDIRI", "JDK", "JVM flags", "netmap4j")
        .doesNotContainValue(null);
    assertThat(Machine.jdk(Path.of(System.getProperty("java.home"))))
        .startsWith(System.getProperty("java.version"));
    assertThat(Machine.jdk(folder)).isEqualTo("unknown");
  }
}

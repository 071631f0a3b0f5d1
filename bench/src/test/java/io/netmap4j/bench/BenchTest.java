package io.netmap4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Page;
import io.netmap4j.bench.report.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class BenchTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int bench(Object... arguments) {
    CommandLine line = Bench.line();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    return line.execute(words);
  }

  private Run run(String name, double value) throws IOException {
    Run run =
        new Run(
            name,
            "2026-11-27T01:00:00Z",
            Map.of(),
            List.of(
                Figure.of(
                    "compare", "rx", "netmap4j", 32, "batch", "ns", new double[] {value}, "c")));
    run.write(folder.resolve(name));
    return run;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "compare", "latency", "scale", "loops", "frames", "steady", "scrape", "report"
      })
  void everyCommandHasHelpAndVersion(String command) {
    Object[] words = command.isEmpty() ? new Object[] {} : new Object[] {command};
    assertThat(Bench.line().getSubcommands()).hasSize(9);
    assertThat(bench(append(words, "--help"))).isZero();
    assertThat(out.toString()).contains(("Usage: netmap4j bench " + command).strip());
    assertThat(bench(append(words, "-V"))).isZero();
    assertThat(out.toString()).contains("netmap4j bench ");
    assertThat(err.toString()).isEmpty();
  }

  private static Object[] append(Object[] words, Object word) {
    Object[] more = Arrays.copyOf(words, words.length + 1);
    more[words.length] = word;
    return more;
  }

  /** The command fails when Java and C have found different headers. */
  @Test
  void framesAreParsedAlikeInJavaAndC() throws IOException {
    Path json = folder.resolve("frames.json");
    assertThat(bench("frames", "-r", "../samples/mixed.pcap", "--rounds", "1", "--json", json))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).contains("1748 frames of", " ns a frame");
    assertThat(Run.read(json).figures()).isNotEmpty();
    assertThat(bench("frames", "-r", folder.resolve("none.pcap"))).isEqualTo(1);
    assertThat(err.toString().lines().filter(line -> line.startsWith("netmap4j: ")))
        .anyMatch(line -> line.contains("none.pcap"));
  }

  @Test
  void scrapesAreMeasuredBesideTheirAbsence() throws IOException {
    Path json = folder.resolve("scrape.json");
    assertThat(bench("scrape", "--rounds", "1", "--json", json)).as(err.toString()).isZero();
    assertThat(out.toString())
        .containsPattern("(?m)^forward: .* scraped/not .* A/A .*; [1-9][0-9]* scrapes$")
        .containsPattern("(?m)^pipe: .*; [1-9][0-9]* scrapes$");
    assertThat(Run.read(json).figures()).hasSize(8);
    assertThat(bench("scrape", "--every", "-1")).isEqualTo(2);
  }

  /** Those of the documents, of which {@code DocumentedCommandsTest} has the others. */
  @Test
  void theParserTakesDocumentedCommands() throws IOException {
    Pattern command = Pattern.compile("(?m)(?:^ {4}|`)\\./netmap4j bench\\b([^`\\n]*)");
    int found = 0;
    for (String document : List.of("README.md", "CONTRIBUTING.md", "docs/performance.md")) {
      Matcher documented = command.matcher(Files.readString(Path.of("..", document)));
      while (documented.find()) {
        String words = documented.group(1).replaceFirst(" +# .*", "").strip();
        Bench.line().parseArgs(words.isEmpty() ? new String[0] : words.split(" +"));
        found++;
      }
    }
    assertThat(found).isGreaterThan(12);
  }

  @Test
  void reportOfOneRun() throws IOException {
    Run run = run("a.json", 2);
    assertThat(bench("report", folder.resolve("a.json"))).isZero();
    assertThat(folder.resolve("a.html")).hasContent(Page.of(run));
    assertThat(out.toString()).contains("a.html: 1 figures");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void reportOfTwoRuns() throws IOException {
    run("a.json", 2);
    run("b.json", 3);
    Path page = folder.resolve("page.html");
    assertThat(bench("report", folder.resolve("a.json"), folder.resolve("b.json"), "-o", page))
        .isZero();
    assertThat(page).content().contains("a beside b", "&times;1.50");
    assertThat(out.toString()).contains("1 figures in both runs, 1 of them apart");
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "empty", "truncated", "foreign", "without figures", "a folder"})
  void filesThatAreNoRunAreErrorsInOneLine(String kind) throws IOException {
    Path file = folder.resolve("file.json");
    Run run = run("good.json", 1);
    switch (kind) {
      case "empty" -> Files.writeString(file, "");
      case "truncated" -> Files.writeString(file, run.json().substring(0, 200));
      case "foreign" -> Files.writeString(file, "[{\"benchmark\" : \"SyncBench\"}]");
      case "without figures" -> new Run("t", "w", Map.of(), List.of()).write(file);
      case "a folder" -> Files.createDirectory(file);
      default -> assertThat(file).doesNotExist();
    }
    for (Object[] files :
        List.of(new Object[] {file}, new Object[] {folder.resolve("good.json"), file})) {
      err.getBuffer().setLength(0);
      assertThat(
              files.length == 1 ? bench("report", files[0]) : bench("report", files[0], files[1]))
          .isEqualTo(1);
      assertThat(err.toString()).startsWith("netmap4j: " + file + ": ").hasLineCount(1);
    }
    assertThat(folder.resolve("file.html")).doesNotExist();
  }

  @Test
  void aPageThatCannotBeWrittenIsAnError() throws IOException {
    run("a.json", 1);
    Path page = folder.resolve("none/page.html");
    assertThat(bench("report", folder.resolve("a.json"), "-o", page)).isEqualTo(1);
    assertThat(err.toString()).startsWith("netmap4j: " + page + ": ").hasLineCount(1);
  }

  @Test
  void wrongUsageIsExitCode2() throws IOException {
    Run run = run("a.json", 1);
    Path file = folder.resolve("a.json");
    assertThat(bench("report")).isEqualTo(2);
    assertThat(bench("report", file, file, file)).isEqualTo(2);
    assertThat(bench("report", file, "-o", file)).isEqualTo(2);
    assertThat(bench("--none")).isEqualTo(2);
    assertThat(bench("comprae")).isEqualTo(2);
    assertThat(err.toString()).contains("which it would replace", "'comprae'");
    assertThat(Run.read(file)).isEqualTo(run);
  }

  @Test
  void whatIsNoSubcommandAndABenchmarkIsForJmh() {
    CommandLine line = Bench.line();
    for (String jmh : List.of("SyncBench", "-prof", "-l", "Sync.*rx")) {
      assertThat(Bench.isJmh(line, jmh)).as(jmh).isTrue();
    }
    for (String ours : List.of("report", "jmh", "-h", "-o", "--output=x", "comprae")) {
      assertThat(Bench.isJmh(line, ours)).as(ours).isFalse();
    }
  }
}

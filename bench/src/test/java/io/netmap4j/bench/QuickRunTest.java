package io.netmap4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Page;
import io.netmap4j.bench.report.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Steps that are shell scripts; the JSON file is their $0. */
@Timeout(60)
class QuickRunTest {
  private static final long LIMIT_MILLIS = 30_000;

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private static QuickRun.Step step(String name, String script) {
    return new QuickRun.Step(name, List.of("sh", "-c", script));
  }

  private QuickRun.Step good(String name) throws IOException {
    Path json = folder.resolve(name);
    new Run(
            name,
            "2026-11-27T01:00:00Z",
            Map.of("tsc", "2.1 GHz", "JVM flags", "of " + name),
            List.of(Figure.of(name, "w", "l", 1, "x", "u", new double[] {1, 2}, "cmd")))
        .write(json);
    return step(
        name,
        "echo table of "
            + name
            + "; printf 'bench: one\\rbench: two\\033[K\\n' >&2;"
            + " echo 'netmap4j: half of it is left out' >&2; cp "
            + json
            + " $0");
  }

  private int run(long limitMillis, QuickRun.Step... steps) throws IOException {
    return new QuickRun(
            List.of(steps), new PrintWriter(out, true), new PrintWriter(err, true), limitMillis)
        .run(folder);
  }

  private Path written(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(suffix)).findFirst().orElseThrow();
    }
  }

  @Test
  void whatCanBeMeasuredIsOnThePageAndWhatCannotIsNamed() throws IOException {
    int code =
        run(
            LIMIT_MILLIS,
            good("a"),
            step("b", "echo 'netmap4j: needs root' >&2; exit 1"),
            step("c", "exit 3"),
            step("d", "true"),
            step("e", "echo '{' > $0"),
            good("f"));
    assertThat(code).isZero();
    Run run = Run.read(written(".json"));
    assertThat(run.figures()).extracting(Figure::chart).containsExactly("a", "f");
    assertThat(run.machine())
        .containsEntry("tsc", "2.1 GHz")
        .containsEntry("JVM flags (a)", "of a")
        .containsEntry("JVM flags (f)", "of f")
        .containsEntry("remarks of a", "half of it is left out")
        .containsEntry("left out: b", "needs root")
        .containsEntry("left out: c", "exit code 3, and no word why")
        .containsKeys("left out: d", "left out: e", "processor")
        .doesNotContainKeys("left out: a", "left out: f");
    String page = Files.readString(written(".html"));
    assertThat(page).isEqualTo(Page.of(run)).contains("<b>left out: b</b>: needs root");
    assertThat(out.toString()).contains("table of a", "table of f", written(".html").toString());
    assertThat(err.toString())
        .contains("[1 of 6] bench: one", "[1 of 6] bench: two", "[6 of 6] bench: two")
        .contains("netmap4j: left out: b: needs root");
  }

  @Test
  void withoutAnyFigureThereIsNoPage() throws IOException {
    assertThatThrownBy(() -> run(LIMIT_MILLIS, step("a", "exit 1")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("nothing could be measured");
    assertThat(folder).isEmptyDirectory();
    assertThat(err.toString()).contains("left out: a");
  }

  @Test
  void aStepThatHangsIsEnded() throws IOException {
    assertThat(run(300, step("a", "echo $$ > " + folder + "/pid; exec sleep 1000"), good("b")))
        .isZero();
    assertThat(Run.read(written(".json")).machine().get("left out: a")).contains("longer than");
    Path pid = folder.resolve("pid");
    long number = Long.parseLong(Files.readString(pid).strip());
    assertThat(ProcessHandle.of(number).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void aFolderThatIsNoneIsRefusedBeforeAnythingRuns() {
    Path none = folder.resolve("none");
    assertThatThrownBy(
            () ->
                new QuickRun(
                        List.of(step("a", "touch " + folder + "/ran")),
                        new PrintWriter(out),
                        new PrintWriter(err))
                    .run(none))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("-o " + none);
    assertThat(folder).isEmptyDirectory();
  }
}

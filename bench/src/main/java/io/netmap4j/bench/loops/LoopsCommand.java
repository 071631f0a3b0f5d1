package io.netmap4j.bench.loops;

import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Machine;
import io.netmap4j.bench.report.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench loops}: forks JVMs, one after the other, and shows the median of their medians. */
@Command(
    name = "loops",
    description = {
      "The driver's loops, slots to descriptors and back, beside the same in C (gcc -O3 -march=native) with the"
          + " same checks. Both work on the same memory in one process, in turns of a millisecond; NS_BUF_CHANGED is"
          + " on every slot. Shows ns for a packet, and the ratio Java/C: its median over forks, and the worst."
    })
public final class LoopsCommand implements Callable<Integer> {
  private static final int MOST = 1000;
  private static final int SECONDS_PER_FORK = 600;
  private static final int WARM_UP_TURNS = 150;
  private static final int NEW_FLAGS = 24; // the JDK that warns of Unsafe and of native access

  @Option(
      names = "--forks",
      paramLabel = "N",
      defaultValue = "10",
      description = "JVMs of each JDK, one after the other, 1 to 1000 (${DEFAULT-VALUE}).")
  int forks;

  @Option(
      names = "--turns",
      paramLabel = "N",
      defaultValue = "200",
      description =
          "Turns of a millisecond each for Java and for C, for each loop and fork (${DEFAULT-VALUE}).")
  int turns;

  @Option(
      names = "--jdk",
      paramLabel = "FOLDER",
      description = "A JDK to measure, 17 or newer; several are taken in turn (the one that runs).")
  List<Path> jdks = List.of(Path.of(System.getProperty("java.home")));

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures as JSON into this file.")
  Path json;

  @Option(
      names = "--compiler",
      paramLabel = "COMMAND",
      defaultValue = "gcc",
      description = "Compiles the loops in C (${DEFAULT-VALUE}).")
  String compiler;

  @Spec CommandSpec spec;

  /** A row of the table: one loop of one case on one JDK. */
  private record Row(int index, String loop, String jdk) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    within("--forks", forks);
    within("--turns", turns);
    String when = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    Map<Path, String> names = new LinkedHashMap<>();
    for (Path jdk : jdks) {
      if (!Files.isExecutable(java(jdk))) {
        throw new ParameterException(
            spec.commandLine(), "--jdk " + jdk + ": " + java(jdk) + " can't be run");
      }
      names.put(jdk, Machine.jdk(jdk));
    }
    Map<Row, List<LoopFork.Result>> results = new LinkedHashMap<>();
    Progress progress = new Progress(spec.commandLine().getErr());
    int done = 0;
    for (int fork = 1; fork <= forks; fork++) {
      for (Path jdk : names.keySet()) {
        progress.show(
            String.format(Locale.ROOT, "fork %d of %d, JDK %s", fork, forks, names.get(jdk)),
            "",
            (double) done++ / (forks * names.size()));
        for (LoopFork.Result r : fork(jdk)) {
          results
              .computeIfAbsent(
                  new Row(r.index(), r.loop(), names.get(jdk)), row -> new ArrayList<>())
              .add(r);
        }
      }
    }
    progress.clear();
    print(results);
    if (json != null) {
      Map<String, String> facts = Machine.facts();
      facts.put("JDKs measured", String.join("; ", names.values()));
      facts.put("control in C", compiler + " -O3 -march=native, called in the same JVM");
      new Run("bench loops", when, facts, figures(results)).write(json);
      spec.commandLine().getOut().println("written to " + json);
    }
    return 0;
  }

  private void within(String option, int value) {
    if (value < 1 || value > MOST) {
      throw new ParameterException(
          spec.commandLine(), option + " " + value + " is not within 1 to " + MOST);
    }
  }

  private static Path java(Path jdk) {
    return jdk.resolve("bin").resolve("java");
  }

  private List<LoopFork.Result> fork(Path jdk) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                java(jdk).toString(),
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
    if (Integer.parseInt("0" + Machine.jdk(jdk).split("\\D", 2)[0]) >= NEW_FLAGS) {
      command.add("--sun-misc-unsafe-memory-access=allow");
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            LoopFork.class.getName(),
            compiler,
            String.valueOf(WARM_UP_TURNS),
            String.valueOf(turns)));
    Path out = Files.createTempFile("netmap4j-loops", ".txt");
    Path err = Files.createTempFile("netmap4j-loops", ".err");
    Process process = null;
    try {
      process =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(SECONDS_PER_FORK, TimeUnit.SECONDS)) {
        throw new IOException("a fork has not ended after " + SECONDS_PER_FORK + " s");
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            "a fork failed: "
                + Files.readString(err)
                    .lines()
                    .filter(line -> line.startsWith("Exception") || line.startsWith("Error"))
                    .findFirst()
                    .orElse("exit code " + process.exitValue()));
      }
      return Files.readAllLines(out).stream().map(LoopFork.Result::parse).toList();
    } finally {
      if (process != null) {
        process.destroyForcibly();
      }
      Files.delete(out);
      Files.delete(err);
    }
  }

  private void print(Map<Row, List<LoopFork.Result>> results) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%-9s%-32s%-16s%9s%9s   %s%n",
        "loop",
        "batch and ring",
        "JDK",
        "Java ns",
        "C ns",
        "Java/C, median of " + forks + " forks (best to worst)");
    results.forEach(
        (row, list) -> {
          double[] ratios = list.stream().mapToDouble(LoopFork.Result::ratio).sorted().toArray();
          out.printf(
              Locale.ROOT,
              "%-9s%-32s%-16s%9.2f%9.2f   %.2f (%.2f to %.2f)%n",
              row.loop,
              LoopFork.CASES.get(row.index),
              row.jdk,
              Figure.median(list.stream().mapToDouble(LoopFork.Result::java).toArray()),
              Figure.median(list.stream().mapToDouble(LoopFork.Result::c).toArray()),
              Figure.median(ratios),
              ratios[0],
              ratios[ratios.length - 1]);
        });
    out.flush();
  }

  private List<Figure> figures(Map<Row, List<LoopFork.Result>> results) {
    String command = "./netmap4j bench loops --forks " + forks + " --turns " + turns;
    List<Figure> figures = new ArrayList<>();
    results.forEach(
        (row, list) -> {
          LoopFork.Case c = LoopFork.CASES.get(row.index);
          String what = row.loop + (c.rare() ? ", rare slots" : "");
          String jdk = "netmap4j, JDK " + row.jdk;
          figures.add(
              Figure.of(
                  "loops",
                  what,
                  jdk,
                  c.batch(),
                  "batch",
                  "ratio Java/C",
                  list.stream().mapToDouble(LoopFork.Result::ratio).toArray(),
                  command));
          figures.add(
              Figure.of(
                  "loops-ns",
                  what,
                  jdk,
                  c.batch(),
                  "batch",
                  "ns per packet",
                  list.stream().mapToDouble(LoopFork.Result::java).toArray(),
                  command));
          figures.add(
              Figure.of(
                  "loops-ns",
                  what,
                  "C beside JDK " + row.jdk,
                  c.batch(),
                  "batch",
                  "ns per packet",
                  list.stream().mapToDouble(LoopFork.Result::c).toArray(),
                  command));
        });
    return figures;
  }
}

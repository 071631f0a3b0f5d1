package io.netmap4j.bench;

import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.report.Machine;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench steady}: no garbage collection while packets flow. */
@Command(
    name = "steady",
    description =
        "Runs receiving, sending, forwarding, a pipe and a switch at full rate in a small heap, and fails when a"
            + " garbage collection takes place.")
public final class SteadyCommand implements Callable<Integer> {
  private static final int MOST_SECONDS = 7 * 24 * 3600;
  private static final int NEW_FLAGS = 24; // the JDK that warns of Unsafe and of native access

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "600",
      description = "How long, after 10 seconds of warm-up: 1 to 604800 (${DEFAULT-VALUE}).")
  int seconds;

  @Option(
      names = "--heap",
      paramLabel = "SIZE",
      defaultValue = "64m",
      description = "Largest heap, as -Xmx takes it (${DEFAULT-VALUE}).")
  String heap;

  @Spec CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (seconds < 1 || seconds > MOST_SECONDS) {
      throw new ParameterException(
          spec.commandLine(), "--seconds " + seconds + " is not within 1 to " + MOST_SECONDS);
    }
    if (!heap.matches("[0-9]+[kKmMgG]?")) {
      throw new ParameterException(spec.commandLine(), "--heap " + heap + " is no size: 64m is");
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
    if (Runtime.version().feature() >= NEW_FLAGS) {
      command.add("--sun-misc-unsafe-memory-access=allow");
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            SteadyRun.class.getName(),
            String.valueOf(seconds)));
    System.out.println(
        "-Xmx"
            + heap
            + ", "
            + seconds
            + " s, JDK "
            + Machine.jdk(Path.of(System.getProperty("java.home"))));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      int exit = await(process);
      System.out.println(exit == 0 ? "no garbage collection" : "failed: exit code " + exit);
      return exit == 0 ? 0 : 1;
    } finally {
      process.destroyForcibly();
    }
  }

  /** Passes on what it prints, and shows the time left: of the measurement and its warm-up. */
  private int await(Process process) throws IOException, InterruptedException {
    double all = seconds + SteadyRun.WARM_UP_SECONDS;
    long begin = System.nanoTime();
    try (BufferedReader lines = process.inputReader();
        Progress progress = new Progress(spec.commandLine().getErr())) {
      while (process.isAlive() || lines.ready()) {
        if (lines.ready()) {
          progress.clear();
          System.out.println(lines.readLine());
        } else {
          double part = (System.nanoTime() - begin) / 1e9 / all;
          progress.show("bench steady", "the data path at full rate", Math.min(part, 1));
          process.waitFor(200, TimeUnit.MILLISECONDS);
        }
      }
    }
    return process.waitFor();
  }
}

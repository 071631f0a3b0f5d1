package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The netmap4j command in a process of its own: only a process can be interrupted or killed. */
final class ChildProcess implements AutoCloseable {
  private final Process process;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();

  private ChildProcess(Process process) {
    this.process = process;
    this.reader = new Thread(this::read, "output of " + process.pid());
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts {@code netmap4j args} with this JVM's class path. */
  static ChildProcess start(String... args) {
    return start(Map.of(), args);
  }

  static ChildProcess start(Map<String, String> environment, String... args) {
    try {
      List<String> command = new ArrayList<>(JavaCommand.of(Main.class, args));
      if (ignoresInterrupt()) {
        command.addAll(0, List.of("env", "--default-signal=INT"));
      }
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().putAll(environment);
      return new ChildProcess(builder.start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As a background job of a script does, and whoever it starts. */
  private static boolean ignoresInterrupt() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).trim(), 16) & 2) != 0);
  }

  private void read() {
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        synchronized (lines) {
          lines.add(line);
          lines.notifyAll();
        }
      }
    } catch (IOException e) {
      // The process is gone, and its pipe with it.
    }
  }

  /** Everything it has said so far. */
  String output() {
    synchronized (lines) {
      return String.join("\n", lines);
    }
  }

  /** Waits until a line has {@code regex} in it. */
  ChildProcess await(String regex, int seconds) throws InterruptedException {
    Pattern pattern = Pattern.compile(regex);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    synchronized (lines) {
      while (lines.stream().noneMatch(line -> pattern.matcher(line).find())) {
        assertThat(System.nanoTime())
            .as("waited %d s for '%s', said so far:%n%s", seconds, regex, output())
            .isLessThan(deadline);
        lines.wait(100);
      }
    }
    return this;
  }

  /** As Ctrl-C does. */
  void interrupt() throws Exception {
    signal("INT");
  }

  void signal(String name) throws Exception {
    new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start().waitFor();
  }

  /** kill -9, and waits until it is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  boolean running() {
    return process.isAlive();
  }

  /** Its exit code, and everything that it had to say is in {@link #output}. */
  int exitCode(int seconds) throws InterruptedException {
    assertThat(process.waitFor(seconds, TimeUnit.SECONDS))
        .as("ends within %d s, said:%n%s", seconds, output())
        .isTrue();
    reader.join(5000);
    return process.exitValue();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}

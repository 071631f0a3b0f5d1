package io.netmap4j.bench.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A process that is talked to in lines. What it writes to its standard error goes to a log. For one
 * thread.
 */
final class Child implements AutoCloseable {
  private static final long END_SECONDS = 10;

  /** In place of a line, when there is no more. */
  private static final String END = "\0";

  private final String name;
  private final Path log;
  private final Process process;
  private final PrintStream input;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /**
   * @param name for messages
   * @throws IOException it cannot be started
   */
  Child(String name, List<String> command, Path log) throws IOException {
    this.name = name;
    this.log = log;
    this.process = new ProcessBuilder(command).redirectError(log.toFile()).start();
    this.input = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    Thread reader = new Thread(this::read, "output of " + name);
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      lines.add("error its output cannot be read: " + e.getMessage());
    }
    lines.add(END);
  }

  long pid() {
    return process.pid();
  }

  /** Gives it a line. */
  void tell(String line) {
    input.println(line);
  }

  /**
   * Its next line that begins with {@code word}; others, which libraries print, are passed over.
   *
   * @throws IOException it has said "error", has ended or has not said it in time
   */
  String line(String word, long seconds) throws IOException {
    while (true) {
      String line;
      try {
        line = lines.poll(seconds, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(name + ": interrupted", e);
      }
      if (line == null) {
        throw new IOException(
            name + " has printed no line '" + word + "' for " + seconds + " s (log: " + log + ")");
      }
      if (line.equals(END)) {
        throw new IOException(name + " has ended: " + lastOfLog());
      }
      if (line.startsWith("error")) {
        throw new IOException(
            name + ": " + line.substring("error".length()).trim() + " (log: " + log + ")");
      }
      if (line.startsWith(word)) {
        return line;
      }
    }
  }

  /** Where the reason usually is. */
  private String lastOfLog() {
    try {
      List<String> said =
          new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank())
              .toList();
      return said.isEmpty()
          ? "it printed nothing"
          : said.get(said.size() - 1).trim() + " (log: " + log + ")";
    } catch (IOException e) {
      return "its log " + log + " cannot be read";
    }
  }

  /**
   * Sends it a signal.
   *
   * @param signal as kill(1) knows it
   */
  void signal(String signal) throws IOException {
    Process kill =
        new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
            .redirectErrorStream(true)
            .start();
    try {
      kill.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends its input, and waits until it has ended, by force if need be. */
  @Override
  public void close() {
    input.close();
    awaitEnd();
  }

  /** Asks it to end, and waits, as {@link #close}. */
  void terminate() {
    process.destroy();
    awaitEnd();
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

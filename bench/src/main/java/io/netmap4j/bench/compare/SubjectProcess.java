package io.netmap4j.bench.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A subject at work, in a fake machine with a model of its own. The model is stopped (SIGSTOP)
 * while others have their turn, since it polls. For one thread.
 */
final class SubjectProcess implements AutoCloseable {
  private static final long READY_SECONDS = 120;
  private static final long ANSWER_SECONDS = 120;
  private static final long END_SECONDS = 10;

  /** In place of a line, when there is no more. */
  private static final String END = "\0";

  private final Subject subject;
  private final Path log;
  private final Process process;
  private final PrintStream requests;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Map<String, String> properties;
  private final long modelPid;

  /**
   * Starts it and waits until it is ready; its model is stopped then.
   *
   * @param command which starts the fake machine with the model and the subject in it
   * @param log takes what is written to its standard error
   * @throws IOException it cannot be started, or says that it failed
   */
  SubjectProcess(Subject subject, List<String> command, Path log) throws IOException {
    this.subject = subject;
    this.log = log;
    this.process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.to(log.toFile())).start();
    this.requests = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    Thread reader = new Thread(this::read, "answers of " + subject.line());
    reader.setDaemon(true);
    reader.start();
    try {
      this.properties = Answer.fields(line("ready", READY_SECONDS));
      this.modelPid = modelPid();
      signal("STOP");
    } catch (IOException | RuntimeException e) {
      end();
      throw e;
    }
  }

  /** What the subject says of itself: tsc, path, doorbell ... */
  Map<String, String> properties() {
    return properties;
  }

  /**
   * Asks for one answer. The model runs meanwhile.
   *
   * @return null when the subject cannot do this
   * @throws IOException the subject has failed or has ended, or has not answered in time
   */
  String ask(String request) throws IOException {
    signal("CONT");
    try {
      requests.println(request);
      String line = line("", ANSWER_SECONDS);
      return line.startsWith("n/a") ? null : line;
    } finally {
      signal("STOP");
    }
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

  /** The next line that begins with {@code word}; others are what libraries print. */
  private String line(String word, long seconds) throws IOException {
    while (true) {
      String line;
      try {
        line = lines.poll(seconds, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(subject.line() + ": interrupted", e);
      }
      if (line == null) {
        throw new IOException(
            subject.line() + " has not answered for " + seconds + " s; its log is " + log);
      }
      if (line.equals(END)) {
        throw new IOException(subject.line() + " has ended: " + lastOfLog());
      }
      if (line.startsWith("error")) {
        throw new IOException(subject.line() + ": " + line.substring("error".length()).trim());
      }
      if (line.startsWith(word)) {
        return line;
      }
    }
  }

  private String lastOfLog() {
    try {
      List<String> all = Files.readAllLines(log);
      String last = all.isEmpty() ? "it printed nothing" : all.get(all.size() - 1);
      return last + " (its log is " + log + ")";
    } catch (IOException e) {
      return "its log " + log + " cannot be read";
    }
  }

  private long modelPid() throws IOException {
    String pid = properties.get("model");
    if (pid == null) {
      throw new IOException(subject.line() + ": which process is the model? its log is " + log);
    }
    return Long.parseLong(pid);
  }

  private void signal(String name) throws IOException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(modelPid)).start();
    try (OutputStream none = kill.getOutputStream()) {
      none.flush();
      kill.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the subject, its model and its machine. */
  @Override
  public void close() {
    try {
      signal("CONT");
    } catch (IOException e) {
      // it is ended below, whatever it does
    }
    end();
  }

  private void end() {
    requests.close();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

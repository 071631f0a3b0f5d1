package io.netmap4j.bench.compare;

import io.netmap4j.bench.control.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** Subjects at work, measured in turn. For one thread. */
final class Session implements AutoCloseable {
  /** Takes a line now and then. */
  interface Report {
    /**
     * @param part of the measurement that is done, 0 to 1, or {@link Progress#UNKNOWN}
     */
    void accept(String text, double part);
  }

  static final String FORWARD = "forward";
  static final String FORWARD_OP = "forward-op";

  /** Windows whose bill is counted. */
  private static final int BILL_WINDOWS = 20;

  /** A tmpfs on every Linux. */
  private static final Path TMPFS = Path.of("/dev/shm");

  private final Report progress;
  private final Path folder;
  private final List<SubjectProcess> running = new CopyOnWriteArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final Map<String, Answer> lastAnswers = new HashMap<>();

  /**
   * Starts the subjects, one after the other.
   *
   * @param root the source tree
   * @param cpu where the models and the drivers run
   * @param progress takes a line now and then
   * @throws IOException none of them starts
   */
  Session(List<Subject> subjects, Path root, int cpu, Report progress) throws IOException {
    this.progress = progress;
    this.folder = Files.createTempDirectory(TMPFS, "netmap4j-bench-");
    // Ctrl-C: stopped models would stay for ever.
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "end of bench compare"));
    for (Subject subject : subjects) {
      progress.accept("starting " + subject.line(), Progress.UNKNOWN);
      Path cards = folder.resolve("cards" + (running.size() + failures.size()));
      try {
        SubjectProcess started = new SubjectProcess(subject, root, cards, cpu);
        running.add(started);
        String note = started.properties().get("note");
        if (note != null) {
          progress.accept(subject.line() + ": " + note.replace('_', ' '), Progress.UNKNOWN);
        }
      } catch (IOException e) {
        failures.add(e.getMessage());
      }
    }
    if (running.isEmpty()) {
      throw new IOException(failures.get(0));
    }
  }

  /** Why subjects did not start, a line for each. */
  List<String> failures() {
    return failures;
  }

  List<SubjectProcess> running() {
    return running;
  }

  /** The last answer of a subject, for its clock's overhead and how many windows it dropped. */
  Map<String, Answer> lastAnswers() {
    return lastAnswers;
  }

  /**
   * Times everything in each round, subject by subject; who is first changes from round to round.
   * Forwarding as one operation follows the other forwarding at once, for it is compared with that.
   *
   * @param windows for each answer
   */
  Results time(List<String> whats, List<Integer> batches, int rounds, int windows)
      throws IOException {
    Results results = new Results(rounds);
    int done = 0;
    for (int round = 0; round < rounds; round++) {
      for (List<String> together : compared(whats)) {
        for (int batch : batches) {
          for (String what : together) {
            progress.accept(
                String.format(
                    Locale.ROOT, "round %d of %d: %s, batch %d", round + 1, rounds, what, batch),
                (double) done++ / (rounds * whats.size() * batches.size()));
            for (int i = 0; i < running.size(); i++) {
              SubjectProcess one = running.get((i + round) % running.size());
              String line = ask(one, what, batch + " " + windows);
              if (line != null) {
                Answer answer = Answer.parse(line);
                String name = one.subject().line();
                lastAnswers.put(name, answer);
                results.put(new Results.Key(name, what, batch), round, answer.median());
              }
            }
          }
        }
      }
    }
    return results;
  }

  /** What is compared with each other, in groups. */
  private static List<List<String>> compared(List<String> whats) {
    List<List<String>> groups = new ArrayList<>();
    for (String what : whats) {
      if (what.equals(FORWARD) && whats.contains(FORWARD_OP)) {
        groups.add(List.of(FORWARD, FORWARD_OP));
      } else if (!what.equals(FORWARD_OP) || !whats.contains(FORWARD)) {
        groups.add(List.of(what));
      }
    }
    return groups;
  }

  /** Counts what crosses PCIe; the same every time, so once. */
  List<Bill> bills(List<String> whats, List<Integer> batches) throws IOException {
    List<Bill> bills = new ArrayList<>();
    for (String what : whats) {
      for (int batch : batches) {
        progress.accept(
            String.format(Locale.ROOT, "PCIe bill: %s, batch %d", what, batch), Progress.UNKNOWN);
        for (SubjectProcess one : running) {
          if (one.subject().line().endsWith(Subject.AGAIN)) {
            continue;
          }
          String line = ask(one, what, batch + " " + BILL_WINDOWS + " bill");
          if (line != null) {
            bills.add(Bill.parse(one.subject().line(), what, batch, line));
          }
        }
      }
    }
    return bills;
  }

  private static String ask(SubjectProcess one, String what, String rest) throws IOException {
    String does = one.properties().getOrDefault("what", "rx,tx,forward");
    return List.of(does.split(",")).contains(what) ? one.ask(what + " " + rest) : null;
  }

  /** Ends all. The logs stay when something has failed. */
  @Override
  public synchronized void close() {
    running.forEach(SubjectProcess::close);
    running.clear();
    if (!failures.isEmpty() || !Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      progress.accept("cannot remove " + folder + ": " + e.getMessage(), Progress.UNKNOWN);
    }
  }
}

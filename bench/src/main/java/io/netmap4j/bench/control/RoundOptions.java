package io.netmap4j.bench.control;

import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Machine;
import io.netmap4j.bench.report.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of the benchmarks that measure in rounds, and what follows from them. */
public class RoundOptions {
  private static final int MOST_ROUNDS = 1000;

  @Spec(Target.MIXEE)
  CommandSpec spec;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures as JSON into this file.")
  Path json;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Interleaved rounds, 1 to 1000; a figure is their median (5; with --quick 3).")
  Integer rounds;

  @Option(names = "--quick", description = "A short form, of less than a minute.")
  boolean quick;

  private String when;

  /** Whether the short form is wanted. */
  public boolean quick() {
    return quick;
  }

  /** How many rounds are wanted. */
  public int rounds() {
    return rounds != null ? rounds : quick ? 3 : 5;
  }

  /**
   * To be called first.
   *
   * @throws ParameterException for a value that can't be used
   */
  public void begin() {
    within("--rounds", rounds(), 1, MOST_ROUNDS);
    if (json != null) {
      Path folder = json.toAbsolutePath().getParent();
      boolean usable =
          Files.isDirectory(json)
              ? false
              : Files.exists(json)
                  ? Files.isWritable(json)
                  : folder != null && Files.isWritable(folder);
      if (!usable) {
        throw wrong("--json " + json + ": no file can be written there");
      }
    }
    when = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /**
   * Checks a number.
   *
   * @throws ParameterException when it is outside {@code least} to {@code most}
   */
  public void within(String option, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw wrong(
          option + " " + number(value) + " is not within " + number(least) + " to " + number(most));
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
  }

  /** What is wrong with the command's usage, in one line. */
  public ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** Standard output of the command. */
  public PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Progress goes there, and what is left out. */
  public PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** The line of our own figures. */
  public static String subject() {
    return "netmap4j, JDK " + Runtime.version().feature();
  }

  /** The command that was given, without where its result goes. */
  public String command() {
    StringBuilder words = new StringBuilder("./netmap4j bench ").append(spec.name());
    List<String> given = spec.commandLine().getParseResult().originalArgs();
    for (int i = given.indexOf(spec.name()) + 1; i < given.size(); i++) {
      String word = given.get(i);
      if (word.equals("--json")) {
        i++;
      } else if (!word.startsWith("--json=")) {
        words.append(' ').append(word);
      }
    }
    return words.toString();
  }

  /**
   * Writes the result, if a file is wanted.
   *
   * @param more facts beside those of the machine
   * @throws IOException when that fails
   */
  public void write(List<Figure> figures, Map<String, String> more) throws IOException {
    if (json != null) {
      Map<String, String> facts = Machine.facts();
      facts.putAll(more);
      new Run("bench " + spec.name(), when, facts, figures).write(json);
      out().println("written to " + json);
    }
  }
}

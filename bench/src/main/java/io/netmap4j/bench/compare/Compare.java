package io.netmap4j.bench.compare;

import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Machine;
import io.netmap4j.bench.report.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code bench compare}: what a packet costs with our driver and with DPDK's, on one modelled card.
 */
@Command(
    name = "compare",
    description =
        "tsc cycles per packet of our driver and of DPDK's, on one modelled card, and the PCIe bill.",
    footer = {
      "",
      "Receive, send and forward between two ports, 512 slots, 60 bytes, in lock-step: the model completes and refills,"
          + " then the driver's calls and the program's loop over slots are timed for about 416 packets. Model and driver"
          + " share one CPU. Subjects take turns, and each has a model and a process of its own. docs/performance.md says"
          + " what the figures mean: registers are cached memory here, and there is no PCIe.",
      "",
      "Needs root and hugepages (echo 512 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages). What else is missing"
          + " for a subject is said, and it is left out.",
      "",
      "Examples:",
      "  netmap4j bench compare",
      "  netmap4j bench compare --what forward --batch 32 --subject \"JDK 17\" --subject \"22.11 vector\"",
    })
public final class Compare implements Callable<Integer> {
  private static final int MOST_BATCH = 256;
  private static final int QUICK_ROUNDS = 3;
  private static final int QUICK_WINDOWS = 500;
  private static final int SMOKE_ROUNDS = 5;
  private static final int SMOKE_WINDOWS = 1000;
  private static final int SMOKE_BATCH = 32;
  private static final String UNIT = "tsc cycles per packet";
  private static final String BASELINES = "bench/baselines";

  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "Rounds (default: ${DEFAULT-VALUE}).")
  int rounds;

  @Option(
      names = "--windows",
      defaultValue = "2000",
      description = "Windows that count, for each subject and round (default: ${DEFAULT-VALUE}).")
  int windows;

  @Option(
      names = "--batch",
      split = ",",
      defaultValue = "1,8,32,128,256",
      description = "Packets at most for each call: 1 to 256 (default: ${DEFAULT-VALUE}).")
  List<Integer> batches;

  @Option(
      names = "--what",
      split = ",",
      defaultValue = "rx,tx,forward,forward-op",
      description = "What is measured (default: ${DEFAULT-VALUE}).")
  List<String> whats;

  @Option(
      names = "--subject",
      paramLabel = "WORDS",
      description = "Only subjects with these words in their names; repeatable.")
  List<String> wanted = List.of();

  @Option(
      names = "--against",
      paramLabel = "TREE",
      description =
          "Another version's source tree, built with ./netmap4j bench: its driver is measured, too. Repeatable.")
  List<Path> against = List.of();

  @Option(
      names = "--doorbell",
      defaultValue = "mov",
      description =
          "How DPDK rings: mov, or auto: MOVDIRI where the processor has it, which takes hundreds of cycles on a"
              + " modelled register (default: ${DEFAULT-VALUE}).")
  String doorbell;

  @Option(names = "--cpu", description = "CPU of the models and the drivers (default: the last).")
  Integer cpu;

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the figures there.")
  Path json;

  @Option(names = "--quick", description = "Fewer rounds, windows and batches: about two minutes.")
  boolean quick;

  @Option(
      names = "--smoke",
      description =
          "For CI: batch 32, five paired rounds with DPDK 22.11; exit code 1 when the best is more than 1.4 times the"
              + " baseline of this kind of processor in "
              + BASELINES
              + ". Without that, DPDK or hugepages it says so and ends with 0.")
  boolean smoke;

  @Option(names = "--save-baseline", description = "With --smoke: writes the baseline.")
  boolean saveBaseline;

  @Spec CommandSpec spec;

  private Path root;
  private PrintWriter out;
  private PrintWriter err;
  private Progress progress;

  @Override
  public Integer call() throws IOException {
    out = spec.commandLine().getOut();
    err = spec.commandLine().getErr();
    check();
    root =
        Machine.root()
            .orElseThrow(
                () -> new IOException("not in a source tree: run ./netmap4j bench compare there"));
    if (cpu == null) {
      cpu = Runtime.getRuntime().availableProcessors() - 1;
    }
    Subjects subjects = new Subjects(root, doorbell, against);
    if (smoke) {
      return smoke(subjects.smoke());
    }
    if (quick) {
      rounds = QUICK_ROUNDS;
      windows = QUICK_WINDOWS;
      batches = List.of(1, 8, 32, 128);
    }
    return compare(available(subjects.all()));
  }

  private void check() {
    for (int batch : batches) {
      require(batch >= 1 && batch <= MOST_BATCH, "--batch " + batch + " is not 1 to " + MOST_BATCH);
    }
    Set<String> known = Set.of("rx", "tx", Session.FORWARD, Session.FORWARD_OP);
    for (String what : whats) {
      require(known.contains(what), "--what " + what + " is none of rx, tx, forward, forward-op");
    }
    for (Path tree : against) {
      Path jar = Subjects.jar(tree);
      require(
          Files.exists(jar),
          "--against " + tree + ": no " + jar + ". Run ./netmap4j bench --help there");
    }
    require(rounds >= 1, "--rounds " + rounds + " is less than 1");
    require(windows >= 1 && windows <= 1_000_000, "--windows " + windows + " is not 1 to 1000000");
    require(doorbell.equals("mov") || doorbell.equals("auto"), "--doorbell is mov or auto");
    require(smoke || !saveBaseline, "--save-baseline is for --smoke");
  }

  private void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  /** Those that are asked for and can run; says what the others lack. */
  private List<Subject> available(List<Subject> all) throws IOException {
    List<Subject> chosen =
        all.stream()
            .filter(s -> wanted.isEmpty() || wanted.stream().anyMatch(s.line()::contains))
            .toList();
    require(
        !chosen.isEmpty(),
        "--subject: none of "
            + all.stream().map(Subject::line).collect(Collectors.joining(", "))
            + " has these words");
    chosen.stream()
        .filter(s -> !s.available())
        .forEach(s -> say(s.line() + " is left out: " + s.missing()));
    List<Subject> available = chosen.stream().filter(Subject::available).toList();
    String missing = Machines.missing();
    if (available.isEmpty() || missing != null) {
      throw new IOException(missing == null ? "nothing is left to measure" : missing);
    }
    return available;
  }

  private int compare(List<Subject> subjects) throws IOException {
    List<Subject> all = new ArrayList<>(subjects);
    all.add(subjects.get(0).again());
    String when = Instant.now().toString();
    try (Session session = new Session(all, root, cpu, this::progress)) {
      session.failures().forEach(failure -> say("left out: " + failure));
      Results times = session.time(whats, batches, rounds, windows);
      List<Bill> bills = session.bills(whats, batches);
      clearProgress();
      Table table = new Table(out, times, Compare::isDpdk);
      List<String> lines = all.stream().map(Subject::line).toList();
      table.times(lines, whats, batches, UNIT);
      table.sameTwice(subjects.get(0).line(), whats, batches);
      table.bills(bills, batches);
      table.clocks(session);
      out.flush();
      if (json != null) {
        new Run("bench compare", when, facts(session), figures(times, bills, session)).write(json);
      }
      return session.failures().isEmpty() ? 0 : 1;
    }
  }

  private static boolean isDpdk(String line) {
    return line.startsWith("DPDK");
  }

  private Map<String, String> facts(Session session) {
    Map<String, String> facts = new LinkedHashMap<>(Machine.facts());
    facts.put("rounds, windows", rounds + ", " + windows);
    facts.put("CPU of model and driver", Integer.toString(cpu));
    for (SubjectProcess one : session.running()) {
      String said = new TreeMap<>(one.properties()).toString();
      facts.put(one.subject().line(), said.substring(1, said.length() - 1));
    }
    return facts;
  }

  private List<Figure> figures(Results times, List<Bill> bills, Session session) {
    String command = "./netmap4j bench compare " + String.join(" ", arguments());
    List<Figure> figures = new ArrayList<>(times.figures("compare", UNIT, command));
    figures.addAll(
        times.beside(Session.FORWARD, Session.FORWARD_OP, Compare::isDpdk, UNIT, command));
    figures.addAll(times.ratioFigures(Compare::isDpdk, command));
    bills.forEach(bill -> figures.addAll(bill.figures(command)));
    session
        .lastAnswers()
        .forEach(
            (line, answer) ->
                figures.add(
                    Figure.of(
                        "clock",
                        "a pair of readings",
                        line,
                        1,
                        "windows",
                        "tsc cycles",
                        new double[] {answer.clock()},
                        command)));
    return figures;
  }

  private List<String> arguments() {
    List<String> given = spec.commandLine().getParseResult().originalArgs();
    List<String> arguments = new ArrayList<>();
    for (int i = given.indexOf(spec.name()) + 1; i < given.size(); i++) {
      if (given.get(i).equals("--json")) {
        i++;
      } else if (!given.get(i).startsWith("--json=")) {
        arguments.add(given.get(i));
      }
    }
    return arguments;
  }

  private int smoke(List<Subject> subjects) throws IOException {
    String missing = Machines.missing();
    for (Subject subject : subjects) {
      missing = missing == null && !subject.available() ? subject.missing() : missing;
    }
    if (missing != null) {
      say("bench compare --smoke is skipped: " + missing);
      return 0;
    }
    List<String> three = List.of("rx", "tx", Session.FORWARD);
    Map<String, double[]> ratios = new TreeMap<>();
    try (Session session = new Session(subjects, root, cpu, this::progress)) {
      if (!session.failures().isEmpty()) {
        throw new IOException(session.failures().get(0));
      }
      Results times = session.time(three, List.of(SMOKE_BATCH), SMOKE_ROUNDS, SMOKE_WINDOWS);
      clearProgress();
      for (String what : three) {
        ratios.put(
            what,
            times.ratios(
                new Results.Key(subjects.get(0).line(), what, SMOKE_BATCH),
                new Results.Key(subjects.get(1).line(), what, SMOKE_BATCH)));
      }
    }
    Path file = root.resolve(BASELINES).resolve(Baseline.processor() + ".properties");
    if (saveBaseline) {
      Map<String, Double> medians = new TreeMap<>();
      ratios.forEach((what, of) -> medians.put(what, Results.median(of)));
      Baseline.write(file, medians);
      out.println("wrote " + file + ": " + medians);
      return 0;
    }
    if (!Files.exists(file)) {
      say(
          "not judged: no baseline of this kind of processor, "
              + file
              + "; --save-baseline writes it");
      return judge(ratios, null, subjects);
    }
    return judge(ratios, Baseline.read(file), subjects);
  }

  /**
   * Prints what was measured.
   *
   * @param baseline null for none
   */
  private int judge(
      Map<String, double[]> ratios, Map<String, Double> baseline, List<Subject> subjects) {
    int code = 0;
    for (Map.Entry<String, double[]> e : ratios.entrySet()) {
      double best = Results.least(e.getValue());
      Double before = baseline == null ? null : baseline.get(e.getKey());
      String wrong = baseline == null ? null : Baseline.verdict(e.getKey(), best, before);
      out.printf(
          Locale.ROOT,
          "%-8s %s over %s, batch %d: best of %d rounds %.2f, median %.2f, baseline %.2f%n",
          e.getKey(),
          subjects.get(0).line(),
          subjects.get(1).line(),
          SMOKE_BATCH,
          e.getValue().length,
          best,
          Results.median(e.getValue()),
          before == null ? Double.NaN : before);
      if (wrong != null) {
        say(wrong);
        code = 1;
      }
    }
    out.flush();
    return code;
  }

  private void say(String text) {
    clearProgress();
    err.println("netmap4j: " + text);
    err.flush();
  }

  /** One line that is written over on a terminal, with the time left; a line each elsewhere. */
  private void progress(String text, double part) {
    if (progress == null) {
      progress = new Progress(err);
    }
    progress.show(text, "", part);
  }

  private void clearProgress() {
    if (progress != null) {
      progress.clear();
    }
  }
}

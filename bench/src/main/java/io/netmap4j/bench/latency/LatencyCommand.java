package io.netmap4j.bench.latency;

import com.sun.jna.Pointer;
import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CommonOptions;
import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench latency}: round trips at fixed loads, and wake-ups from idle. */
@Command(
    name = "latency",
    sortOptions = false,
    description = {
      "Measures round trips of packets of 60 bytes from one modelled card to another and back, at"
          + " fixed loads: from the time when a packet was due, so that one that had to wait is as"
          + " late as it was. Beside it a control in C on the rings of such cards, with the same"
          + " wait loop. And how long a thread that waits in poll takes to wake up.",
      ""
    },
    footer = {"", "Exit codes: 0 done; 1 failed; 2 wrong usage."})
public final class LatencyCommand implements Callable<Integer> {
  private static final String CONTROL = "C control";
  private static final String KERNEL = "C, poll(2) on an eventfd";
  private static final int PROCESSORS_OF_TWO = 4;
  private static final int DIGITS = 3;

  /** 100 is the longest of all. */
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 100};

  private static final int P9999 = 4;

  @Mixin CommonOptions common = new CommonOptions();

  @Option(
      names = "--loads",
      split = ",",
      paramLabel = "PERCENT",
      defaultValue = "10,50,80",
      description = "Loads in percent of what our driver can do, 1 to 100 (${DEFAULT-VALUE}).")
  List<Integer> loads;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Length of each run at a load, 0.01 to 3600 (2; --quick 0.5).")
  Double seconds;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "1: one thread sends, answers and receives; 2: answers have their own. The cards have one"
              + " more. (2; 1 with fewer than 4 processors)")
  Integer threads;

  @Option(
      names = "--wake-ups",
      paramLabel = "N",
      description = "Wake-ups of each kind in a round, 0 to 1000000 (1000; --quick 300).")
  Integer wakeUps;

  @Option(
      names = "--gap-micros",
      paramLabel = "N",
      defaultValue = "500",
      description = "Idle time before a wake-up, up to twice this: 100 to 100000 (500).")
  int gapMicros;

  private final List<Figure> figures = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    common.begin();
    check();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("threads", threads + ", and one of the cards");
    facts.put("control in C", "gcc -O3 -march=native, called in this JVM, on such cards");
    try (EarlyEnd end = new EarlyEnd();
        CLibrary library = common.control("latency");
        Progress progress = new Progress(common.err())) {
      roundTrips(library, end, progress, facts);
      if (wakeUps > 0 && !end.requested()) {
        wakeUps(library, end, progress, facts);
      }
      if (end.requested()) {
        common.err().println("netmap4j: interrupted: nothing is written");
        return 1;
      }
    }
    common.write(figures, facts);
    return 0;
  }

  private void check() {
    seconds = seconds != null ? seconds : common.quick() ? 0.5 : 2.0;
    wakeUps = wakeUps != null ? wakeUps : common.quick() ? 300 : 1000;
    if (threads == null) {
      threads = Runtime.getRuntime().availableProcessors() < PROCESSORS_OF_TWO ? 1 : 2;
    }
    loads.forEach(load -> common.within("--loads", load, 1, 100));
    if (loads.stream().distinct().count() != loads.size()) {
      throw common.wrong("--loads names a load twice");
    }
    common.within("--seconds", seconds, 0.01, 3600);
    common.within("--threads", threads, 1, 2);
    common.within("--wake-ups", wakeUps, 0, 1_000_000);
    common.within("--gap-micros", gapMicros, 100, 100_000);
  }

  /** For each line, PERCENTILES of each round. */
  private static final class Spread {
    final Map<String, double[][]> lines = new LinkedHashMap<>();
    private final int rounds;

    Spread(int rounds) {
      this.rounds = rounds;
    }

    void add(String line, int round, Histogram times) {
      double[][] values = lines.computeIfAbsent(line, l -> new double[PERCENTILES.length][rounds]);
      for (int i = 0; i < PERCENTILES.length; i++) {
        values[i][round] = times.getValueAtPercentile(PERCENTILES[i]);
      }
    }
  }

  private void roundTrips(
      CLibrary library, EarlyEnd end, Progress progress, Map<String, String> facts) {
    Map<String, RoundTrips> subjects = new LinkedHashMap<>();
    try {
      boolean own = threads == 2;
      subjects.put(
          CommonOptions.subject(), new RoundTrips(c -> new JavaExchange(c, end), own, end));
      if (library != null) {
        subjects.put(CONTROL, new RoundTrips(c -> new CExchange(c, library, end), own, end));
      }
      Map<String, double[]> capacities = capacities(subjects, progress);
      double capacity = Figure.median(capacities.get(CommonOptions.subject()));
      facts.put("capacity", String.format(Locale.ROOT, "%.0f packets per second", capacity));
      Map<Integer, Spread> spreads = new LinkedHashMap<>();
      loads.forEach(load -> spreads.put(load, new Spread(common.rounds())));
      for (int round = 0; round < common.rounds() && !end.requested(); round++) {
        for (int load : loads) {
          progress.show(
              "bench latency: round trips",
              "round " + (round + 1) + " of " + common.rounds() + ", " + load + " % load",
              (round + (double) loads.indexOf(load) / loads.size()) / common.rounds());
          for (String line : Figures.turn(subjects.keySet(), round)) {
            Histogram times = subjects.get(line).at(capacity * load / 100, seconds);
            spreads.get(load).add(line, round, times);
          }
        }
      }
      if (end.requested()) {
        return;
      }
      progress.clear();
      common.out().printf(Locale.ROOT, "capacity %.0f packets per second%n", capacity);
      spreads.forEach(
          (load, spread) -> show("latency", "round trip at " + load + " % load", spread));
      spreads.forEach(this::ratio);
    } finally {
      subjects.values().forEach(RoundTrips::close);
    }
  }

  /** Of each subject in each round, by turns, once both are warm. */
  private Map<String, double[]> capacities(Map<String, RoundTrips> subjects, Progress progress) {
    progress.show("bench latency: capacity", "warming up", Progress.UNKNOWN);
    subjects.values().forEach(s -> s.capacity(2 * seconds));
    Map<String, double[]> capacities = new LinkedHashMap<>();
    subjects.keySet().forEach(line -> capacities.put(line, new double[common.rounds()]));
    for (int round = 0; round < common.rounds(); round++) {
      progress.show(
          "bench latency: capacity",
          "round " + (round + 1) + " of " + common.rounds(),
          (double) round / common.rounds());
      for (String line : Figures.turn(subjects.keySet(), round)) {
        capacities.get(line)[round] = subjects.get(line).capacity(seconds / 4);
      }
    }
    capacities.forEach(
        (line, values) ->
            figures.add(
                Figure.of(
                    "latency-capacity",
                    "round trips, " + RoundTrips.WINDOW + " packets under way",
                    line,
                    RoundTrips.WINDOW,
                    "packets under way",
                    "packets per second",
                    values,
                    common.command())));
    return capacities;
  }

  private void ratio(int load, Spread spread) {
    double[][] c = spread.lines.get(CONTROL);
    if (c == null) {
      return;
    }
    double[] ratios = new double[common.rounds()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = spread.lines.get(CommonOptions.subject())[P9999][i] / Math.max(1, c[P9999][i]);
    }
    Figure figure =
        Figure.of(
            "latency-ratio",
            "p99.99 of the round trip",
            "netmap4j by C",
            load,
            "load in percent",
            "ratio",
            ratios,
            common.command());
    figures.add(figure);
    common
        .out()
        .printf(
            Locale.ROOT,
            "p99.99 at %d %% load, Java's by C's: %.2f (%.2f to %.2f)%n",
            load,
            figure.median(),
            figure.min(),
            figure.max());
    common.out().flush();
  }

  private void wakeUps(
      CLibrary library, EarlyEnd end, Progress progress, Map<String, String> facts) {
    Spread spread = new Spread(common.rounds());
    Histogram delivery = new Histogram(DIGITS);
    long gap = gapMicros * 1000L;
    for (int round = 0; round < common.rounds() && !end.requested(); round++) {
      for (WaitMode mode : WaitMode.values()) {
        String word = mode.name().toLowerCase(Locale.ROOT);
        progress.show(
            "bench latency: wake-ups",
            "round " + (round + 1) + " of " + common.rounds() + ", " + word,
            (double) round / common.rounds());
        try (WakeUps receiver = new WakeUps(mode, end)) {
          if (round == 0) {
            receiver.measure(wakeUps / 2 + 1, gap); // warm-up
          }
          Histogram times = receiver.measure(wakeUps, gap);
          spread.add(word, round, times);
          delivery.add(receiver.delivery());
        }
      }
      if (library != null) {
        spread.add(KERNEL, round, kernel(library, end, gap));
      }
    }
    if (!end.requested()) {
      progress.clear();
      show("wakeup", "wake-up from idle", spread);
      String card =
          String.format(Locale.ROOT, "%d ns, the median", delivery.getValueAtPercentile(50));
      common.out().printf(Locale.ROOT, "of which the card takes up to %s%n", card);
      facts.put("card's part of a wake-up", card);
    }
  }

  private Histogram kernel(CLibrary library, EarlyEnd end, long gap) {
    Trip trip = Trip.of(wakeUps, 0, 1);
    try {
      Object[] arguments = {(long) wakeUps, gap, end.pointer(), new Pointer(trip.times())};
      if (library.function("wake_ups").invokeLong(arguments) != wakeUps) {
        throw new IllegalStateException("the control got no thread or no eventfd");
      }
      Histogram times = new Histogram(DIGITS);
      for (int i = 0; i < wakeUps; i++) {
        times.recordValue(Math.max(0, Mem.getLong(trip.times() + (long) i * Long.BYTES)));
      }
      return times;
    } finally {
      trip.free();
    }
  }

  private void show(String chart, String what, Spread spread) {
    common.out().printf(Locale.ROOT, "%n%-28s", what + ", us");
    for (double percentile : PERCENTILES) {
      common
          .out()
          .printf(Locale.ROOT, " %10s", percentile == 100 ? "max" : "p" + number(percentile));
    }
    common.out().println();
    spread.lines.forEach(
        (line, values) -> {
          common.out().printf(Locale.ROOT, "%-28s", line);
          for (int i = 0; i < PERCENTILES.length; i++) {
            Figure figure =
                Figure.of(
                    chart,
                    what,
                    line,
                    PERCENTILES[i],
                    "percentile",
                    "ns",
                    values[i],
                    common.command());
            figures.add(figure);
            common.out().printf(Locale.ROOT, " %10.2f", figure.median() / 1000);
          }
          common.out().println();
        });
    common.out().flush();
  }

  private static String number(double value) {
    return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
  }
}

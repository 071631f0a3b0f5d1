package io.netmap4j.bench.scale;

import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CommonOptions;
import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.report.Figure;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code bench scale}: what a packet costs as rings, slots, frames, switch ports and pipes grow.
 */
@Command(
    name = "scale",
    sortOptions = false,
    description = {
      "Measures processor time for a packet as something grows, beside a control in C of the same footprint,"
          + " by turns in one process:",
      "  rings   1 to 64 rings of 256 slots, on cards that do nothing (16 rings to a card)",
      "  slots   64 to 4096 slots of one ring, on the same cards",
      "  frames  60 to 9000 bytes, copied by a VALE switch",
      "  ports   2 to 32 ports of a VALE switch: one sends to all others by turns",
      "  pipes   1 to 64 pipes",
      ""
    },
    footer = {"", "Exit codes: 0 done; 1 failed; 2 wrong usage."})
public final class ScaleCommand implements Callable<Integer> {
  /** What can grow. */
  enum Axis {
    RINGS(1, 2, 4, 8, 16, 32, 64),
    SLOTS(64, 128, 256, 512, 1024, 2048, 4096),
    FRAMES(60, 128, 256, 512, 1024, 1514, 4096, 9000),
    PORTS(2, 4, 8, 16, 32),
    PIPES(1, 2, 4, 8, 16, 32, 64);

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    final List<Integer> values;

    Axis(Integer... values) {
      this.values = List.of(values);
    }

    String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** The growth that is summed up: from a value to another. */
    int[] span() {
      return switch (this) {
        case RINGS -> new int[] {1, 16};
        case SLOTS -> new int[] {256, 4096};
        case FRAMES -> new int[] {60, 9000};
        case PORTS -> new int[] {2, 16};
        case PIPES -> new int[] {1, 16};
      };
    }
  }

  /** Axes by their words. */
  static final class AxisConverter implements ITypeConverter<Axis> {
    @Override
    public Axis convert(String word) {
      for (Axis axis : Axis.values()) {
        if (axis.word().equals(word)) {
          return axis;
        }
      }
      throw new TypeConversionException("it is none of rings, slots, frames, ports, pipes");
    }
  }

  private static final int RING_SLOTS = 256;
  private static final int LEAST_FRAME = 60;
  private static final int MOST_BATCH = 32;

  @Mixin CommonOptions common = new CommonOptions();

  @Option(
      names = "--axes",
      split = ",",
      paramLabel = "AXIS",
      converter = AxisConverter.class,
      description = "What grows (all).")
  List<Axis> axes = Arrays.asList(Axis.values());

  @Option(
      names = "--values",
      split = ",",
      paramLabel = "N",
      description = "Values of what grows, with one axis; by default those of its range.")
  List<Integer> values;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "32",
      description = "Packets that a ring, pipe or receiver moves at a time, 1 to 32 (32).")
  int batch;

  @Option(
      names = "--slices",
      paramLabel = "N",
      description = "Turns of each subject at each point in a round, 1 to 10000 (50; --quick 15).")
  Integer slices;

  @Option(
      names = "--slice-micros",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Length of a turn in microseconds, 10 to 1000000 (1000).")
  int sliceMicros;

  @Option(
      names = "--warm-millis",
      paramLabel = "N",
      description = "Warm-up of each point in ms, 0 to 60000 (300; --quick 150).")
  Integer warmMillis;

  private int switches;

  @Override
  public Integer call() throws IOException {
    common.begin();
    check();
    List<Figure> figures = new ArrayList<>();
    try (EarlyEnd stop = new EarlyEnd();
        CLibrary library = common.control("scale");
        Progress progress = new Progress(common.err())) {
      Measurement measurement =
          new Measurement(
              stop,
              progress,
              common.rounds(),
              slices,
              sliceMicros * 1000L,
              warmMillis * 1_000_000L);
      for (Axis axis : axes) {
        List<Measurement.Result> results = measure(axis, measurement, library);
        if (results == null) {
          common.err().println("netmap4j: interrupted: nothing is written");
          return 1;
        }
        progress.clear();
        show(axis, results);
        figures.addAll(figures(axis, results));
      }
    }
    common.write(figures, Map.of("control in C", "gcc -O3 -march=native, called in this JVM"));
    return 0;
  }

  private void check() {
    slices = slices != null ? slices : common.quick() ? 15 : 50;
    warmMillis = warmMillis != null ? warmMillis : common.quick() ? 150 : 300;
    common.within("--slices", slices, 1, 10_000);
    common.within("--slice-micros", sliceMicros, 10, 1_000_000);
    common.within("--warm-millis", warmMillis, 0, 60_000);
    common.within("--batch", batch, 1, MOST_BATCH);
    if (axes.stream().distinct().count() != axes.size()) {
      throw common.wrong("--axes names an axis twice");
    }
    if (values != null) {
      if (axes.size() != 1) {
        throw common.wrong("--values wants one axis (--axes), and there are " + axes.size());
      }
      values.forEach(this::checkValue);
    }
  }

  private void checkValue(int value) {
    switch (axes.get(0)) {
      case RINGS -> {
        common.within("--values: rings", value, 1, 256);
        if (value > 16 && value % 16 != 0) {
          throw common.wrong(
              "--values: " + value + " rings are neither 16 or fewer nor a multiple of 16");
        }
      }
      case SLOTS -> {
        common.within("--values: slots", value, 64, 4096);
        if (value % 8 != 0) {
          throw common.wrong("--values: " + value + " slots are no multiple of 8");
        }
      }
      case FRAMES -> common.within("--values: frames", value, LEAST_FRAME, 9000);
      case PORTS -> common.within("--values: ports", value, 2, 32);
      case PIPES -> common.within("--values: pipes", value, 1, 256);
    }
  }

  private List<Measurement.Result> measure(Axis axis, Measurement measurement, CLibrary library) {
    Deque<AutoCloseable> open = new ArrayDeque<>();
    try {
      List<Point> points = new ArrayList<>();
      for (int value : values != null ? values : axis.values) {
        for (Point point : points(axis, value, library)) {
          points.add(point);
          open.push(point);
        }
      }
      return measurement.run("bench scale: " + axis.word(), points, library != null);
    } finally {
      Resources.closeAll(open);
    }
  }

  private List<Point> points(Axis axis, int value, CLibrary library) {
    return switch (axis) {
      case RINGS ->
          new Nics(value, RING_SLOTS, batch, library).points("scale-rings", value, "rings");
      case SLOTS -> new Nics(1, value, batch, library).points("scale-slots", value, "slots");
      case FRAMES -> List.of(new Switch(nextSwitch(), 2, value, batch, true, library));
      case PORTS -> List.of(new Switch(nextSwitch(), value, LEAST_FRAME, batch, false, library));
      case PIPES -> List.of(new Pipes(value, batch, library));
    };
  }

  private String nextSwitch() {
    return "valeScale" + switches++;
  }

  private void show(Axis axis, List<Measurement.Result> results) {
    PrintWriter out = common.out();
    out.printf(
        Locale.ROOT,
        "%-8s %16s   %-24s %-24s %s%n",
        "",
        results.get(0).point().xName(),
        CommonOptions.subject() + ", ns",
        "C, ns",
        "Java/C");
    for (Measurement.Result r : results) {
      boolean control = r.c().length > 0;
      out.printf(
          Locale.ROOT,
          "%-8s %16d   %-24s %-24s %s%n",
          r.point().what(),
          r.point().x(),
          spread(r.java()),
          control ? spread(r.c()) : "-",
          control ? String.format(Locale.ROOT, "%.2f", r.ratio()) : "-");
    }
    growths(axis, results)
        .forEach(
            (what, growth) ->
                out.printf(
                    Locale.ROOT,
                    "%s: growth from %d to %d, Java's by C's: %s%n",
                    what,
                    axis.span()[0],
                    axis.span()[1],
                    spread(growth)));
    out.println();
    out.flush();
  }

  private static String spread(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%.2f (%.2f to %.2f)",
        Measurement.median(sorted, sorted.length),
        sorted[0],
        sorted[sorted.length - 1]);
  }

  /**
   * For each plot and round: the subject's growth over the axis's span, divided by the control's.
   */
  private static Map<String, double[]> growths(Axis axis, List<Measurement.Result> results) {
    Map<String, double[]> growths = new LinkedHashMap<>();
    for (Measurement.Result from : results) {
      for (Measurement.Result to : results) {
        if (from.point().x() == axis.span()[0]
            && to.point().x() == axis.span()[1]
            && from.point().what().equals(to.point().what())
            && from.c().length > 0) {
          double[] growth = new double[from.java().length];
          for (int i = 0; i < growth.length; i++) {
            growth[i] = to.java()[i] / from.java()[i] / (to.c()[i] / from.c()[i]);
          }
          growths.put(from.point().what(), growth);
        }
      }
    }
    return growths;
  }

  private List<Figure> figures(Axis axis, List<Measurement.Result> results) {
    List<Figure> figures = new ArrayList<>();
    String command = common.command();
    for (Measurement.Result r : results) {
      Point p = r.point();
      figures.add(
          Figure.of(
              p.chart(),
              p.what(),
              CommonOptions.subject(),
              p.x(),
              p.xName(),
              "ns per packet",
              r.java(),
              command));
      if (r.c().length > 0) {
        figures.add(
            Figure.of(
                p.chart(),
                p.what(),
                "C control",
                p.x(),
                p.xName(),
                "ns per packet",
                r.c(),
                command));
      }
    }
    growths(axis, results)
        .forEach(
            (what, growth) ->
                figures.add(
                    Figure.of(
                        "scale-growth",
                        what,
                        axis.word() + " " + axis.span()[0] + " to " + axis.span()[1],
                        axis.span()[1],
                        results.get(0).point().xName(),
                        "growth, Java's by C's",
                        growth,
                        command)));
    return figures;
  }
}

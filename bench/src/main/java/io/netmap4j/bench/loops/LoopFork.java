package io.netmap4j.bench.loops;

import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.report.Figure;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One JVM of {@code bench loops}: Java and C in turns of about a millisecond, on the same memory.
 * Each line of output is a {@link Result}.
 */
final class LoopFork {
  static final List<Case> CASES =
      List.of(
          new Case(512, 32, false),
          new Case(512, 32, true),
          new Case(2048, 256, false),
          new Case(2048, 256, true));

  private static final long SLICE_NANOS = 1_000_000;

  /** Receiving, both halves of it. */
  private static final String RX = "rx";

  private LoopFork() {}

  /**
   * A ring and how it is used.
   *
   * @param rare with unusual slots among the others ({@link Image#of})
   */
  record Case(int slots, int batch, boolean rare) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "%d of %d slots%s", batch, slots, rare ? ", rare slots" : "");
    }
  }

  /**
   * Medians of one fork.
   *
   * @param index of the case
   * @param java ns for a packet
   * @param c ns for a packet
   * @param ratio the median of the ratios of each turn, not the ratio of the medians
   */
  record Result(int index, String loop, double java, double c, double ratio) {
    private static final String SEPARATOR = "\t";

    String line() {
      return String.join(
          SEPARATOR,
          String.valueOf(index),
          loop,
          String.valueOf(java),
          String.valueOf(c),
          String.valueOf(ratio));
    }

    static Result parse(String line) {
      String[] words = line.split(SEPARATOR);
      return new Result(
          Integer.parseInt(words[0]),
          words[1],
          Double.parseDouble(words[2]),
          Double.parseDouble(words[3]),
          Double.parseDouble(words[4]));
    }
  }

  /** What each turn measured. */
  private record Turns(double[] java, double[] c) {
    Result result(int index, String loop) {
      double[] ratios = new double[java.length];
      Arrays.setAll(ratios, i -> java[i] / c[i]);
      return new Result(index, loop, Figure.median(java), Figure.median(c), Figure.median(ratios));
    }

    Turns plus(Turns other) {
      double[] bothJava = new double[java.length];
      double[] bothC = new double[java.length];
      Arrays.setAll(bothJava, i -> java[i] + other.java[i]);
      Arrays.setAll(bothC, i -> c[i] + other.c[i]);
      return new Turns(bothJava, bothC);
    }
  }

  /**
   * @param args the compiler; turns to warm up with, and to measure, of each loop
   */
  public static void main(String[] args) throws IOException {
    int warmUp = Integer.parseInt(args[1]);
    int turns = Integer.parseInt(args[2]);
    try (CLibrary library = CLibrary.build("loops", args[0])) {
      for (int n : new int[] {warmUp, turns}) { // all is warm before the first is measured
        for (int i = 0; i < CASES.size(); i++) {
          Map<Loop, Turns> measured = measure(library, CASES.get(i), n);
          if (n == turns) {
            print(i, measured);
          }
        }
      }
    }
  }

  private static Map<Loop, Turns> measure(CLibrary library, Case which, int turns) {
    Map<Loop, Turns> result = new EnumMap<>(Loop.class);
    try (DriverLoops driver = new DriverLoops(which.slots)) {
      for (Loop loop : Loop.values()) {
        try (Image image = Image.of(loop, which.slots, which.batch, which.rare);
            CLoops c = new CLoops(library, driver.memory(loop))) {
          result.put(loop, alternate(driver, c, loop, image, which.batch, turns));
        }
      }
    }
    return result;
  }

  private static Turns alternate(
      DriverLoops driver, CLoops c, Loop loop, Image image, int batch, int turns) {
    double[] inJava = new double[turns];
    double[] inC = new double[turns];
    for (int i = 0; i < turns; i++) {
      for (int turn = 0; turn < 2; turn++) {
        if ((turn == 0) == (i % 2 == 0)) {
          inJava[i] = checked(driver.slice(loop, image, batch, SLICE_NANOS), loop, "Java");
        } else {
          inC[i] = checked(c.slice(loop, image, batch, SLICE_NANOS), loop, "C");
        }
      }
    }
    return new Turns(inJava, inC);
  }

  private static double checked(double nanos, Loop loop, String language) {
    if (Double.isNaN(nanos)) {
      throw new IllegalStateException(loop + " in " + language + " did not do all packets");
    }
    return nanos;
  }

  private static void print(int index, Map<Loop, Turns> measured) {
    measured.forEach(
        (loop, turns) -> System.out.println(turns.result(index, loop.toString()).line()));
    Turns both = measured.get(Loop.TAKE).plus(measured.get(Loop.GIVE));
    System.out.println(both.result(index, RX).line());
  }
}

package io.netmap4j.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The rate of the time stamp counter, the unit of every figure, which Java cannot read: times of
 * {@link System#nanoTime} are converted.
 */
final class Tsc {
  private Tsc() {}

  /**
   * Ticks a second. Linux derives "bogomips" from the counter's rate, of which it is the double, in
   * millions, where the counter is the clock of delays, as on every x86 with a constant rate.
   *
   * @return 0 when this processor has no such counter
   */
  static long hertz() {
    try {
      return hertz(Files.readAllLines(Path.of("/proc/cpuinfo")));
    } catch (IOException e) {
      return 0;
    }
  }

  /** The same for the lines of a /proc/cpuinfo. */
  static long hertz(List<String> cpuinfo) {
    boolean constant = false;
    double bogomips = 0;
    for (String line : cpuinfo) {
      String value = line.substring(line.indexOf(':') + 1).trim();
      if (line.startsWith("flags")) {
        constant = List.of(value.split(" ")).contains("constant_tsc");
      } else if (line.startsWith("bogomips")) {
        bogomips = Double.parseDouble(value);
      }
    }
    return constant ? Math.round(bogomips * 500_000) : 0;
  }
}

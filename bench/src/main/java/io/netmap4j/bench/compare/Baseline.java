package io.netmap4j.bench.compare;

import io.netmap4j.linux.FileErrors;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Our cost relative to DPDK's, as it was when the file was written: what the smoke form holds to.
 */
final class Baseline {
  /** How much more than the baseline may be measured. */
  static final double TOLERANCE = 1.4;

  private Baseline() {}

  /** The kind of this processor: vendor, family and model, since the ratio differs between them. */
  static String processor() throws IOException {
    return processor(Files.readAllLines(Path.of("/proc/cpuinfo")));
  }

  /** The same for the lines of a /proc/cpuinfo. */
  static String processor(List<String> cpuinfo) {
    return Stream.of("vendor_id", "cpu family", "model")
        .map(
            key ->
                cpuinfo.stream()
                    .filter(line -> line.split(":", 2)[0].strip().equals(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown"))
        .collect(Collectors.joining("-"));
  }

  /**
   * Reads a baseline.
   *
   * @return ratios by what
   * @throws IOException it cannot be read, or a value is not a positive number
   */
  static Map<String, Double> read(Path file) throws IOException {
    Properties properties = new Properties();
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(in);
    } catch (IOException e) {
      throw new IOException(
          "cannot read the baseline "
              + file
              + ": "
              + FileErrors.reason(e)
              + "; --save-baseline writes one",
          e);
    }
    Map<String, Double> ratios = new TreeMap<>();
    for (String what : properties.stringPropertyNames()) {
      String value = properties.getProperty(what);
      try {
        double ratio = Double.parseDouble(value);
        if (!(ratio > 0)) {
          throw new NumberFormatException();
        }
        ratios.put(what, ratio);
      } catch (NumberFormatException e) {
        throw new IOException(
            file + ": " + what + " = '" + value + "' is not a positive number", e);
      }
    }
    return ratios;
  }

  /** Writes a baseline. */
  static void write(Path file, Map<String, Double> ratios) throws IOException {
    StringBuilder text =
        new StringBuilder(
            "# Our tsc cycles per packet over DPDK's at batch 32, medians of paired rounds.\n"
                + "# Written by: ./netmap4j bench compare --smoke --save-baseline\n");
    new TreeMap<>(ratios)
        .forEach((what, r) -> text.append(String.format(Locale.ROOT, "%s=%.3f%n", what, r)));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, text);
  }

  /**
   * What is wrong with a measurement.
   *
   * @param best the lowest ratio of the rounds
   * @return null for nothing
   */
  static String verdict(String what, double best, Double baseline) {
    if (baseline == null) {
      return what + " has no baseline: --save-baseline writes one";
    }
    if (best <= baseline * TOLERANCE) {
      return null;
    }
    return String.format(
        Locale.ROOT,
        "%s takes %.2f times DPDK's cycles in the best round; the baseline is %.2f, and %.2f the limit",
        what,
        best,
        baseline,
        baseline * TOLERANCE);
  }
}

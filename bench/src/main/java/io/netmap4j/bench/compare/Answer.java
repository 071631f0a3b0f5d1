package io.netmap4j.bench.compare;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a subject answers to a request for times.
 *
 * @param median tsc cycles for a packet, over windows
 * @param mean the same, collections of garbage and what else came between included
 * @param low the 5th percentile of windows
 * @param high the 95th
 * @param windows that count
 * @param dropped windows, because the processor was slow before or after them
 * @param packets of a window
 * @param clock tsc cycles that reading the clock adds to a window; not subtracted
 */
record Answer(
    double median,
    double mean,
    double low,
    double high,
    int windows,
    int dropped,
    int packets,
    double clock) {
  /**
   * Reads an answer.
   *
   * @throws IllegalArgumentException when a field is missing or is no number
   */
  static Answer parse(String line) {
    Map<String, String> fields = fields(line);
    return new Answer(
        number(fields, "median", line),
        number(fields, "mean", line),
        number(fields, "low", line),
        number(fields, "high", line),
        (int) number(fields, "windows", line),
        (int) number(fields, "dropped", line),
        (int) number(fields, "packets", line),
        number(fields, "clock", line));
  }

  /** The words of a line that are {@code KEY=VALUE}. */
  static Map<String, String> fields(String line) {
    Map<String, String> fields = new HashMap<>();
    for (String word : line.trim().split("\\s+")) {
      int at = word.indexOf('=');
      if (at > 0) {
        fields.put(word.substring(0, at), word.substring(at + 1));
      }
    }
    return fields;
  }

  /** A field as a number. */
  static double number(Map<String, String> fields, String key, String line) {
    try {
      return Double.parseDouble(fields.getOrDefault(key, "missing"));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "a subject's answer has no number for " + key + ": '" + line + "'", e);
    }
  }

  /** The line. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "median=%.3f mean=%.3f low=%.3f high=%.3f windows=%d dropped=%d packets=%d clock=%.1f",
        median,
        mean,
        low,
        high,
        windows,
        dropped,
        packets,
        clock);
  }
}

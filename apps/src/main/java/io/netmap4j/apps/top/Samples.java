package io.netmap4j.apps.top;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One answer of an end point: values by name and labels, and when they were read. */
final class Samples {
  private static final Pattern LINE =
      Pattern.compile("([a-zA-Z_:][\\w:]*)(?:\\{(.*)\\})? (\\S+)(?: -?\\d+)?");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]++|\\\\.)*+)\",?");

  private record Key(String name, Map<String, String> labels) {}

  private final long nanos;
  private final Map<Key, Double> values = new HashMap<>();

  private Samples(long nanos) {
    this.nanos = nanos;
  }

  /**
   * Reads Prometheus' text format; lines that are not understood are passed over.
   *
   * @param nanos when, by {@link System#nanoTime}
   */
  static Samples parse(String text, long nanos) {
    Samples all = new Samples(nanos);
    text.lines()
        .filter(line -> !line.startsWith("#"))
        .map(LINE::matcher)
        .filter(Matcher::matches)
        .forEach(all::put);
    return all;
  }

  private void put(Matcher line) {
    Map<String, String> labels = new HashMap<>();
    if (line.group(2) != null) {
      Matcher label = LABEL.matcher(line.group(2));
      while (label.find()) {
        labels.put(label.group(1), unescaped(label.group(2)));
      }
    }
    values.put(new Key(line.group(1), labels), number(line.group(3)));
  }

  private static String unescaped(String value) {
    return value.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text.replace("Inf", "Infinity"));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /** Whether it has meters of ours at all. */
  boolean ofOurs() {
    return values.keySet().stream().anyMatch(key -> key.name.startsWith("netmap4j_"));
  }

  /**
   * The value, or NaN.
   *
   * @param labels name, value, name, value ...
   */
  double value(String name, String... labels) {
    Map<String, String> wanted = new HashMap<>();
    for (int i = 0; i < labels.length; i += 2) {
      wanted.put(labels[i], labels[i + 1]);
    }
    return values.getOrDefault(new Key(name, wanted), Double.NaN);
  }

  /**
   * How fast a counter has grown since an earlier answer, per second; NaN where that is unknown.
   */
  double rate(Samples before, String name, String... labels) {
    double more = value(name, labels) - before.value(name, labels);
    return more < 0 ? Double.NaN : more * 1e9 / (nanos - before.nanos);
  }

  /**
   * The values of a label among the samples of that name.
   *
   * @param filter name, value, name, value ... of other labels
   */
  SortedSet<String> labels(String name, String label, String... filter) {
    SortedSet<String> found = new TreeSet<>(Samples::compare);
    for (Key key : values.keySet()) {
      boolean fits = key.name.equals(name) && key.labels.containsKey(label);
      for (int i = 0; i < filter.length; i += 2) {
        fits &= filter[i + 1].equals(key.labels.get(filter[i]));
      }
      if (fits) {
        found.add(key.labels.get(label));
      }
    }
    return found;
  }

  /** Numbers by their value: ring 10 comes after ring 9. */
  private static int compare(String a, String b) {
    return a.length() != b.length() && a.matches("\\d+") && b.matches("\\d+")
        ? Integer.compare(a.length(), b.length())
        : a.compareTo(b);
  }
}

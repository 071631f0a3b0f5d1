package io.netmap4j.bench.report;

import java.util.Locale;

/** Text and numbers of the page. */
final class Html {
  private Html() {}

  /** {@code text} for an element or for an attribute in double quotes. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** A measured value with three digits or a few more, thousands set apart. */
  static String number(double value) {
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e15) {
      return String.format(Locale.ROOT, "%,d", (long) value);
    }
    if (size >= 1e15 || size < 1e-4) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : size >= 0.01 ? 3 : 5;
    return String.format(Locale.ROOT, "%,." + digits + "f", value);
  }

  /** A short form for an axis: of large values in k, M or G. */
  static String tick(double value) {
    double size = Math.abs(value);
    if (size < 10_000 || size >= 1e13) {
      return number(value);
    }
    int power = size >= 1e9 ? 9 : size >= 1e6 ? 6 : 3;
    return number(value / Math.pow(10, power)) + (power == 9 ? "G" : power == 6 ? "M" : "k");
  }

  /** The least and the greatest round; nothing when all were equal. */
  static String spread(Figure figure) {
    return figure.min() == figure.max()
        ? ""
        : number(figure.min()) + "\u2013" + number(figure.max());
  }

  /** A value of what was varied, exactly. */
  static String exact(double x) {
    return x == Math.rint(x) && Math.abs(x) < 1e15 ? number(x) : String.valueOf(x);
  }
}

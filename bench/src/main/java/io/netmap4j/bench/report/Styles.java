package io.netmap4j.bench.report;

import java.util.ArrayList;
import java.util.List;

/** A colour and a mark for each line, the same in all plots of a page. */
final class Styles {
  /** As many as the style sheet has. */
  private static final int COLOURS = 10;

  private final List<String> lines = new ArrayList<>();

  /** The place of the line among those asked for so far. */
  int index(String line) {
    int at = lines.indexOf(line);
    if (at >= 0) {
      return at;
    }
    lines.add(line);
    return lines.size() - 1;
  }

  /** The classes of the line: its colour, and dashes unless it is ours. */
  String of(String line) {
    return "c" + index(line) % COLOURS + (line.startsWith("netmap4j") ? "" : " other");
  }
}

package io.netmap4j.bench.latency;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/** What rounds have in common. */
final class Figures {
  private Figures() {}

  /** The order of a round: each is first as often as the other. */
  static List<String> turn(Collection<String> lines, int round) {
    List<String> order = new ArrayList<>(lines);
    if (round % 2 != 0) {
      Collections.reverse(order);
    }
    return order;
  }
}

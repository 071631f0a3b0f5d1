package io.netmap4j.apps.top;

import io.netmap4j.apps.traffic.Rates;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.stream.Stream;

/** What top shows, in lines. */
final class Page {
  private static final String UNKNOWN = Rates.UNKNOWN;

  private static final int SHORTEST_NAME = 14;
  private static final int LONGEST_NAME = 24;

  private final List<String> lines = new ArrayList<>();
  private int nameWidth;

  /** All end points, one below the other. */
  static List<String> of(List<EndPoint> all) {
    Page page = new Page();
    for (EndPoint one : all) {
      if (all.size() > 1) { // of one, the line above has it
        page.lines.add("");
        page.lines.add(one.url() + (one.trouble() == null ? "" : ": " + one.trouble()));
      } else if (one.trouble() != null) {
        page.lines.add(one.trouble());
      }
      if (one.before() != null) {
        page.add(one.before(), one.now());
      }
    }
    return page.lines;
  }

  private void add(Samples before, Samples now) {
    SortedSet<String> ports = now.labels("netmap4j_port_link_up", "port");
    SortedSet<String> cards = now.labels("netmap4j_model_packets_total", "card");
    nameWidth =
        Stream.of(ports, cards)
            .flatMap(SortedSet::stream)
            .mapToInt(name -> Math.min(name.length(), LONGEST_NAME))
            .reduce(SHORTEST_NAME, Math::max);
    header();
    for (String port : ports) {
      port(before, now, port);
      rings(now, port, "rx");
      rings(now, port, "tx");
    }
    for (String card : cards) {
      card(before, now, card);
    }
    loops(before, now);
    if (!now.ofOurs()) {
      lines.add("no meters of netmap4j at the moment");
    }
  }

  private void header() {
    row("PORT", "LINK", "RX pps", "RX bit/s", "TX pps", "TX bit/s", "DROP/s", "UNSENT", "WAKE/s");
  }

  private void row(String name, String... cells) {
    StringBuilder line =
        new StringBuilder(String.format(Locale.ROOT, "%-" + nameWidth + "s", cut(name)));
    for (int i = 0; i < cells.length; i++) {
      line.append(String.format(Locale.ROOT, i == 0 || i > 4 ? "%8s" : "%9s", cells[i]));
    }
    lines.add(line.toString().stripTrailing());
  }

  /** Names differ at their ends as often as at their beginnings. */
  private static String cut(String name) {
    return name.length() <= LONGEST_NAME
        ? name
        : name.substring(0, 11) + "..." + name.substring(name.length() - 10);
  }

  private void port(Samples before, Samples now, String port) {
    row(
        port,
        link(now, port),
        rate(before, now, 1, "netmap4j_port_packets_total", "port", port, "direction", "rx"),
        rate(before, now, 8, "netmap4j_port_bytes_total", "port", port, "direction", "rx"),
        rate(before, now, 1, "netmap4j_port_packets_total", "port", port, "direction", "tx"),
        rate(before, now, 8, "netmap4j_port_bytes_total", "port", port, "direction", "tx"),
        rate(before, now, 1, "netmap4j_port_drops_packets_total", "port", port),
        Rates.brief(now.value("netmap4j_port_unsent_packets_total", "port", port)),
        rate(before, now, 1, "netmap4j_port_wait_wakeups_total", "port", port));
  }

  private static String link(Samples now, String port) {
    double bytes = now.value("netmap4j_port_link_speed_bytes_per_second", "port", port);
    return now.value("netmap4j_port_link_up", "port", port) != 1
        ? "down"
        : bytes > 0 ? Rates.brief(bytes * 8) : "up";
  }

  /** How full each ring is, in the order of their numbers. */
  private void rings(Samples now, String port, String direction) {
    String[] labels = {"port", port, "direction", direction};
    SortedSet<String> rings = now.labels("netmap4j_ring_slots", "ring", labels);
    if (rings.isEmpty()) {
      return;
    }
    StringBuilder line = new StringBuilder("  " + direction + " rings, % full:");
    for (String ring : rings) {
      String[] of = {"port", port, "direction", direction, "ring", ring};
      double full =
          100 * now.value("netmap4j_ring_fill_slots", of) / now.value("netmap4j_ring_slots", of);
      line.append(
          Double.isNaN(full) ? "   -" : String.format(Locale.ROOT, " %3d", Math.round(full)));
    }
    double slots =
        now.value(
            "netmap4j_ring_slots", "port", port, "direction", direction, "ring", rings.first());
    lines.add(line + String.format(Locale.ROOT, "  of %.0f slots", slots));
  }

  /** Of nic-model. */
  private void card(Samples before, Samples now, String card) {
    row(
        card,
        "card",
        rate(before, now, 1, "netmap4j_model_packets_total", "card", card, "direction", "rx"),
        UNKNOWN,
        rate(before, now, 1, "netmap4j_model_packets_total", "card", card, "direction", "tx"),
        UNKNOWN,
        rate(before, now, 1, "netmap4j_model_drops_packets_total", "card", card),
        UNKNOWN,
        UNKNOWN);
  }

  private void loops(Samples before, Samples now) {
    String packets = "netmap4j_command_packets_total";
    for (String command : now.labels(packets, "command")) {
      for (String loop : now.labels(packets, "loop", "command", command)) {
        String[] of = {"command", command, "loop", loop};
        double moved = now.rate(before, packets, of);
        double batches = now.rate(before, "netmap4j_command_batches_total", of);
        double drops = now.rate(before, "netmap4j_command_drops_packets_total", of);
        lines.add(
            String.format(
                Locale.ROOT,
                "%s %s: %s pps, %s bit/s, %s packets in a batch%s",
                command,
                loop,
                Rates.brief(moved),
                Rates.brief(8 * now.rate(before, "netmap4j_command_bytes_total", of)),
                Rates.brief(batches > 0 ? moved / batches : Double.NaN),
                Double.isNaN(drops) ? "" : ", " + Rates.brief(drops) + " drop/s"));
      }
    }
  }

  private static String rate(
      Samples before, Samples now, int factor, String name, String... labels) {
    return Rates.brief(factor * now.rate(before, name, labels));
  }
}

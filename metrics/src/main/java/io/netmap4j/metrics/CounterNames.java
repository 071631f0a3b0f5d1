package io.netmap4j.metrics;

import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the counters of a port are called as meters. docs/operations.md has the same as a table. */
final class CounterNames {
  /** The card's counters by ring, and by packet buffer. */
  private static final Pattern NUMBERED =
      Pattern.compile("(QPRC|QBRC|QPRDC|QPTC|QBTC|RXMPC)([0-9]+)");

  private static final Pattern BYTES = Pattern.compile("GORC|GOTC|TOR|TOT|QB[RT]C[0-9]+");

  /** What the port counts, not its device: unit and description. */
  private static final Map<String, String[]> OF_PORT =
      Map.of(
          "unsent", new String[] {"packets", "Packets that TX syncs refused"},
          "bad_slots", new String[] {null, "Slots that could not be sent or given back"},
          "ring_reinits", new String[] {null, "Rings repaired after illegal indices"},
          "wait_sleeps", new String[] {null, "Sleeps of waits for the port"},
          "wait_wakeups", new String[] {null, "Sleeps after which the port was ready"});

  /** What {@code pkt-gen} and others print as dropped. */
  private static final Map<String, Integer> DROPS =
      Map.of(
          "RXMPC",
          1,
          "QPRDC",
          1,
          "rx_drops",
          1,
          "tp_drops",
          1,
          "monitor_lost",
          1,
          "host_monitor_lost",
          1);

  /**
   * What the card counts in GOTC beside a frame; GORC is without, as the driver has it stripped.
   */
  private static final int CRC = 4;

  private CounterNames() {}

  /** One counter as a meter. */
  record Meaning(String meter, @Nullable String unit, String text, Tags tags) {}

  /**
   * The sum of some counters as a meter.
   *
   * @param weights by counter: what one of it adds
   */
  record Total(String meter, String unit, String text, Tags tags, Map<String, Integer> weights) {}

  /** True when each port has its own, so that they are added up. */
  static boolean ofPort(String counter) {
    return OF_PORT.containsKey(counter);
  }

  /**
   * @param known all names of the port
   * @return null for the sum of numbered counters, which are meters with a tag
   */
  static @Nullable Meaning meaning(String counter, Set<String> known) {
    String[] own = OF_PORT.get(counter);
    if (own != null) {
      return new Meaning("netmap4j.port." + dotted(counter), own[0], own[1], Tags.empty());
    }
    if (known.contains(counter + "0")) {
      return null;
    }
    String unit = BYTES.matcher(counter).matches() ? "bytes" : null;
    Matcher numbered = NUMBERED.matcher(counter);
    boolean isNumbered = numbered.matches();
    String family = isNumbered ? numbered.group(1) : counter;
    Tags tags =
        isNumbered
            ? Tags.of(family.equals("RXMPC") ? "buffer" : "ring", numbered.group(2))
            : Tags.empty();
    return new Meaning(
        "netmap4j.device." + dotted(family), unit, "Counter " + family + " of the device", tags);
  }

  private static String dotted(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /** What every kind of port has under one name, of the counters that there are. */
  static List<Total> totals(Set<String> known) {
    List<Total> totals = new ArrayList<>();
    String packets = "netmap4j.port.packets";
    String text = "Packets that the device has received or sent";
    add(totals, packets, text, "rx", known, Map.of("GPRC", 1));
    add(totals, packets, text, "rx", known, Map.of("rx_frames", 1));
    add(totals, packets, text, "rx", known, Map.of("rx_packets", 1));
    add(totals, packets, text, "tx", known, Map.of("GPTC", 1));
    add(totals, packets, text, "tx", known, Map.of("tx_frames", 1));
    String bytes = "netmap4j.port.bytes";
    text = "Bytes of these packets, without CRC";
    add(totals, bytes, text, "rx", known, Map.of("GORC", 1));
    add(totals, bytes, text, "tx", known, Map.of("GOTC", 1, "GPTC", -CRC));
    totals.add(
        new Total(
            "netmap4j.port.drops",
            "packets",
            "Packets that arrived and were dropped for want of room",
            Tags.empty(),
            DROPS));
    return totals;
  }

  private static void add(
      List<Total> totals,
      String meter,
      String text,
      String direction,
      Set<String> known,
      Map<String, Integer> weights) {
    if (known.containsAll(weights.keySet())) {
      String unit = meter.substring(meter.lastIndexOf('.') + 1);
      totals.add(new Total(meter, unit, text, Tags.of("direction", direction), weights));
    }
  }
}

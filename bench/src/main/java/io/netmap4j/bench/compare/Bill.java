package io.netmap4j.bench.compare;

import io.netmap4j.bench.report.Figure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What one subject made cross PCIe, of both cards together.
 *
 * @param items as in the control page
 */
record Bill(String line, String what, int batch, long packets, long[] items) {
  /** What is shown, and which items of the control page make it up. */
  private static final Item[] SHOWN = {
    new Item("tail writes", 2, 3),
    new Item("descriptor bytes", 4, 5),
    new Item("write-backs", 6),
    new Item("payload bytes", 7, 8)
  };

  private static final class Item {
    final String name;
    final int[] of;

    Item(String name, int... of) {
      this.name = name;
      this.of = of;
    }
  }

  /**
   * Reads an answer to a request with "bill".
   *
   * @throws IllegalArgumentException when it is none
   */
  static Bill parse(String line, String what, int batch, String answer) {
    Map<String, String> fields = Answer.fields(answer);
    long packets = (long) Answer.number(fields, "packets", answer);
    long[] items = new long[ControlPage.BILL_ITEMS];
    for (String card : new String[] {"bill0", "bill1"}) {
      String[] counts = fields.getOrDefault(card, "").split(",");
      if (counts.length != items.length || packets <= 0) {
        throw new IllegalArgumentException(line + ": '" + answer + "' is no bill");
      }
      for (int i = 0; i < items.length; i++) {
        items[i] += Long.parseLong(counts[i]);
      }
    }
    return new Bill(line, what, batch, packets, items);
  }

  /** The names of what is shown. */
  static List<String> names() {
    return Arrays.stream(SHOWN).map(item -> item.name).toList();
  }

  /** One of {@link #names}, for a packet. */
  double perPacket(String name) {
    for (Item item : SHOWN) {
      if (item.name.equals(name)) {
        return Arrays.stream(item.of).mapToLong(i -> items[i]).sum() / (double) packets;
      }
    }
    throw new IllegalArgumentException(name + " is none of " + names());
  }

  /** All that is shown, for charts. */
  List<Figure> figures(String command) {
    List<Figure> figures = new ArrayList<>();
    for (String name : names()) {
      double[] value = {perPacket(name)};
      figures.add(
          Figure.of("bill", what, line, batch, "batch", name + " per packet", value, command));
    }
    return figures;
  }
}

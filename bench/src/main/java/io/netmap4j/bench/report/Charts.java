package io.netmap4j.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Which figures a chart and each of its plots hold, and what the page says of a chart. */
final class Charts {
  /** A chart's heading, and what its figures mean and do not. */
  record About(String title, String text) {}

  /** Figures of one plot have these in common. */
  record Plotted(String chart, String what, String unit, String xName) {
    static Plotted of(Figure f) {
      return new Plotted(f.chart(), f.what(), f.unit(), f.xName());
    }
  }

  private static final Map<String, About> ABOUT = new LinkedHashMap<>();

  static {
    about(
        "compare",
        "Cost over batch, beside DPDK",
        "All subjects drive the same modelled card in lock-step, on one core, and only the driver's"
            + " own calls are timed. A register is a word of cached memory here: uncached doorbells,"
            + " PCIe and DDIO are not part of any figure, so small batches look too good for everyone.");
    about(
        "compare-ratio",
        "Cost relative to DPDK",
        "Ratios within a round, so that what slows both sides down falls out. Below 1 is quicker"
            + " than DPDK's quickest path at that batch.");
    about(
        "a-a",
        "A/A spread",
        "The same subject measured against itself in the same rounds: a difference between two"
            + " subjects that is not larger than this is none.");
    about(
        "clock",
        "Clock",
        "What two readings of the clock cost. It is in each window once, and is not subtracted.");
    about(
        "bill",
        "PCIe bill",
        "What crosses the bus for each packet, counted by the card's model and not timed. This is"
            + " what the cycles above leave out.");
    about(
        "latency",
        "Round trip",
        "Through two modelled cards at a fixed offered load, corrected for coordinated omission: a"
            + " packet's time counts from when it was due. The control in C crosses the same cards in"
            + " the same run.");
    about(
        "latency-ratio",
        "Round trip: ratio to C's",
        "A percentile of ours divided by that of the control in the same round.");
    about(
        "latency-capacity",
        "Round trip: capacity",
        "Round trips at full speed; the offered loads are shares of the lesser capacity.");
    about(
        "wakeup",
        "Wake-up from idle",
        "From a packet's arrival at an idle ring until the program has it, for each way of waiting.");
    about(
        "scale-rings",
        "Scaling: rings",
        "The C control walks the same footprint. Compare how the curves grow, not how high they lie.");
    about("scale-slots", "Scaling: slots of a ring", "As above, with one ring of more slots.");
    about("scale-frames", "Scaling: frame size", "A switch copies the frame.");
    about("scale-ports", "Scaling: ports of a switch", "One port sends to all others in turn.");
    about("scale-pipes", "Scaling: pipes", "More pipes in one process, used in turn.");
    about(
        "scale-growth",
        "Scaling: growth beside the C control's",
        "How many times the cost grows over the range, divided by how many times the control's does.");
  }

  private Charts() {}

  private static void about(String chart, String title, String text) {
    ABOUT.put(chart, new About(title, text));
  }

  /** What the page says of a chart; of one that is not known, its name. */
  static About about(String chart) {
    return ABOUT.getOrDefault(chart, new About(chart, ""));
  }

  /** True for a chart of things counted, not timed: its lines mostly have equal values. */
  static boolean areCounts(String chart) {
    return chart.equals("bill");
  }

  /** The names of the charts that have figures: those known first. */
  static Set<String> names(List<Figure> figures) {
    Set<String> names = new LinkedHashSet<>(ABOUT.keySet());
    Set<String> there = new LinkedHashSet<>();
    figures.forEach(f -> there.add(f.chart()));
    names.retainAll(there);
    names.addAll(there);
    return names;
  }

  /** The plots of a chart, in the order of their first figures. */
  static Map<Plotted, List<Figure>> plots(String chart, List<Figure> figures) {
    Map<Plotted, List<Figure>> plots = new LinkedHashMap<>();
    for (Figure f : figures) {
      if (f.chart().equals(chart)) {
        plots.computeIfAbsent(Plotted.of(f), p -> new ArrayList<>()).add(f);
      }
    }
    return plots;
  }

  /** The commands that measure a chart's figures again, each once. */
  static Set<String> commands(String chart, List<Figure> figures) {
    return figures.stream()
        .filter(f -> f.chart().equals(chart))
        .map(Figure::command)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }
}

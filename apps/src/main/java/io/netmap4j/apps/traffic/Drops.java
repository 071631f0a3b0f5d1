package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a port has dropped since a command began, for the totals of those that receive. */
public final class Drops {
  /** Beside the rings' own. */
  private static final List<String> OTHERS =
      List.of("RXMPC", "rx_drops", "tp_drops", "monitor_lost", "host_monitor_lost");

  private final List<NetmapPort> ports;
  private final Map<String, Long> before;

  /**
   * @param ports of one device
   */
  public Drops(List<NetmapPort> ports) {
    this.ports = ports;
    this.before = ports.get(0).counters();
  }

  public Drops(NetmapPort port) {
    this(List.of(port));
  }

  /** Prints what was dropped, if anything was. RXMPC counts for all rings of the card. */
  public void print(PrintStream out) {
    Map<String, Long> now = ports.get(0).counters();
    long full = 0;
    for (NetmapPort port : ports) {
      for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
        full += since(now, "QPRDC" + r);
      }
    }
    long missed = since(now, "RXMPC");
    if (full + missed > 0) {
      out.printf(
          Locale.ROOT,
          "%s: the card dropped %d packets: %d for full rings (QPRDC), %d for a full packet buffer"
              + " (RXMPC)%n",
          ports.get(0).name(),
          full + missed,
          full,
          missed);
    }
    long dropped = since(now, "rx_drops") + since(now, "tp_drops"); // switch, kernel interface
    if (dropped > 0) {
      out.printf(
          Locale.ROOT,
          "%s: %d packets were dropped, for which its ring had no room%n",
          ports.get(0).name(),
          dropped);
    }
    long lost = since(now, "monitor_lost") + since(now, "host_monitor_lost");
    if (lost > 0) {
      out.printf(
          Locale.ROOT,
          "%s: the monitor lost %d packets, for which its ring had no room%n",
          ports.get(0).name(),
          lost);
    }
  }

  /** What {@link #print} has, by counter, without those that are 0; for JSON. */
  public Map<String, Long> figures() {
    Map<String, Long> now = ports.get(0).counters();
    Map<String, Long> drops = new TreeMap<>();
    for (NetmapPort port : ports) {
      for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
        drops.merge("QPRDC", since(now, "QPRDC" + r), Long::sum);
      }
    }
    for (String name : OTHERS) {
      drops.put(name, since(now, name));
    }
    drops.values().removeIf(count -> count == 0);
    return drops;
  }

  private long since(Map<String, Long> now, String name) {
    return now.getOrDefault(name, 0L) - before.getOrDefault(name, 0L);
  }
}

package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import java.util.List;
import java.util.function.LongSupplier;

/** Where a command shows what it works on, for those who read its {@link MetricsOption}. */
public interface Figures {
  /** For nobody. */
  Figures NONE =
      new Figures() {
        @Override
        public void port(NetmapPort port) {}

        @Override
        public void counter(Counter counter, LongSupplier value) {}

        @Override
        public void beforeEach(Runnable refresh) {}
      };

  /**
   * A total that only grows.
   *
   * @param meter its name, with dots
   * @param unit of what, null for a number of times
   * @param text for whoever looks at it
   * @param tags name, value, name, value ...
   */
  record Counter(String meter, String unit, String text, List<String> tags) {}

  /** Shows a port and its rings until it is closed. */
  void port(NetmapPort port);

  /**
   * Shows a counter until the process ends. Several of one name and tags are added up.
   *
   * @param value called by other threads, at any time
   */
  void counter(Counter counter, LongSupplier value);

  /**
   * Has something done before each answer, by the thread that then asks the counters for all their
   * values: so they can be of one moment.
   */
  void beforeEach(Runnable refresh);

  /**
   * Shows the counts of a loop: packets, their bytes, and batches.
   *
   * @param loop what it does with which port, as {@code tx eth0}
   */
  default void loop(String command, String loop, Tally tally) {
    loop(command, loop, tally::packets, tally::bytes);
    counter(
        new Counter(
            "netmap4j.command.batches",
            null,
            "Batches in which a command moved its packets",
            List.of("command", command, "loop", loop)),
        tally::events);
  }

  /** Shows the counts of a loop that has no batches. */
  default void loop(String command, String loop, LongSupplier packets, LongSupplier bytes) {
    List<String> tags = List.of("command", command, "loop", loop);
    counter(
        new Counter(
            "netmap4j.command.packets", "packets", "Packets that a command has moved", tags),
        packets);
    counter(new Counter("netmap4j.command.bytes", "bytes", "Bytes of these packets", tags), bytes);
  }
}

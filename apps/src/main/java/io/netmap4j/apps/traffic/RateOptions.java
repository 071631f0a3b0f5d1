package io.netmap4j.apps.traffic;

import picocli.CommandLine.Option;

/** pkt-gen's options of what it reports. */
final class RateOptions {
  @Option(names = "-N", description = "Rates without K, M and G.")
  boolean plain;

  @Option(
      names = "-A",
      description = "Each report has mean and standard deviation of the last 15 rates.")
  boolean average;

  @Option(
      names = "-B",
      description = "The bits of each report include CRC, preamble and gap: 24 bytes a packet.")
  boolean framing;

  Rates.Style style(boolean averageToo) {
    return new Rates.Style(plain, framing, average || averageToo);
  }
}

package io.netmap4j.apps.traffic;

import picocli.CommandLine.Option;

/** The option of a command that prints rates while it runs. */
final class ReportOption {
  @Option(
      names = "-T",
      paramLabel = "MS",
      defaultValue = "1000",
      converter = Converters.Millis.class,
      description = "Time between reports (default: 1000).")
  long millis;
}

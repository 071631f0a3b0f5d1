package io.netmap4j.apps.traffic;

import java.net.InetSocketAddress;
import picocli.CommandLine.Option;

/** The option of a command that runs long. Whoever starts the command serves it. */
public final class MetricsOption {
  /** As it is on the command line. */
  public static final String NAME = "--metrics";

  @Option(
      names = NAME,
      paramLabel = "[ADDRESS:]PORT",
      converter = Converters.Listening.class,
      description =
          "Serve meters for Prometheus at http://ADDRESS:PORT/metrics meanwhile. Without ADDRESS, an IP address, this"
              + " machine only (127.0.0.1); port 0 takes one that is free. docs/operations.md has the meters.")
  InetSocketAddress at;
}

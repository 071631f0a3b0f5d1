package io.netmap4j.apps.traffic;

import picocli.CommandLine.Option;

/** The options of a command with one port. */
public class OnePort extends PortOptions {
  /** The port's name, as the user gave it. */
  @Option(
      names = "-i",
      required = true,
      paramLabel = "PORT",
      description = "The port: netmap:NAME.")
  public String name;
}

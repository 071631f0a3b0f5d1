package io.netmap4j.apps.traffic;

import picocli.CommandLine.Option;

/** The option of a command that prints figures. Whoever starts the command heeds it. */
public final class JsonOption {
  /** As it is on the command line. */
  public static final String NAME = "--json";

  @Option(
      names = NAME,
      description =
          "Figures as JSON objects on standard output, one on a line; all text goes to standard error."
              + " docs/operations.md has the fields.")
  boolean json;
}

package io.netmap4j.bench.control;

import java.io.IOException;
import picocli.CommandLine.Option;

/** Options of the benchmarks that have a control in C. */
public final class CommonOptions extends RoundOptions {
  @Option(names = "--no-control", description = "Leave the control in C out.")
  boolean noControl;

  @Option(
      names = "--compiler",
      paramLabel = "COMMAND",
      defaultValue = "gcc",
      description = "Compiles the control (${DEFAULT-VALUE}).")
  String compiler;

  /**
   * Compiles the control.
   *
   * @param name as for {@link CLibrary#build}
   * @return null when it is not wanted, or when it can't be had: then one line says why
   */
  public CLibrary control(String name) {
    CLibrary library = library(name);
    if (library != null) {
      CRing.requireLayout(library);
    }
    return library;
  }

  /** As {@link #control}, for one that has no ring. */
  public CLibrary library(String name) {
    if (noControl) {
      return null;
    }
    try {
      return CLibrary.build(name, compiler);
    } catch (IOException e) {
      err().println("netmap4j: the control in C is left out: " + e.getMessage());
      err().flush();
      return null;
    }
  }
}

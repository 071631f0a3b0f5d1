package io.netmap4j.apps.traffic;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** pkt-gen's and bridge's -w, beside {@link PortOptions}. Not for dump, whose -w is a file. */
public final class WaitOption {
  @Spec(Spec.Target.MIXEE)
  CommandSpec command;

  @Option(
      names = "-w",
      paramLabel = "SECONDS",
      converter = Converters.Seconds.class,
      description = "The same as --wait-link.")
  void waitLink(int seconds) {
    command.findOption("--wait-link").setValue(seconds);
  }
}

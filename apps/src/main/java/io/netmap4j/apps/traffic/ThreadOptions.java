package io.netmap4j.apps.traffic;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** pkt-gen's options of its threads. */
final class ThreadOptions {
  @Option(
      names = "-p",
      paramLabel = "THREADS",
      converter = Converters.Some.class,
      defaultValue = "1",
      description = "Threads, each with a ring of its own (default: 1, with all rings).")
  int threads;

  @Option(
      names = "-a",
      paramLabel = "CPU",
      converter = Converters.Cpu.class,
      description =
          "The first thread runs on this CPU, the next ones on those behind it (default: anywhere).")
  int first = -1;

  @Option(
      names = "-c",
      paramLabel = "CPUS",
      converter = Converters.Cpu.class,
      defaultValue = "0",
      description = "With -a: threads stay on CPUs 0 to CPUS less 1 (default: 0, all).")
  int cpus;

  @Spec(Spec.Target.MIXEE)
  CommandSpec command;

  /**
   * Checks -c.
   *
   * @throws ParameterException more CPUs than there are
   */
  void check() {
    int all = Runtime.getRuntime().availableProcessors();
    if (cpus > all) {
      throw new ParameterException(
          command.commandLine(), "-c " + cpus + " is too high: there are " + all + " CPUs");
    }
  }

  /** How many CPUs the threads may use. */
  int cpus() {
    return cpus == 0 ? Runtime.getRuntime().availableProcessors() : cpus;
  }

  /** Puts the calling thread where -a and -c want it. */
  void place(int thread, CommandContext context) {
    if (first >= 0) {
      int cpu = first + thread;
      context.pin(cpus == 0 ? cpu : cpu % cpus);
    }
  }
}

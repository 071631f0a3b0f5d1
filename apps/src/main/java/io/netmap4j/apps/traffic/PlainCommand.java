package io.netmap4j.apps.traffic;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/**
 * What all commands have; most are a {@link SubCommand}, with -h for help. {@link #call} returns
 * the exit code.
 */
@Command(sortOptions = false)
public abstract class PlainCommand implements Callable<Integer> {
  @ParentCommand protected CommandContext context;
  @Spec protected CommandSpec spec;

  /**
   * Wrong usage, for the caller to throw: one line, and the exit code {@link CommandContext#USAGE}.
   */
  protected final ParameterException usage(String text) {
    return new ParameterException(spec.commandLine(), text);
  }

  /**
   * Checks the arguments.
   *
   * @throws ParameterException with {@code otherwise}, unless {@code holds}
   */
  protected final void require(boolean holds, String otherwise) {
    if (!holds) {
      throw usage(otherwise);
    }
  }
}

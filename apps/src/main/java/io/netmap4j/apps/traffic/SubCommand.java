package io.netmap4j.apps.traffic;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What all commands have. {@link #call} returns the exit code. */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
public abstract class SubCommand implements Callable<Integer> {
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

package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.SubCommand;
import picocli.AutoComplete;
import picocli.CommandLine.Command;

/** Prints what a shell needs to complete our command lines. */
@Command(
    name = "completion",
    description = "Prints a script by which bash and zsh complete commands and options.",
    footer = {"", "Example:", "  source <(./netmap4j completion)"})
public final class Completion extends SubCommand {
  @Override
  public Integer call() {
    context.out.print(AutoComplete.bash("netmap4j", spec.root().commandLine()));
    return CommandContext.OK;
  }
}

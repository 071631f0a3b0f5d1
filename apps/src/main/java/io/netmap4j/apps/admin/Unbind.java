package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.linux.PciBinding;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Unbinds PCI functions from their kernel driver. */
@Command(
    name = "unbind",
    description = "Unbinds PCI functions from the kernel driver that has them.",
    footer = {
      "",
      "Needs root. Refuses a card whose interface is up or that a process has open.",
      "",
      "Example:",
      "  netmap4j unbind 0000:03:00.0",
    })
public final class Unbind extends SubCommand {

  @Parameters(
      arity = "1..*",
      paramLabel = "ADDRESS",
      converter = Converters.PciAddress.class,
      description = "As in 0000:03:00.0.")
  List<String> addresses;

  @Override
  public Integer call() {
    PciBinding binding = new PciBinding();
    for (String address : addresses) {
      binding.unbind(address);
      context.out.println(address + ": no driver");
    }
    return CommandContext.OK;
  }
}

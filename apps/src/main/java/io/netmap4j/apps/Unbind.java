package io.netmap4j.apps;

import io.netmap4j.linux.PciBinding;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Takes functions from their kernel driver. */
@Command(
    name = "unbind",
    mixinStandardHelpOptions = true,
    description = "Takes PCI functions from whatever kernel driver has them.",
    footer = {
      "",
      "Needs root. A card whose interface is up, or that a process has open, is left alone.",
      "",
      "Example:",
      "  netmap4j unbind 0000:03:00.0",
    })
final class Unbind implements Callable<Integer> {
  @ParentCommand Main main;

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
      main.out.println(address + ": no driver");
    }
    return Main.OK;
  }
}

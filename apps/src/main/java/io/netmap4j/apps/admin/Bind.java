package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.linux.PciBinding;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Binds PCI functions to the kernel driver that a backend needs, or back to their own. */
@Command(
    name = "bind",
    description =
        "Binds PCI functions to vfio-pci, to uio_pci_generic, or back to the kernel's own driver.",
    footer = {
      "",
      "Needs root. Refuses a card whose interface is up or that a process has open. The binding lasts until the next boot.",
      "",
      "Examples:",
      "  netmap4j bind --vfio 0000:03:00.0 0000:03:00.1",
      "  netmap4j bind --kernel 0000:03:00.0",
    })
public final class Bind extends SubCommand {

  @ArgGroup(exclusive = true, multiplicity = "1")
  Target target;

  @Parameters(
      arity = "1..*",
      paramLabel = "ADDRESS",
      converter = Converters.PciAddress.class,
      description = "As in 0000:03:00.0.")
  List<String> addresses;

  static final class Target {
    @Option(names = "--vfio", description = "To vfio-pci.")
    boolean vfio;

    @Option(names = "--uio", description = "To uio_pci_generic.")
    boolean uio;

    @Option(names = "--kernel", description = "To the driver that the kernel would choose.")
    boolean kernel;

    @Option(
        names = "--driver",
        paramLabel = "NAME",
        converter = Converters.DriverName.class,
        description = "To another driver, for example igb_uio.")
    String driver;

    String name() {
      return driver != null
          ? driver
          : vfio ? PciBinding.VFIO_PCI : uio ? PciBinding.UIO_PCI_GENERIC : "";
    }
  }

  @Override
  public Integer call() {
    PciBinding binding = new PciBinding();
    for (String address : addresses) {
      context.out.println(address + ": " + binding.bind(address, target.name()));
    }
    return CommandContext.OK;
  }
}

package io.netmap4j.apps.doctor;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.JsonOption;
import io.netmap4j.apps.traffic.Ports;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.nic.Nics;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.PciId;
import io.netmap4j.linux.PciSysfs;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.NicDriver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Examines a card and the machine around it, and tells what is wrong and what mends it. */
@Command(
    name = "doctor",
    description =
        "Examines a card: PCI, memory, firmware, NVM, module or PHY, link, and a loopback test of its rings, which needs"
            + " no cable. Writes one text, to be read or to be sent in.",
    footer = {
      "",
      "Resets the card, so no other program may use it. Each line begins with ok, warning or failure; behind -> stands the"
          + " likely cause and what mends it. Exit code 1 when there is a failure.",
      "",
      "Examples:",
      "  netmap4j doctor 0000:03:00.0",
      "  netmap4j doctor -o doctor.txt vfio:0000:03:00.0",
      "  netmap4j doctor model0                       (a modelled card: no root, no hardware)",
      "  netmap4j doctor vfio-user:/tmp/a.sock        (one that netmap4j nic-model serves)",
    })
public final class Doctor extends SubCommand {
  private static final Pattern PCI =
      Pattern.compile("(?:(?:netmap|vfio|uio):)?([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]).*");

  /** Rings of 128 slots each way, and their buffers. */
  private static final MemoryOptions MEMORY =
      MemoryOptions.DEFAULT.rings(16, 4096).buffers(1024, 2048);

  /** Of -w. */
  static final class LinkSeconds implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) Converters.number(text, 0, 600);
    }
  }

  @Mixin JsonOption json;

  @Parameters(
      arity = "0..1",
      paramLabel = "ADDRESS",
      description =
          "A PCI address, the name of a port, or SCHEME:ADDRESS as in the configuration file. Without it: the only card of"
              + " the machine.")
  String address;

  @Option(
      names = "-o",
      paramLabel = "FILE",
      description = "Write the text there, and only its last line to standard output.")
  Path file;

  @Option(
      names = {"-w", "--wait-link"},
      paramLabel = "SECONDS",
      converter = LinkSeconds.class,
      defaultValue = "10",
      description =
          "How long to wait for the link, 0 to 600 (default: ${DEFAULT-VALUE}); copper negotiates for several seconds.")
  int waitLink;

  /** For tests: where /sys and /proc are. */
  Machine machine = new Machine(Path.of("/sys"), Path.of("/proc"));

  @Override
  public Integer call() throws IOException {
    String named = address != null ? address : onlyCard();
    PciSysfs.Function function = function(named);
    if (function == null) {
      requireCard(named); // a name without a card is no finding
    }
    if (file == null) {
      Report report = new Report(context.out, context);
      examine(named, function, report, context.out);
      context.out.println();
      context.out.println(report.summary());
      report.total();
      return report.failed() ? CommandContext.FAILED : CommandContext.OK;
    }
    // What cannot be opened is told before the card is touched.
    try (OutputStream to = context.openToWrite(file, () -> Files.newOutputStream(file))) {
      return examine(named, function, to);
    }
  }

  /** The text goes into the file at the end, or to standard output if it does not fit there. */
  private int examine(String named, PciSysfs.Function function, OutputStream to)
      throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
    Report report = new Report(out, context);
    examine(named, function, report, out);
    out.println();
    out.println(report.summary());
    try {
      text.writeTo(to);
    } catch (IOException e) {
      context.out.print(text.toString(StandardCharsets.UTF_8));
      report.total();
      throw FileErrors.named(file, e);
    }
    context.out.println(file + ": " + report.summary());
    report.total();
    return report.failed() ? CommandContext.FAILED : CommandContext.OK;
  }

  private void requireCard(String named) {
    require(!named.isEmpty(), "ADDRESS is empty: a PCI address, or the name of a port");
    require(!named.startsWith("vale"), named + " is a port of a switch: it has no card");
    try {
      Nics.device(named);
    } catch (NetmapException e) {
      throw new NetmapException(e.errno(), Ports.full(named) + ": " + e.getMessage(), e);
    }
  }

  private List<PciSysfs.Function> cards() {
    return machine.sysfs().networkFunctions().stream()
        .filter(f -> Nics.driverOf(f.id()).isPresent())
        .toList();
  }

  private String onlyCard() {
    List<PciSysfs.Function> cards = cards();
    if (cards.size() != 1) {
      throw new NetmapException(
          Libc.ENXIO,
          cards.isEmpty()
              ? "no card that netmap4j drives is on this machine's PCI bus; 'netmap4j doctor model0' examines a"
                  + " modelled one"
              : "which card? netmap4j doctor ADDRESS, one of "
                  + cards.stream()
                      .map(PciSysfs.Function::address)
                      .collect(Collectors.joining(", ")));
    }
    return cards.get(0).address();
  }

  /** The function that is meant; null for a device that is not on the PCI bus. */
  private PciSysfs.Function function(String named) {
    Matcher pci = PCI.matcher(named.toLowerCase(Locale.ROOT));
    if (!pci.matches()) {
      return null;
    }
    for (PciSysfs.Function f : machine.sysfs().networkFunctions()) {
      if (f.address().equals(pci.group(1))) {
        return f;
      }
    }
    List<PciSysfs.Function> cards = cards();
    throw new NetmapException(
        Libc.ENXIO,
        pci.group(1)
            + ": no network card there; this machine has "
            + (cards.isEmpty()
                ? "none that netmap4j drives"
                : cards.stream()
                    .map(PciSysfs.Function::address)
                    .collect(Collectors.joining(", "))));
  }

  private void examine(String named, PciSysfs.Function function, Report report, PrintStream out) {
    out.println("netmap4j doctor " + named);
    out.println(
        String.join(
            ", ",
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            spec.root().userObject().getClass().getPackage().getImplementationVersion() == null
                ? "netmap4j (not from a jar)"
                : "netmap4j "
                    + spec.root().userObject().getClass().getPackage().getImplementationVersion(),
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
            System.getProperty("os.arch"),
            "Java " + System.getProperty("java.version")));
    out.println();
    if (function != null) {
      machine.examine(function, report);
    }
    try {
      card(Nics.device(named), function, report);
    } catch (NetmapException | LinuxException e) {
      report.accept(Finding.failure("opening", String.valueOf(e.getMessage()), ""));
    }
  }

  private void card(Nics.Named card, PciSysfs.Function function, Report report) {
    PciId id;
    try (NicDevice nic = card.backend().open(card.address())) {
      id = nic.id();
      if (function == null) {
        report.accept(
            Finding.ok(
                "PCI id",
                String.format(
                    Locale.ROOT,
                    "%s, subsystem %04x:%04x, revision %d",
                    id,
                    id.subsystemVendor(),
                    id.subsystemDevice(),
                    id.revision())));
        PciLink link = PciLink.of(nic);
        if (link != null) {
          report.accept(link.finding(nic.name()));
        }
      }
    }
    NicDriver driver = Nics.driverOf(id).orElse(null);
    if (driver == null) {
      report.accept(
          Finding.failure("driver", "none for " + id, "netmap4j devices lists what can be driven"));
      return;
    }
    MemoryOptions memory = MEMORY;
    if (card.backend().scheme().equals("uio")) {
      List<Path> mounts = new HugePages().mounts();
      memory = mounts.isEmpty() ? memory : memory.hugetlbfs(mounts.get(0));
    }
    try (Region region = Region.create(memory)) {
      driver.diagnose(() -> card.backend().open(card.address()), region, waitLink, report);
    }
  }
}

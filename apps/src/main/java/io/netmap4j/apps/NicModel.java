package io.netmap4j.apps;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.DmaPages;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.VfioUserServer;
import io.netmap4j.model.Wire;
import io.netmap4j.model.WireEnd;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Serves one or two modelled cards to other processes. */
@Command(
    name = "nic-model",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Serves a software 82599, or two joined by a cable, to other processes by the vfio-user protocol.",
    footer = {
      "",
      "Each socket is one card, for one client at a time: our own driver, or QEMU 10.1 or newer with"
          + " -device '{\"driver\":\"vfio-user-pci\",\"x-no-posted-writes\":true,\"socket\":{\"path\":\"SOCKET\",\"type\":\"unix\"}}'"
          + " and shared memory (-object memory-backend-memfd,share=on). Posted writes have no limit in QEMU:"
          + " without that option a driver that writes a tail often may outrun the card.",
      "",
      "A line that begins with \"ready\" is printed when clients may connect. Ctrl-C ends it with the cards' counts;"
          + " the exit code is 1 if a driver broke a rule of a card (not with --lenient).",
      "",
      "Examples:",
      "  netmap4j nic-model -s /tmp/a.sock -s /tmp/b.sock",
      "  netmap4j nic-model -s /tmp/a.sock --wire loopback --lenient",
      "  netmap4j nic-model -s /tmp/a.sock --wire pcap:samples/mixed.pcap,/tmp/sent.pcap",
    })
final class NicModel implements Callable<Integer>, Captures.User {
  /** As many as a card remembers: vm/test looks through them. */
  private static final int SHOWN_VIOLATIONS = 1000;

  /** Accesses kept of each card. */
  private static final int TRACED = 1_000_000;

  @ParentCommand Main main;
  @Spec CommandSpec spec;
  @Mixin Wires wires;

  @Option(
      names = {"-s", "--socket"},
      required = true,
      paramLabel = "SOCKET",
      description = "Where to serve a card; twice for two cards.")
  List<Path> sockets;

  @Option(
      names = "--lenient",
      description = "List broken rules and carry on, for other people's drivers.")
  boolean lenient;

  @Option(
      names = "--mac",
      paramLabel = "MAC",
      defaultValue = "02:00:00:00:00:01",
      description =
          "The first card's address; the second has the next (default: ${DEFAULT-VALUE}).")
  Mac mac;

  @Option(
      names = "--device-id",
      paramLabel = "HEX",
      converter = Converters.DeviceId.class,
      defaultValue = "10fb",
      description = "PCI device id (default: ${DEFAULT-VALUE}).")
  int deviceId;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description =
          "Writes the cards' register accesses there at the end: the last million of each card, a line each.")
  Path trace;

  @Option(
      names = "--dma-pages",
      paramLabel = "FILE",
      description =
          "Writes there, whenever a card's bus mastering ends, which pages of 2 MiB it has touched since it began.")
  Path dmaPages;

  @Option(
      names = "--stray-read",
      paramLabel = "ADDRESS,N",
      description =
          "The first card fetches about the Nth frame that it sends from this address (hex), whatever the driver says.")
  String strayRead;

  @Option(names = "--sfp", description = "A copper module answers on I2C.")
  boolean sfp;

  @Override
  public List<Path> reads() {
    return wires.captureFiles(0);
  }

  @Override
  public List<Path> writes() {
    return wires.captureFiles(1);
  }

  @Override
  public Integer call() throws Exception {
    if (sockets.size() > 2) {
      throw usage("-s once or twice, not " + sockets.size() + " times");
    }
    List<Nic82599> cards = new ArrayList<>();
    List<VfioUserServer> servers = new ArrayList<>();
    try (Wire wire = wire();
        PrintWriter pages = pagesWriter()) {
      for (int i = 0; i < sockets.size(); i++) {
        Nic82599 card = new Nic82599(options(i));
        cards.add(card);
        if (trace != null) {
          card.log().enable(TRACED);
        }
        if (i == 0 && strayRead != null) {
          stray(card);
        }
        if (pages != null) {
          String number = i + " ";
          card.memory().observer(new DmaPages(line -> pages.println(number + line)));
        }
        if (wire != null) {
          card.attach(wire, i == 0 ? WireEnd.A : WireEnd.B);
        }
      }
      try (ModelRunner runner = new ModelRunner(cards.toArray(Nic82599[]::new)).start()) {
        try {
          for (int i = 0; i < sockets.size(); i++) {
            servers.add(VfioUserServer.serve(cards.get(i), sockets.get(i)));
          }
          main.out.println(
              "ready " + sockets.stream().map(Path::toString).collect(Collectors.joining(" ")));
          main.ready();
          while (!main.stop.requested()) {
            Thread.sleep(50);
          }
        } finally {
          servers.forEach(VfioUserServer::close);
        }
      }
      writeTrace(cards);
      // The engines have stopped: plain counters can be read.
      return report(cards, wire) ? Main.OK : Main.FAILED;
    } finally {
      cards.forEach(Nic82599::close);
    }
  }

  /** Card, read or write, register, value. */
  private void writeTrace(List<Nic82599> cards) throws IOException {
    if (trace == null) {
      return;
    }
    try (PrintWriter file = new PrintWriter(Files.newBufferedWriter(trace))) {
      for (int i = 0; i < cards.size(); i++) {
        int card = i;
        cards.get(i).log().accesses().forEach(access -> file.println(card + " " + access));
      }
    }
  }

  private void stray(Nic82599 card) {
    String[] parts = strayRead.split(",", -1);
    try {
      card.strayRead(
          Long.parseUnsignedLong(parts[0].replaceFirst("^0x", ""), 16), Long.parseLong(parts[1]));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw usage("--stray-read " + strayRead + ": an address and a number, as in dead0000,500");
    }
  }

  /** Each line is there at once, for who follows it. */
  private PrintWriter pagesWriter() throws IOException {
    return dmaPages == null ? null : new PrintWriter(Files.newBufferedWriter(dmaPages), true);
  }

  private Wire wire() throws Exception {
    try {
      return wires.make(sockets.size());
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private CardOptions options(int index) {
    CardOptions options;
    try {
      options = CardOptions.port(index).mac(mac.bits() + index).deviceId(deviceId);
    } catch (IllegalArgumentException e) {
      throw usage("--mac " + mac + ": " + e.getMessage());
    }
    options = lenient ? options.lenient() : options;
    return sfp ? options.withSfp() : options;
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /**
   * @return false when a strict card's rules were broken
   */
  private boolean report(List<Nic82599> cards, Wire wire) {
    row("", i -> sockets.get(i).getFileName());
    for (String name : new String[] {"GPTC", "GPRC", "RXMPC", "QPRDC"}) {
      row("card: " + name, i -> cards.get(i).total(name));
    }
    if (wire != null) {
      row("wire: frames in", i -> wire.counters(end(i)).frames());
      row("wire: lost", i -> wire.counters(end(i)).lost());
      row("wire: duplicated", i -> wire.counters(end(i)).duplicated());
    }
    boolean kept = true;
    for (int i = 0; i < cards.size(); i++) {
      List<String> broken = cards.get(i).violations();
      kept &= broken.isEmpty() || lenient;
      findings(sockets.get(i) + ": " + broken.size() + " broken rules:", "x", broken);
      List<String> warnings = cards.get(i).warnings();
      findings(sockets.get(i) + ": " + warnings.size() + " warnings:", "times", warnings);
    }
    return kept;
  }

  /** Each text once, and how often. vm/test knows broken rules by "N x RULE". */
  private void findings(String title, String times, List<String> texts) {
    if (texts.isEmpty()) {
      return;
    }
    main.out.println();
    main.out.println(title);
    texts.stream()
        .collect(Collectors.groupingBy(t -> t, LinkedHashMap::new, Collectors.counting()))
        .entrySet()
        .stream()
        .limit(SHOWN_VIOLATIONS)
        .forEach(k -> main.out.printf(Locale.ROOT, "%6d %s %s%n", k.getValue(), times, k.getKey()));
  }

  private static WireEnd end(int card) {
    return card == 0 ? WireEnd.A : WireEnd.B;
  }

  private void row(String what, Function<Integer, Object> value) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-22s", what));
    for (int i = 0; i < sockets.size(); i++) {
      line.append(String.format(Locale.ROOT, " %14s", value.apply(i)));
    }
    main.out.println(line.toString().stripTrailing());
  }
}

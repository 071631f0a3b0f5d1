package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.Captures;
import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.Figures;
import io.netmap4j.apps.traffic.JsonOption;
import io.netmap4j.apps.traffic.MetricsOption;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.DmaPages;
import io.netmap4j.model.registerfile.RegisterFileServer;
import io.netmap4j.model.vfiouser.VfioUserServer;
import io.netmap4j.model.wire.Wire;
import io.netmap4j.model.wire.WireEnd;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Serves one or two modelled cards to other processes. */
@Command(
    name = "nic-model",
    description =
        "Serves a software 82599, or two joined by a cable, to other processes: by the vfio-user protocol, or as files.",
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
      "  netmap4j nic-model --register-file /dev/shm/cards",
      "  netmap4j nic-model -s /tmp/a.sock --wire pcap:samples/mixed.pcap,/tmp/sent.pcap",
    })
public final class NicModel extends SubCommand implements Captures.User {
  /** As many as a card remembers: vm/test looks through them. */
  private static final int SHOWN_VIOLATIONS = 1000;

  /** Accesses kept of each card. */
  private static final int TRACED = 1_000_000;

  @Mixin Wires wires;

  /** Of a card, in the report. */
  private static final List<String> COUNTERS = List.of("GPTC", "GPRC", "RXMPC", "QPRDC");

  @Mixin JsonOption json;

  @Mixin RegisterFiles files;

  @Mixin CardLinks links;

  @Mixin CardControl control;

  @Mixin MetricsOption metrics;

  @Option(
      names = {"-s", "--socket"},
      paramLabel = "SOCKET",
      description = "Where to serve a card; twice for two cards.")
  List<Path> sockets = new ArrayList<>();

  @Option(
      names = "--lenient",
      description = "Report broken rules and carry on, for drivers other than ours.")
  boolean lenient;

  @Option(
      names = "--mac",
      paramLabel = "MAC",
      defaultValue = "02:00:00:00:00:01",
      description =
          "The first card's MAC address; the second card gets the next one (default: ${DEFAULT-VALUE}).")
  MacAddress mac;

  @Option(
      names = "--device-id",
      paramLabel = "HEX",
      converter = Converters.DeviceId.class,
      defaultValue = "10fb",
      description =
          "PCI device id (default: ${DEFAULT-VALUE}). It says which chip it is: 1528 and 1560 an X540, 1563 and 15d1 an"
              + " X550, all others an 82599.")
  int deviceId;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description =
          "Writes the cards' register accesses there at the end, after the counts: the last million of each card, one"
              + " per line; repeated accesses are one line with their number.")
  Path trace;

  @Option(
      names = "--dma-pages",
      paramLabel = "FILE",
      description =
          "Whenever a card's bus mastering is switched off, writes there which 2 MiB pages the card accessed by DMA since"
              + " it was switched on.")
  Path dmaPages;

  @Option(
      names = "--stray-read",
      paramLabel = "ADDRESS,N",
      description =
          "A fault of the first card: it reads about the Nth frame that it sends from this address (hex) and not from the"
              + " one in the descriptor.")
  String strayRead;

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
    String wrong = files.wrong(sockets.size(), wires.spec != null);
    if (wrong == null) {
      wrong = links.wrong(deviceId);
    }
    if (wrong != null) {
      throw usage(wrong);
    }
    List<String> names = names();
    control.require();
    List<Nic82599> cards = new ArrayList<>();
    try (PrintWriter pages = writer(dmaPages, true);
        PrintWriter accesses = writer(trace, false);
        Wire wire = wire()) {
      for (int i = 0; i < names.size(); i++) {
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
      show(cards, names, wire);
      if (files.folder != null) {
        try (RegisterFileServer server = files.serve(cards, sockets)) {
          serve(cards, "ready " + files.folder);
        }
      } else {
        serveSockets(cards);
      }
      // The engines have stopped: plain counters can be read.
      boolean kept = report(cards, names, wire);
      context.out.flush();
      if (accesses != null) {
        writeTrace(cards, accesses);
      }
      return kept ? CommandContext.OK : CommandContext.FAILED;
    } finally {
      cards.forEach(Nic82599::close);
    }
  }

  /** What {@link #report} has, while the cards run. */
  private void show(List<Nic82599> cards, List<String> names, Wire wire) {
    for (int i = 0; i < cards.size(); i++) {
      Nic82599 card = cards.get(i);
      String name = names.get(i);
      show(
          "netmap4j.model.packets",
          "Good packets of a modelled card",
          List.of("card", name, "direction", "rx"),
          () -> card.total("GPRC"));
      show(
          "netmap4j.model.packets",
          "Good packets of a modelled card",
          List.of("card", name, "direction", "tx"),
          () -> card.total("GPTC"));
      show(
          "netmap4j.model.drops",
          "Packets that a modelled card dropped for want of room",
          List.of("card", name),
          () -> card.total("RXMPC") + card.total("QPRDC"));
      if (wire != null) {
        WireEnd end = end(i);
        show(
            "netmap4j.model.wire.packets",
            "Packets that went into the wire",
            List.of("card", name),
            () -> wire.counters(end).frames());
        show(
            "netmap4j.model.wire.lost",
            "Of these, packets that the wire lost",
            List.of("card", name),
            () -> wire.counters(end).lost());
      }
    }
  }

  private void show(String meter, String text, List<String> tags, LongSupplier value) {
    context.figures().counter(new Figures.Counter(meter, "packets", text, tags), value);
  }

  /** What the cards are called in the report. */
  private List<String> names() {
    return sockets.isEmpty()
        ? List.of("card 0", "card 1")
        : sockets.stream().map(socket -> socket.getFileName().toString()).toList();
  }

  private void serveSockets(List<Nic82599> cards) throws Exception {
    List<VfioUserServer> servers = new ArrayList<>();
    try (ModelRunner runner = new ModelRunner(cards.toArray(Nic82599[]::new)).start()) {
      try {
        for (int i = 0; i < sockets.size(); i++) {
          servers.add(VfioUserServer.serve(cards.get(i), sockets.get(i)));
        }
        serve(
            cards,
            "ready " + sockets.stream().map(Path::toString).collect(Collectors.joining(" ")));
      } finally {
        servers.forEach(VfioUserServer::close);
      }
    }
  }

  private void serve(List<Nic82599> cards, String ready) throws Exception {
    context.out.println(ready);
    context.ready();
    control.start(cards, context);
    while (!context.stop.requested()) {
      Thread.sleep(50);
    }
  }

  /** Card, how often in a row, read or write, register, value. */
  private void writeTrace(List<Nic82599> cards, PrintWriter to) throws IOException {
    for (int i = 0; i < cards.size(); i++) {
      cards.get(i).log().writeTo(to, i + " ");
    }
    if (to.checkError()) {
      throw new IOException(trace + ": the trace could not be written in full");
    }
  }

  private void stray(Nic82599 card) {
    String[] parts = strayRead.split(",", -1);
    try {
      card.faults()
          .strayRead(
              Long.parseUnsignedLong(parts[0].replaceFirst("^0x", ""), 16),
              Long.parseLong(parts[1]));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw usage("--stray-read " + strayRead + ": an address and a number, as in dead0000,500");
    }
  }

  /** Opened at the start: what cannot be written is told before anything is served. */
  private PrintWriter writer(Path file, boolean eachLineAtOnce) throws IOException {
    return file == null
        ? null
        : new PrintWriter(
            context.openToWrite(file, () -> Files.newBufferedWriter(file)), eachLineAtOnce);
  }

  private Wire wire() throws Exception {
    try {
      return files.lockStep ? null : wires.make(names().size(), context);
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
    options = lenient || files.folder != null ? options.lenient() : options;
    return links.of(index, options);
  }

  /**
   * @return false when a strict card's rules were broken
   */
  private boolean report(List<Nic82599> cards, List<String> names, Wire wire) {
    // What comes out of the wire itself, a file or the kernel, has a column of its own.
    boolean plays = wire != null && wire.plays();
    row("", i -> i == names.size() ? "(the other end)" : names.get(i), plays);
    for (String name : COUNTERS) {
      row("card: " + name, i -> cards.get(i).total(name), false);
    }
    if (wire != null) {
      row("wire: frames in", i -> wire.counters(end(i)).frames(), plays);
      row("wire: lost", i -> wire.counters(end(i)).lost(), plays);
      row("wire: duplicated", i -> wire.counters(end(i)).duplicated(), plays);
    }
    boolean kept = true;
    for (int i = 0; i < cards.size(); i++) {
      context.json("card", figures(cards.get(i), names.get(i), wire, end(i)));
      List<String> broken = cards.get(i).violations();
      kept &= broken.isEmpty() || lenient || files.folder != null;
      String card = !sockets.isEmpty() ? sockets.get(i).toString() : names.get(i);
      findings(card + ": " + broken.size() + " broken rules:", "x", broken);
      List<String> warnings = cards.get(i).warnings();
      findings(card + ": " + warnings.size() + " warnings:", "times", warnings);
    }
    return kept;
  }

  private static Map<String, Object> figures(Nic82599 card, String name, Wire wire, WireEnd end) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("card", name);
    for (String counter : COUNTERS) {
      all.put(counter, card.total(counter));
    }
    if (wire != null) {
      all.put("wire_frames_in", wire.counters(end).frames());
      all.put("wire_lost", wire.counters(end).lost());
      all.put("wire_duplicated", wire.counters(end).duplicated());
    }
    all.put("broken_rules", card.violations().size());
    all.put("warnings", card.warnings().size());
    return all;
  }

  /** Each text once, and how often. vm/test knows broken rules by "N x RULE". */
  private void findings(String title, String times, List<String> texts) {
    if (texts.isEmpty()) {
      return;
    }
    context.out.println();
    context.out.println(title);
    texts.stream()
        .collect(Collectors.groupingBy(t -> t, LinkedHashMap::new, Collectors.counting()))
        .entrySet()
        .stream()
        .limit(SHOWN_VIOLATIONS)
        .forEach(
            k -> context.out.printf(Locale.ROOT, "%6d %s %s%n", k.getValue(), times, k.getKey()));
  }

  private static WireEnd end(int card) {
    return card == 0 ? WireEnd.A : WireEnd.B;
  }

  private void row(String what, Function<Integer, Object> value, boolean otherEnd) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-22s", what));
    int columns = sockets.isEmpty() ? 2 : sockets.size();
    for (int i = 0; i < columns + (otherEnd ? 1 : 0); i++) {
      line.append(String.format(Locale.ROOT, " %14s", value.apply(i)));
    }
    context.out.println(line.toString().stripTrailing());
  }
}

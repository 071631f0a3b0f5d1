package io.netmap4j.apps.admin;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.Endpoints;
import io.netmap4j.apps.traffic.JsonOption;
import io.netmap4j.apps.traffic.Pace;
import io.netmap4j.apps.traffic.Ports;
import io.netmap4j.apps.traffic.Rates;
import io.netmap4j.apps.traffic.Receiver;
import io.netmap4j.apps.traffic.Sender;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.apps.traffic.Tally;
import io.netmap4j.apps.traffic.UdpFrame;
import io.netmap4j.apps.traffic.Workers;
import io.netmap4j.common.NicOptions;
import io.netmap4j.model.ModelBackend;
import io.netmap4j.model.wire.WireCounters;
import io.netmap4j.model.wire.WireEnd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sends from one modelled card to the other and compares the counts of both programs and cards. */
@Command(
    name = "demo",
    description =
        "Sends UDP packets from one software 82599 to another through the real driver, and checks every count.",
    footer = {
      "",
      "netmap:model0 sends on all its rings from one thread; netmap:model1 receives in another, its RSS spreading 256"
          + " flows over its rings. At the end the counts of the programs, of both cards and of the cable must agree:"
          + " exit code 1 if they don't.",
      "",
      "Examples:",
      "  netmap4j demo",
      "  netmap4j demo --seconds 10 --rings 1 --no-flow-control",
    })
public final class Demo extends SubCommand {
  @Mixin JsonOption json;

  private static final int SLOTS = 1024;
  private static final long SETTLE_NANOS = 2_000_000_000;

  @Option(
      names = "-n",
      paramLabel = "COUNT",
      description = "Packets to send, instead of sending for some seconds.")
  Long count;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      converter = Converters.Seconds.class,
      defaultValue = "5",
      description = "How long to send (default: ${DEFAULT-VALUE}).")
  int seconds;

  @Option(
      names = "--rings",
      paramLabel = "N",
      defaultValue = "4",
      description = "Rings of each card and direction, 1 to 16 (default: ${DEFAULT-VALUE}).")
  int rings;

  @Option(
      names = "-l",
      paramLabel = "BYTES",
      defaultValue = "60",
      description = "Frame without CRC (default: 60).")
  int size;

  @Option(
      names = "--no-flow-control",
      description =
          "Send without regard to the receiver; full rings drop frames, and the cards count them.")
  boolean noFlowControl;

  private final Tally sent = new Tally();
  private Tally[] received;

  @Override
  public Integer call() throws Exception {
    require(count == null || count > 0, "-n " + count + " is less than 1");
    require(
        count == null || !spec.commandLine().getParseResult().hasMatchedOption("--seconds"),
        "-n " + count + " and --seconds " + seconds + ": one of them");
    require(seconds > 0, "--seconds " + seconds + " is less than 1");
    require(rings > 0 && rings <= 16, "--rings " + rings + " is out of range: 1 to 16");
    require(
        size >= UdpFrame.HEADERS && size <= 1514,
        "-l " + size + " is out of range: " + UdpFrame.HEADERS + " to 1514");
    NicOptions options =
        NicOptions.DEFAULT.rings(rings, rings).slots(SLOTS, SLOTS).dropWhenFull(noFlowControl);
    received = new Tally[rings];
    Arrays.setAll(received, r -> new Tally());
    Wire before = Wire.now();
    Map<String, Long> txCard;
    Map<String, Long> rxCard;
    try (NetmapPort tx = Ports.open("model0", Netmap.NR_EXCLUSIVE, options);
        NetmapPort rx = Ports.open("model1", Netmap.NR_EXCLUSIVE | Netmap.NR_NO_TX_POLL, options)) {
      tx.awaitLink(5000);
      rx.awaitLink(5000);
      context.ready();
      try {
        traffic(tx, rx);
      } catch (Exception e) {
        context.out.println(new Rates(List.of(received)).totals("Received"));
        throw e;
      }
      txCard = tx.counters();
      rxCard = rx.counters();
    }
    // The cards' thread has ended with the last port, so the cable's plain counters can be read.
    return report(txCard, rxCard, Wire.now().minus(before))
        ? CommandContext.OK
        : CommandContext.FAILED;
  }

  private void traffic(NetmapPort tx, NetmapPort rx) throws Exception {
    Stop sending = context.stop.child();
    Stop receiving = new Stop();
    Workers receiver = new Workers(sending);
    receiver.start("rx", () -> new Receiver(rx, 512, received).run(0, false, receiving));
    Workers sender = new Workers(sending);
    UdpFrame frame =
        UdpFrame.ipv4(
            rx.nic().macAddress(),
            tx.nic().macAddress(),
            Endpoints.parse("10.0.0.1:1024-10.0.0.1:1279", false),
            Endpoints.parse("10.1.0.1", false),
            size);
    sender.start(
        "tx",
        () ->
            new Sender(tx, frame, Pace.unlimited(), 256, sent)
                .run(count == null ? 0 : count, sending));
    Rates rates = new Rates(List.of(received));
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    long next = System.nanoTime() + 1_000_000_000L;
    while (!sender.await(50)) {
      if (count == null && System.nanoTime() - end >= 0) {
        sending.request();
      }
      if (System.nanoTime() - next >= 0) {
        context.out.println(rates.line(context, Map.of("port", "model1")));
        next += 1_000_000_000L;
      }
    }
    settle(rx);
    receiving.request();
    sender.join();
    receiver.join();
  }

  /** Everything sent has arrived, or was lost and counted, or two seconds have passed. */
  private void settle(NetmapPort rx) throws InterruptedException {
    long deadline = System.nanoTime() + SETTLE_NANOS;
    while (arrived() < sent.packets() && System.nanoTime() - deadline < 0) {
      Thread.sleep(20);
      Map<String, Long> card = rx.counters();
      if (arrived() + lost(card) >= sent.packets()) {
        return;
      }
    }
  }

  private long arrived() {
    long sum = 0;
    for (Tally t : received) {
      sum += t.packets();
    }
    return sum;
  }

  /** What has entered the cable at either end. */
  private record Wire(long there, long back, long lost) {
    static Wire now() {
      WireCounters a = ModelBackend.pair().cable().counters(WireEnd.A);
      WireCounters b = ModelBackend.pair().cable().counters(WireEnd.B);
      return new Wire(a.frames(), b.frames(), a.lost() + b.lost());
    }

    Wire minus(Wire w) {
      return new Wire(there - w.there, back - w.back, lost - w.lost);
    }
  }

  private boolean report(Map<String, Long> tx, Map<String, Long> rx, Wire wire) {
    context.out.println(new Rates(List.of(received)).totals("Received"));
    context.out.println();
    row("", "model0", "model1");
    row("program: sent", sent.packets(), 0L);
    row("program: received", 0L, arrived());
    for (int r = 0; r < rings; r++) {
      row("  on ring " + r, "", String.valueOf(received[r].packets()));
    }
    for (String name : new String[] {"GPTC", "GPRC", "RXMPC", "QPRDC"}) {
      row("card: " + name, tx.getOrDefault(name, 0L), rx.getOrDefault(name, 0L));
    }
    row("cable: frames in", wire.there, wire.back);
    context.out.println();
    List<String> wrong = new ArrayList<>();
    same(wrong, "sent by the program", sent.packets(), "GPTC of model0", tx.get("GPTC"));
    same(wrong, "GPTC of model0", tx.get("GPTC"), "frames in the cable", wire.there);
    same(
        wrong,
        "frames in the cable",
        wire.there - wire.lost,
        "received + dropped",
        arrived() + lost(rx));
    if (!noFlowControl) {
      same(wrong, "GPRC of model1", rx.get("GPRC"), "received by the program", arrived());
      same(wrong, "dropped", lost(rx), "what flow control allows", 0L);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("sent", sent.packets());
    all.put("received", new Rates(List.of(received)).figures());
    all.put("cards", Map.of("model0", tx, "model1", rx));
    all.put("frames_in_cable", wire.there);
    all.put("agree", wrong.isEmpty());
    context.json("totals", all);
    context.out.println(
        wrong.isEmpty() ? "All counts agree." : "These do not agree: " + String.join("; ", wrong));
    return wrong.isEmpty();
  }

  private static long lost(Map<String, Long> card) {
    return card.getOrDefault("RXMPC", 0L) + card.getOrDefault("QPRDC", 0L);
  }

  private static void same(List<String> wrong, String what, Long a, String other, Long b) {
    if (!a.equals(b)) {
      wrong.add(what + " " + a + ", " + other + " " + b);
    }
  }

  private void row(String what, Object model0, Object model1) {
    context.out.println(
        String.format(Locale.ROOT, "%-22s %14s %14s", what, model0, model1).stripTrailing());
  }
}

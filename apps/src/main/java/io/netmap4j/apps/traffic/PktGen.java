package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.frames.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * netmap's pkt-gen: {@link Sender} or {@link Receiver}, one or several, {@link Pinger} or {@link
 * Ponger}, and a line each second.
 */
@Command(
    name = "pkt-gen",
    description =
        "Sends or receives packets as quickly as it can, or at a rate, or measures round trips, with pkt-gen's options"
            + " and output.",
    footer = {
      "",
      "ping sends one frame at a time, waits until it is back, at most a second, and keeps the times; -b does not count"
          + " for it. pong sends everything back, with MAC and IPv4 addresses exchanged.",
      "",
      "Functions txseq and rxseq, and the options -4 -6 -a -c -o -r -z -Z -A -C -F -H -I -M -N -P -X of"
          + " netmap's pkt-gen are not implemented. Rates go to standard error, totals to standard output. Ctrl-C ends a run"
          + " with its totals; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j pkt-gen -i netmap:eth0 -f tx -n 10000000 -l 60",
      "  netmap4j pkt-gen -i netmap:eth0 -f rx -p 4 --nic rings=4",
      "  netmap4j pkt-gen -i netmap:eth0 -f tx -R 1M -s 10.0.0.1:1024-10.0.0.1:2047",
      "  netmap4j pkt-gen -i netmap:eth0 -f ping -n 1000 -R 100",
      "  netmap4j run \"pkt-gen -i netmap:model1 -f rx -W\" \"pkt-gen -i netmap:model0 -f tx -n 1000000\"",
      "  netmap4j run \"pkt-gen -i netmap:model1 -f pong -W\" \"pkt-gen -i netmap:model0 -f ping -n 1000\"",
    })
public final class PktGen extends SubCommand {
  /** Of nic.NAME.rings. */
  private static final int MOST_RINGS = 16;

  @Mixin OnePort setup;
  @Mixin WaitOption wait;
  @Mixin ReportOption report;

  @Option(
      names = "-f",
      paramLabel = "tx|rx|ping|pong",
      defaultValue = "rx",
      description = "What to do (default: rx).")
  String function;

  @Option(
      names = "-n",
      paramLabel = "COUNT",
      converter = Converters.Count.class,
      defaultValue = "0",
      description = "Packets; 0, the default, for no end.")
  long count;

  @Option(
      names = "-l",
      paramLabel = "BYTES",
      defaultValue = "60",
      description =
          "Frame without CRC, 42 to 65520 (default: 60). More than a buffer takes several slots.")
  int size;

  @Option(
      names = "-b",
      paramLabel = "PACKETS",
      converter = Converters.Some.class,
      defaultValue = "512",
      description = "Most packets of one ring between two syncs (default: 512).")
  int burst;

  @Option(
      names = "-s",
      paramLabel = "IP[:PORT[-IP:PORT]]",
      defaultValue = "10.0.0.1",
      description = "Source.")
  String source;

  @Option(
      names = "-d",
      paramLabel = "IP[:PORT[-IP:PORT]]",
      defaultValue = "10.1.0.1",
      description = "Destination.")
  String destination;

  @Option(
      names = "-S",
      paramLabel = "MAC",
      description = "Source address (default: the port's own).")
  MacAddress sourceMac;

  @Option(
      names = "-D",
      paramLabel = "MAC",
      defaultValue = "ff:ff:ff:ff:ff:ff",
      description = "Destination address (default: broadcast).")
  MacAddress destinationMac;

  @Option(
      names = "-p",
      paramLabel = "THREADS",
      converter = Converters.Some.class,
      defaultValue = "1",
      description = "Threads, each with a ring of its own (default: 1, with all rings).")
  int threads;

  @Option(
      names = "-R",
      paramLabel = "PPS",
      description = "Packets a second, with K, M or G (default: no limit).")
  String rate;

  @Option(
      names = "-W",
      description = "rx and pong end after a second of silence, once there was traffic.")
  boolean untilSilence;

  @Option(
      names = "--counters",
      description = "At the end, the card's own counters and the port's, by name, that are not 0.")
  boolean counters;

  private static final Set<String> FUNCTIONS = Set.of("tx", "rx", "ping", "pong");

  private UdpFrame.Endpoints sources;
  private UdpFrame.Endpoints destinations;
  private long pps;

  @Override
  public Integer call() throws Exception {
    check();
    List<NetmapPort> ports = new ArrayList<>();
    try {
      open(ports);
      if (need().tx && !function.equals("pong")) {
        requireSendable(ports.get(0));
      }
      Drops drops = new Drops(ports);
      context.ready();
      setup.awaitLink(ports.get(0), context);
      switch (function) {
        case "tx" -> transmit(ports);
        case "ping" -> ping(ports.get(0));
        case "pong" -> pong(ports.get(0), drops);
        default -> receive(ports, drops);
      }
      return CommandContext.OK;
    } finally {
      ports.forEach(NetmapPort::close);
    }
  }

  private void check() {
    require(
        FUNCTIONS.contains(function),
        "-f "
            + function
            + ": known functions are tx, rx, ping and pong (pkt-gen's txseq and rxseq are not implemented)");
    require(
        size >= UdpFrame.HEADERS && size <= UdpFrame.LONGEST,
        "-l " + size + " is out of range: " + UdpFrame.HEADERS + " to " + UdpFrame.LONGEST);
    require(
        threads == 1 || !isEcho(),
        "-p " + threads + ": ping and pong have one thread: leave -p out");
    require(
        size >= Pinger.LEAST || !function.equals("ping"),
        "-l " + size + " is too short for a ping: its number and time need " + Pinger.LEAST);
    try {
      sources = UdpFrame.Endpoints.parse(source);
      destinations = UdpFrame.Endpoints.parse(destination);
      pps = rate == null ? 0 : Rates.parse(rate);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private boolean isEcho() {
    return function.startsWith("p");
  }

  private PortOptions.Need need() {
    return switch (function) {
      case "tx" -> PortOptions.Need.TX;
      case "rx" -> PortOptions.Need.RX;
      default -> PortOptions.Need.BOTH;
    };
  }

  /** One port with everything, or one for each thread with one ring. */
  private void open(List<NetmapPort> ports) {
    long flags = function.equals("rx") ? Netmap.NR_NO_TX_POLL : 0;
    if (threads == 1) {
      ports.add(setup.open(setup.name, need(), flags));
      return;
    }
    PortSpec name = Ports.spec(setup.name);
    require(
        name.mode() == Netmap.NR_REG_ALL_NIC,
        "-p " + threads + " needs every ring: leave the suffix of " + setup.name + " out");
    setup.requireRings(setup.name, need());
    for (int i = 0; i < threads; i++) {
      ports.add(setup.open(name.name() + "-" + i, need(), flags | name.flags()));
      int rings =
          function.equals("tx") ? ports.get(0).nifp().txRings() : ports.get(0).nifp().rxRings();
      require(
          threads <= rings,
          "-p "
              + threads
              + ": "
              + name.name()
              + " has "
              + rings
              + " "
              + function
              + " rings; "
              + (threads <= MOST_RINGS
                  ? "--nic rings=" + threads
                  : "a card has at most " + MOST_RINGS + ", with --nic rings=" + MOST_RINGS));
    }
  }

  private void transmit(List<NetmapPort> ports) throws Exception {
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    List<Tally> tallies = new ArrayList<>();
    long[] refused = ports.stream().mapToLong(NetmapPort::unsent).toArray();
    for (int i = 0; i < threads; i++) {
      Tally tally = new Tally();
      tallies.add(tally);
      NetmapPort own = ports.get(i);
      Sender sender = new Sender(own, frame(own), pace(i), burst, tally);
      long share = count / threads + (i < count % threads ? 1 : 0);
      if (count == 0 || share > 0) {
        workers.start("tx " + i, () -> sender.run(share, stop));
      }
    }
    Rates rates = new Rates(tallies);
    workers.run(
        report.millis,
        () -> context.err.println(rates.line()),
        () -> {
          context.out.println(rates.totals("Sent"));
          printCounters(ports.get(0));
        });
    for (int i = 0; i < threads; i++) {
      Ports.requireAllSent(ports.get(i), refused[i]);
    }
  }

  /** Of one thread: they take turns. */
  private Pace pace(int thread) {
    return pps == 0 ? Pace.unlimited() : Pace.rate((double) pps / threads, thread * (1e9 / pps));
  }

  /** All frames are alike: if one cannot be sent, none can. */
  private void requireSendable(NetmapPort own) {
    NetmapRing ring = own.tx(own.firstTxRing());
    int slots = (size + ring.bufSize() - 1) / ring.bufSize();
    Limits limits = new Limits(own);
    if (!limits.accepts(size, slots)) {
      throw new NetmapException(
          Errno.EINVAL,
          String.format(
              Locale.ROOT,
              "-l %d%s is too long for %s: %s",
              size,
              slots == 1 ? "" : " (" + slots + " slots)",
              setup.name,
              limits.range()));
    }
  }

  private UdpFrame frame(NetmapPort own) {
    byte[] from = sourceMac != null ? sourceMac.octets() : ownMac(own);
    return new UdpFrame(destinationMac.octets(), from, sources, destinations, size);
  }

  private void ping(NetmapPort own) throws Exception {
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    RoundTrips times = new RoundTrips();
    Pinger pinger = new Pinger(own, frame(own), pps, times);
    workers.start("ping", () -> pinger.run(count, stop));
    workers.run(
        report.millis,
        () -> context.err.println(times.line()),
        () -> {
          context.out.println(times.totals(size));
          printCounters(own);
        });
    if (times.allLost()) {
      throw new NetmapException(
          Errno.ETIMEDOUT,
          setup.name
              + ": no ping came back within a second: link "
              + own.link()
              + "; the other end has to answer: netmap4j pkt-gen -i PORT -f pong");
    }
  }

  private void pong(NetmapPort own, Drops drops) throws Exception {
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    Tally tally = new Tally();
    Limits limits = new Limits(own);
    long refused = own.unsent();
    Ponger ponger = new Ponger(own, burst, ownMac(own), tally, limits);
    workers.start("pong", () -> ponger.run(count, untilSilence, stop));
    Rates rates = new Rates(List.of(tally));
    workers.run(
        report.millis,
        () -> context.err.println(rates.line()),
        () -> {
          context.out.println(rates.totals("Answered"));
          drops.print(context.out);
          printCounters(own);
        });
    limits.requireNone();
    Ports.requireAllSent(own, refused);
  }

  private void printCounters(NetmapPort own) {
    if (counters) {
      own.counters().entrySet().stream()
          .filter(c -> c.getValue() != 0)
          .forEach(
              c ->
                  context.out.printf(
                      Locale.ROOT, "%s: %s %d%n", own.name(), c.getKey(), c.getValue()));
    }
  }

  private static byte[] ownMac(NetmapPort port) {
    try {
      return port.nic().macAddress();
    } catch (NetmapException e) {
      return new byte[6]; // not a NIC
    }
  }

  private void receive(List<NetmapPort> ports, Drops drops) throws Exception {
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    List<Tally> all = new ArrayList<>();
    for (NetmapPort own : ports) {
      Tally[] tallies = new Tally[own.endRxRing()];
      for (int r = own.firstRxRing(); r < own.endRxRing(); r++) {
        all.add(tallies[r] = new Tally());
      }
      Receiver receiver = new Receiver(own, burst, tallies);
      // RSS decides which thread gets how many, so several threads count together, below
      workers.start(
          "rx " + own.firstRxRing(),
          () -> receiver.run(threads == 1 ? count : 0, untilSilence, stop));
    }
    Rates rates = new Rates(all);
    long[] next = {System.nanoTime() + report.millis * 1_000_000};
    workers.run(
        threads == 1 ? report.millis : Math.min(report.millis, 10),
        () -> {
          if (count > 0 && all.stream().mapToLong(Tally::packets).sum() >= count) {
            stop.request();
          }
          if (System.nanoTime() - next[0] >= 0) {
            context.err.println(rates.line());
            next[0] = System.nanoTime() + report.millis * 1_000_000;
          }
        },
        () -> {
          context.out.println(rates.totals("Received"));
          drops.print(context.out);
          printCounters(ports.get(0));
        });
  }
}

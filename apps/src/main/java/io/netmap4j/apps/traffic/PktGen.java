package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
      "txseq sends on the port's first ring, with a number in the first four bytes of each payload; rxseq expects each"
          + " ring's numbers in order, says what is missing, out of order or there twice, and ends with exit code 1 then."
          + " ping sends one frame at a time, waits until it is back, at most a second, and keeps the times; -b does not"
          + " count for it. pong sends everything back, with MAC and IP addresses exchanged.",
      "",
      "What differs from netmap's pkt-gen: -e, --offset, --vlan, --nic, --counters and ranges of MAC addresses are additions."
          + " Frames are never shorter than their headers, checksums are always right (also of ping, and where -l is given"
          + " twice, which draws a size for each packet, not for each batch). -6 has addresses of its own by default, and a"
          + " range without a group is one of the lower 64 bits. -a needs no -c. txseq heeds -n. pong knows IPv6 and VLAN"
          + " tags. -W also ends pong. The totals of ping have percentiles, its reports no histogram. -o refuses bits 1, 2 and 16, which have no effect in netmap's pkt-gen. -i null, tap: and pcap: are not there: an"
          + " ordinary interface is a port as it is, netmap:NAME. -c alone does nothing. Wrong values are errors, where"
          + " pkt-gen goes on with a default.",
      "",
      "Rates go to standard error, totals and -X to standard output. Ctrl-C ends a run with its totals; the exit code is"
          + " then 130.",
      "",
      "Examples:",
      "  netmap4j pkt-gen -i netmap:eth0 -f tx -n 10000000 -l 60",
      "  netmap4j pkt-gen -i netmap:eth0 -f rx -p 4 -a 0 --nic rings=4",
      "  netmap4j pkt-gen -i netmap:eth0 -f tx -R 1M -s 10.0.0.1:1024-10.0.0.1:2047",
      "  netmap4j pkt-gen -i netmap:eth0 -f tx -6 -s [2001:db8::1]:7-[2001:db8::ff]:7 --vlan 100 -l 1514 -l 64",
      "  netmap4j pkt-gen -i netmap:eth0 -f ping -n 1000 -R 100",
      "  netmap4j run \"pkt-gen -i netmap:model1 -f rx -W\" \"pkt-gen -i netmap:model0 -f tx -n 1000000\"",
      "  netmap4j run \"pkt-gen -i netmap:model1 -f rxseq -W\" \"pkt-gen -i netmap:model0 -f txseq -n 1000000\"",
      "  netmap4j run \"pkt-gen -i netmap:model1 -f pong -W\" \"pkt-gen -i netmap:model0 -f ping -n 1000\"",
    })
public final class PktGen extends SubCommand implements Captures.User {
  /** A slot's len has 16 bits, so no buffer is larger. */
  private static final int MOST_OFFSET = 65_535;

  private static final Set<String> FUNCTIONS = Set.of("tx", "rx", "ping", "pong", "txseq", "rxseq");

  @Mixin OnePort setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;
  @Mixin WaitOption wait;
  @Mixin ReportOption report;

  @Option(
      names = "-f",
      paramLabel = "tx|rx|ping|pong|txseq|rxseq",
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
      names = "-b",
      paramLabel = "PACKETS",
      converter = Converters.Some.class,
      defaultValue = "512",
      description = "Most packets of one ring between two syncs (default: 512).")
  int burst;

  @Option(
      names = "-R",
      paramLabel = "PPS",
      description = "Packets a second, with K, M or G (default: no limit).")
  String rate;

  @Mixin FrameOptions frames;
  @Mixin ThreadOptions threads;

  @Option(
      names = "-W",
      description = "rx, rxseq and pong end after a second of silence, once there was traffic.")
  boolean untilSilence;

  @Option(
      names = "-e",
      paramLabel = "BUFFERS",
      converter = Converters.Count.class,
      defaultValue = "0",
      description =
          "Extra buffers of each thread; they take turns with those in the slots (default: 0).")
  long extraBuffers;

  @Option(
      names = "--offset",
      paramLabel = "BYTES",
      defaultValue = "0",
      description = "Headroom: where in its buffer each packet starts (default: 0).")
  int offset;

  @Option(
      names = "-C",
      paramLabel = "TXSLOTS[,RXSLOTS[,TXRINGS[,RXRINGS]]]",
      converter = Converters.Counts.class,
      description =
          "Slots and rings of a port that this makes, 0 for the default. Deprecated: PORT@conf:slots=...,rings=...")
  RingCounts counts;

  @Mixin RateOptions rates;

  @Option(
      names = "--counters",
      description = "At the end, the card's own counters and the port's, by name, that are not 0.")
  boolean counters;

  /** Of -R; 0 for no limit. */
  long pps;

  @Override
  public Integer call() throws Exception {
    check();
    List<NetmapPort> ports = new ArrayList<>();
    try {
      new PortsOfThreads(this).open(ports);
      if (need().tx && !function.equals("pong")) {
        requireSendable(ports.get(0));
      }
      Drops drops = new Drops(ports);
      context.ready();
      setup.awaitLink(ports.get(0), context);
      announce(ports.get(0));
      switch (function) {
        case "tx", "txseq" -> transmit(ports);
        case "ping" -> new PingPong(this).ping(ports.get(0));
        case "pong" -> new PingPong(this).pong(ports.get(0), drops);
        default -> receive(ports, drops);
      }
      return CommandContext.OK;
    } finally {
      ports.forEach(NetmapPort::close);
    }
  }

  @Override
  public List<Path> reads() {
    return frames.reads();
  }

  @Override
  public List<Path> writes() {
    return List.of();
  }

  private void check() throws IOException {
    require(
        FUNCTIONS.contains(function),
        "-f " + function + ": known functions are tx, rx, ping, pong, txseq and rxseq");
    require(
        threads.threads == 1 || !isEcho() && !function.equals("txseq"),
        "-p " + threads.threads + ": ping, pong and txseq have one thread: leave -p out");
    require(
        extraBuffers == 0 || !isEcho(), "-e " + extraBuffers + " is for tx, rx, txseq and rxseq");
    require(extraBuffers <= Integer.MAX_VALUE, "-e " + extraBuffers + " is out of range");
    threads.check();
    frames.check(function, reserved(), context.stop);
    requireItsOptions();
    require(
        !frames.indirect || function.startsWith("tx") && Ports.spec(setup.name).vale(),
        "-I: NS_INDIRECT is for tx and txseq on VALE ports, as vale0:1");
    require(
        !frames.indirect || extraBuffers == 0 && offset == 0,
        "-I uses no buffers: leave -e and --offset out");
    require(
        offset >= 0 && offset <= MOST_OFFSET,
        "--offset " + offset + " is out of range: 0 to " + MOST_OFFSET);
    try {
      pps = rate == null ? 0 : Rates.parse(rate);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "-R " + e.getMessage() + "; leave -R out for no limit", e);
    }
  }

  /** What a function would leave out of account. */
  private void requireItsOptions() {
    boolean receives = function.startsWith("rx") || function.equals("pong");
    require(
        !frames.rubbish || function.equals("tx"),
        "-r is for tx, which needs nothing in its frames, not " + function);
    require(
        frames.scatter().equals(Scatter.NONE) || function.startsWith("tx"),
        "-F and -M are for tx and txseq, not " + function);
    require(!frames.dump || !isEcho(), "-X is for tx, rx, txseq and rxseq, not " + function);
    require(!untilSilence || receives, "-W is for rx, rxseq and pong, not " + function);
    require(rate == null || !receives, "-R is for tx, txseq and ping, not " + function);
  }

  private boolean isEcho() {
    return function.startsWith("p");
  }

  /** Bytes at the payload's beginning that the function writes itself. */
  private int reserved() {
    return switch (function) {
      case "ping" -> Pinger.RESERVED;
      case "txseq" -> FrameOptions.NUMBER_BYTES;
      default -> 0;
    };
  }

  PortOptions.Need need() {
    return switch (function) {
      case "tx", "txseq" -> PortOptions.Need.TX;
      case "rx", "rxseq" -> PortOptions.Need.RX;
      default -> PortOptions.Need.BOTH;
    };
  }

  /** As pkt-gen does: what it is about to do, and for whom. */
  private void announce(NetmapPort own) {
    String what =
        switch (need()) {
          case TX -> "Sending on ";
          case RX -> "Receiving from ";
          default -> "Working on ";
        };
    boolean tx = need() == PortOptions.Need.TX;
    int queues = tx ? own.nifp().txRings() : own.nifp().rxRings();
    context.out.printf(
        Locale.ROOT,
        "%s%s: %d queues, %d threads and %d cpus.%n",
        what,
        Ports.full(setup.name),
        queues,
        threads.threads,
        threads.cpus());
    if (tx && !frames.isGiven()) {
      context.out.println(frames.route(ownMac(own)));
    }
    if (counts != null) {
      context.err.println("-C is deprecated: use " + setup.name + "@conf:slots=...,rings=...");
    }
    if (context.verbose()) {
      for (int r = own.firstTxRing(); r < own.endTxRing(); r++) {
        printRing("TX", own, own.tx(r));
      }
      for (int r = own.firstRxRing(); r < own.endRxRing(); r++) {
        printRing("RX", own, own.rx(r));
      }
    }
  }

  private void printRing(String direction, NetmapPort own, NetmapRing ring) {
    context.err.printf(
        Locale.ROOT,
        "   %s%d at offset 0x%x slots %d%n",
        direction,
        ring.ringId(),
        ring.address() - own.memory().address(),
        ring.numSlots());
  }

  private void transmit(List<NetmapPort> ports) throws Exception {
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    List<Tally> tallies = new ArrayList<>();
    boolean numbered = function.equals("txseq");
    long[] refused = ports.stream().mapToLong(NetmapPort::unsent).toArray();
    for (int i = 0; i < threads.threads; i++) {
      long share = count / threads.threads + (i < count % threads.threads ? 1 : 0);
      if (count > 0 && share == 0) {
        break; // nor have those behind it anything to send
      }
      Tally tally = new Tally();
      tallies.add(tally);
      NetmapPort own = ports.get(i);
      show("tx", own, tally);
      UdpFrame frame = frames.frame(ownMac(own), reserved(), numbered);
      Sender.Ways ways = frames.ways(own, extra(own), context.out);
      int endRing = numbered ? own.firstTxRing() + 1 : own.endTxRing();
      Sender sender = new Sender(own, endRing, frame, pace(i), burst, ways, tally);
      int thread = i;
      workers.start(
          "tx " + i,
          () -> {
            threads.place(thread, context);
            sender.run(share, stop);
          });
    }
    Rates lines = new Rates(tallies, rates.style(frames.average()));
    Progress progress = context.progress(count, "packets");
    workers.run(
        report.step(),
        report.every(progress, () -> Tally.packets(tallies), () -> lines.line(context, names())),
        () -> {
          progress.close();
          context.out.println(lines.totals("Sent"));
          printCounters(ports.get(0));
          json(lines.figures(), ports.get(0), null);
        });
    for (int i = 0; i < threads.threads; i++) {
      Ports.requireAllSent(ports.get(i), refused[i]);
    }
  }

  void show(String what, NetmapPort own, Tally tally) {
    context.figures().loop("pkt-gen", what + " " + own.name(), tally);
  }

  private ExtraBuffers extra(NetmapPort own) {
    return extraBuffers == 0 ? null : new ExtraBuffers(own);
  }

  /** Of one thread: they take turns. */
  private Pace pace(int thread) {
    return pps == 0
        ? Pace.unlimited()
        : Pace.rate((double) pps / threads.threads, thread * (1e9 / pps));
  }

  /** All frames are alike, or shorter: if the longest can be sent, all can. */
  private void requireSendable(NetmapPort own) {
    boolean nic = own.maxFrame() != Integer.MAX_VALUE;
    require(
        frames.header == 0 || !nic,
        "-H "
            + frames.header
            + ": "
            + setup.name
            + " sends Ethernet frames, so it has no such header");
    NetmapRing ring = own.tx(own.firstTxRing());
    int size = frames.size();
    int slots =
        frames.indirect
            ? 1
            : frames.scatter().slots(size, ring.bufSize() - ring.offset(ring.head()));
    require(
        slots <= own.maxSlots(),
        String.format(
            Locale.ROOT,
            "%s sends packets of at most %d slots, and a frame of %d bytes takes %d: see -F, -M and --offset",
            setup.name,
            own.maxSlots(),
            size,
            slots));
    require(
        !frames.rubbish || slots == 1,
        "-r sends one buffer as it is, and a frame of " + size + " bytes takes " + slots);
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

  /** Whose figures they are, for JSON. */
  Map<String, Object> names() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("function", function);
    all.put("port", Ports.brief(setup.name));
    return all;
  }

  /**
   * The totals.
   *
   * @param drops null for none
   */
  void json(Map<String, Object> figures, NetmapPort own, Drops drops) {
    Map<String, Object> all = names();
    all.putAll(figures);
    if (drops != null) {
      all.put("drops", drops.figures());
    }
    if (counters) {
      all.put("counters", own.counters());
    }
    context.json("totals", all);
  }

  void printCounters(NetmapPort own) {
    if (counters) {
      own.counters().entrySet().stream()
          .filter(c -> c.getValue() != 0)
          .forEach(
              c ->
                  context.out.printf(
                      Locale.ROOT, "%s: %s %d%n", own.name(), c.getKey(), c.getValue()));
    }
  }

  static byte[] ownMac(NetmapPort port) {
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
    List<SequenceCheck> checks = new ArrayList<>();
    for (int i = 0; i < ports.size(); i++) {
      NetmapPort own = ports.get(i);
      Tally[] tallies = new Tally[own.endRxRing()];
      for (int r = own.firstRxRing(); r < own.endRxRing(); r++) {
        all.add(tallies[r] = new Tally());
        show("rx", own, tallies[r]);
      }
      SequenceCheck check = null;
      if (function.equals("rxseq")) {
        checks.add(check = new SequenceCheck(own, frames.header, context.err));
      }
      Receiver.Ways ways = new Receiver.Ways(check, extra(own), frames.dump ? context.out : null);
      Receiver receiver = new Receiver(own, burst, ways, tallies);
      int thread = i;
      // RSS decides which thread gets how many, so several threads count together, below
      workers.start(
          "rx " + own.firstRxRing(),
          () -> {
            threads.place(thread, context);
            receiver.run(threads.threads == 1 ? count : 0, untilSilence, stop);
          });
    }
    Rates lines = new Rates(all, rates.style(frames.average()));
    Progress progress = context.progress(count, "packets");
    Runnable reports =
        report.every(progress, () -> Tally.packets(all), () -> lines.line(context, names()));
    workers.run(
        threads.threads == 1 ? report.step() : Math.min(report.millis, 10),
        () -> {
          if (count > 0 && Tally.packets(all) >= count) {
            stop.request();
          }
          reports.run();
        },
        () -> {
          progress.close();
          context.out.println(lines.totals("Received"));
          checks.forEach(check -> check.printTotals(context.out));
          drops.print(context.out);
          printCounters(ports.get(0));
          Map<String, Object> figures = lines.figures();
          if (!checks.isEmpty()) {
            figures.put("sequences", checks.stream().flatMap(c -> c.figures().stream()).toList());
            figures.put("without_number", checks.stream().mapToLong(SequenceCheck::without).sum());
          }
          json(figures, ports.get(0), drops);
        });
    if (!checks.stream().allMatch(SequenceCheck::allInOrder)) {
      throw new NetmapException(
          Errno.EIO, setup.name + ": the numbers received were not all in order, see the totals");
    }
  }
}

package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.frames.BpfFilter;
import io.netmap4j.frames.PcapWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Records what a port receives: a capture file, or a line for each packet. */
@Command(
    name = "dump",
    description =
        "Receives packets, all or those that a filter takes, and writes them to a capture file, or one line for each.",
    footer = {
      "",
      "EXPRESSION is a filter as tcpdump takes it (man pcap-filter); libpcap has to be installed, which compiles it. A"
          + " packet of several slots is one packet of the file. The time is that of the batch it came in with. The card is"
          + " set up for frames up to MTU 9216, and to hold frames back while a ring is full; --nic mtu=...,drop=true"
          + " changes that. An interface of the kernel keeps its MTU. What has been received is in the file as soon as there is a pause, and twice a second"
          + " under load. Ctrl-C ends it with a complete file; the exit code is then 130. It also ends when the reader"
          + " of its output is gone, and, on a monitor, when the port that it monitors is closed. The totals go to"
          + " standard error.",
      "",
      "Examples:",
      "  netmap4j dump -i netmap:eth0",
      "  netmap4j dump -i netmap:eth0 -w out.pcap -c 1000",
      "  netmap4j dump -i netmap:eth0 -w - | tcpdump -nr -",
      "  netmap4j dump -i netmap:eth0 -w out.pcapng --format pcapng tcp port 80 or arp",
      "  netmap4j run \"pkt-gen -i netmap:eth0 -f rx\" \"dump -i netmap:eth0/r -w out.pcap\"",
    })
public final class Dump extends SubCommand implements Captures.User {
  private static final int MTU = 9216;
  private static final int STANDARD_OUTPUT = 1;
  private static final int WAIT_MILLIS = 100;

  private static final long MONITOR =
      Netmap.NR_MONITOR_TX | Netmap.NR_MONITOR_RX | Netmap.NR_ZCOPY_MON;

  /** At the end: how long for the next packet, and for all of them. */
  private static final int LAST_MILLIS = 20;

  private static final long LAST_NANOS = 500_000_000;
  private static final long FLUSH_NANOS = 500_000_000;
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS");

  @Mixin OnePort setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;

  @Option(
      names = "-w",
      paramLabel = "FILE",
      description = "Write a capture file; - is standard output.")
  Path file;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "Of the file that -w names, as tshark calls it: pcap (the default), nsecpcap, which has nanoseconds, or"
              + " pcapng, which has them too.")
  PcapWriter.Format format;

  @Option(
      names = "-c",
      paramLabel = "COUNT",
      defaultValue = "0",
      converter = Converters.Count.class,
      description = "End after so many packets; 0, the default, for no end.")
  long count;

  @Option(
      names = "-s",
      paramLabel = "BYTES",
      defaultValue = "0",
      converter = Converters.Count.class,
      description =
          "Write at most so many bytes of each packet, with its original length in the record header; 0, the default: all.")
  long snap;

  @Parameters(
      paramLabel = "EXPRESSION",
      arity = "0..*",
      description = "Only packets that this filter takes (all).")
  List<String> expression = List.of();

  private BpfFilter filter;
  private PcapWriter pcap;
  private boolean monitor;
  private long packets;
  private long bytes;
  private long refused;
  private long cut;
  private long flushed = System.nanoTime();

  /** The slots so far of a packet whose end has not been seen, put together. */
  private final byte[] joined = new byte[PcapWriter.LONGEST_FRAME];

  /** Its length so far; 0 without such a packet. */
  private int partial;

  /** How much of it is in {@link #joined}. */
  private int kept;

  @Override
  public Integer call() throws Exception {
    require(format == null || file != null, "--format is for a file: it needs -w");
    require(
        !json.json || !toStandardOutput(),
        "--json and -w - both want standard output: name a file");
    filter = filter();
    try (NetmapPort port = setup.open(setup.name, PortOptions.Need.RX, Netmap.NR_NO_TX_POLL, MTU)) {
      Drops drops = new Drops(port);
      context.figures().loop("dump", "rx " + port.name(), () -> packets, () -> bytes);
      monitor = (Ports.spec(setup.name).flags() & MONITOR) != 0;
      try (PcapWriter writer = create()) {
        pcap = writer;
        stampReceived(port);
        context.ready();
        setup.awaitLink(port, context);
        receive(port);
        flush();
      } catch (IOException e) {
        if (!readerGone()) {
          throw e;
        }
      } finally {
        context.err.println(totals());
        drops.print(context.err);
        context.json("totals", figures(port, drops));
      }
      return readerGone() && !enough() ? CommandContext.FAILED : CommandContext.OK;
    }
  }

  @Override
  public List<Path> reads() {
    return List.of();
  }

  @Override
  public List<Path> writes() {
    return file == null ? List.of() : List.of(file);
  }

  /** By descriptor, not by a name such as /dev/stdout: that would open, and cut, the file anew. */
  private PcapWriter create() throws IOException {
    if (file == null) {
      return null;
    }
    PcapWriter.Format layout = format == null ? PcapWriter.Format.PCAP : format;
    return toStandardOutput()
        ? PcapWriter.of(STANDARD_OUTPUT, "standard output", layout)
        : context.openToWrite(file, () -> PcapWriter.create(file, layout));
  }

  private boolean toStandardOutput() {
    return file != null && file.equals(Captures.STREAM);
  }

  private static void stampReceived(NetmapPort port) {
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      NetmapRing ring = port.rx(r);
      ring.flags(ring.flags() | Netmap.NR_TIMESTAMP);
    }
  }

  /** Null for none. */
  private BpfFilter filter() {
    if (expression.isEmpty()) {
      return null;
    }
    try {
      return BpfFilter.compile(String.join(" ", expression));
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private void receive(NetmapPort port) throws IOException {
    long end = 0;
    while (!enough() && !readerGone()) {
      if (end == 0 && context.stop.requested()) {
        end = System.nanoTime() + LAST_NANOS;
      }
      int ready = pcap != null && pcap.pending() ? port.poll(NetmapPort.POLLIN, 0) : 0;
      if (ready == 0) {
        flush(); // a pause: whoever reads the file sees all there is
        ready = port.poll(NetmapPort.POLLIN, end == 0 ? WAIT_MILLIS : LAST_MILLIS);
      }
      if (monitor && (ready & NetmapPort.POLLERR) != 0 && port.rxSync() == Errno.EIO) {
        take(port);
        return; // the port that is monitored was closed
      }
      Ports.check(port, ready);
      take(port);
      if (System.nanoTime() - flushed > FLUSH_NANOS) {
        flush();
      }
      if (end != 0 && (ready == 0 || System.nanoTime() - end > 0)) {
        return; // what had arrived when the end was asked for is in
      }
    }
  }

  private void take(NetmapPort port) throws IOException {
    for (int r = port.firstRxRing(); r < port.endRxRing() && !enough(); r++) {
      NetmapRing ring = port.rx(r);
      int slot = ring.head();
      for (int left = ring.space(); left > 0 && !enough(); left--) {
        take(ring, slot);
        slot = ring.next(slot);
      }
      ring.advance(slot);
    }
  }

  private void flush() throws IOException {
    if (pcap != null && pcap.pending()) {
      pcap.flush();
    }
    flushed = System.nanoTime();
  }

  /** True when the output is a pipe that nobody reads: "dump | head -2". */
  private boolean readerGone() {
    if (pcap != null) {
      return pcap.readerGone();
    }
    return context.outputClosed();
  }

  private boolean enough() {
    return count > 0 && packets >= count;
  }

  /**
   * A slot: a packet, or a part of one. The tail never stops inside a packet, so parts of two are
   * never mixed.
   */
  private void take(NetmapRing ring, int slot) throws IOException {
    boolean more = (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
    if (more || partial > 0) {
      int have = Math.min(ring.len(slot), PcapWriter.LONGEST_FRAME - kept);
      ring.getBytes(slot, 0, joined, kept, have);
      partial += ring.len(slot);
      kept += have;
    }
    if (more) {
      return;
    }
    int length = partial > 0 ? partial : ring.len(slot);
    if (taken(ring, slot, length)) {
      packets++;
      bytes += length;
      if (pcap != null) {
        record(ring, slot, length);
      } else {
        print(ring, slot, length);
      }
    } else {
      refused++;
    }
    partial = 0;
    kept = 0;
  }

  /** The filter takes the packet that ends in this slot. */
  private boolean taken(NetmapRing ring, int slot, int length) {
    return filter == null
        || (partial > 0
            ? filter.matches(joined, kept, length)
            : filter.matches(ring.buffer(slot), length, length));
  }

  /** Writes the packet that ends in this slot. */
  private void record(NetmapRing ring, int slot, int length) throws IOException {
    long nanos = ring.timestampNanos();
    int have = partial > 0 ? kept : length;
    int keep = snap == 0 ? have : (int) Math.min(have, snap);
    cut += keep < length ? 1 : 0;
    if (partial > 0) {
      pcap.write(nanos, joined, keep, length);
    } else {
      pcap.write(nanos, ring.buffer(slot), keep, length);
    }
  }

  /** Prints a line for the packet that ends in this slot. */
  private void print(NetmapRing ring, int slot, int length) {
    byte[] head = new byte[Math.min(length, 64)];
    if (partial > 0) {
      System.arraycopy(joined, 0, head, 0, head.length);
    } else {
      ring.getBytes(slot, 0, head, 0, head.length);
    }
    Instant time = Instant.ofEpochSecond(0, ring.timestampNanos());
    context.out.println(
        TIME.format(time.atZone(ZoneId.systemDefault())) + " " + FrameText.line(head, length));
  }

  private Map<String, Object> figures(NetmapPort port, Drops drops) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("port", Ports.brief(setup.name));
    all.put("packets", packets);
    all.put("bytes", bytes);
    all.put("refused_by_filter", refused);
    all.put("written", pcap == null ? 0 : pcap.frames());
    all.put("cut", cut);
    all.put("drops", drops.figures());
    return all;
  }

  private String totals() {
    StringBuilder text = new StringBuilder();
    text.append(packets).append(" packets, ").append(bytes).append(" bytes received on ");
    text.append(setup.name);
    if (filter != null) {
      text.append(", ").append(refused).append(" more that the filter refused");
    }
    if (pcap != null) {
      text.append("; ").append(pcap.frames()).append(" written to ");
      text.append(toStandardOutput() ? "standard output" : file);
    }
    if (cut > 0) {
      text.append(", ").append(cut).append(" of them cut to ");
      text.append(snap == 0 ? PcapWriter.LONGEST_FRAME : Math.min(PcapWriter.LONGEST_FRAME, snap))
          .append(" bytes");
    }
    return text.toString();
  }
}

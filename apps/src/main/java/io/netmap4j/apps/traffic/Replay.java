package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.common.NetmapException;
import io.netmap4j.frames.PcapReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Sends the frames of a capture file. */
@Command(
    name = "replay",
    description = "Sends the frames of a capture file, at the times recorded or at another rate.",
    footer = {
      "",
      "The file is pcap, of micro- or nanoseconds, or pcapng, as it is or compressed by gzip. Frames longer than a"
          + " buffer take several slots. Frames that were cut when recorded are sent as they are in the"
          + " file, and counted. Frames that the port does not send, longer than its MTU and 18 bytes or shorter than 14,"
          + " are skipped and counted; the exit code is then 1. -r - reads standard input, as it comes: a capture of"
          + " another program. Rates go to standard error, totals to"
          + " standard output. Ctrl-C ends it with the totals; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j replay -i netmap:eth0 -r samples/mixed.pcap",
      "  netmap4j replay -i netmap:eth0 -r samples/mixed.pcap --rate 100K --loop 10",
      "  netmap4j replay -i netmap:eth0 -r samples/mixed.pcap --max-gap 0.5",
      "  netmap4j run \"dump -i netmap:model1 -w out.pcap -c 1000\" \"replay -i netmap:model0 -r samples/mixed.pcap\"",
    })
public final class Replay extends SubCommand implements Captures.User {
  private static final int MTU = 9216;
  private static final int STANDARD_INPUT = 0;
  private static final long STEP_NANOS = 50_000_000;

  /** A gap that is worth a line. */
  private static final long LONG_GAP_NANOS = 2_000_000_000;

  @Mixin OnePort setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;
  @Mixin ReportOption report;

  @Option(
      names = "-r",
      required = true,
      paramLabel = "FILE",
      description = "The capture file; - is standard input.")
  Path file;

  @Option(
      names = "--rate",
      paramLabel = "RATE",
      defaultValue = "recorded",
      description = "recorded (the default), max, or packets a second with K, M or G.")
  String rate;

  @Option(
      names = "--loop",
      paramLabel = "N",
      converter = Converters.Count.class,
      defaultValue = "1",
      description = "Send the file so many times; 0 for no end.")
  long loops;

  @Option(
      names = "-b",
      paramLabel = "PACKETS",
      converter = Converters.Some.class,
      defaultValue = "512",
      description = "Most packets between two syncs (default: 512).")
  int burst;

  @Option(
      names = "--max-gap",
      paramLabel = "SECONDS",
      description =
          "Shorten longer pauses of the recording to this; 0: none at all (default: keep them).")
  double maxGap = Double.POSITIVE_INFINITY;

  private final Tally tally = new Tally();
  private final Rates rates = new Rates(List.of(tally));
  private Pace pace;
  private Progress progress;
  private Runnable reports = () -> {};

  /** The capture being sent; how many were before it; the size of each, 0 if that is not known. */
  private PcapReader reader;

  private long passes;
  private long fileBytes;
  private NetmapPort port;
  private FrameFeed feed;
  private Limits limits;
  private long refusedBefore;

  // Of the frames that were cut when they were recorded.
  private long cut;
  private long cutSkipped;

  @Override
  public Integer call() throws Exception {
    check();
    pace = pace();
    try (PcapReader first = open();
        NetmapPort opened = setup.open(setup.name, PortOptions.Need.TX, 0, MTU)) {
      use(opened);
      reader = first;
      context.ready();
      setup.awaitLink(port, context);
      tally.begin();
      progress = context.progress(loops * fileBytes(), "bytes");
      reports =
          report.every(
              progress,
              () -> passes * fileBytes + reader.consumed(),
              () -> rates.line(context, Map.of("port", Ports.brief(setup.name))));
      Exception failure = null;
      try {
        sendAll(first);
      } catch (IOException | NetmapException e) {
        failure = e; // what came before it is sent and counted all the same
      }
      end(failure);
      return CommandContext.OK;
    } catch (InterruptedIOException e) {
      context.out.println(rates.totals("Sent"));
      return CommandContext.OK; // the end was asked for before a capture came
    }
  }

  @Override
  public List<Path> reads() {
    return List.of(file);
  }

  @Override
  public List<Path> writes() {
    return List.of();
  }

  private void check() {
    require(maxGap >= 0, "--max-gap " + maxGap + " is less than 0");
    require(
        loops == 1 || rereadable(),
        "--loop "
            + loops
            + ": "
            + nameOfInput()
            + " can be read once only; save it to a file first");
  }

  private boolean rereadable() {
    return !isStandardInput() && (Files.isRegularFile(file) || !Files.exists(file));
  }

  private boolean isStandardInput() {
    return file.equals(Captures.STREAM);
  }

  private String nameOfInput() {
    return isStandardInput() ? "standard input" : file.toString();
  }

  private PcapReader open() throws IOException {
    return isStandardInput()
        ? PcapReader.of(STANDARD_INPUT, nameOfInput(), this::whileWaiting)
        : PcapReader.open(file, this::whileWaiting);
  }

  /** While a pipe has nothing to read: what came before leaves. @return false ends the reading */
  private boolean whileWaiting() {
    if (feed != null) {
      feed.flush();
    }
    report();
    return !context.stop.requested();
  }

  private void use(NetmapPort opened) {
    port = opened;
    feed = new FrameFeed(port, tally, context.stop, this::report);
    limits = new Limits(port);
    refusedBefore = port.unsent();
    context.figures().loop("replay", "tx " + port.name(), tally);
  }

  /** Null for the recorded times. */
  private Pace pace() {
    if (rate.equals("recorded")) {
      return null;
    }
    try {
      return rate.equals("max") ? Pace.unlimited() : Pace.rate((double) Rates.parse(rate));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--rate " + e.getMessage() + "; or recorded, or max", e);
    }
  }

  private void sendAll(PcapReader first) throws IOException {
    long sent = send(first);
    // A pass that sends nothing is the last: another one would not either.
    for (long i = 1; i != loops && sent > 0 && !context.stop.requested(); i++) {
      try (PcapReader again = open()) {
        reader = again;
        passes++;
        sent = send(again);
      }
    }
  }

  /**
   * @return frames sent
   */
  private long send(PcapReader capture) throws IOException {
    Schedule schedule = new Schedule((long) (maxGap * 1e9));
    FrameFeed.Frame frame =
        (from, ring, slot, bytes) -> capture.copyTo(from, ring.buffer(slot), bytes);
    long sent = 0;
    try {
      while (!context.stop.requested() && capture.next()) {
        if (accepted(capture)) {
          awaitTurn(capture, schedule.due(capture.timestampNanos()));
          feed.awaitRoom(capture.length());
          if (!context.stop.requested()) {
            feed.put(capture.length(), frame);
            sent++;
            if (feed.unsynced() >= burst) {
              feed.flush();
              report();
            }
          }
        }
      }
    } finally {
      feed.flush();
    }
    return sent;
  }

  /** Counts what the port would refuse. */
  private boolean accepted(PcapReader reader) {
    boolean whole = reader.length() == reader.originalLength();
    boolean fits = limits.accepts(reader.length(), feed.slots(reader.length()));
    cut += fits && !whole ? 1 : 0;
    cutSkipped += !fits && !whole ? 1 : 0;
    return fits;
  }

  /** Sleeps until the frame is due; what is before it leaves first. */
  private void awaitTurn(PcapReader reader, long dueNanos) {
    if (pace == null && dueNanos - System.nanoTime() > LONG_GAP_NANOS) {
      context.err.printf(
          Locale.ROOT,
          "Wait %.0f secs for frame %d of %s, as it was recorded%s%n",
          (dueNanos - System.nanoTime()) / 1e9,
          reader.number(),
          nameOfInput(),
          Double.isInfinite(maxGap) ? "; --max-gap SECONDS shortens such gaps" : "");
    }
    while (pace == null && dueNanos - System.nanoTime() > 0 && !context.stop.requested()) {
      feed.flush();
      report();
      LockSupport.parkNanos(Math.min(dueNanos - System.nanoTime(), STEP_NANOS));
    }
    while (pace != null && pace.grant(1) == 0 && !context.stop.requested()) {
      feed.flush();
      report();
    }
  }

  /** The line of each second. */
  private void report() {
    reports.run();
  }

  /** 0 of a pipe, which has no end that is known. */
  private long fileBytes() throws IOException {
    fileBytes = !isStandardInput() && Files.isRegularFile(file) ? Files.size(file) : 0;
    return fileBytes;
  }

  /** Waits until all has left, says what was done and what was not. */
  private void end(Exception failure) throws Exception {
    Ports.drain(port);
    tally.end();
    progress.close();
    context.out.println(rates.totals("Sent"));
    if (limits.skipped() > 0) {
      context.out.printf(
          Locale.ROOT, "Skipped %d frames: %s.%n", limits.skipped(), limits.reasons());
    }
    if (cut + cutSkipped > 0) {
      context.out.printf(
          Locale.ROOT,
          "Cut when recorded: %d frames, sent as they are in %s%s.%n",
          cut,
          nameOfInput(),
          cutSkipped == 0 ? "" : "; " + cutSkipped + " more were skipped");
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("port", Ports.brief(setup.name));
    all.putAll(rates.figures());
    all.put("skipped", limits.skipped());
    all.put("cut_when_recorded", cut);
    context.json("totals", all);
    if (failure != null) {
      throw failure;
    }
    Ports.requireAllSent(port, refusedBefore);
    limits.requireNone();
  }

  /** When each frame is due, by System.nanoTime(): as recorded, with no gap longer than so much. */
  private static final class Schedule {
    private final long begin = System.nanoTime();
    private final long maxGap;
    private boolean started;
    private long latest;
    private long offset;

    Schedule(long maxGap) {
      this.maxGap = maxGap;
    }

    /** Frames that go back in time are due at once, and do not make a later gap longer. */
    long due(long timestamp) {
      if (started && timestamp > latest) {
        offset += Math.min(timestamp - latest, maxGap);
      }
      latest = started ? Math.max(latest, timestamp) : timestamp;
      started = true;
      return begin + offset;
    }
  }
}

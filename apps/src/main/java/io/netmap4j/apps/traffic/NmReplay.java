package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sends the frames of a pcap file through a link with a bandwidth, a delay and losses. */
@Command(
    name = "nmreplay",
    description =
        "Sends a pcap file as a link of a given bandwidth, delay and loss would deliver it.",
    footer = {
      "",
      "The file is read into memory, and the time of each frame computed, before the first one is sent: replay streams"
          + " a file instead. Frames that were cut when recorded are sent at their original length, with zeros. Frames"
          + " that the port does not send are skipped and counted; the exit code is then 1. Rates go to standard error,"
          + " totals to standard output. Ctrl-C ends it with the totals; the exit code is then 130.",
      "",
      "Differs from netmap's nmreplay: --loop ends it; --seed makes delays and losses repeatable. A lost frame takes its"
          + " time when the recorded times are kept (-B real), so that losses do not shorten the recording; with a"
          + " constant bandwidth it takes none, as there. With -B real a delay shifts a frame and holds back those behind"
          + " it only as far as they would overtake it. exp has the average that is asked for; the order of its two times"
          + " does not matter. A constant delay is not added again at each repetition. The sender waits for its times"
          + " without sleeping during the last 0.1 ms. Neither program has -L burst.",
      "",
      "Examples:",
      "  netmap4j nmreplay -f samples/mixed.pcap -i netmap:eth0 -B ether,1G",
      "  netmap4j nmreplay -f samples/mixed.pcap -i netmap:eth0 -B real,2 -D uniform,1m,5m -L plr,0.01 --loop 1",
    })
public final class NmReplay extends SubCommand implements Captures.User {
  private static final int MTU = 9216;
  private static final int STANDARD_INPUT = 0;

  /** A schedule has at least so many frames, so that losses and delays do not repeat at once. */
  private static final int LEAST_FRAMES = 10_000;

  @Mixin OnePort setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;
  @Mixin WaitOption wait;
  @Mixin ReportOption report;

  @Option(
      names = "-f",
      required = true,
      paramLabel = "FILE",
      description = "The pcap file; - is standard input.")
  Path file;

  @Option(
      names = "-B",
      paramLabel = "BANDWIDTH",
      converter = LinkModel.BandwidthConverter.class,
      description =
          "BPS or constant,BPS: bits of the frame a second, with k, M or G, 0 for no limit. ether,BPS: with 24 bytes of CRC,"
              + " preamble and gap a frame. real or real,SPEEDUP (the default): the recorded times.")
  LinkModel.Bandwidth bandwidth = LinkModel.Bandwidth.RECORDED;

  @Option(
      names = "-D",
      paramLabel = "DELAY",
      converter = LinkModel.DelayConverter.class,
      description =
          "TIME or constant,TIME; uniform,MIN,MAX; exp,MIN,AVERAGE: seconds, or with m, u or n behind. Frames keep their"
              + " order.")
  LinkModel.Delay delay = LinkModel.Delay.NONE;

  @Option(
      names = "-L",
      paramLabel = "LOSS",
      converter = LinkModel.LossConverter.class,
      description = "RATE or plr,RATE: of frames; ber,RATE: of bits. 0 to 1.")
  LinkModel.Loss loss = LinkModel.Loss.NONE;

  @Option(
      names = "-b",
      paramLabel = "PACKETS",
      converter = Converters.Some.class,
      defaultValue = "128",
      description = "Most packets between two syncs (default: 128).")
  int burst;

  @Option(
      names = "-C",
      paramLabel = "CPUS",
      split = ",",
      converter = Converters.Cpu.class,
      description =
          "The CPU of the sender (default: any). Two or four may be given; there is one sender, and the others are unused.")
  List<Integer> cpus = List.of();

  @Option(
      names = "--loop",
      paramLabel = "N",
      converter = Converters.Count.class,
      defaultValue = "0",
      description = "Send the file so many times; 0, the default, for no end.")
  long loops;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the random delays and losses (default: another one each time).")
  Long seed;

  private final Tally tally = new Tally();
  private final Rates rates = new Rates(List.of(tally));

  @Override
  public Integer call() throws Exception {
    require(cpus.size() <= 4 && cpus.size() != 3, "-C takes 1, 2 or 4 CPUs");
    try (PcapReader reader = open();
        NetmapPort port = setup.open(setup.name, PortOptions.Need.TX, 0, MTU)) {
      Stop stop = context.stop.child();
      Limits limits = new Limits(port);
      long refusedBefore = port.unsent();
      context.figures().loop("nmreplay", "tx " + port.name(), tally);
      FrameFeed feed = new FrameFeed(port, tally, stop, () -> {});
      Recording recording = Recording.read(reader, length -> accepts(limits, feed, length));
      ScheduledSender sender =
          new ScheduledSender(recording, schedule(recording), burst, ScheduledSender.Clock.SYSTEM);
      context.ready();
      setup.awaitLink(port, context);
      send(port, feed, sender, loops * recording.size(), stop);
      describe(recording, limits, sender);
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("port", Ports.brief(setup.name));
      all.putAll(rates.figures());
      all.put("lost_on_the_link", sender.lost());
      all.put("skipped", limits.skipped());
      all.put("cut_when_recorded", recording.cut());
      context.json("totals", all);
      Ports.requireAllSent(port, refusedBefore);
      limits.requireNone();
      return CommandContext.OK;
    } catch (InterruptedIOException e) {
      context.out.println(rates.totals("Sent"));
      return CommandContext.OK; // the end was asked for before the whole capture came
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

  private PcapReader open() throws IOException {
    return file.equals(Captures.STREAM)
        ? PcapReader.of(STANDARD_INPUT, "standard input", () -> !context.stop.requested())
        : PcapReader.open(file, () -> !context.stop.requested());
  }

  /** A port without a limit does not take what only a damaged file claims. */
  private static boolean accepts(Limits limits, FrameFeed feed, int length) {
    return limits.accepts(
        length, length > PcapWriter.LONGEST_FRAME ? Integer.MAX_VALUE : feed.slots(length));
  }

  private SendSchedule schedule(Recording recording) {
    long used = seed == null ? new SplittableRandom().nextLong() : seed;
    int enough = 1 + LEAST_FRAMES / Math.max(1, recording.size());
    int passes = (int) (loops == 0 ? enough : Math.min(loops, enough));
    SendSchedule schedule =
        SendSchedule.of(
            recording, passes, new LinkModel(bandwidth, delay, loss), new SplittableRandom(used));
    context.err.printf(
        Locale.ROOT,
        "Scheduled %d packets in %.6f seconds, %d passes over %s, seed %d%n",
        schedule.size(),
        schedule.duration() / 1e9,
        passes,
        file,
        used);
    return schedule;
  }

  private void send(
      NetmapPort port, FrameFeed feed, ScheduledSender sender, long packets, Stop stop)
      throws Exception {
    Progress progress = context.progress(packets, "packets");
    Workers workers = new Workers(stop);
    tally.begin();
    workers.start(
        "nmreplay",
        () -> {
          if (!cpus.isEmpty()) {
            context.pin(cpus.get(0));
          }
          sender.run(feed, loops, stop);
          Ports.drain(port);
          tally.end();
        });
    workers.run(
        report.step(),
        report.every(
            progress,
            () -> tally.packets() + sender.lost(),
            () -> rates.line(context, Map.of("port", Ports.brief(setup.name)))),
        () -> {
          progress.close();
          context.out.println(rates.totals("Sent"));
        });
  }

  private void describe(Recording recording, Limits limits, ScheduledSender sender) {
    if (sender.lost() > 0) {
      double all = sender.lost() + tally.packets();
      context.out.printf(
          Locale.ROOT,
          "Lost on the link: %d packets, %.6f of all.%n",
          sender.lost(),
          sender.lost() / all);
    }
    if (limits.skipped() > 0) {
      context.out.printf(
          Locale.ROOT, "Skipped %d frames: %s.%n", limits.skipped(), limits.reasons());
    }
    if (recording.cut() > 0) {
      context.out.printf(
          Locale.ROOT,
          "Cut when recorded: %d frames, sent at their original length with zeros.%n",
          recording.cut());
    }
  }
}

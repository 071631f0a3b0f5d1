package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Spreads the packets of a port over pipes. */
@Command(
    name = "lb",
    description = "Spreads the packets of a port over pipes; each connection stays on one pipe.",
    footer = {
      "",
      "Consumers open the other ends: netmap:NAME}0, NAME}1 and so on. Pipes live within a process, so they run beside"
          + " lb: netmap4j run \"lb ...\" \"pkt-gen -i netmap:NAME}0 -f rx\". A consumer may end, or fail, and another one"
          + " open its pipe again: it finds the packets that the first has not taken. Without a consumer a pipe fills"
          + " up, and then its packets are queued in extra buffers (-B) or dropped and counted.",
      "",
      "Both directions of a connection go to the same pipe: the hash is of IP addresses and of the ports of TCP, UDP and"
          + " SCTP; of fragments, of the addresses alone; of what is not IP, of MAC addresses. With several groups each"
          + " packet goes to the first, and to the next one when its consumer has given it back: consumers must not"
          + " change packets or slots. What a group drops does not reach the groups behind it.",
      "",
      "Differs from netmap's lb: consumers in other processes are not there yet. Packets are counted, not slots, and one"
          + " of several slots goes or is dropped as a whole. The hash is another one, and does not look into tunnels."
          + " -s writes to the log on standard error, not to syslog. Packets that are still queued at the end count as"
          + " dropped. With one thread per queue, run one lb for each: lb -i netmap:eth0-0 -p a:2, lb -i netmap:eth0-1"
          + " -p b:2. Ctrl-C ends it with the totals; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j run \"lb -i netmap:model1 -p x:2 -B 1000\" \"pkt-gen -i netmap:x}0 -f rx\" \"pkt-gen -i netmap:x}1 -f rx\""
          + " \"pkt-gen -i netmap:model0 -f tx -n 1000000\"",
    })
public final class Lb extends SubCommand {
  private static final Logger LOG = LoggerFactory.getLogger("netmap4j.lb");

  private static final int MOST_PIPES = 1000;

  /** A group as the user gave it. */
  record Group(String name, int pipes) {}

  /** Of -p. */
  static final class GroupConverter implements ITypeConverter<Group> {
    private static final int DEFAULT = 2;

    /** Of a port: its own, of a switch, or a PCI address. */
    private static final Pattern NAME =
        Pattern.compile(
            "(netmap:)?([\\w.]+|[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])|vale\\w*:[\\w.]+");

    @Override
    public Group convert(String text) {
      int colon = text.lastIndexOf(':');
      String name = colon < 0 ? null : text.substring(0, colon);
      String count = text.substring(colon + 1);
      if (text.isEmpty()) {
        throw new TypeConversionException("'' is not [NAME:]PIPES, as in x:2");
      }
      if (colon == 0) {
        throw new TypeConversionException("'" + text + "': a name is missing before ':'");
      }
      if (name != null && !NAME.matcher(name).matches()) {
        throw new TypeConversionException("'" + name + "' cannot be the name of pipes");
      }
      return new Group(
          name, count.isEmpty() ? DEFAULT : (int) Converters.number(count, 1, MOST_PIPES));
    }
  }

  @Mixin OnePort setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;
  @Mixin WaitOption wait;

  @Option(
      names = "-p",
      paramLabel = "[NAME:]PIPES",
      converter = GroupConverter.class,
      description =
          "A group of so many pipes, NAME{0 and so on; repeat for groups behind it, which count on if they have the same"
              + " NAME. Default: one group of 2, with the name of the port.")
  List<Group> groups = List.of(new Group(null, 2));

  @Option(
      names = "-B",
      paramLabel = "BUFFERS",
      converter = Converters.Buffers.class,
      defaultValue = "0",
      description =
          "Extra buffers for packets whose pipe is full (default: 0). When all are in use, the oldest packets of the"
              + " longest queue are dropped.")
  int extraBuffers;

  @Option(
      names = "-b",
      paramLabel = "SLOTS",
      converter = Converters.Some.class,
      defaultValue = "2048",
      description = "Most slots taken from the port between two syncs (default: 2048).")
  int batch;

  @Option(names = "-W", description = "Busy wait: a CPU at 100 %%.")
  boolean busy;

  @Option(
      names = "-s",
      paramLabel = "SECONDS",
      converter = Converters.Seconds.class,
      defaultValue = "0",
      description = "Seconds between statistics in the log; 0, the default, for none.")
  int logSeconds;

  @Option(
      names = "-o",
      paramLabel = "SECONDS",
      converter = Converters.Seconds.class,
      defaultValue = "0",
      description = "Seconds between statistics on standard output; 0, the default, for none.")
  int outSeconds;

  @Override
  public Integer call() throws Exception {
    List<NetmapPort> pipes = new ArrayList<>();
    try (NetmapPort input =
        setup.open(
            setup.name,
            PortOptions.Need.RX,
            NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_NO_TX_POLL).extraBuffers(extraBuffers))) {
      SlotQueue free = extraBuffers(input);
      try {
        List<List<LbPipe>> chain = openPipes(input, pipes);
        context.ready();
        setup.awaitLink(input, context);
        Balancer balancer = new Balancer(input, pipes, chain, free, batch);
        show(input, pipes, balancer);
        balance(input, balancer, pipes);
      } finally {
        giveBack(input, free);
        closeAll(pipes);
      }
      return CommandContext.OK;
    }
  }

  private void show(NetmapPort input, List<NetmapPort> pipes, Balancer balancer) {
    Figures figures = context.figures();
    pipes.forEach(figures::port);
    String loop = "rx " + input.name();
    // By thread: each answer is of one moment, also when there are several at once.
    ThreadLocal<Balancer.Counts> now = ThreadLocal.withInitial(balancer::counts);
    figures.beforeEach(() -> now.set(balancer.counts()));
    figures.loop("lb", loop, () -> now.get().received(), () -> now.get().bytes());
    figures.counter(
        new Figures.Counter(
            "netmap4j.command.drops",
            "packets",
            "Packets that a command had no room for",
            List.of("command", "lb", "loop", loop)),
        () -> now.get().pipes().stream().mapToLong(LbPipe.Counts::dropped).sum());
  }

  /** Those that the port has got. */
  private SlotQueue extraBuffers(NetmapPort port) {
    if (port.extraBuffers() < extraBuffers) {
      context.err.printf(
          Locale.ROOT,
          "Only %d of %d extra buffers are free in the memory of %s%n",
          port.extraBuffers(),
          extraBuffers,
          port.name());
    }
    if (port.extraBuffers() == 0) {
      return null;
    }
    SlotQueue free = new SlotQueue(port.extraBuffers());
    NetmapMemory memory = port.memory();
    for (int b = port.nifp().bufsHead(); b != 0; b = memory.nextExtraBuffer(b)) {
      free.add(b);
    }
    port.nifp().bufsHead(0);
    return free;
  }

  private static void giveBack(NetmapPort port, SlotQueue free) {
    while (free != null && !free.isEmpty()) {
      int buffer = free.take();
      port.memory().nextExtraBuffer(buffer, port.nifp().bufsHead());
      port.nifp().bufsHead(buffer);
    }
  }

  private List<List<LbPipe>> openPipes(NetmapPort input, List<NetmapPort> opened) {
    List<List<LbPipe>> chain = new ArrayList<>();
    Map<String, Integer> used = new HashMap<>();
    for (int g = 0; g < groups.size(); g++) {
      Group group = groups.get(g);
      String name = group.name == null ? input.name() : group.name;
      int first = used.merge(name, group.pipes, Integer::sum) - group.pipes;
      List<LbPipe> pipes = new ArrayList<>();
      for (int i = 0; i < group.pipes; i++) {
        String pipe = Ports.full(name) + "{" + (first + i);
        NetmapPort port = openPipe(pipe, input);
        opened.add(port);
        pipes.add(
            new LbPipe(
                pipe, port.tx(port.firstTxRing()), input.extraBuffers(), g < groups.size() - 1));
      }
      chain.add(pipes);
    }
    return chain;
  }

  private static NetmapPort openPipe(String pipe, NetmapPort input) {
    NetmapPort port =
        Netmap.open(pipe + "/xT", NetmapPort.Request.DEFAULT.memId(input.memory().memId()));
    if (port.memory().address() != input.memory().address()) {
      String text =
          String.format(
              Locale.ROOT,
              "%s is in other memory than %s, so buffers cannot be exchanged: it was opened before lb;"
                  + " start lb first",
              pipe,
              input.name());
      port.close();
      throw new NetmapException(Errno.EINVAL, text);
    }
    return port;
  }

  /** In reverse order; one that fails does not keep the others open. */
  private static void closeAll(List<NetmapPort> ports) {
    for (int i = ports.size() - 1; i >= 0; i--) {
      ports.get(i).close();
    }
  }

  private void balance(NetmapPort input, Balancer balancer, List<NetmapPort> pipes)
      throws Exception {
    Drops drops = new Drops(input);
    LbStatistics statistics = new LbStatistics(setup.name, pipes);
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    workers.start("lb", () -> balancer.run(busy, stop));
    long[] seconds = {0};
    workers.run(
        1000,
        () -> {
          List<String> lines = statistics.lines(balancer.counts());
          seconds[0]++;
          if (outSeconds > 0 && seconds[0] % outSeconds == 0) {
            lines.forEach(context.out::println);
          }
          if (logSeconds > 0 && seconds[0] % logSeconds == 0) {
            lines.forEach(LOG::info);
          }
        },
        () -> {
          context.out.println(LbStatistics.totals(balancer.counts()));
          drops.print(context.out);
          context.json("totals", statistics.figures(balancer.counts(), drops));
        });
  }
}

package io.netmap4j.apps.admin;

import io.netmap4j.Netmap;
import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.PlainCommand;
import io.netmap4j.apps.traffic.Ports;
import io.netmap4j.common.PortInfo;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.vale.ValeCtl;
import java.util.Locale;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Shows and changes the VALE switches of this process. */
@Command(
    name = "vale-ctl",
    description =
        "Shows and changes the VALE switches of this process; without options, lists their ports.",
    footer = {
      "",
      "Switches live within a process: one that another process has is not seen, and what vale-ctl makes ends with its"
          + " process. So it is for commands of one run, where it sets up what the commands behind it use.",
      "",
      "Differs from netmap's vale-ctl: one action at a time. A persistent port (-n) is no network interface of the"
          + " kernel. A NIC is attached with the rings of its settings: -C is for -n and -p. The threads of -p are not"
          + " bound to CPUs. Listing when there is no switch exits with 0; netmap's exits with 1.",
      "",
      "Examples:",
      "  netmap4j run \"vale-ctl -a vale0:model1\" \"vale-ctl\" \"pkt-gen -i vale0:x -f rx -W\" \"pkt-gen -i model0 -f tx -n 1000\"",
      "  netmap4j run \"vale-ctl -n p0 -C 512\" \"vale-ctl -a vale0:p0\" \"vale-ctl -l vale0:p0\"",
    })
public final class ValeControl extends PlainCommand {
  /** At most one of them. */
  static final class Action {
    @Option(names = "-g", paramLabel = "PORT", description = "Show a port's rings and memory.")
    String info;

    @Option(
        names = "-a",
        paramLabel = "VALE:PORT",
        description = "Attach a NIC, or a persistent port, to a switch.")
    String attach;

    @Option(
        names = "-h",
        paramLabel = "VALE:PORT",
        description = "Attach a NIC and its host rings.")
    String attachHost;

    @Option(
        names = "-d",
        paramLabel = "VALE:PORT",
        description = "Detach a NIC or a persistent port from its switch.")
    String detach;

    @Option(names = "-n", paramLabel = "IFACE", description = "Make a persistent port.")
    String create;

    @Option(names = "-r", paramLabel = "IFACE", description = "Remove a persistent port.")
    String remove;

    @Option(
        names = "-l",
        paramLabel = "VALE:PORT",
        description = "Show the numbers of a switch and of a port in it.")
    String list;

    @Option(
        names = "-p",
        paramLabel = "VALE:PORT",
        description =
            "Poll an attached NIC, by threads that do not sleep; -C chooses one thread or one for each ring.")
    String poll;

    @Option(names = "-P", paramLabel = "VALE:PORT", description = "Stop polling an attached NIC.")
    String unpoll;
  }

  @ArgGroup Action action = new Action();

  @Option(
      names = "-C",
      paramLabel = "CONFIG",
      description =
          "For -n: TXSLOTS[,RXSLOTS[,TXRINGS[,RXRINGS]]]. For -p: 0 for one thread, or 1,RING[,RINGS] for a thread for each"
              + " of these rings.")
  String config;

  @Option(
      names = "-m",
      paramLabel = "MEMORY",
      description = "For -n, -a and -h: the number of a memory, or netmap:PORT for that of a port.")
  String memory;

  @Option(names = "--help", usageHelp = true, description = "Show this help message and exit.")
  boolean help;

  @Override
  public Integer call() {
    boolean configured = action.create != null || action.poll != null;
    require(config == null || configured, "-C goes with -n or -p");
    require(
        memory == null
            || action.create != null
            || action.attach != null
            || action.attachHost != null,
        "-m goes with -n, -a or -h");
    act();
    boolean makes = action.create != null || action.attach != null || action.attachHost != null;
    if (makes && !context.inRun()) {
      context.err.println(
          "This ends with the process that has made it, now: netmap4j run \"vale-ctl ...\" \"COMMAND\" has it for"
              + " the commands behind it");
    }
    return CommandContext.OK;
  }

  private void act() {
    if (action.info != null) {
      show(Netmap.portInfo(Ports.full(action.info), 0));
    } else if (action.attach != null) {
      index(ValeCtl.attach(action.attach, false, memory()));
    } else if (action.attachHost != null) {
      index(ValeCtl.attach(action.attachHost, true, memory()));
    } else if (action.detach != null) {
      index(ValeCtl.detach(action.detach));
    } else if (action.create != null) {
      create();
    } else if (action.remove != null) {
      ValeCtl.delIf(action.remove);
    } else if (action.list != null) {
      require(action.list.startsWith("vale"), "-l " + action.list + ": not a port of a switch");
      ValeCtl.Port port = ValeCtl.find(action.list);
      line("bridge_idx: ", port.bridgeIndex());
      line("port_idx:   ", port.portIndex());
    } else if (action.poll != null) {
      poll();
    } else if (action.unpoll != null) {
      ValeCtl.pollingDisable(action.unpoll);
    } else {
      ValeCtl.list().forEach(this::place);
    }
  }

  private void place(ValeCtl.Port port) {
    context.out.println(
        port.name() + " bridge_idx " + port.bridgeIndex() + " port_idx " + port.portIndex());
  }

  private void line(String what, long value) {
    context.out.println(what + value);
  }

  private void show(PortInfo port) {
    line("memsize:    ", port.memSize());
    line("tx_slots:   ", port.txSlots());
    line("rx_slots:   ", port.rxSlots());
    line("tx_rings:   ", port.txRings());
    line("rx_rings:   ", port.rxRings());
    line("mem_id:     ", port.memId());
  }

  private void index(int port) {
    if (context.verbose()) {
      line("port_index: ", port);
    }
  }

  private void create() {
    RingCounts counts = RingCounts.DEFAULT;
    if (config != null) {
      counts = value("-C", () -> new Converters.Counts().convert(config));
    }
    ValeCtl.NewIf made = ValeCtl.newIf(action.create, counts, memory());
    if (context.verbose()) {
      line("tx_slots:   ", made.counts().txSlots());
      line("rx_slots:   ", made.counts().rxSlots());
      line("tx_rings:   ", made.counts().txRings());
      line("rx_rings:   ", made.counts().rxRings());
      line("mem_id:     ", made.memId());
    }
  }

  /** nr_mem_id; 0 for any. */
  private int memory() {
    if (memory == null) {
      return 0;
    }
    if (memory.startsWith("netmap:") || memory.startsWith("vale")) {
      return Netmap.portInfo(memory, 0).memId();
    }
    return value("-m", () -> (int) Converters.number(memory, 0, 65_535));
  }

  private void poll() {
    require(config != null, "-p needs -C: 0 for one thread, or 1,RING,RINGS");
    String[] words = config.split(",", -1);
    int[] numbers = new int[words.length];
    for (int i = 0; i < words.length; i++) {
      String word = words[i];
      numbers[i] = value("-C", () -> (int) Converters.number(word, 0, 65_535));
    }
    boolean single = numbers[0] == 0;
    require(
        words.length <= (single ? 2 : 3),
        String.format(Locale.ROOT, "-C %s: too many numbers for mode %d", config, numbers[0]));
    ValeCtl.pollingEnable(
        action.poll,
        single ? ValeCtl.POLLING_SINGLE_CPU : ValeCtl.POLLING_MULTI_CPU,
        words.length > 1 ? numbers[1] : 0,
        words.length > 2 ? numbers[2] : 1);
  }

  private interface Conversion<T> {
    T convert() throws TypeConversionException;
  }

  private <T> T value(String option, Conversion<T> conversion) {
    try {
      return conversion.convert();
    } catch (TypeConversionException e) {
      throw usage(option + ": " + e.getMessage());
    }
  }
}

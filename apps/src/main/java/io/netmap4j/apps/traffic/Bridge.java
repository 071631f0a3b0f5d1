package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapForward;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.PacketVisitor;
import io.netmap4j.Packets;
import io.netmap4j.common.Errno;
import io.netmap4j.compat.PortSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Forwards between two ports. A good first file to read: this is how a netmap program looks.
 *
 * <p>A port's RX ring has received packets in the slots [head, tail), its TX ring free slots in
 * [head, tail). Forwarding a packet exchanges the buffers of two slots: the packet goes out from
 * where it came in, and the free buffer takes its place. A buffer index means the same to both
 * ports only when they live in one region of memory; between two regions the packet is copied.
 *
 * <p>{@link NetmapForward} does all that in one call; {@link Direction#copy} shows the steps.
 */
@Command(
    name = "bridge",
    description =
        "Forwards packets between two ports, both ways, without copying them; or between a port and its host rings.",
    footer = {
      "",
      "With one port, bridge forwards between it and the kernel's stack behind it (netmap:X and netmap:X^); with -L, it"
          + " sends what the port receives back out of it. Ports in different memory, such as those of a VALE switch,"
          + " are bridged by copying. RX ring i goes to TX ring i, so that a flow stays in order. Ctrl-C ends it with"
          + " the totals; the exit code is then 130.",
      "",
      "Differs from netmap's bridge: each direction has a thread. A packet of several slots is never cut, and one that"
          + " the other port would refuse is dropped and counted, not sent. The same port twice is refused. Ports have"
          + " -i before them. -w is 2 seconds by default, and ends when there is carrier. -v prints the packets of each"
          + " second, not each poll.",
      "",
      "Examples:",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1 -b 64 -c",
      "  netmap4j bridge -i netmap:eth0",
      "  netmap4j run \"pkt-gen -i netmap:model0 -f ping -n 5\" \"bridge -L -i netmap:model1\"",
    })
public final class Bridge extends SubCommand {
  @Mixin PortOptions setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;
  @Mixin WaitOption wait;

  @Option(
      names = "-i",
      required = true,
      paramLabel = "PORT",
      description = "A port; twice, or once for a port and its host rings.")
  List<String> names;

  @Option(names = "-L", description = "Loopback: send back what the one port receives.")
  boolean loopback;

  @Option(
      names = "-b",
      paramLabel = "SLOTS",
      converter = Converters.Some.class,
      defaultValue = "1024",
      description =
          "Most slots forwarded from one ring at a time (default: 1024); packets are never split.")
  int burst;

  @Option(names = "-c", description = "Copy packets instead of exchanging buffers.")
  boolean copy;

  @Option(
      names = "--drop-too-long",
      description =
          "Allow ports with different MTUs: packets too long for the other port are dropped and counted, and the exit"
              + " code is then 1. Without this option such ports are refused.")
  boolean dropTooLong;

  @Override
  public Integer call() throws Exception {
    require(names.size() <= 2, "bridge takes one port or two: -i A -i B");
    require(!loopback || names.size() == 1, "-L is for one port, and there are two");
    if (loopback) {
      return loop();
    }
    names = List.of(names.get(0), other());
    return bridge(names.get(0), names.get(1));
  }

  /** The second port; with one, its host rings. */
  private String other() {
    if (names.size() == 2) {
      return names.get(1);
    }
    PortSpec first = Ports.spec(names.get(0));
    boolean wholeNic = first.mode() == Netmap.NR_REG_ALL_NIC && !first.vale() && !first.pipe();
    require(
        wholeNic && first.flags() == 0,
        names.get(0) + " has no host rings to bridge to: give a whole NIC, two ports, or -L");
    return "netmap:" + first.name() + "^";
  }

  private int loop() throws Exception {
    String name = names.get(0);
    try (NetmapPort port = setup.open(name, PortOptions.Need.BOTH, Netmap.NR_NO_TX_POLL)) {
      context.ready();
      setup.awaitLink(port, context);
      forward(List.of(port), List.of(new Direction(name, port, name, port)));
      return CommandContext.OK;
    }
  }

  private int bridge(String first, String second) throws Exception {
    // One thread receives on a port and the other sends on it, so the receiver's poll must not sync
    // its TX rings.
    try (NetmapPort a = setup.open(first, PortOptions.Need.BOTH, Netmap.NR_NO_TX_POLL);
        NetmapPort b = setup.open(second, PortOptions.Need.BOTH, Netmap.NR_NO_TX_POLL)) {
      requireDifferent(a, b);
      requireEqualMtus(a, b);
      context.ready();
      setup.awaitLink(a, context);
      setup.awaitLink(b, context);
      forward(
          List.of(a, b),
          List.of(new Direction(first, a, second, b), new Direction(second, b, first, a)));
      return CommandContext.OK;
    }
  }

  /** Until told to stop. */
  private void forward(List<NetmapPort> ports, List<Direction> directions) throws Exception {
    List<Drops> drops = ports.stream().map(Drops::new).toList();
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    for (Direction direction : directions) {
      workers.start("bridge", () -> direction.forward(stop));
    }
    workers.run(
        context.verbose() ? 1000 : 60_000,
        () -> {
          if (context.verbose()) {
            directions.forEach(d -> context.err.println(d.line()));
          }
        },
        () -> {
          directions.forEach(d -> context.out.println(d.totals()));
          drops.forEach(d -> d.print(context.out));
          Map<String, Object> dropped = new LinkedHashMap<>();
          for (int i = 0; i < ports.size(); i++) {
            dropped.put(Ports.brief(names.get(i)), drops.get(i).figures());
          }
          context.json(
              "totals",
              Map.of(
                  "directions",
                  directions.stream().map(Direction::figures).toList(),
                  "drops",
                  dropped));
        });
    directions.forEach(Direction::requireAllSent);
  }

  private void requireDifferent(NetmapPort a, NetmapPort b) {
    if (Ports.shareRings(a, b)) {
      throw usage(
          String.format(
              Locale.ROOT,
              "bridge needs two different ports: %s and %s are the same rings of one device",
              names.get(0),
              names.get(1)));
    }
  }

  private void requireEqualMtus(NetmapPort a, NetmapPort b) {
    // A pipe or a switch sets no limit: what is too long for the other port is counted.
    boolean limited = Math.max(a.maxFrame(), b.maxFrame()) < Integer.MAX_VALUE;
    if (limited && a.maxFrame() != b.maxFrame() && !dropTooLong) {
      throw usage(
          String.format(
              Locale.ROOT,
              "%s sends frames of up to %d bytes and %s of up to %d: give both one MTU (--nic mtu=..., or"
                  + " nic.NAME.mtu), or --drop-too-long",
              names.get(0),
              a.maxFrame(),
              names.get(1),
              b.maxFrame()));
    }
  }

  /** From one port to another, or back out of the same. For one thread; others read the counts. */
  private final class Direction {
    private final String names;
    private final Map<String, String> ends = new LinkedHashMap<>();
    private final NetmapPort from;
    private final NetmapPort to;
    private final boolean swap;
    private final Limits limits;
    private final long refusedBefore;
    private final Tally tally = new Tally();
    private final Rates rates = new Rates(List.of(tally));
    private final Counter counter = new Counter();

    /** By RX ring; none when packets are copied. */
    private final List<NetmapForward> pairs = new ArrayList<>();

    Direction(String fromName, NetmapPort from, String toName, NetmapPort to) {
      this.names = fromName + " -> " + toName;
      ends.put("from", Ports.brief(fromName));
      ends.put("to", Ports.brief(toName));
      this.from = from;
      this.to = to;
      this.swap = !copy && from.memory().address() == to.memory().address();
      this.limits = new Limits(to);
      this.refusedBefore = to.unsent();
      context.figures().loop("bridge", names, tally);
      for (int r = from.firstRxRing(); r < from.endRxRing() && swap; r++) {
        pairs.add(new NetmapForward(from.rx(r), target(r)));
      }
    }

    /** A flow stays on one ring, so that its packets stay in order. */
    private NetmapRing target(int rxRing) {
      return to.tx(to.firstTxRing() + rxRing % (to.endTxRing() - to.firstTxRing()));
    }

    /** Until told to stop. */
    void forward(Stop stop) {
      boolean more = false;
      while (!stop.requested()) {
        int ready = more ? NetmapPort.POLLIN : from.poll(NetmapPort.POLLIN, 100);
        Ports.check(from, ready);
        if (ready == 0) {
          continue;
        }
        int moved = swap ? swapAll() : copyAll();
        if (moved == 0) {
          to.poll(NetmapPort.POLLOUT, 1); // no room: wait for some, packets stay where they are
        }
        more = swap && moved > 0; // forwards what has come meanwhile before it waits
      }
      Ports.drain(to);
    }

    private int swapAll() {
      int moved = 0;
      for (int r = from.firstRxRing(); r < from.endRxRing(); r++) {
        int done = pairs.get(r - from.firstRxRing()).forward(burst, counter);
        if (done < 0) { // refused packets are counted, and the others go on
          Ports.checkSync(from.rxSync() == Errno.EIO ? from : to, -done);
          done = 1;
        }
        moved += done;
        counter.addTo(target(r).space());
      }
      return moved;
    }

    private int copyAll() {
      int moved = 0;
      for (int r = from.firstRxRing(); r < from.endRxRing(); r++) {
        moved += copy(from.rx(r), target(r));
      }
      Ports.checkSync(to, to.txSync());
      return moved;
    }

    /** Forwards whole packets while there is room. @return RX slots that are done with */
    private int copy(NetmapRing rx, NetmapRing tx) {
      int space = Math.min(rx.space(), burst);
      int room = tx.space();
      int slot = rx.head();
      int free = tx.head();
      int packets = 0;
      long bytes = 0;
      int done = 0;
      while (done < space) {
        int slots = Packets.slots(rx, slot, rx.space() - done);
        if (slots == 0) {
          break; // its end has not arrived
        }
        long length = Packets.bytes(rx, slot, slots);
        int needs = Packets.slotsOfCopy(rx, slots, length, tx);
        if (limits.accepts(length, needs)) {
          if (needs > room) {
            break; // no room for all of it
          }
          free = Packets.copy(rx, slot, slots, tx, free);
          room -= needs;
          packets++;
          bytes += length;
        }
        slot = rx.plus(slot, slots);
        done += slots;
      }
      rx.advance(slot); // these slots go back to the card at the next sync
      tx.advance(free); // and these are sent
      if (packets > 0) {
        tally.add(packets, bytes, room);
      }
      return done;
    }

    /** Counts what is forwarded, and drops what the other port does not send. */
    private final class Counter implements PacketVisitor {
      private int packets;
      private long bytes;

      @Override
      public int packet(long address, int length) {
        return accepts(length, 1) ? length : DROP;
      }

      @Override
      public int packet(NetmapRing rx, int slot, int slots) {
        return accepts(Packets.bytes(rx, slot, slots), slots) ? 1 : DROP;
      }

      private boolean accepts(long length, int slots) {
        boolean accepted = limits.accepts(length, slots);
        if (accepted) {
          packets++;
          bytes += length;
        }
        return accepted;
      }

      /** What was forwarded since the last call. */
      void addTo(int room) {
        if (packets > 0) {
          tally.add(packets, bytes, room);
          packets = 0;
          bytes = 0;
        }
      }
    }

    String totals() {
      String skipped = limits.reasons();
      return String.format(
          Locale.ROOT,
          "%s: %d packets%s",
          names,
          tally.packets(),
          skipped.isEmpty() ? "" : ", dropped: " + skipped);
    }

    /** The line of an interval. */
    String line() {
      return rates.line(context, ends);
    }

    Map<String, Object> figures() {
      Map<String, Object> all = new LinkedHashMap<>(ends);
      all.putAll(rates.figures());
      all.put("not_sent", limits.skipped());
      return all;
    }

    void requireAllSent() {
      limits.requireNone();
      Ports.requireAllSent(to, refusedBefore);
    }
  }
}

package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Forwards between two ports. A good first file to read: this is how a netmap program looks.
 *
 * <p>A port's RX ring has received packets in the slots [head, tail), its TX ring free slots in
 * [head, tail). Forwarding a packet exchanges the buffers of two slots: the packet goes out from
 * where it came in, and the free buffer takes its place. Both ports live in one region of memory,
 * so a buffer index means the same to both.
 */
@Command(
    name = "bridge",
    description = "Forwards packets between two ports, both ways, without copying them.",
    footer = {
      "",
      "Ctrl-C ends it with the totals; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1 -b 64 -c",
    })
public final class Bridge extends SubCommand {
  @Mixin PortOptions setup;
  @Mixin WaitOption wait;

  @Option(names = "-i", required = true, paramLabel = "PORT", description = "A port; twice.")
  List<String> names;

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
    if (names.size() != 2) {
      throw usage("bridge needs two different ports: -i A -i B");
    }
    // One thread receives on a port and the other sends on it, so the receiver's poll must not sync
    // its TX rings.
    try (NetmapPort a = setup.open(names.get(0), PortOptions.Need.BOTH, Netmap.NR_NO_TX_POLL);
        NetmapPort b = setup.open(names.get(1), PortOptions.Need.BOTH, Netmap.NR_NO_TX_POLL)) {
      requireDifferent(a, b);
      requireEqualMtus(a, b);
      context.ready();
      setup.awaitLink(a, context);
      setup.awaitLink(b, context);
      Direction there = new Direction(a, b);
      Direction back = new Direction(b, a);
      List<Drops> drops = List.of(new Drops(a), new Drops(b));
      Stop stop = context.stop.child();
      Workers directions = new Workers(stop);
      directions.start("a to b", () -> there.forward(stop));
      directions.start("b to a", () -> back.forward(stop));
      directions.run(
          60_000,
          () -> {},
          () -> {
            context.out.println(there.totals(names.get(0), names.get(1)));
            context.out.println(back.totals(names.get(1), names.get(0)));
            drops.forEach(d -> d.print(context.out));
          });
      there.requireAllSent();
      back.requireAllSent();
      return CommandContext.OK;
    }
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
    if (a.maxFrame() != b.maxFrame() && !dropTooLong) {
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

  /** From one port to the other. For one thread; the counts are read after its end. */
  private final class Direction {
    private final NetmapPort from;
    private final NetmapPort to;
    private final Limits limits;
    private final long refusedBefore;
    private long packets;

    Direction(NetmapPort from, NetmapPort to) {
      this.from = from;
      this.to = to;
      this.limits = new Limits(to);
      this.refusedBefore = to.unsent();
    }

    /** Until told to stop. */
    void forward(Stop stop) {
      while (!stop.requested()) {
        int ready = from.poll(NetmapPort.POLLIN, 100);
        Ports.check(from, ready);
        if (ready == 0) {
          continue;
        }
        int moved = 0;
        for (int r = from.firstRxRing(); r < from.endRxRing(); r++) {
          // A flow stays on one ring, so that its packets stay in order.
          int t = to.firstTxRing() + r % (to.endTxRing() - to.firstTxRing());
          moved += move(from.rx(r), to.tx(t));
        }
        Ports.checkSync(to, to.txSync());
        if (moved == 0) {
          to.poll(NetmapPort.POLLOUT, 1); // no room: wait for some, packets stay where they are
        }
      }
      Ports.drain(to);
    }

    /** Forwards whole packets while there is room. @return RX slots that are done with */
    private int move(NetmapRing rx, NetmapRing tx) {
      int space = Math.min(rx.space(), burst);
      int room = tx.space();
      int slot = rx.head();
      int free = tx.head();
      int done = 0;
      while (done < space) {
        int slots = Packets.slots(rx, slot, rx.space() - done);
        if (slots == 0) {
          break; // its end has not arrived
        }
        if (limits.accepts(Packets.bytes(rx, slot, slots), slots)) {
          if (slots > room) {
            break; // no room for all of it
          }
          for (int k = 0, s = slot; k < slots; k++, s = rx.next(s), free = tx.next(free)) {
            forwardSlot(rx, s, tx, free);
          }
          room -= slots;
          packets++;
        }
        slot = rx.plus(slot, slots);
        done += slots;
      }
      rx.advance(slot); // these slots go back to the card at the next sync
      tx.advance(free); // and these are sent
      return done;
    }

    String totals(String a, String b) {
      String skipped = limits.reasons();
      return String.format(
          Locale.ROOT,
          "%s -> %s: %d packets%s",
          a,
          b,
          packets,
          skipped.isEmpty() ? "" : ", dropped: " + skipped);
    }

    void requireAllSent() {
      limits.requireNone();
      Ports.requireAllSent(to, refusedBefore);
    }
  }

  private void forwardSlot(NetmapRing rx, int from, NetmapRing tx, int to) {
    if (copy) {
      rx.copy(from, tx, to);
    } else {
      rx.swap(from, tx, to);
    }
  }
}

package io.netmap4j.apps;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Mem;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

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
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Forwards packets between two ports, both ways, without copying them.",
    footer = {
      "",
      "Ctrl-C ends it with the totals; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1 -b 64 -c",
    })
final class Bridge implements Callable<Integer> {
  @ParentCommand Main main;
  @Spec CommandSpec spec;
  @Mixin Ports.Setup setup;

  @Option(names = "-i", required = true, paramLabel = "PORT", description = "A port; twice.")
  List<String> names;

  @Option(
      names = "-b",
      paramLabel = "SLOTS",
      defaultValue = "1024",
      description = "Most slots forwarded from one ring at a time, 1 to 8192 (default: 1024).")
  int burst;

  @Option(names = "-c", description = "Copy packets instead of exchanging buffers.")
  boolean copy;

  @Option(
      names = "-w",
      paramLabel = "SECONDS",
      converter = Converters.Seconds.class,
      description = "The same as --wait-link.")
  void waitLink(int seconds) {
    setup.waitSeconds = seconds;
  }

  /** Of one direction; written by its thread, read after its end. */
  private final long[] packets = new long[2];

  @Override
  public Integer call() throws Exception {
    if (names.size() != 2 || names.get(0).equals(names.get(1))) {
      throw new ParameterException(
          spec.commandLine(), "bridge needs two different ports: -i A -i B");
    }
    if (burst < 1 || burst > 8192) {
      throw new ParameterException(
          spec.commandLine(), "-b " + burst + " is out of range: 1 to 8192");
    }
    // Each port is received on by one thread and sent on by the other; poll must not send behind
    // its back.
    try (NetmapPort a = setup.open(names.get(0), Ports.Need.BOTH, Netmap.NR_NO_TX_POLL);
        NetmapPort b = setup.open(names.get(1), Ports.Need.BOTH, Netmap.NR_NO_TX_POLL)) {
      main.ready();
      setup.awaitLink(a, main);
      setup.awaitLink(b, main);
      Stop stop = main.stop.child();
      Workers directions = new Workers(stop);
      directions.start("a to b", () -> packets[0] = forward(a, b, stop));
      directions.start("b to a", () -> packets[1] = forward(b, a, stop));
      directions.join();
      main.out.printf("%s -> %s: %d packets%n", names.get(0), names.get(1), packets[0]);
      main.out.printf("%s -> %s: %d packets%n", names.get(1), names.get(0), packets[1]);
      return Main.OK;
    }
  }

  /** One direction, until told to stop. @return packets forwarded */
  private long forward(NetmapPort from, NetmapPort to, Stop stop) {
    long total = 0;
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
      to.txSync();
      if (moved == 0) {
        to.poll(NetmapPort.POLLOUT, 1); // no room: wait for some, packets stay where they are
      }
      total += moved;
    }
    to.drain(1000);
    return total;
  }

  /** Forwards what is there and fits, whole packets only. @return how many */
  private int move(NetmapRing rx, NetmapRing tx) {
    int limit = Math.min(rx.space(), tx.space());
    int from = rx.head();
    int to = tx.head();
    int moved = 0;
    for (int done = 0; done < Math.min(limit, burst); ) {
      int slots = packetSlots(rx, from, limit - done);
      if (slots == 0) {
        break; // its end does not fit any more
      }
      for (int k = 0; k < slots; k++, from = rx.next(from), to = tx.next(to)) {
        forwardSlot(rx, from, tx, to);
      }
      done += slots;
      moved++;
    }
    rx.advance(from); // these slots go back to the card at the next sync
    tx.advance(to); // and these are sent
    return moved;
  }

  private void forwardSlot(NetmapRing rx, int from, NetmapRing tx, int to) {
    if (copy) {
      Mem.copy(rx.buffer(from), tx.buffer(to), rx.len(from));
      tx.lenAndFlags(to, rx.len(from), rx.slotFlags(from) & Netmap.NS_MOREFRAG);
    } else {
      rx.swap(from, tx, to);
    }
  }

  /** How many slots the packet at {@code slot} has; 0 when that is more than {@code limit}. */
  static int packetSlots(NetmapRing rx, int slot, int limit) {
    for (int n = 1; n <= limit; n++, slot = rx.next(slot)) {
      if ((rx.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
        return n;
      }
    }
    return 0;
  }
}

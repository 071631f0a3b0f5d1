package io.netmap4j.apps;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapException;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.pcap.PcapReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Sends the frames of a pcap file. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Sends the frames of a pcap file, at the times recorded or at a rate of one's own.",
    footer = {
      "",
      "Frames longer than a buffer take several slots. Frames that were cut when recorded are sent as they are in the"
          + " file. Ctrl-C ends it with the totals; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j replay -i netmap:eth0 -r samples/mixed.pcap",
      "  netmap4j replay -i netmap:eth0 -r samples/mixed.pcap --rate 100K --loop 10",
      "  netmap4j run \"dump -i netmap:model1 -w out.pcap -c 1000\" \"replay -i netmap:model0 -r samples/mixed.pcap\"",
    })
final class Replay implements Callable<Integer> {
  private static final int MTU = 9216;
  private static final int LONGEST = 1 << 18; // what a pcap file holds

  @ParentCommand Main main;
  @Spec CommandSpec spec;
  @Mixin Ports.Setup setup;

  @Option(
      names = "-i",
      required = true,
      paramLabel = "PORT",
      description = "The port: netmap:NAME.")
  String name;

  @Option(names = "-r", required = true, paramLabel = "FILE", description = "The pcap file.")
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
      defaultValue = "1",
      description = "So many times over; 0 for no end.")
  int loops;

  @Option(
      names = "-b",
      paramLabel = "PACKETS",
      defaultValue = "512",
      description = "Most packets between two syncs (default: 512).")
  int burst;

  private final Tally tally = new Tally();
  private final long scratch = Mem.allocate(LONGEST);
  private Pace pace;
  private int unsynced;

  @Override
  public Integer call() throws Exception {
    if (loops < 0 || burst < 1) {
      throw new ParameterException(spec.commandLine(), "--loop must be 0 or more, -b 1 or more");
    }
    pace = pace();
    try (PcapReader first = PcapReader.open(file);
        NetmapPort port = setup.open(name, Ports.Need.TX, 0, MTU)) {
      main.ready();
      setup.awaitLink(port, main);
      tally.begin();
      send(port, first);
      for (int i = 1; i != loops && !main.stop.requested(); i++) {
        try (PcapReader again = PcapReader.open(file)) {
          send(port, again);
        }
      }
      boolean left = port.drain(2000);
      main.out.println(new Rates(List.of(tally)).totals("Sent"));
      if (!left) {
        throw new NetmapException(
            Libc.EIO, name + ": not every packet has left after 2 seconds: link " + port.link());
      }
      return Main.OK;
    } finally {
      Mem.free(scratch);
    }
  }

  /** Null for the recorded times. */
  private Pace pace() {
    if (rate.equals("recorded")) {
      return null;
    }
    try {
      return rate.equals("max") ? Pace.unlimited() : Pace.rate(Rates.parse(rate));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--rate " + e.getMessage() + "; or recorded, or max", e);
    }
  }

  private void send(NetmapPort port, PcapReader reader) throws IOException {
    long begin = System.nanoTime();
    long firstStamp = -1;
    while (!main.stop.requested() && reader.next()) {
      firstStamp = firstStamp < 0 ? reader.timestampNanos() : firstStamp;
      awaitTurn(port, begin + reader.timestampNanos() - firstStamp);
      awaitRoom(port, reader.length());
      if (!main.stop.requested()) {
        put(port.tx(port.firstTxRing()), reader);
        if (++unsynced >= burst) {
          flush(port);
        }
      }
    }
    flush(port);
  }

  /** Sleeps until the frame is due; what is before it leaves first. */
  private void awaitTurn(NetmapPort port, long dueNanos) {
    while (pace == null && dueNanos - System.nanoTime() > 0 && !main.stop.requested()) {
      flush(port);
      LockSupport.parkNanos(Math.min(dueNanos - System.nanoTime(), 50_000_000));
    }
    while (pace != null && pace.grant(1) == 0 && !main.stop.requested()) {
      flush(port);
    }
  }

  private void awaitRoom(NetmapPort port, int length) {
    NetmapRing ring = port.tx(port.firstTxRing());
    int slots = slots(ring, length);
    if (slots >= ring.numSlots()) {
      throw new NetmapException(
          Libc.EINVAL,
          file
              + ": a frame of "
              + length
              + " bytes needs "
              + slots
              + " slots, the ring has "
              + ring.numSlots());
    }
    while (ring.space() < slots && !main.stop.requested()) {
      ring.cur(ring.tail()); // wake me when there is more room than now
      Ports.check(port, port.poll(NetmapPort.POLLOUT, 100));
      unsynced = 0;
    }
  }

  private static int slots(NetmapRing ring, int length) {
    return Math.max(1, (length + ring.bufSize() - 1) / ring.bufSize());
  }

  private void put(NetmapRing ring, PcapReader reader) {
    int length = reader.length();
    int slot = ring.head();
    int slots = slots(ring, length);
    if (slots == 1) {
      reader.copyTo(ring.buffer(slot));
    } else {
      reader.copyTo(scratch);
    }
    int left = length;
    for (int k = 1; k <= slots; k++) {
      int part = Math.min(left, ring.bufSize());
      if (slots > 1) {
        Mem.copy(scratch + length - left, ring.buffer(slot), part);
      }
      ring.lenAndFlags(slot, part, k == slots ? 0 : Netmap.NS_MOREFRAG);
      left -= part;
      slot = ring.next(slot);
    }
    ring.advance(slot);
    tally.add(1, length, ring.space());
  }

  private void flush(NetmapPort port) {
    if (unsynced > 0) {
      unsynced = 0;
      if (port.txSync() != 0) {
        Ports.check(port, NetmapPort.POLLERR);
      }
    }
  }
}

package io.netmap4j.apps;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Mem;
import io.netmap4j.pcap.PcapWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Records what a port receives: a pcap file, or a line for each packet. */
@Command(
    name = "dump",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Receives packets and writes them to a pcap file, or one line for each.",
    footer = {
      "",
      "A packet of several slots is one packet of the file. The time is that of the batch it came in with. The card is"
          + " set up for frames up to MTU 9216, and to hold frames back while a ring is full; --nic mtu=...,drop=true"
          + " changes that. Ctrl-C ends it with a whole file; the exit code is then 130.",
      "",
      "Examples:",
      "  netmap4j dump -i netmap:eth0",
      "  netmap4j dump -i netmap:eth0 -w out.pcap -c 1000",
      "  netmap4j dump -i netmap:eth0 -w - | tcpdump -nr -",
    })
final class Dump implements Callable<Integer> {
  private static final int MTU = 9216;
  private static final int LONGEST = 1 << 18; // what a pcap file takes
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS");

  @ParentCommand Main main;
  @Mixin Ports.Setup setup;

  @Option(
      names = "-i",
      required = true,
      paramLabel = "PORT",
      description = "The port: netmap:NAME.")
  String name;

  @Option(
      names = "-w",
      paramLabel = "FILE",
      description = "Write a pcap file; - is standard output.")
  String file;

  @Option(
      names = "-c",
      paramLabel = "COUNT",
      defaultValue = "0",
      description = "End after so many packets.")
  long count;

  @Option(
      names = "-s",
      paramLabel = "BYTES",
      defaultValue = "262144",
      description =
          "Keep so many bytes of each packet; the file then has them as packets of that length.")
  int snap;

  private final long scratch = Mem.allocate(LONGEST);
  private PcapWriter pcap;
  private long packets;
  private long bytes;

  /** Length so far of a packet whose end has not been seen. */
  private int partial;

  @Override
  public Integer call() throws Exception {
    try (NetmapPort port = setup.open(name, Ports.Need.RX, Netmap.NR_NO_TX_POLL, MTU);
        PcapWriter writer =
            file == null
                ? null
                : PcapWriter.create(Path.of(file.equals("-") ? "/dev/stdout" : file))) {
      pcap = writer;
      main.ready();
      setup.awaitLink(port, main);
      receive(port);
      main.err.printf("%d packets, %d bytes received on %s%n", packets, bytes, name);
      return Main.OK;
    } finally {
      Mem.free(scratch);
    }
  }

  private void receive(NetmapPort port) throws IOException {
    while (!main.stop.requested() && !enough()) {
      int ready = port.poll(NetmapPort.POLLIN, 100);
      Ports.check(port, ready);
      for (int r = port.firstRxRing(); r < port.endRxRing() && !enough(); r++) {
        NetmapRing ring = port.rx(r);
        int slot = ring.head();
        for (int left = ring.space(); left > 0 && !enough(); left--) {
          take(ring, slot);
          slot = ring.next(slot);
        }
        ring.advance(slot);
      }
      if (ready == 0 && pcap != null) {
        pcap.flush(); // so that a reader of a pipe sees them
      }
    }
  }

  private boolean enough() {
    return count > 0 && packets >= count;
  }

  /**
   * A slot: a packet, or a part of one. The tail never stops inside a packet, so parts of two are
   * never mixed.
   */
  private void take(NetmapRing ring, int slot) throws IOException {
    long buffer = ring.buffer(slot);
    int length = ring.len(slot);
    boolean more = (ring.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
    if (more || partial > 0) {
      length = Math.min(length, LONGEST - partial);
      Mem.copy(buffer, scratch + partial, length);
      partial += length;
      buffer = scratch;
      length = partial;
    }
    if (!more) {
      partial = 0;
      packets++;
      bytes += length;
      write(ring.timestampMicros(), buffer, length);
    }
  }

  private void write(long micros, long buffer, int length) throws IOException {
    if (pcap != null) {
      pcap.write(micros * 1000, buffer, Math.min(length, snap));
    } else {
      Instant time = Instant.ofEpochSecond(micros / 1_000_000, micros % 1_000_000 * 1000);
      byte[] head = new byte[Math.min(length, 64)];
      Mem.copyOut(buffer, head, 0, head.length);
      main.out.println(
          TIME.format(time.atZone(ZoneId.systemDefault())) + " " + FrameText.line(head, length));
    }
  }
}

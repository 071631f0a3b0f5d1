package io.netmap4j.examples;

import io.netmap4j.frames.Ipv4;
import io.netmap4j.frames.Packet;
import io.netmap4j.pipeline.PacketSlot;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.Stage;
import io.netmap4j.pipeline.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Counts the packets and bytes of each IPv4 flow that a port receives, and prints those with most
 * bytes. A flow is one direction: addresses, protocol and ports. The table has room for 65,536 of
 * them for each ring; what comes beyond that is counted together.
 */
public final class FlowMonitor {
  private static final int TOP = 10;

  private FlowMonitor() {}

  public static void main(String[] args) throws Exception {
    Run.require(args.length == 1, "FlowMonitor PORT");
    Run.main(
        () -> {
          List<Flows> tables = new CopyOnWriteArrayList<>();
          try (Pipeline pipeline =
              Pipeline.builder("flows")
                  .source(args[0])
                  .stage(
                      "flows",
                      () -> {
                        Flows flows = new Flows();
                        tables.add(flows);
                        return flows;
                      })
                  .open()) {
            Run.untilStopped(pipeline, () -> print(tables));
          }
        });
  }

  /** Once the threads have ended. */
  private static void print(List<Flows> tables) {
    List<Flow> all = new ArrayList<>();
    long other = 0;
    for (Flows table : tables) {
      table.addTo(all);
      other += table.other;
    }
    all.sort(Comparator.comparingLong(Flow::bytes).reversed());
    for (Flow flow : all.subList(0, Math.min(TOP, all.size()))) {
      System.out.println(flow);
    }
    System.out.println(all.size() + " flows; " + other + " packets of no flow or of too many");
  }

  private record Flow(long addresses, long portsAndProtocol, long packets, long bytes) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s:%d > %s:%d protocol %d: %d packets, %d bytes",
          Addresses.text((int) (addresses >>> 32)),
          portsAndProtocol >>> 24 & 0xFFFF,
          Addresses.text((int) addresses),
          portsAndProtocol >>> 8 & 0xFFFF,
          portsAndProtocol & 0xFF,
          packets,
          bytes);
    }
  }

  /** A hash table of numbers: no object for a packet or a flow. */
  private static final class Flows implements Stage {
    private static final int SLOTS = 1 << 17;
    private static final int MOST = SLOTS / 2;

    private final long[] addresses = new long[SLOTS];
    private final long[] rest = new long[SLOTS];
    private final long[] packets = new long[SLOTS];
    private final long[] bytes = new long[SLOTS];
    private int used;
    private long other;

    @Override
    public Verdict process(PacketSlot slot) {
      Packet packet = slot.packet();
      Ipv4 ip = packet.ipv4();
      int at = ip == null ? -1 : find(key(ip), portsAndProtocol(packet));
      if (at < 0) {
        other++;
      } else {
        packets[at]++;
        bytes[at] += slot.bytes();
      }
      return Verdict.CONSUME;
    }

    private static long key(Ipv4 ip) {
      return (long) ip.source() << 32 | Integer.toUnsignedLong(ip.destination());
    }

    private static long portsAndProtocol(Packet packet) {
      long ports = 0;
      if (packet.tcp() != null) {
        ports = (long) packet.tcp().sourcePort() << 16 | packet.tcp().destinationPort();
      } else if (packet.udp() != null) {
        ports = (long) packet.udp().sourcePort() << 16 | packet.udp().destinationPort();
      }
      return ports << 8 | packet.protocol();
    }

    /** The flow's slot, a new one if need be; −1 when the table is full. */
    private int find(long key, long other) {
      long hash = (key ^ other * 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
      for (int at = (int) (hash >>> 32) & SLOTS - 1; ; at = at + 1 & SLOTS - 1) {
        if (packets[at] == 0) {
          if (used == MOST) {
            return -1;
          }
          used++;
          addresses[at] = key;
          rest[at] = other;
          return at;
        }
        if (addresses[at] == key && rest[at] == other) {
          return at;
        }
      }
    }

    void addTo(List<Flow> flows) {
      for (int at = 0; at < SLOTS; at++) {
        if (packets[at] > 0) {
          flows.add(new Flow(addresses[at], rest[at], packets[at], bytes[at]));
        }
      }
    }
  }
}

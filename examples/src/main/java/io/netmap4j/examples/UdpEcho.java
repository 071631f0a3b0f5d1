package io.netmap4j.examples;

import io.netmap4j.common.NetmapException;
import io.netmap4j.frames.Arp;
import io.netmap4j.frames.Ethernet;
import io.netmap4j.frames.Ipv4;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.frames.Packet;
import io.netmap4j.frames.Udp;
import io.netmap4j.pipeline.PacketSlot;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.Stage;
import io.netmap4j.pipeline.Verdict;
import io.netmap4j.pipeline.Worker;

/**
 * An echo server (RFC 862) without a network stack: answers ARP requests for its address, and sends
 * each datagram back out of the buffer in which it came. Addresses and ports change places, so all
 * checksums stay right.
 */
public final class UdpEcho {
  private static final int ECHO_PORT = 7;

  private UdpEcho() {}

  public static void main(String[] args) throws Exception {
    Run.require(args.length == 2 || args.length == 3, "UdpEcho PORT IPV4-ADDRESS [UDP-PORT]");
    Run.main(
        () -> {
          int address = Addresses.parse(args[1]);
          int port = args.length == 3 ? Run.number("UDP-PORT", args[2], 1, 65_535) : ECHO_PORT;
          try (Pipeline pipeline =
              Pipeline.builder("echo")
                  .port(args[0])
                  .stage("echo", () -> new Echo(address, port))
                  .open()) {
            Run.untilStopped(pipeline, () -> {});
          }
        });
  }

  private static final class Echo implements Stage {
    private final int address;
    private final int port;
    private long mac;

    Echo(int address, int port) {
      this.address = address;
      this.port = port;
    }

    @Override
    public void start(Worker worker) {
      mac = macOf(worker);
    }

    /** The card's; for a pipe or a switch's port, one that nobody else has. */
    private static long macOf(Worker worker) {
      try {
        return MacAddress.of(worker.port(0).nic().macAddress()).bits();
      } catch (NetmapException e) {
        return MacAddress.parse("02:00:00:00:00:07").bits();
      }
    }

    @Override
    public Verdict process(PacketSlot slot) {
      Packet packet = slot.packet();
      if (packet.arp() != null) {
        return answer(packet.ethernet(), packet.arp());
      }
      Udp udp = packet.udp();
      Ipv4 ip = packet.ipv4();
      boolean forUs =
          ip != null
              && udp != null
              && ip.destination() == address
              && udp.destinationPort() == port
              && ip.checksumRight()
              && packet.transportChecksumRight();
      if (!forUs) {
        return Verdict.DROP;
      }
      turn(packet.ethernet());
      ip.destination(ip.source());
      ip.source(address);
      udp.destinationPort(udp.sourcePort());
      udp.sourcePort(port);
      return Verdict.FORWARD; // out of the port that it came in by: there is one
    }

    private void turn(Ethernet ethernet) {
      ethernet.destination(ethernet.source());
      ethernet.source(mac);
    }

    private Verdict answer(Ethernet ethernet, Arp arp) {
      boolean forUs =
          arp.ipv4OverEthernet() && arp.operation() == Arp.REQUEST && arp.targetIp() == address;
      if (!forUs) {
        return Verdict.DROP;
      }
      turn(ethernet);
      arp.operation(Arp.REPLY);
      arp.target(arp.senderMac(), arp.senderIp());
      arp.sender(mac, address);
      return Verdict.FORWARD;
    }
  }
}

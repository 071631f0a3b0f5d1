package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.Mem;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Packet} says of 100,000 frames, half of them damaged, beside Wireshark's tshark. */
@Tag("once")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class PacketOracleTest {
  private static final int FRAMES = 100_000;

  private static final String[] FIELDS = {
    "frame.number",
    "frame.protocols",
    "eth.dst",
    "eth.src",
    "eth.type",
    "eth.len",
    "vlan.id",
    "vlan.etype",
    "ieee8021ad.id",
    "arp.opcode",
    "arp.src.hw_mac",
    "arp.src.proto_ipv4",
    "arp.dst.hw_mac",
    "arp.dst.proto_ipv4",
    "ip.hdr_len",
    "ip.len",
    "ip.id",
    "ip.frag_offset",
    "ip.ttl",
    "ip.proto",
    "ip.checksum",
    "ip.checksum.status",
    "ip.src",
    "ip.dst",
    "ipv6.plen",
    "ipv6.nxt",
    "ipv6.hlim",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.flow",
    "icmp.type",
    "icmp.code",
    "icmp.checksum",
    "icmpv6.type",
    "icmpv6.code",
    "icmpv6.checksum",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.checksum",
    "udp.checksum.status",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.hdr_len",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.checksum",
    "tcp.checksum.status",
    "tcp.urgent_pointer",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "icmp.seq",
    "icmpv6.echo.sequence_number",
    "_ws.malformed"
  };

  @TempDir Path folder;
  private final Packet packet = new Packet();

  @Test
  void everyHeaderIsAsTsharkHasIt() throws Exception {
    FrameMaker maker = new FrameMaker(19);
    long memory = Mem.allocate(4096);
    List<byte[]> frames = new ArrayList<>();
    Path file = folder.resolve("frames.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (int i = 0; i < FRAMES; i++) {
        byte[] frame = maker.next();
        Mem.copyIn(frame, 0, memory, frame.length);
        if (i % 2 == 0 && packet.wrap(memory, frame.length).transportChecksumComputable()) {
          packet.updateTransportChecksum();
          Mem.copyOut(memory, frame, 0, frame.length);
        }
        frames.add(frame);
        writer.write(0, frame);
      }
    }
    Map<String, String> differences = new TreeMap<>();
    Map<String, Integer> counts = new TreeMap<>();
    int[] compared = new int[1];
    try {
      tshark(
          file,
          line -> {
            String[] values = line.split("\t", -1);
            Map<String, String> tshark = new LinkedHashMap<>();
            for (int i = 0; i < FIELDS.length; i++) {
              tshark.put(FIELDS[i], values[i]);
            }
            byte[] frame = frames.get(Integer.parseInt(values[0]) - 1);
            Mem.copyIn(frame, 0, memory, frame.length);
            packet.wrap(memory, frame.length);
            // It looks into extension headers, and stops at options and addresses that can't be.
            boolean stopped =
                tshark.get("frame.protocols").matches(".*ipv6[.](routing|hopopts|dstopts)");
            // Which may have one, and then it sums that for the source.
            boolean homeAddress = tshark.get("frame.protocols").contains("ipv6.dstopts");
            ours()
                .forEach(
                    (field, value) -> {
                      if (stopped && field.matches("(tcp|udp|icmp).*")
                          || homeAddress && field.endsWith(".status")) {
                        return;
                      }
                      compared[0]++;
                      String theirs = theirs(field, tshark.get(field));
                      if (!value.equals(theirs)) {
                        counts.merge(field, 1, Integer::sum);
                        differences.putIfAbsent(
                            field,
                            value
                                + ", tshark "
                                + theirs
                                + " "
                                + tshark.get("frame.protocols")
                                + " "
                                + packet.problem()
                                + " "
                                + HexFormat.of().formatHex(frame));
                      }
                    });
            refused(tshark)
                .forEach(
                    what -> {
                      counts.merge(what, 1, Integer::sum);
                      differences.putIfAbsent(
                          what,
                          tshark.get("frame.protocols")
                              + " "
                              + packet.problem()
                              + " "
                              + HexFormat.of().formatHex(frame));
                    });
          });
    } finally {
      Mem.free(memory);
    }
    System.out.println("packets: " + compared[0] + " fields compared with tshark's");
    assertThat(compared[0]).isGreaterThan(9 * FRAMES);
    assertThat(differences).as("%s", counts).isEmpty();
  }

  private Map<String, String> ours() {
    Map<String, String> ours = new LinkedHashMap<>();
    Ethernet e = packet.ethernet();
    if (e != null) {
      ours.put("eth.dst", mac(e.destination()));
      ours.put("eth.src", mac(e.source()));
      if (e.type() >= Ethernet.FIRST_TYPE) {
        ours.put("eth.type", hex(e.type()));
      }
      if (packet.problem() == Packet.Problem.NONE) { // tshark shows half a tag
        ours.put("vlan.id", tags(false));
        ours.put("ieee8021ad.id", tags(true));
      }
    }
    Arp a = packet.arp();
    if (a != null && a.ipv4OverEthernet()) {
      ours.put("arp.opcode", "" + a.operation());
      ours.put("arp.src.hw_mac", mac(a.senderMac()));
      ours.put("arp.src.proto_ipv4", ip(a.senderIp()));
      ours.put("arp.dst.hw_mac", mac(a.targetMac()));
      ours.put("arp.dst.proto_ipv4", ip(a.targetIp()));
    }
    Ipv4 p = packet.ipv4();
    if (p != null) {
      ours.put("ip.hdr_len", "" + p.headerLength());
      if (p.totalLength() != 0) { // it computes one then
        ours.put("ip.len", "" + p.totalLength());
      }
      ours.put("ip.id", hex(p.identification()));
      ours.put("ip.frag_offset", "" + p.fragmentOffset() / 8);
      ours.put("ip.ttl", "" + p.timeToLive());
      ours.put("ip.proto", "" + p.protocol());
      ours.put("ip.checksum", hex(p.checksum()));
      ours.put("ip.checksum.status", p.checksumRight() ? "1" : "0");
      ours.put("ip.src", ip(p.source()));
      ours.put("ip.dst", ip(p.destination()));
    }
    Ipv6 q = packet.ipv6();
    if (q != null) {
      ours.put("ipv6.plen", "" + q.payloadLength());
      ours.put("ipv6.nxt", "" + q.nextHeader());
      ours.put("ipv6.hlim", "" + q.hopLimit());
      ours.put("ipv6.src", ipv6(q.sourceHigh(), q.sourceLow()));
      ours.put("ipv6.dst", ipv6(q.destinationHigh(), q.destinationLow()));
      ours.put("ipv6.flow", String.format(Locale.ROOT, "0x%06x", q.flowLabel()));
    }
    Icmp i = packet.icmp();
    if (i != null) {
      String name = packet.ipv4() != null ? "icmp" : "icmpv6";
      ours.put(name + ".type", "" + i.type());
      ours.put(name + ".code", "" + i.code());
      ours.put(name + ".checksum", hex(i.checksum()));
      status(ours, name);
    }
    Udp u = packet.udp();
    if (u != null) {
      ours.put("udp.srcport", "" + u.sourcePort());
      ours.put("udp.dstport", "" + u.destinationPort());
      ours.put("udp.length", "" + u.length());
      ours.put("udp.checksum", hex(u.checksum()));
      if (u.checksum() != 0) {
        status(ours, "udp");
      }
    }
    Tcp t = packet.tcp();
    if (t != null) {
      ours.put("tcp.srcport", "" + t.sourcePort());
      ours.put("tcp.dstport", "" + t.destinationPort());
      ours.put("tcp.seq_raw", Integer.toUnsignedString(t.sequence()));
      ours.put("tcp.ack_raw", Integer.toUnsignedString(t.acknowledgement()));
      ours.put("tcp.hdr_len", "" + t.headerLength());
      ours.put("tcp.flags", hex(t.flags()));
      ours.put("tcp.window_size_value", "" + t.window());
      ours.put("tcp.checksum", hex(t.checksum()));
      ours.put("tcp.urgent_pointer", "" + t.urgentPointer());
      status(ours, "tcp");
    }
    return ours;
  }

  private void status(Map<String, String> ours, String name) {
    if (packet.transportChecksumComputable()) {
      ours.put(name + ".checksum.status", packet.transportChecksumRight() ? "1" : "0");
    }
  }

  /** Whole headers of tshark's that we refuse, by the last field of each. */
  private List<String> refused(Map<String, String> tshark) {
    List<String> refused = new ArrayList<>();
    String protocols = tshark.get("frame.protocols");
    boolean malformed = !tshark.get("_ws.malformed").isEmpty();
    refuse(refused, packet.arp() == null, tshark, "arp.dst.proto_ipv4");
    if (packet.problem() != Packet.Problem.VERSION) { // tshark takes the other version then
      refuse(refused, packet.ipv4() == null, tshark, "ip.dst");
      refuse(refused, packet.ipv6() == null, tshark, "ipv6.dst");
    }
    if (!protocols.contains("udplite")) {
      refuse(refused, packet.udp() == null, tshark, "udp.checksum");
    }
    // Options that are not all there: it shows those that are.
    boolean beyond = malformed || protocols.contains("shim6"); // which to us is a protocol
    refuse(refused, packet.tcp() == null && !beyond, tshark, "tcp.urgent_pointer");
    refuse(refused, packet.icmp() == null, tshark, "icmp.seq");
    refuse(refused, packet.icmp() == null, tshark, "icmpv6.echo.sequence_number");
    return refused;
  }

  private static void refuse(
      List<String> refused, boolean absent, Map<String, String> tshark, String field) {
    if (absent && !tshark.get(field).isEmpty()) {
      refused.add("refused: " + field);
    }
  }

  /** In our words: the outermost of several, but for tags, and IPv6 addresses as Java has them. */
  private static String theirs(String field, String value) {
    String outer = field.endsWith("vlan.id") || field.endsWith("ad.id") ? value : first(value);
    if (outer.isEmpty()) {
      return outer;
    }
    return switch (field) {
      case "tcp.flags" -> hex(Integer.decode(outer) & 0xFF); // without the reserved bits
      case "ipv6.src", "ipv6.dst" -> ipv6(outer);
      default -> outer;
    };
  }

  private static String first(String values) {
    int comma = values.indexOf(',');
    return comma < 0 ? values : values.substring(0, comma);
  }

  private static String ipv6(String text) {
    try {
      return InetAddress.getByName(text).getHostAddress();
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private static String ipv6(long high, long low) {
    byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
    try {
      return InetAddress.getByAddress(bytes).getHostAddress();
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  /** The tags that an ethertype announces, from the outer one on. */
  private String tags(boolean service) {
    List<String> ids = new ArrayList<>();
    int type = packet.ethernet().type();
    for (int i = 0; i < packet.vlans(); i++) {
      Vlan tag = packet.vlan(i);
      if ((type == Packet.SERVICE_VLAN) == service) {
        ids.add("" + tag.id());
      }
      type = tag.type();
    }
    return String.join(",", ids);
  }

  private static String mac(long bits) {
    return new MacAddress(bits).toString();
  }

  private static String ip(int address) {
    return String.format(
        Locale.ROOT,
        "%d.%d.%d.%d",
        address >>> 24,
        address >>> 16 & 0xFF,
        address >>> 8 & 0xFF,
        address & 0xFF);
  }

  private static String hex(int value) {
    return String.format(Locale.ROOT, "0x%04x", value);
  }

  private interface LineReader {
    void line(String line);
  }

  private static void tshark(Path file, LineReader reader) throws Exception {
    List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", file.toString()));
    command.addAll(List.of("-T", "fields", "-E", "occurrence=a"));
    for (String option :
        new String[] {
          "ip.defragment:FALSE",
          "ip.check_checksum:TRUE",
          "ipv6.defragment:FALSE",
          "tcp.check_checksum:TRUE",
          "udp.check_checksum:TRUE",
          "tcp.analyze_sequence_numbers:FALSE",
          "tcp.relative_sequence_numbers:FALSE"
        }) {
      command.addAll(List.of("-o", option));
    }
    for (String field : FIELDS) {
      command.addAll(List.of("-e", field));
    }
    Process process;
    Path errors = file.resolveSibling("errors");
    try {
      process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      Assumptions.abort("no tshark: install it (" + e.getMessage() + ")");
      return;
    }
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        reader.line(line);
      }
    }
    assertThat(process.waitFor()).as(Files.readString(errors)).isZero();
  }
}

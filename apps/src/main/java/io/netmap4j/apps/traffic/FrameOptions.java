package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.frames.PcapReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** pkt-gen's options of the frames that it sends. */
final class FrameOptions {
  /** What -o has bits for. */
  private static final int COPY = 4 | 8;

  private static final int INDIRECT = 32;
  private static final int DUMP = 64;
  private static final int RUBBISH = 256;
  private static final int RANDOM_SOURCE = 512;
  private static final int RANDOM_DESTINATION = 1024;
  static final int AVERAGE = 2048;
  private static final int CHECKSUM = 4096;
  private static final int KNOWN =
      COPY | INDIRECT | DUMP | RUBBISH | RANDOM_SOURCE | RANDOM_DESTINATION | AVERAGE | CHECKSUM;

  private static final int PLAIN_SIZE = 60;
  private static final int MOST_SLOTS = 63;

  /** Bytes of a number of txseq. */
  static final int NUMBER_BYTES = 4;

  /** These have no effect on a frame from a file. */
  private static final List<String> OF_OWN_FRAMES =
      List.of("-l", "-4", "-6", "-s", "-d", "-S", "-D", "-z", "-Z", "--vlan", "-H");

  @Option(
      names = "-l",
      paramLabel = "BYTES",
      description =
          "Frame without CRC, 42 to 65520 (default: 60, with -6 the least, 62). More than a buffer takes several"
              + " slots. Given twice: random sizes, from the second up to the first less 1.")
  List<Integer> sizes;

  @Option(names = "-4", description = "IPv4 (default).")
  boolean ipv4;

  @Option(names = "-6", description = "IPv6.")
  boolean ipv6;

  @Option(
      names = "-s",
      paramLabel = "IP[:PORT[-IP:PORT]]",
      description =
          "Source, or a range to run through (default: 10.0.0.1:1234, or [fd00::1]:1234). With -6: [IP]:PORT, or IP,"
              + " and GROUP@ before it for a range of one of the eight groups, 0 to 7.")
  String source;

  @Option(
      names = "-d",
      paramLabel = "IP[:PORT[-IP:PORT]]",
      description = "Destination (default: 10.1.0.1:1234, or [fd00:1::1]:1234).")
  String destination;

  @Option(
      names = "-S",
      paramLabel = "MAC[-MAC]",
      description =
          "Source address, or a range that each frame steps through (default: the port's own).")
  MacRange sourceMac;

  @Option(
      names = "-D",
      paramLabel = "MAC[-MAC]",
      description = "Destination address, or such a range (default: broadcast).")
  MacRange destinationMac = new MacRange(0xffff_ffff_ffffL, 0xffff_ffff_ffffL);

  @Option(
      names = "--vlan",
      paramLabel = "ID[:PRIORITY]",
      converter = Converters.VlanTag.class,
      description = "An 802.1Q tag: VLAN 0 to 4095, priority 0 to 7.")
  Integer vlan;

  @Option(names = "-z", description = "Random source addresses and ports.")
  boolean randomSource;

  @Option(names = "-Z", description = "Random destination addresses and ports.")
  boolean randomDestination;

  @Option(
      names = "-P",
      paramLabel = "FILE",
      description = "Sends the first frame of a pcap file, as it is.")
  Path file;

  @Option(
      names = "-F",
      paramLabel = "SLOTS",
      defaultValue = "1",
      description = "Slots of each packet, 1 to 63, of a NIC 1 to 40 (default: 1).")
  int slots;

  @Option(
      names = "-M",
      paramLabel = "BYTES",
      converter = Converters.Some.class,
      description = "Most bytes in a slot (default: a buffer).")
  int most = Integer.MAX_VALUE;

  @Option(
      names = "-H",
      paramLabel = "BYTES",
      defaultValue = "0",
      description =
          "Zero bytes of a virtio-net header before each frame: 0, 10 or 12 (default: what a VALE port has, else 0)."
              + " Not for NICs.")
  int header;

  @Option(
      names = "-I",
      description =
          "tx and txseq send from memory outside the buffers, with NS_INDIRECT: for VALE ports.")
  boolean indirect;

  @Option(names = "-r", description = "tx leaves buffers as they are: whatever is in them is sent.")
  boolean rubbish;

  @Option(names = "-X", description = "Prints each slot that is sent or received, in hex.")
  boolean dump;

  @Option(
      names = "-o",
      paramLabel = "MASK",
      defaultValue = "0",
      description =
          "pkt-gen's bits, added up: 4 and 8 write the whole frame every time, 32 is -I, 64 -X, 256 -r, 512 -z, 1024"
              + " -Z, 2048 -A, 4096 nothing, as checksums are always right.")
  int mask;

  @Spec(Spec.Target.MIXEE)
  CommandSpec command;

  private int size;
  private int least;
  private Endpoints sources;
  private Endpoints destinations;
  private byte[] given;

  /**
   * Checks what does not depend on the port, and reads -P's file.
   *
   * @param reserved bytes of the payload that the function needs
   * @param stop ends the wait for who writes a pipe
   * @throws ParameterException with the option, its value and what is valid
   */
  void check(String function, int reserved, Stop stop) throws IOException {
    require(!ipv4 || !ipv6, "-4 and -6: one of them");
    require(
        (mask & ~KNOWN) == 0,
        "-o "
            + mask
            + ": bits 1 and 2 (prefetch, access) and 16 (time) do nothing; known are 4 8 32 64 256 512"
            + " 1024 2048 4096");
    rubbish |= (mask & RUBBISH) != 0;
    dump |= (mask & DUMP) != 0;
    randomSource |= (mask & RANDOM_SOURCE) != 0;
    randomDestination |= (mask & RANDOM_DESTINATION) != 0;
    indirect |= (mask & INDIRECT) != 0;
    require(
        !indirect || slots == 1 && most == Integer.MAX_VALUE && !rubbish && !dump,
        "-I sends frames in one slot, and none of them is in a buffer: leave -F, -M, -r and -X out");
    require(header == 0 || header == 10 || header == 12, "-H " + header + ": 0, 10 or 12");
    require(
        slots >= 1 && slots <= MOST_SLOTS, "-F " + slots + " is out of range: 1 to " + MOST_SLOTS);
    checkSizes(function, reserved);
    if (file != null) {
      readFile(function, stop);
    }
    require(
        least >= slots, "-F " + slots + ": a frame of " + least + " bytes has not that many parts");
    sources = endpoints("-s", or(source, "10.0.0.1", "fd00::1"));
    destinations = endpoints("-d", or(destination, "10.1.0.1", "fd00:1::1"));
  }

  private Endpoints endpoints(String option, String text) {
    try {
      return Endpoints.parse(text, ipv6);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), option + " " + e.getMessage(), e);
    }
  }

  private String or(String text, String ipv4Default, String ipv6Default) {
    return text != null ? text : ipv6 ? ipv6Default : ipv4Default;
  }

  private void checkSizes(String function, int reserved) {
    int shortest = headers().payload() - header;
    size = sizes == null ? Math.max(PLAIN_SIZE, shortest) : sizes.get(0);
    least = sizes == null || sizes.size() < 2 ? size : sizes.get(1);
    require(
        sizes == null || sizes.size() <= 2, "-l " + sizes + ": one size, or a largest and a least");
    for (int one : new int[] {size, least}) {
      require(
          one >= shortest && one <= UdpFrame.LONGEST,
          "-l " + one + " is out of range: " + shortest + " to " + UdpFrame.LONGEST);
    }
    require(
        sizes == null || sizes.size() == 1 || least < size,
        "-l " + size + " -l " + least + ": the second one, the least, must be less than the first");
    require(
        least == size || function.startsWith("tx"),
        "-l twice is for tx and txseq, not " + function);
    if (sizes == null) {
      size = least = Math.max(size, shortest + reserved);
    }
    require(
        least >= shortest + reserved || file != null,
        function.equals("ping")
            ? "-l "
                + least
                + " is too short for a ping: its number and time need "
                + (shortest + reserved)
            : "-l " + least + " is too short: the number needs " + (shortest + reserved));
  }

  private void readFile(String function, Stop stop) throws IOException {
    require(function.equals("tx"), "-P " + file + " is for tx, not " + function);
    for (String name : OF_OWN_FRAMES) {
      require(
          !command.commandLine().getParseResult().hasMatchedOption(name),
          "-P " + file + ": the frame is sent as it is: leave " + name + " out");
    }
    require(
        !randomSource && !randomDestination,
        "-P " + file + ": the frame is sent as it is: leave -o 512 and 1024 out");
    require(!rubbish, "-P " + file + " and -r: one of them");
    try (PcapReader reader = PcapReader.open(file, () -> !stop.requested())) {
      if (!reader.next()) {
        if (stop.requested()) {
          throw new InterruptedIOException(file + ": nothing came");
        }
        throw new IOException(file + " has no frame");
      }
      given = reader.bytes();
      size = least = given.length;
    }
  }

  private UdpFrame.Headers headers() {
    return new UdpFrame.Headers(header, vlan == null ? -1 : vlan, ipv6);
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(command.commandLine(), otherwise);
    }
  }

  /** Longest frame, with -H's bytes, once checked. */
  int size() {
    return header + size;
  }

  Scatter scatter() {
    return new Scatter(slots, most);
  }

  /** Bit of -o. */
  boolean average() {
    return (mask & AVERAGE) != 0;
  }

  /** "10.0.0.1 -> 10.1.0.1 (02:... -> ff:...)". */
  String route(byte[] ownMac) {
    return or(source, "10.0.0.1", "fd00::1")
        + " -> "
        + or(destination, "10.1.0.1", "fd00:1::1")
        + " ("
        + new MacAddress(sourceMacs(ownMac).first())
        + " -> "
        + new MacAddress(destinationMac.first())
        + ")";
  }

  private MacRange sourceMacs(byte[] ownMac) {
    return sourceMac != null ? sourceMac : MacRange.of(MacAddress.of(ownMac));
  }

  /** The frames of one thread. */
  UdpFrame frame(byte[] ownMac, int reserved, boolean numbered) {
    if (given != null) {
      return UdpFrame.given(given);
    }
    Flow flow =
        new Flow(
            sources,
            destinations,
            sourceMacs(ownMac),
            destinationMac,
            randomSource,
            randomDestination,
            System.nanoTime());
    return UdpFrame.of(flow, headers(), size, least, reserved, numbered);
  }

  /** How a sender treats its slots. */
  Sender.Ways ways(NetmapPort port, ExtraBuffers extra, PrintStream out) {
    IndirectFrames referred = indirect ? new IndirectFrames(port, size()) : null;
    boolean copies = (mask & COPY) != 0;
    return new Sender.Ways(scatter(), copies, rubbish, extra, referred, dump ? out : null);
  }

  /** True with -P. */
  boolean isGiven() {
    return given != null;
  }

  /** For run: which capture files are read. */
  List<Path> reads() {
    return file == null ? List.of() : Arrays.asList(file);
  }
}

package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.model.ModelClock;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.FaultyWire;
import io.netmap4j.model.wire.LoopbackWire;
import io.netmap4j.model.wire.PcapWire;
import io.netmap4j.model.wire.TapWire;
import io.netmap4j.model.wire.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What {@code --wire} and its faults say, and the wire that it makes. */
final class Wires {
  static final String FORMS =
      "cable[,lossy], loopback[,lossy], pcap:IN[,OUT[,fast]],"
          + " tap:NAME[,mac=MAC][,mtu=BYTES][,up][,lossy], none";

  /** What Linux takes for a TAP interface: ETH_MIN_MTU, and 65535 less an Ethernet header. */
  private static final int LEAST_MTU = 68;

  private static final int MOST_MTU = 65521;

  @Option(
      names = "--wire",
      paramLabel = "WIRE",
      description = {
        "What the cards are joined to (default: cable with two sockets, none with one):",
        "  cable: each other; the sender waits while the other is full",
        "  cable,lossy: each other; what the other has no room for is lost",
        "  loopback: the card receives what it sends",
        "  pcap:IN,OUT,fast: IN is played to the card, OUT records what it sends; either may be empty; fast: without"
            + " the pauses",
        "  tap:NAME: the Linux network stack, through a TAP interface of that name (needs root), which may have an address"
            + " and an MTU of its own, and be brought up: tap:lab0,mac=02:00:00:00:00:99,mtu=9000,up",
        "  none: unplugged",
      })
  String spec;

  @Option(
      names = "--lose",
      paramLabel = "P",
      description = "Fraction of the frames that is lost, 0 to 1.")
  double lose;

  @Option(
      names = "--delay",
      paramLabel = "P",
      description = "Fraction that is delayed behind 2 to 16 later frames.")
  double delay;

  @Option(names = "--duplicate", paramLabel = "P", description = "Fraction that is duplicated.")
  double duplicate;

  @Option(
      names = "--reorder",
      paramLabel = "P",
      description = "Fraction that changes places with the next frame.")
  double reorder;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of the random choice of those frames (default: ${DEFAULT-VALUE}).")
  long seed;

  /**
   * @return null for none
   * @throws IllegalArgumentException there is no such wire for so many cards
   */
  Wire make(int cards, CommandContext context) throws IOException {
    String form = spec == null ? (cards == 2 ? "cable" : "none") : spec;
    Wire wire = plain(form, cards, context);
    if (lose == 0 && delay == 0 && duplicate == 0 && reorder == 0) {
      return wire;
    }
    if (wire == null) {
      throw new IllegalArgumentException("--wire none has no frames to lose: give a wire");
    }
    return new FaultyWire(wire, new FaultyWire.Faults(lose, delay, duplicate, reorder), seed);
  }

  private static Wire plain(String form, int cards, CommandContext context) throws IOException {
    String kind = form.split("[:,]", 2)[0];
    String[] rest = form.substring(Math.min(form.length(), kind.length() + 1)).split(",", -1);
    if (cards == 2 && !Set.of("cable", "none").contains(kind)) {
      throw new IllegalArgumentException(
          "--wire " + form + " is for one card: two are joined by cable");
    }
    return switch (kind) {
      case "none", "unplugged" -> null;
      case "cable" -> {
        if (cards != 2) {
          throw new IllegalArgumentException("--wire cable joins two cards: give -s twice");
        }
        yield new Cable(mode(form, rest));
      }
      case "loopback" -> new LoopbackWire(mode(form, rest));
      case "pcap" -> pcap(form, rest, context);
      case "tap" -> tap(form, rest);
      default -> throw unknown(form);
    };
  }

  /** The file that {@code pcap:} plays (0), or writes (1); none with other wires. */
  List<Path> captureFiles(int which) {
    String[] files =
        spec != null && spec.startsWith("pcap:") ? spec.substring(5).split(",", -1) : new String[0];
    return which < files.length && !files[which].isEmpty()
        ? List.of(Path.of(files[which]).toAbsolutePath())
        : List.of();
  }

  private static CableMode mode(String form, String[] rest) {
    if (rest.length == 1 && rest[0].isEmpty()) {
      return CableMode.FLOW_CONTROLLED;
    }
    if (rest.length == 1 && rest[0].equals("lossy")) {
      return CableMode.LOSSY;
    }
    throw unknown(form);
  }

  private static Wire pcap(String form, String[] rest, CommandContext context) throws IOException {
    boolean fast = rest.length == 3 && rest[2].equals("fast");
    if (rest.length > 3 || (rest.length == 3 && !fast)) {
      throw unknown(form);
    }
    Path in = rest[0].isEmpty() ? null : Path.of(rest[0]);
    Path out = rest.length < 2 || rest[1].isEmpty() ? null : Path.of(rest[1]);
    PcapWire.Pace pace = fast ? PcapWire.Pace.AS_FAST_AS_POSSIBLE : PcapWire.Pace.AS_RECORDED;
    BooleanSupplier goOn = () -> !context.stop.requested();
    CommandContext.Opening<Wire> wire = () -> new PcapWire(in, out, pace, ModelClock.real(), goOn);
    return out == null ? wire.open() : context.openToWrite(out, wire);
  }

  private static Wire tap(String form, String[] rest) {
    TapWire.Options options = TapWire.Options.named(rest[0]);
    for (String word : List.of(rest).subList(1, rest.length)) {
      if (word.startsWith("mac=")) {
        options = options.mac(mac(word).bits());
      } else if (word.startsWith("mtu=")) {
        options = options.mtu(mtu(word));
      } else if (word.equals("up")) {
        options = options.up(true);
      } else if (word.equals("lossy")) {
        options = options.mode(CableMode.LOSSY);
      } else {
        throw unknown(form);
      }
    }
    return TapWire.open(options);
  }

  private static MacAddress mac(String word) {
    MacAddress mac;
    try {
      mac = MacAddress.parse(word.substring(4));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--wire tap: mac=" + e.getMessage(), e);
    }
    if (mac.multicast()) {
      throw new IllegalArgumentException("--wire tap: " + word + " is a group's address");
    }
    return mac;
  }

  private static int mtu(String word) {
    try {
      return (int) Converters.number(word.substring(4), LEAST_MTU, MOST_MTU);
    } catch (TypeConversionException e) {
      throw new IllegalArgumentException("--wire tap: mtu=" + e.getMessage(), e);
    }
  }

  private static IllegalArgumentException unknown(String form) {
    return new IllegalArgumentException("--wire " + form + " is none of " + FORMS);
  }
}

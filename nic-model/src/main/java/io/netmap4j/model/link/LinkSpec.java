package io.netmap4j.model.link;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Reads the text of {@link LinkOptions}. */
final class LinkSpec {
  private static final long MILLI = 1_000_000;

  private ModuleKind module = ModuleKind.SILENT;
  private LinkStart start = LinkStart.AT_ONCE;
  private Analog analog = Analog.ANY;
  private int lms = NvmOptions.DEFAULT.lms();
  private final Set<String> flags = new HashSet<>();
  private int rates = PartnerOptions.AS_WIRED;
  private long slow;
  private long[] flap = {0, 1, Integer.MAX_VALUE};
  private long[] vanish = {-1, Long.MAX_VALUE / MILLI};
  private boolean busy;
  private long busySeed = 1;
  private long[] firmware = {0, 1};
  private boolean smbi;
  private boolean swesmbi;
  private int gssr;

  LinkOptions parse(String text) {
    for (String item : text.split(",")) {
      if (!item.isBlank()) {
        String[] parts = item.strip().split("=", 2);
        if (parts.length == 1) {
          flag(parts[0]);
        } else {
          value(parts[0], parts[1]);
        }
      }
    }
    boolean foreign = module == ModuleKind.UNQUALIFIED || flags.contains("intel-only");
    return new LinkOptions(
        module,
        start,
        analog,
        new NvmOptions(
            lms,
            !flags.contains("no-sfi"),
            flags.contains("untrained-kr"),
            flags.contains("link-disabled"),
            !flags.contains("no-sequences"),
            !foreign,
            flags.contains("crosstalk"),
            flags.contains("lesm"),
            !flags.contains("bad-checksum"),
            !flags.contains("no-mac")),
        new PartnerOptions(
            rates,
            slow,
            flap[0] * MILLI,
            flap[1],
            (int) flap[2],
            vanish[0] < 0 ? -1 : vanish[0] * MILLI,
            vanish[1] * MILLI,
            busy,
            busySeed),
        new FirmwareOptions(
            firmware[0] * MILLI, firmware[1] * MILLI, flags.contains("veto"), smbi, swesmbi, gssr));
  }

  private void flag(String name) {
    switch (name) {
      case "no-sfi",
          "untrained-kr",
          "link-disabled",
          "no-sequences",
          "intel-only",
          "crosstalk",
          "lesm",
          "bad-checksum",
          "no-mac",
          "veto" ->
          flags.add(name);
      case "busy" -> busy = true;
      default -> throw unknown(name);
    }
  }

  private void value(String key, String value) {
    switch (key) {
      case "module" -> module = ModuleKind.parse(value);
      case "start" -> start = constant(LinkStart.values(), key, value);
      case "analog" -> analog = constant(Analog.values(), key, value);
      case "lms" -> lms = (int) numbers(key, value, new long[1], 1)[0];
      case "partner" -> rates = rates(value);
      case "slow" -> slow = numbers(key, value, new long[1], 1)[0] * MILLI;
      case "flap" -> flap = numbers(key, value, flap, 1);
      case "vanish" -> vanish = numbers(key, value, vanish, 1);
      case "firmware" -> firmware = numbers(key, value, firmware, 2);
      case "busy" -> {
        busy = true;
        busySeed = numbers(key, value, new long[1], 1)[0];
      }
      case "left" -> left(value);
      default -> throw unknown(key);
    }
  }

  private static IllegalArgumentException unknown(String key) {
    return new IllegalArgumentException("unknown key " + key + ": there are " + LinkOptions.KEYS);
  }

  private static <T extends Enum<T>> T constant(T[] all, String key, String value) {
    for (T one : all) {
      if (one.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(value)) {
        return one;
      }
    }
    throw new IllegalArgumentException(key + "=" + value + ": there are " + LinkOptions.KEYS);
  }

  private static int rates(String value) {
    return switch (value) {
      case "any" -> PartnerOptions.AS_WIRED;
      case "1g" -> Rates.R1G;
      case "10g" -> Rates.R10G;
      case "none" -> 0;
      default -> throw new IllegalArgumentException("partner=" + value + ": any, 1g, 10g or none");
    };
  }

  /** Numbers between slashes, at least {@code least}; those that are missing stay. */
  private static long[] numbers(String key, String value, long[] missing, int least) {
    String[] parts = value.split("/", -1);
    long[] result = missing.clone();
    if (parts.length < least || parts.length > result.length) {
      throw new IllegalArgumentException(
          key + "=" + value + ": " + least + " to " + result.length + " numbers, as in 10/20");
    }
    for (int i = 0; i < parts.length; i++) {
      if (!parts[i].matches("\\d{1,9}")) {
        throw new IllegalArgumentException(
            key + "=" + value + ": " + parts[i] + " is not a number from 0 to 999999999");
      }
      result[i] = Long.parseLong(parts[i]);
    }
    return result;
  }

  private void left(String value) {
    for (String part : value.split("\\+", -1)) {
      if (part.equals("smbi")) {
        smbi = true;
      } else if (part.equals("swesmbi")) {
        swesmbi = true;
      } else if (part.matches("gssr:[0-9a-fA-F]{1,3}")) {
        gssr = Integer.parseInt(part.substring(5), 16);
      } else {
        throw new IllegalArgumentException(
            "left=" + value + ": smbi, swesmbi, gssr:HEX, joined by +");
      }
    }
  }
}

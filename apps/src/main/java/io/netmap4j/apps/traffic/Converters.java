package io.netmap4j.apps.traffic;

import io.netmap4j.common.RingCounts;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.frames.PcapWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Converts the text of an option to its value. Values out of range are refused while the options
 * are parsed, with a text that says what is valid; picocli puts the option's name before it.
 */
public final class Converters {
  private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]+");
  private static final Pattern HEX = Pattern.compile("(0[xX])?[0-9a-fA-F]{1,16}");
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?");

  private static final Pattern PCI_ADDRESS =
      Pattern.compile("[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]");
  private static final Pattern DRIVER = Pattern.compile("[0-9a-zA-Z][0-9a-zA-Z_-]*");

  private static final long DAY_MILLIS = 86_400_000;
  private static final int MOST_SECONDS = 1_000_000; // eleven days, and no overflow in ns

  private Converters() {}

  /** For all options that have no converter of their own. */
  public static void register(CommandLine line) {
    line.registerConverter(
        int.class, text -> (int) number(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
    line.registerConverter(
        Integer.class, text -> (int) number(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
    line.registerConverter(long.class, text -> number(text, Long.MIN_VALUE, Long.MAX_VALUE));
    line.registerConverter(Long.class, text -> number(text, Long.MIN_VALUE, Long.MAX_VALUE));
    line.registerConverter(double.class, Converters::decimal);
    line.registerConverter(Path.class, Converters::path);
    line.registerConverter(MacAddress.class, Converters::mac);
    line.registerConverter(MacRange.class, Converters::macs);
    line.registerConverter(PcapWriter.Format.class, Converters::captureFormat);
  }

  /** How many: 0 and more. */
  public static final class Count implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return number(text, 0, Long.MAX_VALUE);
    }
  }

  /** How many at a time: 1 and more. */
  public static final class Some implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) number(text, 1, Integer.MAX_VALUE);
    }
  }

  /** A CPU's number, or how many. */
  public static final class Cpu implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) number(text, 0, 8191);
    }
  }

  /** [ADDRESS:]PORT to listen at. */
  public static final class Listening implements ITypeConverter<InetSocketAddress> {
    private static final Pattern PLACE =
        Pattern.compile("(?:([0-9.]+|localhost|\\[[0-9a-fA-F:.]+\\]):)?([0-9]{1,5})");

    @Override
    public InetSocketAddress convert(String text) {
      Matcher place = PLACE.matcher(text);
      try {
        if (place.matches()) {
          String address = place.group(1) == null ? "127.0.0.1" : place.group(1);
          if (address.indexOf('.') < 0 || address.matches("([0-9]{1,3}\\.){3}[0-9]{1,3}|\\[.*")) {
            return new InetSocketAddress(
                InetAddress.getByName(address), (int) number(place.group(2), 0, 65_535));
          }
        }
      } catch (UnknownHostException e) {
        // the same answer
      }
      throw new TypeConversionException(
          "'"
              + text
              + "' is not [ADDRESS:]PORT, as in 9400, 0.0.0.0:9400 or [::1]:9400; names of hosts other than localhost"
              + " are not looked up: give the address, which getent hosts NAME tells");
    }
  }

  /** ID[:PRIORITY] as the 16 bits of an 802.1Q tag. */
  public static final class VlanTag implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      int colon = text.indexOf(':');
      int id = (int) number(colon < 0 ? text : text.substring(0, colon), 0, 4095);
      int priority = colon < 0 ? 0 : (int) number(text.substring(colon + 1), 0, 7);
      return priority << 13 | id;
    }
  }

  /** txslots[,rxslots[,txrings[,rxrings]]], as pkt-gen completes them. */
  public static final class Counts implements ITypeConverter<RingCounts> {
    @Override
    public RingCounts convert(String text) {
      String[] words = text.split(",", -1);
      if (words.length > 4) {
        throw new TypeConversionException(
            "'" + text + "' is not TXSLOTS[,RXSLOTS[,TXRINGS[,RXRINGS]]]");
      }
      int[] n = new int[4];
      for (int i = 0; i < words.length; i++) {
        n[i] = (int) number(words[i], 0, 65_535);
      }
      n[1] = words.length == 1 ? n[0] : n[1];
      n[3] = words.length == 3 ? n[2] : n[3];
      return RingCounts.DEFAULT.slots(n[0], n[1]).rings(n[2], n[3]);
    }
  }

  /** Extra buffers of a port: as many as an index can tell apart at most. */
  public static final class Buffers implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) number(text, 0, Integer.MAX_VALUE);
    }
  }

  /** How long to wait; 0 does not. */
  public static final class Seconds implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) number(text, 0, MOST_SECONDS);
    }
  }

  /** Time between two reports. */
  public static final class Millis implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return number(text, 1, DAY_MILLIS);
    }
  }

  /** Of a PCI function. */
  public static final class DeviceId implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) hex(text, 1, 0xffff);
    }
  }

  /** The name of an interface that the kernel shall make. */
  public static final class InterfaceName implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return interfaceName(text);
    }
  }

  /** Of a function, for a path below /sys. */
  public static final class PciAddress implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return matching(PCI_ADDRESS, text, "a PCI address, as in 0000:03:00.0")
          .toLowerCase(Locale.ROOT);
    }
  }

  /** Of a kernel driver, for a path below /sys. */
  public static final class DriverName implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return matching(DRIVER, text, "a kernel driver's name, as in igb_uio");
    }
  }

  private static String matching(Pattern pattern, String text, String what) {
    if (!pattern.matcher(text).matches()) {
      throw new TypeConversionException("'" + text + "' is not " + what);
    }
    return text;
  }

  /** A whole number of that range, both ends included. */
  public static long number(String text, long least, long most) {
    if (!WHOLE.matcher(text).matches()) {
      throw new TypeConversionException("'" + text + "' is not a whole number");
    }
    try {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // more than 64 bits: out of every range
    }
    throw new TypeConversionException(
        most == Long.MAX_VALUE && text.startsWith("-")
            ? text + " is less than " + least
            : text + " is out of range: " + least + " to " + most);
  }

  /** A number in hex, with or without 0x before it, of that range, both ends included. */
  static long hex(String text, long least, long most) {
    if (!HEX.matcher(text).matches()) {
      throw new TypeConversionException("'" + text + "' is not a number in hex");
    }
    long value = Long.parseUnsignedLong(text.replaceFirst("^0[xX]", ""), 16);
    if (value < least || value > most) { // of 16 digits it may be negative
      throw new TypeConversionException(
          text
              + " is out of range: "
              + Long.toHexString(least)
              + " to "
              + Long.toHexString(most)
              + ", in hex");
    }
    return value;
  }

  static double decimal(String text) {
    if (!DECIMAL.matcher(text).matches()) {
      throw new TypeConversionException("'" + text + "' is not a number");
    }
    return Double.parseDouble(text);
  }

  static Path path(String text) {
    if (text.isEmpty()) {
      throw new TypeConversionException("a file's name is missing");
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException("'" + text + "' cannot be a file's name");
    }
  }

  public static MacAddress mac(String text) {
    try {
      return MacAddress.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  private static MacRange macs(String text) {
    try {
      return MacRange.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  /** By tshark's names. */
  private static PcapWriter.Format captureFormat(String text) {
    for (PcapWriter.Format format : PcapWriter.Format.values()) {
      if (format.name().toLowerCase(Locale.ROOT).equals(text)) {
        return format;
      }
    }
    throw new TypeConversionException("'" + text + "' is none of pcap, nsecpcap, pcapng");
  }

  /** What the kernel's dev_valid_name takes, and no % that it would put a number for. */
  public static String interfaceName(String text) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    boolean valid =
        bytes >= 1
            && bytes <= 15
            && !text.equals(".")
            && !text.equals("..")
            && text.chars().noneMatch(c -> c <= ' ' || c == 0x7f || "/:%".indexOf(c) >= 0);
    if (!valid) {
      throw new TypeConversionException(
          "'" + text + "' cannot be an interface's name: 1 to 15 bytes, without / : % and spaces");
    }
    return text;
  }
}

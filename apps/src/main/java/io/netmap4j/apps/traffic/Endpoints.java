package io.netmap4j.apps.traffic;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A range of addresses and of ports, ends included.
 *
 * @param ipv6 IPv6 addresses; else IPv4
 * @param high the upper 64 bits of the first address; 0 for IPv4
 * @param low the lower 64 bits of the first address; for IPv4 all its 32
 * @param last the number of the last address, from 0
 * @param stepHigh the addresses differ in the upper 64 bits; else in the lower
 * @param shift an address is 2 to this more than the one before it, in that half
 * @param firstPort 0 to 65535
 * @param lastPort firstPort to 65535
 */
public record Endpoints(
    boolean ipv6,
    long high,
    long low,
    long last,
    boolean stepHigh,
    int shift,
    int firstPort,
    int lastPort) {
  /** What there is when no port is given. */
  private static final int PORT = 1234;

  private static final int GROUP_BITS = 16;
  private static final int GROUPS = 8;
  private static final Pattern IPV4 = Pattern.compile("([0-9.]+)(?::([0-9]+))?");

  private static final Pattern IPV6 =
      Pattern.compile(
          "(?:([0-7])@)?(?:\\[([0-9a-fA-F:.]+)\\](?::([0-9]+))?|([0-9a-fA-F:.]*:[0-9a-fA-F:.]*))");

  /**
   * Reads {@code ip[:port[-ip:port]]}, for IPv6 {@code [group@][ip]:port} or {@code [group@]ip}; as
   * in pkt-gen the port is 1234 when none is given. A range of IPv6 addresses is one of their lower
   * 64 bits, or with a group, 0 to 7, of these 16 bits.
   *
   * @throws IllegalArgumentException saying what was expected
   */
  public static Endpoints parse(String text, boolean ipv6) {
    String[] ends = text.split("-", -1);
    String first = ends[0];
    String last = ends[ends.length - 1];
    Pattern form = ipv6 ? IPV6 : IPV4;
    try {
      if (ends.length <= 2 && form.matcher(first).matches() && form.matcher(last).matches()) {
        return ipv6 ? ipv6(first, last) : ipv4(first, last);
      }
    } catch (UnknownHostException e) {
      // the same answer as for too many ends
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + text + "': " + e.getMessage(), e);
    }
    boolean other = ipv6 ? IPV4.matcher(first).matches() : first.matches("\\[.*|[^.]*:.*:.*");
    throw new IllegalArgumentException(
        "'"
            + text
            + (ipv6
                ? "' is not an IPv6 range, as in [2001:db8::1]:1024-[2001:db8::ff]:1279"
                    + (other ? "; IPv4 is without -6" : "")
                : "' is not ip[:port[-ip:port]], as in 10.0.0.1:1024-10.0.0.1:1279"
                    + (other ? "; IPv6 needs -6" : "")));
  }

  private static Endpoints ipv4(String from, String to) {
    Matcher first = matcher(IPV4, from);
    Matcher last = matcher(IPV4, to);
    long low = address(first.group(1));
    long steps = address(last.group(1)) - low;
    int port = port(first.group(2), PORT);
    int lastPort = port(last.group(2), port);
    requireAscending(steps >= 0, first.group(1), last.group(1));
    requireAscending(lastPort >= port, "port " + port, "port " + lastPort);
    return new Endpoints(false, 0, low, steps, false, 0, port, lastPort);
  }

  private static long address(String text) {
    String[] parts = text.split("\\.", -1);
    require(parts.length == 4, text + " is no IPv4 address, as in 10.0.0.1");
    long address = 0;
    for (String part : parts) {
      address = address << 8 | within(text, part, 255);
    }
    return address;
  }

  private static Endpoints ipv6(String from, String to) throws UnknownHostException {
    Matcher a = matcher(IPV6, from);
    Matcher b = matcher(IPV6, to);
    BigInteger first = bits(a);
    BigInteger last = bits(b);
    int port = port(a.group(3), PORT);
    int lastPort = port(b.group(3), port);
    requireAscending(first.compareTo(last) <= 0, from, to);
    requireAscending(lastPort >= port, "port " + port, "port " + lastPort);
    long high = first.shiftRight(64).longValue();
    long low = first.longValue();
    if (a.group(1) == null) {
      long steps = last.longValue() - low;
      require(
          last.shiftRight(64).longValue() == high && steps >= 0,
          "too wide: the ends may differ in their lower 64 bits, and by less than 2^63");
      return new Endpoints(true, high, low, steps, false, 0, port, lastPort);
    }
    int group = Integer.parseInt(a.group(1));
    int shift = GROUP_BITS * (GROUPS - 1 - group);
    BigInteger steps = last.subtract(first).shiftRight(shift);
    require(
        steps.bitLength() <= GROUP_BITS && first.add(steps.shiftLeft(shift)).equals(last),
        "the ends may differ in group " + group + " only, as " + group + "@ says");
    return new Endpoints(
        true, high, low, steps.longValue(), shift >= 64, shift % 64, port, lastPort);
  }

  private static BigInteger bits(Matcher end) throws UnknownHostException {
    String text = end.group(2) != null ? end.group(2) : end.group(4);
    // Nothing that would be looked up as a name.
    require(text.indexOf(':') >= 0, text + " is no IPv6 address, as in 2001:db8::1");
    byte[] octets = InetAddress.getByName(text).getAddress();
    BigInteger address = new BigInteger(1, octets);
    // The JDK makes ::ffff:a.b.c.d an IPv4 address.
    return octets.length == 4 ? address.or(BigInteger.valueOf(0xffff_0000_0000L)) : address;
  }

  private static void requireAscending(boolean holds, String first, String last) {
    require(holds, "it runs backwards: " + last + " is before " + first);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  private static Matcher matcher(Pattern pattern, String end) {
    Matcher matcher = pattern.matcher(end);
    require(matcher.matches(), end + " is no address");
    return matcher;
  }

  private static int port(String text, int otherwise) {
    return text == null ? otherwise : within("port " + text, text, 65_535);
  }

  private static int within(String what, String number, int most) {
    int n = number.matches("[0-9]{1,5}") ? Integer.parseInt(number) : most + 1;
    require(n <= most, what + ": '" + number + "' is no number from 0 to " + most);
    return n;
  }

  /** One address and one port. */
  boolean single() {
    return last == 0 && firstPort == lastPort;
  }
}

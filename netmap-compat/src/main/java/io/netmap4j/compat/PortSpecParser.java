package io.netmap4j.compat;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Reads a port name from left to right: the name, the ring suffix, flags and memory; {@link
 * PortSpecOptions} reads the options behind them. For one name.
 */
final class PortSpecParser {
  private static final int RING_MASK = 0x0fff;
  private static final int NAME_SIZE = 64;

  private final String text;
  private final @Nullable ToIntFunction<String> memIdOf;
  private int at;
  private int errno = Libc.EINVAL;
  private int mode = Netmap.NR_REG_ALL_NIC;
  private int ringId;
  private long flags;
  private int memId;

  PortSpecParser(String text, @Nullable ToIntFunction<String> memIdOf) {
    this.text = text;
    this.memIdOf = memIdOf;
  }

  PortSpec parse() {
    String name = name();
    rings();
    while (at < text.length() && (peek() == '/' || memIdHere())) {
      if (text.charAt(at++) == '/') {
        flags();
      } else {
        memId();
      }
    }
    if (at < text.length()) {
      if (peek() != '@') {
        throw unexpected();
      }
      PortSpecOptions options = new PortSpecOptions(name, memId, memIdOf);
      for (String option : text.substring(at + 1).split("@", -1)) {
        options.add(option);
      }
      return new PortSpec(name, mode, ringId, flags, options.memId(), options.values());
    }
    return new PortSpec(name, mode, ringId, flags, memId, Map.of());
  }

  /**
   * The name that starts {@code text}, for {@code @share}.
   *
   * @throws NetmapException EINVAL, with {@code text}
   */
  static String nameOf(String text) {
    try {
      return new PortSpecParser(text, null).name();
    } catch (NetmapException e) {
      throw new NetmapException(e.errno(), text + ": " + e.getMessage(), e);
    }
  }

  /** What is before the ring suffix, the flags and the options. */
  private String name() {
    boolean vale = text.startsWith("vale");
    if (text.indexOf('\0') >= 0) {
      throw error("invalid character: a zero byte"); // where a string of C ends
    }
    if (!PortSpec.isPortName(text)) {
      throw error("invalid request, prefix unknown or missing");
    }
    int prefix = vale ? "vale".length() : "netmap".length();
    int colon = text.indexOf(':', prefix);
    if (colon < 0) {
      throw error("missing ':'");
    }
    String ident = text.substring(prefix, colon);
    if (!vale && !ident.isEmpty()) {
      throw error("no identifier allowed between 'netmap' and ':'");
    }
    if (!identifier(ident)) {
      throw error("invalid identifier '" + ident + "'");
    }
    int start = colon + 1;
    at = start;
    while (at < text.length() && "-*^/@".indexOf(peek()) < 0) {
      at++;
    }
    String name = text.substring(vale ? 0 : start, at);
    checkPipe(text.substring(start, at));
    if (name.getBytes(StandardCharsets.UTF_8).length >= NAME_SIZE) {
      throw error("name '" + name + "' too long");
    }
    if (name.isEmpty()) {
      throw error("invalid empty port name");
    }
    return name;
  }

  /** A pipe without a name is an error at the end of the text only: then the kernel refuses it. */
  private void checkPipe(String port) {
    int brace = 0;
    while (brace < port.length() && "{}".indexOf(port.charAt(brace)) < 0) {
      brace++;
    }
    if (brace < port.length()) {
      String pipe = port.substring(brace + 1);
      if (pipe.isEmpty() && at == text.length()) {
        throw error("invalid empty pipe name");
      }
      if (!identifier(pipe)) {
        throw error("invalid pipe name '" + pipe + "'");
      }
    }
  }

  /** The one ring suffix, which comes first. */
  private void rings() {
    if (at == text.length() || "-*^".indexOf(peek()) < 0) {
      return;
    }
    char suffix = text.charAt(at++);
    if (suffix == '*') {
      mode = Netmap.NR_REG_NIC_SW;
    } else if (suffix == '-') {
      mode = Netmap.NR_REG_ONE_NIC;
      ringId = ringNumber();
    } else if (at < text.length() && digit(peek())) {
      mode = Netmap.NR_REG_ONE_SW;
      ringId = ringNumber();
    } else {
      mode = Netmap.NR_REG_SW;
    }
    if (at < text.length() && "/@".indexOf(peek()) < 0) {
      throw unexpected();
    }
  }

  private int ringNumber() {
    needMore();
    if (!digit(peek())) {
      throw error("got '" + text.substring(at) + "' while expecting a number");
    }
    long n = number();
    if (n >= RING_MASK) {
      throw error("'" + n + "' out of range [0, " + RING_MASK + ")");
    }
    return (int) n;
  }

  private void flags() {
    needMore();
    for (; at < text.length() && "/@".indexOf(peek()) < 0; at++) {
      flags |=
          switch (peek()) {
            case 'x' -> Netmap.NR_EXCLUSIVE;
            case 'z' -> Netmap.NR_ZCOPY_MON;
            case 't' -> Netmap.NR_MONITOR_TX;
            case 'r' -> Netmap.NR_MONITOR_RX;
            case 'R' -> Netmap.NR_RX_RINGS_ONLY;
            case 'T' -> Netmap.NR_TX_RINGS_ONLY;
            default -> throw error("unrecognized flag: '" + peek() + "'");
          };
    }
    if (at < text.length() && peek() == '/') {
      throw error("unrecognized flag: '/'");
    }
  }

  /** At {@code @} with a digit or nothing behind it; anything else behind it is an option. */
  private boolean memIdHere() {
    return peek() == '@' && (at + 1 == text.length() || digit(text.charAt(at + 1)));
  }

  private void memId() {
    if (at == text.length()) {
      throw error("invalid empty mem_id");
    }
    long n = number();
    if (n == 0) {
      throw error("invalid mem_id: '" + n + "'");
    }
    if (memId != 0 && memId != n) {
      throw error("invalid setting of mem_id to " + n + " (already set to " + memId + ")");
    }
    memId = (int) n & 0xffff;
  }

  private char peek() {
    return text.charAt(at);
  }

  private void needMore() {
    if (at == text.length()) {
      throw error("unexpected end of request");
    }
  }

  /** The number that starts here. */
  private long number() {
    Digits digits = Digits.at(text, at);
    at = digits.end;
    if (digits.overflow) {
      errno = Libc.ERANGE;
    }
    return digits.value;
  }

  private NetmapException unexpected() {
    return error("unexpected character: '" + peek() + "'");
  }

  private static boolean digit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean identifier(String s) {
    return s.chars().allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || c == '_'));
  }

  private NetmapException error(String message) {
    return new NetmapException(errno, message);
  }

  /**
   * The decimal digits at a place of a text, as C's strtol reads them: it stops at the largest
   * number.
   *
   * @param overflow whether there was a larger one
   * @param end the index behind the last digit
   */
  record Digits(long value, boolean overflow, int end) {
    static Digits at(String text, int from) {
      long n = 0;
      boolean overflow = false;
      int at = from;
      for (; at < text.length() && digit(text.charAt(at)); at++) {
        int digit = text.charAt(at) - '0';
        if (n > (Long.MAX_VALUE - digit) / 10) {
          overflow = true;
          n = Long.MAX_VALUE;
        } else {
          n = n * 10 + digit;
        }
      }
      return new Digits(n, overflow, at);
    }
  }
}

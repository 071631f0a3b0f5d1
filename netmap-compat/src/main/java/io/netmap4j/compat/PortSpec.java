package io.netmap4j.compat;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * A port name, taken apart as libnetmap does (nmreq_header_decode, nmreq_register_decode,
 * nmreq_options_decode), with its error texts.
 *
 * <pre>
 *   netmap:NAME           every ring of the NIC
 *   netmap:NAME-N         ring pair N            netmap:NAME^   host rings      netmap:NAME^N  one of them
 *   netmap:NAME*          NIC and host rings     netmap:NAME{P  pipe P, one end  netmap:NAME}P  the other
 *   .../FLAGS             x exclusive, R receive only, T transmit only, z t r monitors
 *   ...@MEMID             must be that memory    ...@OPTION:KEY=VALUE,...
 * </pre>
 *
 * <p>NAME is any text without {@code - * ^ / @} of at most 63 bytes in UTF-8: other devices need an
 * alias in the configuration file.
 *
 * @param name what netmap puts in nr_name: NAME with its pipe suffix, or the whole {@code
 *     valeX:NAME}
 * @param mode one of Netmap.NR_REG_*
 * @param ringId for NR_REG_ONE_NIC and NR_REG_ONE_SW, 0 to 4094; else 0
 * @param flags Netmap.NR_* bits
 * @param memId 0 for any; kept in 16 bits, as in netmap
 * @param options by name. Keys are written with {@code -}, never {@code _}; one with an empty value
 *     is not set. {@code conf} holds what libnetmap puts into the request, in decimal: {@code
 *     tx-rings rx-rings host-tx-rings host-rx-rings} (16 bits), {@code tx-slots rx-slots}. Of a
 *     {@code conf} or {@code share} that comes again the later values count
 */
public record PortSpec(
    String name,
    int mode,
    int ringId,
    long flags,
    int memId,
    Map<String, Map<String, String>> options) {
  private static final int RING_MASK = 0x0fff;
  private static final int NAME_SIZE = 64;

  /**
   * Of one option: its keys, the one that {@code @name=value} sets and that must be set, whether it
   * is switched on.
   */
  private record Syntax(List<String> keys, String defaultKey, boolean enabled) {}

  private static final Map<String, Syntax> OPTIONS =
      Map.of(
          "share",
          new Syntax(List.of("port"), "port", true),
          "extmem",
          new Syntax(
              List.of("file", "if-num", "if-size", "ring-num", "ring-size", "buf-num", "buf-size"),
              "file",
              true),
          "conf",
          new Syntax(
              List.of(
                  "rings",
                  "host-rings",
                  "slots",
                  "tx-rings",
                  "rx-rings",
                  "host-tx-rings",
                  "host-rx-rings",
                  "tx-slots",
                  "rx-slots"),
              null,
              true),
          "offset",
          new Syntax(List.of("initial", "bits"), "initial", false));

  /** What the short keys of conf stand for. They count before the long ones of the same conf. */
  private static final Map<String, List<String>> BOTH_DIRECTIONS =
      Map.of(
          "rings", List.of("tx-rings", "rx-rings"),
          "host-rings", List.of("host-tx-rings", "host-rx-rings"),
          "slots", List.of("tx-slots", "rx-slots"));

  /** True for a name that starts with a prefix of this dialect; others are for somebody else. */
  static boolean mine(String spec) {
    return spec.startsWith("netmap") || spec.startsWith("vale");
  }

  /** True for a port of a switch. */
  public boolean vale() {
    return name.startsWith("vale") && name.indexOf(':') >= 0;
  }

  /** True for one end of a pipe. */
  public boolean pipe() {
    return name.indexOf('{') >= 0 || name.indexOf('}') >= 0;
  }

  /**
   * Takes a name apart, without asking which memory {@code @share} means: {@link #memId} does not
   * say.
   *
   * @throws NetmapException EINVAL with libnetmap's text; ERANGE for a number beyond 64 bits;
   *     EOPNOTSUPP for an option that libnetmap has switched off
   */
  public static PortSpec parse(String spec) {
    return new Parser(spec, null).parse();
  }

  /**
   * Takes a name apart.
   *
   * @param memIdOf finds the memory of a NAME that {@code @share} names, as netmap's kernel does
   * @throws NetmapException as {@link #parse(String)}; EINVAL when {@code @share} contradicts
   *     {@code @MEMID}; what {@code memIdOf} throws
   */
  static PortSpec parse(String spec, ToIntFunction<String> memIdOf) {
    return new Parser(spec, memIdOf).parse();
  }

  /** A cursor over the text. */
  private static final class Parser {
    private final String text;
    private final ToIntFunction<String> memIdOf;
    private int at;
    private int errno = Libc.EINVAL;
    private int mode = Netmap.NR_REG_ALL_NIC;
    private int ringId;
    private long flags;
    private int memId;
    private final Map<String, Map<String, String>> options = new LinkedHashMap<>();

    Parser(String text, ToIntFunction<String> memIdOf) {
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
        errno = Libc.EINVAL;
        options(name);
      }
      return new PortSpec(name, mode, ringId, flags, memId, options);
    }

    /** What is before the ring suffix, the flags and the options. */
    private String name() {
      boolean vale = text.startsWith("vale");
      if (text.indexOf('\0') >= 0) {
        throw error("invalid character: a zero byte"); // where a string of C ends
      }
      if (!mine(text)) {
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

    /**
     * A pipe without a name is an error at the end of the text only: then the kernel refuses it.
     */
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

    private void options(String name) {
      for (String option : text.substring(at + 1).split("@", -1)) {
        if (option.isEmpty()) {
          throw error("invalid empty option");
        }
        option(name, option);
      }
    }

    private void option(String port, String option) {
      int end = 0;
      while (end < option.length() && ":=".indexOf(option.charAt(end)) < 0) {
        end++;
      }
      String name = option.substring(0, end);
      Syntax syntax = OPTIONS.get(name);
      if (syntax == null) {
        throw error("unknown option: '" + name + "'");
      }
      if (!syntax.enabled) {
        throw new NetmapException(Libc.EOPNOTSUPP, "option '" + name + "' is not supported");
      }
      if (end == option.length()) {
        throw error("syntax error: missing body after '" + name + "'");
      }
      String body = option.substring(end + 1);
      Map<String, String> keys;
      if (option.charAt(end) == ':') {
        keys = keys(name, syntax, body);
      } else if (syntax.defaultKey == null) {
        throw error("syntax error: '=' not valid after '" + name + "'");
      } else if (body.isEmpty()) {
        throw error("missing value for option '" + name + "'");
      } else {
        keys = Map.of(syntax.defaultKey, body);
      }
      apply(port, name, keys);
    }

    private void apply(String port, String option, Map<String, String> keys) {
      Map<String, String> before = options.putIfAbsent(option, new LinkedHashMap<>());
      switch (option) {
        case "share" -> share(keys.get("port"));
        case "extmem" -> {
          if (before != null) {
            throw error(port + ": extmem already in use");
          }
        }
        default -> keys = conf(keys);
      }
      options.get(option).putAll(keys);
    }

    /** Of PORT only the name counts. */
    private void share(String port) {
      String name = new Parser(port, null).sharedName();
      if (memIdOf == null) {
        return;
      }
      int shared = memIdOf.applyAsInt(name);
      if (memId != 0 && memId != shared) {
        throw error("cannot set mem_id to " + shared + ", already set to " + memId);
      }
      memId = shared;
    }

    private String sharedName() {
      try {
        return name();
      } catch (NetmapException e) {
        throw new NetmapException(e.errno(), text + ": " + e.getMessage(), e);
      }
    }

    /** The numbers of a conf; as many bits of them as netmap keeps. */
    private static Map<String, String> conf(Map<String, String> keys) {
      Map<String, String> request = new HashMap<>();
      for (String key : OPTIONS.get("conf").keys) {
        String value = keys.get(key);
        if (value != null) {
          int n = atoi(value);
          String kept = key.endsWith("rings") ? "" + (n & 0xffff) : Integer.toUnsignedString(n);
          BOTH_DIRECTIONS.getOrDefault(key, List.of(key)).forEach(k -> request.put(k, kept));
        }
      }
      return request;
    }

    /** C's: what a text starts with, 0 if that is no number; the low 32 bits of a long one. */
    private static int atoi(String value) {
      int start = 0;
      while (start < value.length() && " \t\n\u000b\f\r".indexOf(value.charAt(start)) >= 0) {
        start++;
      }
      boolean minus = value.startsWith("-", start);
      Parser digits = new Parser(value, null);
      digits.at = minus || value.startsWith("+", start) ? start + 1 : start;
      long n = digits.number();
      boolean least = minus && digits.errno != Libc.EINVAL;
      return (int) (least ? Long.MIN_VALUE : minus ? -n : n);
    }

    private static Map<String, String> keys(String option, Syntax syntax, String body) {
      Map<String, String> keys = new HashMap<>();
      boolean more = !body.isEmpty();
      for (int at = 0; more; ) {
        // The first character is the key's, whatever it is.
        int end = Math.min(at + 1, body.length());
        while (end < body.length() && "=,".indexOf(body.charAt(end)) < 0) {
          end++;
        }
        String written = body.substring(at, end);
        written =
            written.isEmpty()
                ? written
                : written.charAt(0) + written.substring(1).replace('-', '_');
        String key = written.replace('_', '-');
        if (!syntax.keys.contains(key) || written.startsWith("-")) {
          throw error(Libc.EINVAL, "unknown key: '" + written + "'");
        }
        if (keys.get(key) != null) {
          throw error(
              Libc.EINVAL,
              "option '"
                  + option
                  + "': duplicate key '"
                  + written
                  + "', already set to '"
                  + keys.get(key)
                  + "'");
        }
        if (end == body.length() || body.charAt(end) == ',') {
          throw error(
              Libc.EINVAL, "option '" + option + "': missing '=value' for key '" + written + "'");
        }
        int comma = body.indexOf(',', end);
        String value = body.substring(end + 1, comma < 0 ? body.length() : comma);
        if (!value.isEmpty()) {
          keys.put(key, value);
        }
        more = comma >= 0;
        at = comma + 1;
      }
      if (syntax.defaultKey != null && !keys.containsKey(syntax.defaultKey)) {
        throw error(
            Libc.EINVAL,
            "option '" + option + "': mandatory key '" + syntax.defaultKey + "' not assigned");
      }
      return keys;
    }

    private char peek() {
      return text.charAt(at);
    }

    private void needMore() {
      if (at == text.length()) {
        throw error("unexpected end of request");
      }
    }

    /** Digits from here on: strtol, which stops at the largest number and sets ERANGE. */
    private long number() {
      long n = 0;
      for (; at < text.length() && digit(peek()); at++) {
        int digit = peek() - '0';
        if (n > (Long.MAX_VALUE - digit) / 10) {
          errno = Libc.ERANGE;
          n = Long.MAX_VALUE;
        } else {
          n = n * 10 + digit;
        }
      }
      return n;
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

    private NetmapException error(String text) {
      return error(errno, text);
    }

    private static NetmapException error(int errno, String text) {
      return new NetmapException(errno, text);
    }
  }

  /** What this version cannot open, in words; empty when it can. */
  List<String> unavailable() {
    List<String> missing = new ArrayList<>();
    if (vale()) {
      missing.add("VALE switches (" + name.substring(0, name.indexOf(':')) + ")");
    }
    if (pipe()) {
      missing.add("pipes ('{' and '}')");
    }
    if (mode == Netmap.NR_REG_SW || mode == Netmap.NR_REG_NIC_SW || mode == Netmap.NR_REG_ONE_SW) {
      missing.add("host rings ('^' and '*')");
    }
    if ((flags & (Netmap.NR_MONITOR_TX | Netmap.NR_MONITOR_RX | Netmap.NR_ZCOPY_MON)) != 0) {
      missing.add("monitors ('/z', '/t' and '/r')");
    }
    options.keySet().stream()
        .filter(option -> !option.equals("share"))
        .forEach(option -> missing.add("the option @" + option));
    return missing;
  }
}

package io.netmap4j.compat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapException;
import io.netmap4j.linux.Libc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A port name, taken apart as libnetmap does (nmreq_header_decode, nmreq_register_decode), with its
 * error texts.
 *
 * <pre>
 *   netmap:NAME           every ring of the NIC
 *   netmap:NAME-N         ring pair N            netmap:NAME^   host rings      netmap:NAME^N  one of them
 *   netmap:NAME*          NIC and host rings     netmap:NAME{P  pipe P, one end  netmap:NAME}P  the other
 *   .../FLAGS             x exclusive, R receive only, T transmit only, z t r monitors
 *   ...@MEMID             must be that memory    ...@OPTION:KEY=VALUE,...
 * </pre>
 *
 * <p>NAME is any text without {@code - * ^ / @}: such devices need an alias in the configuration
 * file.
 *
 * @param name what netmap puts in nr_name: NAME with its pipe suffix, or the whole {@code
 *     valeX:NAME}
 * @param mode one of Netmap.NR_REG_*
 * @param ringId for NR_REG_ONE_NIC and NR_REG_ONE_SW, 0 to 4094; else 0
 * @param flags Netmap.NR_* bits
 * @param memId 0 for any; kept in 16 bits, as in netmap
 * @param options each with its keys in the order written; key names with {@code -}, never {@code _}
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
   * Of one option: keys in libnetmap's order, the key that {@code @name=value} sets, whether it is
   * switched on.
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
   * Takes a name apart.
   *
   * @throws NetmapException EINVAL with libnetmap's text; EOPNOTSUPP for an option that libnetmap
   *     has switched off
   */
  public static PortSpec parse(String spec) {
    return new Parser(spec).parse();
  }

  /** A cursor over the text. */
  private static final class Parser {
    private final String text;
    private int at;
    private int mode = Netmap.NR_REG_ALL_NIC;
    private int ringId;
    private long flags;
    private int memId;
    private final Map<String, Map<String, String>> options = new LinkedHashMap<>();

    Parser(String text) {
      this.text = text;
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
        options();
      }
      return new PortSpec(name, mode, ringId, flags, memId, options);
    }

    private String name() {
      boolean vale = text.startsWith("vale");
      if (!mine(text)) {
        throw error("invalid request, prefix unknown or missing");
      }
      int prefix = vale ? "vale".length() : "netmap".length();
      int colon = text.indexOf(':', prefix);
      if (colon < 0) {
        throw error("missing ':'");
      }
      String ident = text.substring(prefix, colon);
      if (!identifier(ident)) {
        throw error("invalid identifier '" + ident + "'");
      }
      if (!vale && !ident.isEmpty()) {
        throw error("no identifier allowed between 'netmap' and ':'");
      }
      int start = colon + 1;
      at = start;
      while (at < text.length() && "-*^/@".indexOf(peek()) < 0) {
        at++;
      }
      if (!vale && at == start) {
        throw error("invalid empty port name");
      }
      String name = text.substring(vale ? 0 : start, at);
      checkPipe(text.substring(start, at));
      if (name.length() >= NAME_SIZE) {
        throw error("name '" + name + "' too long");
      }
      return name;
    }

    private static void checkPipe(String port) {
      int brace = 0;
      while (brace < port.length() && "{}".indexOf(port.charAt(brace)) < 0) {
        brace++;
      }
      if (brace < port.length()) {
        String pipe = port.substring(brace + 1);
        if (pipe.isEmpty()) {
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

    private void options() {
      for (String option : text.substring(at + 1).split("@", -1)) {
        if (option.isEmpty()) {
          throw error("invalid empty option");
        }
        option(option);
      }
    }

    private void option(String option) {
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
      Map<String, String> keys = options.computeIfAbsent(name, n -> new LinkedHashMap<>());
      if (option.charAt(end) == ':') {
        keys(name, syntax, body, keys);
      } else if (syntax.defaultKey == null) {
        throw error("syntax error: '=' not valid after '" + name + "'");
      } else {
        assign(name, syntax.defaultKey, body, keys);
      }
      if (syntax.defaultKey != null && !keys.containsKey(syntax.defaultKey)) {
        throw error(
            "option '" + name + "': mandatory key '" + syntax.defaultKey + "' not assigned");
      }
    }

    private static void keys(String option, Syntax syntax, String body, Map<String, String> into) {
      if (body.isEmpty()) {
        return;
      }
      for (String assignment : body.split(",", -1)) {
        int equals = assignment.indexOf('=');
        String written = equals < 0 ? assignment : assignment.substring(0, equals);
        String key = written.replace('_', '-');
        if (!syntax.keys.contains(key)) {
          throw error("unknown key: '" + written + "'");
        }
        if (equals < 0) {
          throw error("option '" + option + "': missing '=value' for key '" + written + "'");
        }
        assign(option, key, assignment.substring(equals + 1), into);
      }
    }

    private static void assign(String option, String key, String value, Map<String, String> into) {
      String before = into.putIfAbsent(key, value);
      if (before != null) {
        throw error(
            "option '"
                + option
                + "': duplicate key '"
                + key
                + "', already set to '"
                + before
                + "'");
      }
    }

    private char peek() {
      return text.charAt(at);
    }

    private void needMore() {
      if (at == text.length()) {
        throw error("unexpected end of request");
      }
    }

    /** Digits from here on; beyond 18 of them the value only stays large. */
    private long number() {
      long n = 0;
      for (; at < text.length() && digit(peek()); at++) {
        n = Math.min(n, Long.MAX_VALUE / 100) * 10 + peek() - '0';
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

    private static NetmapException error(String text) {
      return new NetmapException(Libc.EINVAL, text);
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
    options.keySet().forEach(option -> missing.add("the option @" + option));
    return missing;
  }
}

package io.netmap4j.compat;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The options of one port name, {@code @NAME:KEY=VALUE,...} or {@code @NAME=VALUE}, as libnetmap
 * reads them.
 */
final class PortSpecOptions {
  /** Of one option: its keys, and the one that {@code @name=value} sets and that must be set. */
  private record Syntax(List<String> keys, @Nullable String defaultKey) {}

  private static final Syntax CONF =
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
          null);

  private static final Map<String, Syntax> OPTIONS =
      Map.of(
          "share",
          new Syntax(List.of("port"), "port"),
          "extmem",
          new Syntax(
              List.of("file", "if-num", "if-size", "ring-num", "ring-size", "buf-num", "buf-size"),
              "file"),
          "conf",
          CONF,
          "offset",
          new Syntax(List.of("initial", "bits"), "initial"));

  /** Options that names may not have, for the whole process; as in libnetmap, at first one. */
  private static final Set<String> DISABLED = ConcurrentHashMap.newKeySet();

  static {
    DISABLED.add("offset");
  }

  /** What the short keys of conf stand for. They count before the long ones of the same conf. */
  private static final Map<String, List<String>> BOTH_DIRECTIONS =
      Map.of(
          "rings", List.of("tx-rings", "rx-rings"),
          "host-rings", List.of("host-tx-rings", "host-rx-rings"),
          "slots", List.of("tx-slots", "rx-slots"));

  private final String port;
  private final @Nullable ToIntFunction<String> memIdOf;
  private final Map<String, Map<String, String>> values = new LinkedHashMap<>();
  private int memId;

  /**
   * @param port the name before the options
   * @param memId what {@code @MEMID} has said, 0 for nothing
   * @param memIdOf finds the memory that {@code @share} means; null not to ask
   */
  PortSpecOptions(String port, int memId, @Nullable ToIntFunction<String> memIdOf) {
    this.port = port;
    this.memId = memId;
    this.memIdOf = memIdOf;
  }

  /** nmport_enable_option. @return false when there is no such option */
  static boolean enable(String option) {
    DISABLED.remove(option);
    return OPTIONS.containsKey(option);
  }

  /** nmport_disable_option. */
  static void disable(String option) {
    if (OPTIONS.containsKey(option)) {
      DISABLED.add(option);
    }
  }

  /** The options so far, by name and key. */
  Map<String, Map<String, String>> values() {
    return values;
  }

  /** The memory, with what {@code @share} has added. */
  int memId() {
    return memId;
  }

  /**
   * Adds one option.
   *
   * @param option what stands behind an {@code @}
   * @throws NetmapException EINVAL with libnetmap's text; EOPNOTSUPP for an option that libnetmap
   *     has switched off
   */
  void add(String option) {
    if (option.isEmpty()) {
      throw error("invalid empty option");
    }
    int end = 0;
    while (end < option.length() && ":=".indexOf(option.charAt(end)) < 0) {
      end++;
    }
    String name = option.substring(0, end);
    Syntax syntax = OPTIONS.get(name);
    if (syntax == null) {
      throw error("unknown option: '" + name + "'");
    }
    if (DISABLED.contains(name)) {
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
    apply(name, keys);
  }

  private void apply(String option, Map<String, String> keys) {
    Map<String, String> before = values.putIfAbsent(option, new LinkedHashMap<>());
    switch (option) {
      case "share" -> share(Objects.requireNonNull(keys.get("port")));
      case "extmem" -> {
        if (before != null) {
          throw error(port + ": extmem already in use");
        }
      }
      case "offset" -> {
        if (before != null) {
          throw error(port + ": offset given twice");
        }
      }
      default -> keys = conf(keys);
    }
    values.get(option).putAll(keys);
  }

  /** Of PORT only the name counts. */
  private void share(String other) {
    String name = PortSpecParser.nameOf(other);
    if (memIdOf == null) {
      return;
    }
    int shared = memIdOf.applyAsInt(name);
    if (memId != 0 && memId != shared) {
      throw error("cannot set mem_id to " + shared + ", already set to " + memId);
    }
    memId = shared;
  }

  /** The numbers of a conf; as many bits of them as netmap keeps. */
  private static Map<String, String> conf(Map<String, String> keys) {
    Map<String, String> request = new HashMap<>();
    for (String key : CONF.keys) {
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
  static int atoi(String value) {
    int start = 0;
    while (start < value.length() && " \t\n\u000b\f\r".indexOf(value.charAt(start)) >= 0) {
      start++;
    }
    boolean minus = value.startsWith("-", start);
    PortSpecParser.Digits digits =
        PortSpecParser.Digits.at(value, minus || value.startsWith("+", start) ? start + 1 : start);
    boolean least = minus && digits.overflow();
    return (int) (least ? Long.MIN_VALUE : minus ? -digits.value() : digits.value());
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
          written.isEmpty() ? written : written.charAt(0) + written.substring(1).replace('-', '_');
      String key = written.replace('_', '-');
      if (!syntax.keys.contains(key) || written.startsWith("-")) {
        throw error("unknown key: '" + written + "'");
      }
      if (keys.get(key) != null) {
        throw error(
            "option '"
                + option
                + "': duplicate key '"
                + written
                + "', already set to '"
                + keys.get(key)
                + "'");
      }
      if (end == body.length() || body.charAt(end) == ',') {
        throw error("option '" + option + "': missing '=value' for key '" + written + "'");
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
          "option '" + option + "': mandatory key '" + syntax.defaultKey + "' not assigned");
    }
    return keys;
  }

  private static NetmapException error(String message) {
    return new NetmapException(Libc.EINVAL, message);
  }
}

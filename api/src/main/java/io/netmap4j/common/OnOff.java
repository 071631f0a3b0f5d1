package io.netmap4j.common;

import io.netmap4j.linux.Libc;
import java.util.Locale;

/** A switch, from the configuration file, an option or a system property. */
public final class OnOff {
  private OnOff() {}

  /**
   * Reads {@code true yes on 1} or {@code false no off 0}, in any case.
   *
   * @param key what it is the value of, for the message
   * @param value the word, with or without blanks around it
   * @throws NetmapException EINVAL for anything else
   */
  public static boolean parse(String key, String value) {
    return switch (value.trim().toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on", "1" -> true;
      case "false", "no", "off", "0" -> false;
      default ->
          throw new NetmapException(
              Libc.EINVAL, key + " = '" + value + "' is neither true (yes, on, 1) nor false");
    };
  }

  /**
   * Reads a system property.
   *
   * @param name of the property
   * @param unless the result where it is not set
   * @throws NetmapException as {@link #parse}
   */
  public static boolean property(String name, boolean unless) {
    String value = System.getProperty(name);
    return value == null ? unless : parse("-D" + name, value);
  }
}

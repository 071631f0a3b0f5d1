package io.netmap4j.apps.traffic;

import io.netmap4j.frames.MacAddress;

/**
 * A range of MAC addresses, ends included.
 *
 * @param first as {@link MacAddress#bits}
 * @param last first or more
 */
record MacRange(long first, long last) {
  static MacRange of(MacAddress one) {
    return new MacRange(one.bits(), one.bits());
  }

  /**
   * Reads {@code MAC[-MAC]}.
   *
   * @throws IllegalArgumentException saying what was expected
   */
  static MacRange parse(String text) {
    String[] ends = text.split("-", -1);
    if (ends.length <= 2) {
      long first = MacAddress.parse(ends[0]).bits();
      long last = MacAddress.parse(ends[ends.length - 1]).bits();
      if (first <= last) {
        return new MacRange(first, last);
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not MAC[-MAC], as in 02:00:00:00:00:01-02:00:00:00:00:ff");
  }

  /** The address behind {@code mac}; behind the last comes the first. */
  long next(long mac) {
    return mac == last ? first : mac + 1;
  }

  boolean single() {
    return first == last;
  }
}

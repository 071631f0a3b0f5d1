package io.netmap4j.frames;

import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A MAC address.
 *
 * @param bits the first octet in bits 47 to 40; 0 to 0xFFFFFFFFFFFF
 */
public record MacAddress(long bits) {
  private static final Pattern FORM = Pattern.compile("[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}");

  /**
   * Of its bits.
   *
   * @throws IllegalArgumentException when they are more than 48
   */
  public MacAddress {
    if (bits >>> 48 != 0) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(bits) + " is no MAC address: it has 48 bits");
    }
  }

  /**
   * Reads six octets in hex, each of one or two digits, with colons between them.
   *
   * @throws IllegalArgumentException saying what was expected
   */
  public static MacAddress parse(String text) {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no MAC address, as in 02:00:00:00:00:01");
    }
    long bits = 0;
    for (String octet : text.split(":")) {
      bits = bits << 8 | Integer.parseInt(octet, 16);
    }
    return new MacAddress(bits);
  }

  /**
   * Of its octets.
   *
   * @param octets six, in the order in which they are sent
   * @throws IllegalArgumentException when they are not six
   */
  public static MacAddress of(byte[] octets) {
    if (octets.length != 6) {
      throw new IllegalArgumentException(
          octets.length + " bytes are no MAC address: it has 6 octets");
    }
    long bits = 0;
    for (byte octet : octets) {
      bits = bits << 8 | octet & 0xff;
    }
    return new MacAddress(bits);
  }

  /** In the order in which they are sent. */
  public byte[] octets() {
    byte[] octets = new byte[6];
    for (int i = 0; i < 6; i++) {
      octets[i] = (byte) (bits >> 40 - 8 * i);
    }
    return octets;
  }

  /** No interface has such an address of its own. */
  public boolean multicast() {
    return (bits >> 40 & 1) != 0;
  }

  @Override
  public String toString() {
    return HexFormat.ofDelimiter(":").formatHex(octets());
  }
}

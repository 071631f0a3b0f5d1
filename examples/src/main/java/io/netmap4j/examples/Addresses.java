package io.netmap4j.examples;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** IPv4 addresses as ints, in network byte order. */
final class Addresses {
  private static final String OCTET = "(25[0-5]|2[0-4]\\d|[01]?\\d?\\d)";

  private Addresses() {}

  /** Of "192.0.2.1". */
  static int parse(String text) {
    if (!text.matches(OCTET + "(\\." + OCTET + "){3}")) {
      throw new IllegalArgumentException("'" + text + "' is no IPv4 address, such as 192.0.2.1");
    }
    try {
      return ByteBuffer.wrap(InetAddress.getByName(text).getAddress()).getInt();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("'" + text + "' is no IPv4 address", e);
    }
  }

  static String text(int address) {
    return (address >>> 24)
        + "."
        + (address >> 16 & 0xFF)
        + "."
        + (address >> 8 & 0xFF)
        + "."
        + (address & 0xFF);
  }
}

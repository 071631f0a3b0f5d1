package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get8;
import static io.netmap4j.frames.NetOrder.put16;
import static io.netmap4j.frames.NetOrder.put8;

/** The 8 bytes that begin a message of ICMP (RFC 792) or ICMPv6 (RFC 4443). */
public final class Icmp extends Header {
  static final int BYTES = 8;

  public static final int ECHO_REPLY = 0;
  public static final int ECHO_REQUEST = 8;
  public static final int V6_ECHO_REQUEST = 128;
  public static final int V6_ECHO_REPLY = 129;

  Icmp() {}

  public int type() {
    return get8(at);
  }

  public int code() {
    return get8(at + 1);
  }

  public int checksum() {
    return get16(at + 2);
  }

  /** Of an echo: who asked. Other messages have other things here. */
  public int identifier() {
    return get16(at + 4);
  }

  /** Of an echo: its number. Other messages have other things here. */
  public int sequence() {
    return get16(at + 6);
  }

  public void type(int type) {
    put8(at, type);
  }

  public void code(int code) {
    put8(at + 1, code);
  }

  public void checksum(int value) {
    put16(at + 2, value);
  }
}

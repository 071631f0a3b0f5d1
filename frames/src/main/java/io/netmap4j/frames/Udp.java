package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.put16;

/** A UDP header (RFC 768): 8 bytes. */
public final class Udp extends Header {
  static final int BYTES = 8;

  Udp() {}

  public int sourcePort() {
    return get16(at);
  }

  public int destinationPort() {
    return get16(at + 2);
  }

  /** Bytes of header and payload, as the header has it: perhaps not what the packet holds. */
  public int length() {
    return get16(at + 4);
  }

  /** 0 when the sender has made none. */
  public int checksum() {
    return get16(at + 6);
  }

  public void sourcePort(int port) {
    put16(at, port);
  }

  public void destinationPort(int port) {
    put16(at + 2, port);
  }

  public void length(int length) {
    put16(at + 4, length);
  }

  public void checksum(int value) {
    put16(at + 6, value);
  }
}

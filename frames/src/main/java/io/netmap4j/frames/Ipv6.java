package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get32;
import static io.netmap4j.frames.NetOrder.get8;
import static io.netmap4j.frames.NetOrder.put16;
import static io.netmap4j.frames.NetOrder.put8;

import io.netmap4j.linux.Mem;

/**
 * An IPv6 header (RFC 8200): 40 bytes. {@link Packet#protocol} is what is behind its extension
 * headers.
 */
public final class Ipv6 extends Header {
  static final int BYTES = 40;

  Ipv6() {}

  /** Differentiated services and ECN, 8 bits. */
  public int trafficClass() {
    return get32(at) >>> 20 & 0xFF;
  }

  /** 20 bits. */
  public int flowLabel() {
    return get32(at) & 0xFFFFF;
  }

  /**
   * Bytes behind this header, as it has it: perhaps more than the frame holds, and 0 in a jumbogram
   * (RFC 2675), which has the number in its hop-by-hop header.
   */
  public int payloadLength() {
    return get16(at + 4);
  }

  /** What follows at once: a protocol, or an extension header. */
  public int nextHeader() {
    return get8(at + 6);
  }

  public int hopLimit() {
    return get8(at + 7);
  }

  /** The upper 64 bits of the source. */
  public long sourceHigh() {
    return Long.reverseBytes(Mem.getLong(at + 8));
  }

  /** The lower 64 bits of the source. */
  public long sourceLow() {
    return Long.reverseBytes(Mem.getLong(at + 16));
  }

  /** The upper 64 bits of the destination. */
  public long destinationHigh() {
    return Long.reverseBytes(Mem.getLong(at + 24));
  }

  /** The lower 64 bits of the destination. */
  public long destinationLow() {
    return Long.reverseBytes(Mem.getLong(at + 32));
  }

  public void payloadLength(int length) {
    put16(at + 4, length);
  }

  public void hopLimit(int value) {
    put8(at + 7, value);
  }

  public void source(long high, long low) {
    Mem.putLong(at + 8, Long.reverseBytes(high));
    Mem.putLong(at + 16, Long.reverseBytes(low));
  }

  public void destination(long high, long low) {
    Mem.putLong(at + 24, Long.reverseBytes(high));
    Mem.putLong(at + 32, Long.reverseBytes(low));
  }
}

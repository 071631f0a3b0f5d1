package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get32;
import static io.netmap4j.frames.NetOrder.put16;
import static io.netmap4j.frames.NetOrder.put32;

/** Ethernet's header: 14 bytes. {@link Header} has what all views have in common. */
public final class Ethernet extends Header {
  static final int BYTES = 14;

  /** Smallest value of {@link #type} that is an ethertype; below it is a length (IEEE 802.3). */
  public static final int FIRST_TYPE = 0x600;

  Ethernet() {}

  /** The destination, as {@link MacAddress#bits} has it. */
  public long destination() {
    return get48(at);
  }

  /** The source, as {@link MacAddress#bits} has it. */
  public long source() {
    return get48(at + 6);
  }

  /** The ethertype, of a tag if there is one; or, below {@link #FIRST_TYPE}, a length. */
  public int type() {
    return get16(at + 12);
  }

  public void destination(long bits) {
    put48(at, bits);
  }

  public void source(long bits) {
    put48(at + 6, bits);
  }

  public void type(int type) {
    put16(at + 12, type);
  }

  static long get48(long address) {
    return (long) get16(address) << 32 | get32(address + 2) & 0xFFFFFFFFL;
  }

  static void put48(long address, long bits) {
    put16(address, (int) (bits >>> 32));
    put32(address + 2, (int) bits);
  }
}

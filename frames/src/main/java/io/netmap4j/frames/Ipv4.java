package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get32;
import static io.netmap4j.frames.NetOrder.get8;
import static io.netmap4j.frames.NetOrder.put16;
import static io.netmap4j.frames.NetOrder.put32;
import static io.netmap4j.frames.NetOrder.put8;

/** An IPv4 header (RFC 791): 20 to 60 bytes. */
public final class Ipv4 extends Header {
  static final int BYTES = 20;

  Ipv4() {}

  /** Differentiated services and ECN, 8 bits. */
  public int typeOfService() {
    return get8(at + 1);
  }

  /**
   * Bytes of header and payload, as the header has it: perhaps more than the frame holds, and 0
   * where a host captures its own segments before the card cuts them.
   */
  public int totalLength() {
    return get16(at + 2);
  }

  public int identification() {
    return get16(at + 4);
  }

  public boolean dontFragment() {
    return (get16(at + 6) & 0x4000) != 0;
  }

  public boolean moreFragments() {
    return (get16(at + 6) & 0x2000) != 0;
  }

  /** Where the payload is in that of the whole packet, in bytes. */
  public int fragmentOffset() {
    return (get16(at + 6) & 0x1FFF) << 3;
  }

  /** True for a part of a packet, the first one included. */
  public boolean fragment() {
    return (get16(at + 6) & 0x3FFF) != 0;
  }

  public int timeToLive() {
    return get8(at + 8);
  }

  /** Of the payload: {@link Packet#TCP} and others. */
  public int protocol() {
    return get8(at + 9);
  }

  public int checksum() {
    return get16(at + 10);
  }

  public int source() {
    return get32(at + 12);
  }

  public int destination() {
    return get32(at + 16);
  }

  public void typeOfService(int value) {
    put8(at + 1, value);
  }

  public void totalLength(int length) {
    put16(at + 2, length);
  }

  public void identification(int value) {
    put16(at + 4, value);
  }

  public void timeToLive(int value) {
    put8(at + 8, value);
  }

  public void checksum(int value) {
    put16(at + 10, value);
  }

  public void source(int address) {
    put32(at + 12, address);
  }

  public void destination(int address) {
    put32(at + 16, address);
  }

  /** True when the header's checksum is that of its bytes. */
  public boolean checksumRight() {
    return Checksum.sum(at, bytes, 0) == 0xFFFF;
  }

  /** Computes the header's checksum, and stores it. */
  public void updateChecksum() {
    checksum(0);
    checksum(~Checksum.sum(at, bytes, 0));
  }

  /**
   * What a router does (RFC 1812, 5.3.1): one hop less to live, and the checksum changed by the
   * difference.
   *
   * @return false for a time to live of 0 or 1: the packet is not changed, and not to be forwarded
   */
  public boolean decrementTimeToLive() {
    int word = get16(at + 8);
    if (word < 0x200) {
      return false;
    }
    checksum(Checksum.replace16(checksum(), word, word - 0x100));
    put16(at + 8, word - 0x100);
    return true;
  }
}

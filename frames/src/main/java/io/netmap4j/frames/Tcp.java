package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get32;
import static io.netmap4j.frames.NetOrder.get8;
import static io.netmap4j.frames.NetOrder.put16;
import static io.netmap4j.frames.NetOrder.put32;
import static io.netmap4j.frames.NetOrder.put8;

/** A TCP header (RFC 9293): 20 to 60 bytes. */
public final class Tcp extends Header {
  static final int BYTES = 20;

  // Bits of flags().
  public static final int FIN = 1;
  public static final int SYN = 2;
  public static final int RST = 4;
  public static final int PSH = 8;
  public static final int ACK = 16;
  public static final int URG = 32;
  public static final int ECE = 64;
  public static final int CWR = 128;

  Tcp() {}

  public int sourcePort() {
    return get16(at);
  }

  public int destinationPort() {
    return get16(at + 2);
  }

  /** 32 bits; as unsigned, {@link Integer#toUnsignedLong}. */
  public int sequence() {
    return get32(at + 4);
  }

  /** 32 bits, as {@link #sequence}. */
  public int acknowledgement() {
    return get32(at + 8);
  }

  /** {@link #SYN} and others, 8 bits. */
  public int flags() {
    return get8(at + 13);
  }

  public int window() {
    return get16(at + 14);
  }

  public int checksum() {
    return get16(at + 16);
  }

  public int urgentPointer() {
    return get16(at + 18);
  }

  public void sourcePort(int port) {
    put16(at, port);
  }

  public void destinationPort(int port) {
    put16(at + 2, port);
  }

  public void sequence(int value) {
    put32(at + 4, value);
  }

  public void acknowledgement(int value) {
    put32(at + 8, value);
  }

  public void flags(int value) {
    put8(at + 13, value);
  }

  public void window(int value) {
    put16(at + 14, value);
  }

  public void checksum(int value) {
    put16(at + 16, value);
  }

  public void urgentPointer(int value) {
    put16(at + 18, value);
  }

  /**
   * Finds an option.
   *
   * @param kind 2 is the maximum segment size, 3 the window's scale, 8 the timestamps
   * @return the address of its kind byte; 0 when it is not there, or behind one that is damaged
   */
  public long option(int kind) {
    long end = at + bytes;
    long option = at + BYTES;
    while (option < end) {
      int found = get8(option);
      if (found == 0) { // end of options
        return 0;
      }
      int length = found == 1 ? 1 : option + 1 < end ? get8(option + 1) : 0;
      if (length == 0 || found != 1 && length < 2 || option + length > end) {
        return 0;
      }
      if (found == kind) {
        return option;
      }
      option += length;
    }
    return 0;
  }
}

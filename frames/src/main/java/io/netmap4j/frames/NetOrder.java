package io.netmap4j.frames;

import io.netmap4j.linux.Mem;

/**
 * Fields in network byte order (big-endian) in memory at an address, which need not be aligned.
 *
 * <p>Nothing here checks an address: the caller knows that the field lies inside its buffer.
 */
public final class NetOrder {
  private NetOrder() {}

  /** The unsigned byte at {@code address}. */
  public static int get8(long address) {
    return Mem.getByte(address) & 0xFF;
  }

  /** The unsigned 16-bit field at {@code address}. */
  public static int get16(long address) {
    return Short.reverseBytes(Mem.getShort(address)) & 0xFFFF;
  }

  /** The 32-bit field at {@code address}; as unsigned, {@link Integer#toUnsignedLong}. */
  public static int get32(long address) {
    return Integer.reverseBytes(Mem.getInt(address));
  }

  /** Stores the low 8 bits of {@code value}. */
  public static void put8(long address, int value) {
    Mem.putByte(address, (byte) value);
  }

  /** Stores the low 16 bits of {@code value}. */
  public static void put16(long address, int value) {
    Mem.putShort(address, Short.reverseBytes((short) value));
  }

  /** Stores {@code value}. */
  public static void put32(long address, int value) {
    Mem.putInt(address, Integer.reverseBytes(value));
  }
}

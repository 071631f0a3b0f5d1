package io.netmap4j.frames;

import io.netmap4j.linux.Mem;

/** Frame fields, which are big-endian. */
final class NetOrder {
  private NetOrder() {}

  static int get8(long address) {
    return Mem.getByte(address) & 0xFF;
  }

  static int get16(long address) {
    return Short.reverseBytes(Mem.getShort(address)) & 0xFFFF;
  }

  static int get32(long address) {
    return Integer.reverseBytes(Mem.getInt(address));
  }

  static void put16(long address, int value) {
    Mem.putShort(address, Short.reverseBytes((short) value));
  }

  static void put32(long address, int value) {
    Mem.putInt(address, Integer.reverseBytes(value));
  }
}

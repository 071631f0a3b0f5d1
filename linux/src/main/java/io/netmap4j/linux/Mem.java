package io.netmap4j.linux;

import net.openhft.chronicle.core.UnsafeMemory;
import sun.misc.Unsafe;

/**
 * Raw memory by absolute address: the one place that knows how Java reaches it.
 *
 * <p>Nothing here checks an address; callers check indices where they enter. "Release" and
 * "acquire" have the meaning of {@link java.lang.invoke.VarHandle}. x86-64 keeps a release store to
 * ordinary memory ahead of a later store to a device register; no other architecture is promised
 * here.
 */
public final class Mem {
  private static final Unsafe U = UnsafeMemory.UNSAFE;
  private static final long BYTES = Unsafe.ARRAY_BYTE_BASE_OFFSET;

  static {
    Chronicle.chooseCleaner();
  }

  private Mem() {}

  public static byte getByte(long address) {
    return U.getByte(address);
  }

  public static void putByte(long address, byte value) {
    U.putByte(address, value);
  }

  public static short getShort(long address) {
    return U.getShort(address);
  }

  public static void putShort(long address, short value) {
    U.putShort(address, value);
  }

  public static int getInt(long address) {
    return U.getInt(address);
  }

  public static void putInt(long address, int value) {
    U.putInt(address, value);
  }

  public static long getLong(long address) {
    return U.getLong(address);
  }

  public static void putLong(long address, long value) {
    U.putLong(address, value);
  }

  /**
   * One load, never two: safe on a clear-on-read register (UnsafeMemory.readVolatileInt reads zero
   * twice).
   */
  public static int getIntVolatile(long address) {
    return U.getIntVolatile(null, address);
  }

  public static long getLongVolatile(long address) {
    return U.getLongVolatile(null, address);
  }

  /** Release store: everything written before is visible to whoever sees this value. */
  public static void putIntRelease(long address, int value) {
    U.putOrderedInt(null, address, value);
  }

  /**
   * Release store to a device's register, one plain store from the first call on. Not {@link
   * #putIntRelease}: HotSpot's interpreter makes an {@code xchg} of it, which reads the register
   * first, and whose locked cycle a PCI Express device need not answer.
   */
  public static void putIntToDevice(long address, int value) {
    U.storeFence();
    U.putInt(address, value);
  }

  /** Release store of 8 bytes. */
  public static void putLongRelease(long address, long value) {
    U.putOrderedLong(null, address, value);
  }

  /** Loads before stay before loads and stores after. */
  public static void loadFence() {
    U.loadFence();
  }

  public static void storeFence() {
    U.storeFence();
  }

  public static void fullFence() {
    U.fullFence();
  }

  public static void copy(long from, long to, long bytes) {
    U.copyMemory(from, to, bytes);
  }

  public static void copyIn(byte[] from, int offset, long to, int bytes) {
    java.util.Objects.checkFromIndexSize(offset, bytes, from.length);
    U.copyMemory(from, BYTES + offset, null, to, bytes);
  }

  public static void copyOut(long from, byte[] to, int offset, int bytes) {
    java.util.Objects.checkFromIndexSize(offset, bytes, to.length);
    U.copyMemory(null, from, to, BYTES + offset, bytes);
  }

  public static void set(long address, long bytes, byte value) {
    U.setMemory(address, bytes, value);
  }

  /** Zeroed native memory, to be given back with {@link #free}. */
  public static long allocate(long bytes) {
    long address = U.allocateMemory(bytes);
    U.setMemory(address, bytes, (byte) 0);
    return address;
  }

  public static void free(long address) {
    U.freeMemory(address);
  }
}

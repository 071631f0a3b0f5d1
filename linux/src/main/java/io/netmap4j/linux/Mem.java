package io.netmap4j.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.util.Objects;
import net.openhft.chronicle.core.UnsafeMemory;
import sun.misc.Unsafe;

/**
 * Raw memory by absolute address: the one place that knows how Java reaches it.
 *
 * <p>Nothing here checks an address; callers check indices where they enter. "Release" and
 * "acquire" have the meaning of {@link java.lang.invoke.VarHandle}, which is about threads: {@link
 * Order} has what rings and devices need. Any thread.
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

  /** 0 to 2³² − 1: a buffer index whose check and address need no sign. */
  public static long getUnsignedInt(long address) {
    return U.getInt(address) & 0xffffffffL;
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

  /** One load of 8 bytes, not moved ahead of earlier volatile loads by the compiler. */
  public static long getLongVolatile(long address) {
    return U.getLongVolatile(null, address);
  }

  /** Release store: everything written before is visible to whoever sees this value. */
  public static void putIntRelease(long address, int value) {
    U.putOrderedInt(null, address, value);
  }

  /** Stores {@code value} if {@code expected} is there, in one step. @return whether it was */
  public static boolean compareAndSetInt(long address, int expected, int value) {
    return U.compareAndSwapInt(null, address, expected, value);
  }

  /** Release store of 8 bytes. */
  public static void putLongRelease(long address, long value) {
    U.putOrderedLong(null, address, value);
  }

  /** Loads and stores before stay before loads and stores after. */
  public static void fullFence() {
    U.fullFence();
  }

  /** Loads before stay before loads and stores after. */
  public static void loadFence() {
    U.loadFence();
  }

  /** Loads and stores before stay before stores after. */
  static void storeFence() {
    U.storeFence();
  }

  /** Copies bytes between two addresses; the ranges may overlap. */
  public static void copy(long from, long to, long bytes) {
    U.copyMemory(from, to, bytes);
  }

  /**
   * Copies bytes of an array to an address.
   *
   * @throws IndexOutOfBoundsException the array has not that many at {@code offset}
   */
  public static void copyIn(byte[] from, int offset, long to, int bytes) {
    Objects.checkFromIndexSize(offset, bytes, from.length);
    U.copyMemory(from, BYTES + offset, null, to, bytes);
  }

  /**
   * Copies bytes from an address into an array.
   *
   * @throws IndexOutOfBoundsException the array has no room for that many at {@code offset}
   */
  public static void copyOut(long from, byte[] to, int offset, int bytes) {
    Objects.checkFromIndexSize(offset, bytes, to.length);
    U.copyMemory(null, from, to, BYTES + offset, bytes);
  }

  /** Fills memory with one value. */
  public static void set(long address, long bytes, byte value) {
    U.setMemory(address, bytes, value);
  }

  /** Where a direct buffer's byte 0 is, as long as the buffer is reachable. */
  public static long addressOf(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  /** Zeroed native memory, to be given back with {@link #free}. */
  public static long allocate(long bytes) {
    long address = U.allocateMemory(bytes);
    U.setMemory(address, bytes, (byte) 0);
    return address;
  }

  /** Frees memory of {@link #allocate}; 0 is ignored. */
  public static void free(long address) {
    U.freeMemory(address);
  }
}

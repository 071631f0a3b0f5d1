package io.netmap4j.bench.control;

import com.sun.jna.Pointer;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;

/**
 * {@code struct ring} of {@code rings.h}: where a ring's slots, descriptors and buffers are, and
 * how far the control has come with it. The ring must be as the driver has started it, and is the
 * control's alone from now on.
 */
public final class CRing implements AutoCloseable {
  /** Of the struct. */
  static final int BYTES = 16 * Long.BYTES;

  private static final int HWTAIL = 10;
  private static final int REPORTS = 15;
  private static final int REPORT_BYTES = 8192 * Integer.BYTES;

  private final long address = Mem.allocate(BYTES);
  private final long reports = Mem.allocate(REPORT_BYTES);

  /**
   * Describes a ring.
   *
   * @param k the ring, which no Java code syncs
   * @param descriptors address of its descriptors; 0 for a ring without a card
   * @param doorbell address of its tail register; 0 for a ring without a card
   * @param table device addresses of the region's pages of 2 MiB; 0 for a ring without a card
   */
  public CRing(Kring k, long descriptors, long doorbell, long table) {
    Region region = k.region;
    long[] words = {
      k.ring,
      descriptors,
      doorbell,
      table,
      region.address() + region.bufOffset(),
      region.bufOffset(),
      region.bufSize(),
      region.bufTotal(),
      k.numSlots
    };
    Mem.set(address, BYTES, (byte) 0);
    for (int i = 0; i < words.length; i++) {
      Mem.putLong(address + (long) i * Long.BYTES, words[i]);
    }
    Mem.putLong(address + HWTAIL * Long.BYTES, k.tx ? k.numSlots - 1 : 0);
    Mem.putLong(address + REPORTS * Long.BYTES, reports);
  }

  /** For a parameter of type {@code struct ring *}. */
  public Pointer pointer() {
    return new Pointer(address);
  }

  /** For a parameter of type {@code struct ring **}: memory that the caller frees. */
  public static long array(CRing[] rings) {
    long array = Mem.allocate((long) rings.length * Long.BYTES);
    for (int i = 0; i < rings.length; i++) {
      Mem.putLong(array + (long) i * Long.BYTES, rings[i].address);
    }
    return array;
  }

  /** Frees the struct. */
  @Override
  public void close() {
    Mem.free(reports);
    Mem.free(address);
  }

  /** Both sides must mean the same block of memory. */
  static void requireLayout(CLibrary library) {
    if (library.function("ring_bytes").invokeLong(new Object[0]) != BYTES) {
      throw new IllegalStateException("struct ring of rings.h is not what CRing writes");
    }
  }
}

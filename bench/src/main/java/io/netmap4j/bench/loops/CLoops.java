package io.netmap4j.bench.loops;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import io.netmap4j.bench.control.CLibrary;

/** The loops of src/main/c/loops.c on one ring. For one thread. */
final class CLoops implements AutoCloseable {
  private final Function start;
  private final Function sync;
  private final Function get;
  private final Function slice;
  private final Function free;
  private final Pointer ring;

  /**
   * @param library loops.c, which stays open until this is closed
   * @param ring what the loops work on, the driver's own memory or a copy of it
   */
  CLoops(CLibrary library, RingMemory ring) {
    this.start = library.function("ring_start");
    this.sync = library.function("ring_sync");
    this.get = library.function("ring_get");
    this.slice = library.function("ring_slice");
    this.free = library.function("ring_free");
    this.ring =
        library
            .function("ring_new")
            .invokePointer(
                new Object[] {
                  new Pointer(ring.slots()),
                  new Pointer(ring.descriptors()),
                  new Pointer(ring.addresses()),
                  new Pointer(ring.tail()),
                  new Pointer(ring.buffers()),
                  ring.bufSize(),
                  ring.bufTotal(),
                  ring.numSlots()
                });
    if (this.ring == null) {
      throw new OutOfMemoryError("no memory for a ring in C");
    }
  }

  /** As {@link DriverLoops#start}. */
  void start(int hwCur, int hwTail, int hwOfs) {
    start.invoke(new Object[] {ring, hwCur, hwTail, hwOfs});
  }

  /** As {@link DriverLoops#sync}. */
  void sync(Loop loop, int rHead) {
    sync.invoke(new Object[] {ring, loop.ordinal(), rHead});
  }

  int hwCur() {
    return get.invokeInt(new Object[] {ring, 0});
  }

  int hwTail() {
    return get.invokeInt(new Object[] {ring, 1});
  }

  int hwOfs() {
    return get.invokeInt(new Object[] {ring, 2});
  }

  /** As {@link DriverLoops#slice}. */
  double slice(Loop loop, Image image, int batch, long nanos) {
    return slice.invokeDouble(
        new Object[] {
          ring,
          loop.ordinal(),
          new Pointer(image.slots),
          new Pointer(image.descriptors),
          batch,
          nanos
        });
  }

  @Override
  public void close() {
    free.invoke(new Object[] {ring});
  }
}

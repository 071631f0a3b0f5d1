package io.netmap4j.bench;

import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.core.UnsafeMemory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Ways to reach memory from Java: one loop, which makes a descriptor of 16 bytes from a slot of 16
 * bytes (buffer index to device address through a table), written in each of them. Why the driver
 * has the first one. A score is ns for {@code batch} slots; of the doorbells, for one store.
 *
 * <pre>
 *   java -jar bench/target/bench.jar jmh MemoryBench -p batch=32
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class MemoryBench {
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int SIZE = 16;
  private static final int BUFFERS = 8192;
  private static final int BUF_BITS = 11;
  private static final int PAGE_BITS = 21;
  private static final long PAGE_MASK = (1L << PAGE_BITS) - 1;
  private static final int MOST = 1518;
  private static final long COMMAND = 0x2b30_0000L;
  private static final int PAYLEN_SHIFT = 46;

  @Param({"1", "8", "32", "256"})
  int batch;

  @Param({"1024"})
  int slots;

  private ByteBuffer slotBuffer;
  private ByteBuffer descBuffer;
  private long slotAddress;
  private long descAddress;
  private long table;
  private long doorbell;
  private long[] arrayTable;
  private PointerBytesStore slotStore;
  private PointerBytesStore descStore;
  private Bytes<?> slotBytes;
  private Bytes<?> descBytes;
  private int at;

  @Setup
  public void open() {
    slotBuffer = ByteBuffer.allocateDirect(slots * SIZE).order(ByteOrder.LITTLE_ENDIAN);
    descBuffer = ByteBuffer.allocateDirect(slots * SIZE).order(ByteOrder.LITTLE_ENDIAN);
    slotAddress = Mem.addressOf(slotBuffer);
    descAddress = Mem.addressOf(descBuffer);
    slotStore = new PointerBytesStore();
    descStore = new PointerBytesStore();
    slotStore.set(slotAddress, (long) slots * SIZE);
    descStore.set(descAddress, (long) slots * SIZE);
    slotBytes = slotStore.bytesForRead();
    descBytes = descStore.bytesForWrite();
    arrayTable = new long[BUFFERS << BUF_BITS >> PAGE_BITS];
    table = Mem.allocate(8L * arrayTable.length);
    doorbell = Mem.allocate(64);
    for (int i = 0; i < arrayTable.length; i++) {
      arrayTable[i] = (1L << 40) + ((long) i << PAGE_BITS);
      Mem.putLong(table + 8L * i, arrayTable[i]);
    }
    for (int i = 0; i < slots; i++) {
      slotBuffer.putLong(i * SIZE, 2 + i | 60L << 32);
    }
  }

  @TearDown
  public void close() {
    Mem.free(table);
    Mem.free(doorbell);
    slotBytes.releaseLast();
    descBytes.releaseLast();
  }

  /** Slots from {@code at} on to the end of the ring; what is left of a batch begins at 0. */
  private int run(int left) {
    return Math.min(left, slots - at);
  }

  private void moveOn(int run) {
    at = at + run == slots ? 0 : at + run;
  }

  private static boolean bad(long slot) {
    return slot >>> 32 > MOST || Integer.compareUnsigned((int) slot - 2, BUFFERS - 2) >= 0;
  }

  private static long command(long slot) {
    long len = slot >>> 32;
    return COMMAND | len | len << PAYLEN_SHIFT;
  }

  private static long offset(long slot) {
    return (slot & 0xffffffffL) << BUF_BITS;
  }

  /** Absolute addresses by {@link Mem}: as the driver's loops. */
  @Benchmark
  public void mem() {
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final long from = slotAddress + (long) at * SIZE;
      final long to = descAddress + (long) at * SIZE;
      final long lut = table;
      for (int o = 0; o < run * SIZE; o += SIZE) {
        long s = Mem.getLong(from + o);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        Mem.putLong(to + o, Mem.getLong(lut + (offset >>> PAGE_BITS << 3)) + (offset & PAGE_MASK));
        Mem.putLong(to + o + 8, command(s));
      }
      moveOn(run);
    }
  }

  /** As {@link #mem}, with the test for the ring's end in the loop. */
  @Benchmark
  public void memWrappingInside() {
    final long lut = table;
    for (int n = 0; n < batch; n++) {
      long s = Mem.getLong(slotAddress + (long) at * SIZE);
      if (bad(s)) {
        throw new IllegalStateException();
      }
      long offset = offset(s);
      long to = descAddress + (long) at * SIZE;
      Mem.putLong(to, Mem.getLong(lut + (offset >>> PAGE_BITS << 3)) + (offset & PAGE_MASK));
      Mem.putLong(to + 8, command(s));
      at = at + 1 == slots ? 0 : at + 1;
    }
  }

  /** As {@link #mem}, with the table in a Java array. */
  @Benchmark
  public void memArrayTable() {
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final long from = slotAddress + (long) at * SIZE;
      final long to = descAddress + (long) at * SIZE;
      final long[] lut = arrayTable;
      for (int o = 0; o < run * SIZE; o += SIZE) {
        long s = Mem.getLong(from + o);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        Mem.putLong(to + o, lut[(int) (offset >>> PAGE_BITS)] + (offset & PAGE_MASK));
        Mem.putLong(to + o + 8, command(s));
      }
      moveOn(run);
    }
  }

  /** Chronicle's class for the same addresses. */
  @Benchmark
  public void unsafeMemory() {
    final UnsafeMemory memory = UnsafeMemory.INSTANCE;
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final long from = slotAddress + (long) at * SIZE;
      final long to = descAddress + (long) at * SIZE;
      final long lut = table;
      for (int o = 0; o < run * SIZE; o += SIZE) {
        long s = memory.readLong(from + o);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        memory.writeLong(
            to + o, memory.readLong(lut + (offset >>> PAGE_BITS << 3)) + (offset & PAGE_MASK));
        memory.writeLong(to + o + 8, command(s));
      }
      moveOn(run);
    }
  }

  @Benchmark
  public void bytesStore() {
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final PointerBytesStore from = slotStore;
      final PointerBytesStore to = descStore;
      final long[] lut = arrayTable;
      for (int o = at * SIZE, end = o + run * SIZE; o < end; o += SIZE) {
        long s = from.readLong(o);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        to.writeLong(o, lut[(int) (offset >>> PAGE_BITS)] + (offset & PAGE_MASK));
        to.writeLong(o + 8, command(s));
      }
      moveOn(run);
    }
  }

  /** Cursors: each access moves a position. */
  @Benchmark
  public void bytesCursor() {
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final Bytes<?> from = slotBytes.readPosition((long) at * SIZE);
      final Bytes<?> to = descBytes.writePosition((long) at * SIZE);
      final long[] lut = arrayTable;
      for (int n = 0; n < run; n++) {
        long s = from.readLong();
        from.readSkip(8);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        to.writeLong(lut[(int) (offset >>> PAGE_BITS)] + (offset & PAGE_MASK));
        to.writeLong(command(s));
      }
      moveOn(run);
    }
  }

  @Benchmark
  public void byteBuffer() {
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final ByteBuffer from = slotBuffer;
      final ByteBuffer to = descBuffer;
      final long[] lut = arrayTable;
      for (int o = at * SIZE, end = o + run * SIZE; o < end; o += SIZE) {
        long s = from.getLong(o);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        to.putLong(o, lut[(int) (offset >>> PAGE_BITS)] + (offset & PAGE_MASK));
        to.putLong(o + 8, command(s));
      }
      moveOn(run);
    }
  }

  @Benchmark
  public void varHandle() {
    for (int left = batch, run; left > 0; left -= run) {
      run = run(left);
      final ByteBuffer from = slotBuffer;
      final ByteBuffer to = descBuffer;
      final long[] lut = arrayTable;
      for (int o = at * SIZE, end = o + run * SIZE; o < end; o += SIZE) {
        long s = (long) LONGS.get(from, o);
        if (bad(s)) {
          throw new IllegalStateException();
        }
        long offset = offset(s);
        LONGS.set(to, o, lut[(int) (offset >>> PAGE_BITS)] + (offset & PAGE_MASK));
        LONGS.set(to, o + 8, command(s));
      }
      moveOn(run);
    }
  }

  /** As the driver's: a store that earlier ones do not follow. */
  @Benchmark
  public void doorbell() {
    Order.writeRegister(doorbell, batch);
  }

  /** A volatile store, which the processor makes a full fence of. */
  @Benchmark
  public void doorbellVolatile() {
    UnsafeMemory.INSTANCE.writeVolatileInt(doorbell, batch);
  }
}

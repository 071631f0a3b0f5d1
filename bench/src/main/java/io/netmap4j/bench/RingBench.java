package io.netmap4j.bench;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.memory.Region;
import java.util.concurrent.TimeUnit;
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
 * What a program's own half costs: the methods of {@link NetmapRing}, without a sync. A score is ns
 * for {@code batch} slots, one after the other around the ring; for {@link #space} and {@link
 * #advance} it is ns for one call.
 *
 * <pre>
 *   java -jar bench/target/bench.jar jmh RingBench -p batch=32 -p slots=256,1024,4096 -prof gc
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class RingBench {
  private static final int BYTES = 60;

  @Param({"1", "8", "32", "256"})
  int batch;

  @Param({"1024"})
  int slots;

  private Region region;
  private NetmapPort a;
  private NetmapPort b;
  private NetmapRing rx;
  private NetmapRing tx;
  private int at;

  @Setup
  public void open() {
    region = NullPort.region(slots);
    a = NullPort.open(new NullDevice(), region, slots);
    b = NullPort.open(new NullDevice(), region, slots);
    rx = a.rx(0);
    tx = b.tx(0);
    for (int i = 0; i < slots; i++) {
      rx.lenAndFlags(i, BYTES, 0);
    }
  }

  @TearDown
  public void close() {
    a.close();
    b.close();
    region.close();
  }

  @Benchmark
  public int space() {
    return tx.space();
  }

  @Benchmark
  public void advance() {
    tx.advance(tx.plus(tx.head(), batch));
  }

  /** The walk alone, which all that follow have in them. */
  @Benchmark
  public int next() {
    int slot = at;
    int sum = 0;
    for (int n = batch; n > 0; n--) {
      sum += slot;
      slot = rx.next(slot);
    }
    at = slot;
    return sum;
  }

  @Benchmark
  public int len() {
    int slot = at;
    int sum = 0;
    for (int n = batch; n > 0; n--) {
      sum += rx.len(slot);
      slot = rx.next(slot);
    }
    at = slot;
    return sum;
  }

  /** len, flags and buf_idx, by a method each. */
  @Benchmark
  public int fields() {
    int slot = at;
    int sum = 0;
    for (int n = batch; n > 0; n--) {
      sum += rx.len(slot) + rx.slotFlags(slot) + rx.bufIdx(slot);
      slot = rx.next(slot);
    }
    at = slot;
    return sum;
  }

  @Benchmark
  public void lenAndFlags() {
    int slot = at;
    for (int n = batch; n > 0; n--) {
      tx.lenAndFlags(slot, BYTES, 0);
      slot = tx.next(slot);
    }
    at = slot;
  }

  @Benchmark
  public long buffer() {
    int slot = at;
    long sum = 0;
    for (int n = batch; n > 0; n--) {
      sum += rx.buffer(slot);
      slot = rx.next(slot);
    }
    at = slot;
    return sum;
  }

  /** The first byte of each packet, by the checked method. */
  @Benchmark
  public int firstByte() {
    int slot = at;
    int sum = 0;
    for (int n = batch; n > 0; n--) {
      sum += rx.getUnsignedByte(slot, 0);
      slot = rx.next(slot);
    }
    at = slot;
    return sum;
  }

  @Benchmark
  public void swap() {
    int slot = at;
    for (int n = batch; n > 0; n--) {
      rx.swap(slot, tx, slot);
      slot = rx.next(slot);
    }
    at = slot;
  }

  /** A packet of 60 bytes copied from ring to ring, the way between regions. */
  @Benchmark
  public void copy() {
    int slot = at;
    for (int n = batch; n > 0; n--) {
      rx.copy(slot, tx, slot);
      slot = rx.next(slot);
    }
    at = slot;
  }
}

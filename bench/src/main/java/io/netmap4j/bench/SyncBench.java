package io.netmap4j.bench;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapForward;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.PacketVisitor;
import io.netmap4j.linux.Mem;
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
 * Cost of one sync by batch size, against a device that does nothing: the driver only, no PCIe, no
 * model. A score is ns for one sync of {@code batch} slots; divide by {@code batch} for ns a slot.
 * RX and bridge include the write-back of the descriptors, which {@link #writeBackAlone} measures
 * by itself.
 *
 * <pre>
 *   java -jar bench/target/bench.jar jmh SyncBench -prof gc                 gc.alloc.rate.norm must be about 0
 *   java -jar bench/target/bench.jar jmh SyncBench -p slots=256,1024,4096   by ring size
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class SyncBench {
  private static final int DESC = 16;
  private static final long RECEIVED = 3 | 60L << 32; // DD, EOP, 60 bytes
  private static final int DD = 1;
  private static final int TTL = 14 + 8; // of an IPv4 packet, in the Ethernet frame
  private static final int REPORT_EVERY = 32;

  @Param({"1", "8", "32", "256"})
  int batch;

  @Param({"1024"})
  int slots;

  private Region region;
  private NullDevice deviceA;
  private NullDevice deviceB;
  private NetmapPort a;
  private NetmapPort b;
  private NetmapForward aToB;
  private int written;

  /** Forwards every packet as it is. */
  private static final PacketVisitor ALL = (address, length) -> length;

  private final PacketVisitor touch =
      (address, length) -> {
        Mem.putByte(address + TTL, (byte) (Mem.getByte(address + TTL) - 1));
        return length;
      };

  @Setup
  public void open() {
    if (batch >= slots) {
      throw new IllegalArgumentException(
          "a ring of " + slots + " slots takes " + (slots - 1) + " at once, not " + batch);
    }
    region = NullPort.region(slots);
    deviceA = new NullDevice();
    deviceB = new NullDevice();
    a = NullPort.open(deviceA, region, slots);
    b = NullPort.open(deviceB, region, slots);
    aToB = new NetmapForward(a.rx(0), b.tx(0));
    for (int i = 0; i < slots; i++) {
      a.tx(0).len(i, 60);
      b.tx(0).len(i, 60);
    }
  }

  @TearDown
  public void close() {
    a.close();
    b.close();
    region.close();
  }

  /** For those who watch them. */
  NetmapPort[] ports() {
    return new NetmapPort[] {a, b};
  }

  /** Submits {@code batch} slots, sees the last batch done. */
  @Benchmark
  public int tx() {
    NetmapRing ring = a.tx(0);
    int head = ring.head();
    ring.advance(ring.plus(head, batch));
    int status = ok(a.txSync());
    complete(deviceA, head, batch);
    return status;
  }

  /** As {@link #tx}, with NS_BUF_CHANGED on every slot, as zero-copy forwarding sets it. */
  @Benchmark
  public int txBufChanged() {
    NetmapRing ring = a.tx(0);
    int head = ring.head();
    int slot = head;
    for (int i = 0; i < batch; i++) {
      ring.lenAndFlags(slot, 60, Netmap.NS_BUF_CHANGED);
      slot = ring.next(slot);
    }
    ring.advance(slot);
    int status = ok(a.txSync());
    complete(deviceA, head, batch);
    return status;
  }

  /** Takes {@code batch} packets in and gives the last batch back. */
  @Benchmark
  public int rx() {
    writeBack();
    NetmapRing ring = a.rx(0);
    ring.advance(ring.tail());
    return ok(a.rxSync());
  }

  /** The device's half of {@link #rx}. */
  @Benchmark
  public int writeBackAlone() {
    writeBack();
    return written;
  }

  /** As {@link #rx}, and reads the length and the first byte of each packet. */
  @Benchmark
  public int rxTouch() {
    writeBack();
    NetmapRing ring = a.rx(0);
    int slot = ring.head();
    int sum = 0;
    for (int n = ring.space(); n > 0; n--) {
      sum += ring.len(slot) + Mem.getByte(ring.buffer(slot));
      slot = ring.next(slot);
    }
    ring.advance(slot);
    return sum + ok(a.rxSync());
  }

  /**
   * Receives {@code batch} packets on one port, swaps their buffers into the other's TX ring, sends
   * them.
   */
  @Benchmark
  public int bridge() {
    return bridge(false);
  }

  /** As {@link #bridge}, and counts one byte down of each packet, as a router its TTL. */
  @Benchmark
  public int bridgeTouch() {
    return bridge(true);
  }

  /** As {@link #bridge}, as one operation ({@link NetmapForward}). */
  @Benchmark
  public int forward() {
    return forward(ALL);
  }

  /** As {@link #bridgeTouch}, as one operation. */
  @Benchmark
  public int forwardTouch() {
    return forward(touch);
  }

  private int forward(PacketVisitor visitor) {
    writeBack();
    int first = b.tx(0).head();
    int done = aToB.forward(batch, visitor);
    if (done != batch) {
      throw new IllegalStateException("forward answered " + done);
    }
    complete(deviceB, first, done);
    return done;
  }

  private int bridge(boolean touch) {
    writeBack();
    int status = ok(a.rxSync());
    NetmapRing rx = a.rx(0);
    NetmapRing tx = b.tx(0);
    int from = rx.head();
    int first = tx.head();
    int to = first;
    int count = Math.min(rx.space(), tx.space());
    for (int n = count; n > 0; n--) {
      if (touch) {
        long ttl = rx.buffer(from) + TTL;
        Mem.putByte(ttl, (byte) (Mem.getByte(ttl) - 1));
      }
      rx.swap(from, tx, to);
      from = rx.next(from);
      to = tx.next(to);
    }
    rx.advance(from);
    tx.advance(to);
    status |= ok(b.txSync());
    complete(deviceB, first, count);
    return status;
  }

  /** What the card does: DD where the driver asks for a report, every 32 slots, and elsewhere. */
  private void complete(NullDevice device, int from, int count) {
    long descriptors = device.descriptors(0);
    for (int n = Math.min(REPORT_EVERY, count); n > 0; n = Math.min(n + REPORT_EVERY, count)) {
      int slot = from + n - 1;
      Mem.putInt(descriptors + (long) (slot >= slots ? slot - slots : slot) * DESC + 12, DD);
      if (n == count) {
        return;
      }
    }
  }

  private static int ok(int status) {
    if (status != 0) {
      throw new IllegalStateException("sync answered " + status);
    }
    return status;
  }

  private void writeBack() {
    long descriptors = deviceA.descriptors(1);
    int slot = written;
    for (int i = 0; i < batch; i++) {
      Mem.putLong(descriptors + (long) slot * DESC + 8, RECEIVED);
      slot = slot + 1 == slots ? 0 : slot + 1;
    }
    written = slot;
  }
}

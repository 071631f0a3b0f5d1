package io.netmap4j.bench;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.RingCounts;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
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
 * A pipe: packets from one end to the other and their slots back. A score is ns for one batch.
 *
 * <pre>
 *   java -jar bench/target/bench.jar PipeBench -prof gc     gc.alloc.rate.norm must be about 0
 *   bench/pipe-vs-c                                         beside the same in C (src/main/c/pipe.c), also between threads
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class PipeBench {
  private static final int SLOTS = 1024;
  private static final int BYTES = 60;

  /** Looks without news after which a thread lets others run. */
  private static final int PATIENCE = 2000;

  @Param({"32", "256"})
  int batch;

  private NetmapMemory memory;
  private NetmapPort sender;
  private NetmapPort receiver;
  private long received;

  @Setup
  public void open() {
    memory = NetmapMemory.create(MemoryOptions.DEFAULT.buffers(8192, 2048));
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT.region(memory).counts(RingCounts.DEFAULT.slots(SLOTS, SLOTS));
    sender = Netmap.open("netmap:bench{1", request);
    receiver = Netmap.open("netmap:bench}1", request);
  }

  @TearDown
  public void close() {
    sender.close();
    receiver.close();
    memory.close();
  }

  /** One batch is sent and received; the syncs also take back what was released before. */
  @Benchmark
  public long lockStep() {
    give(batch);
    sender.txSync();
    receiver.rxSync();
    take();
    return received;
  }

  private int give(int most) {
    NetmapRing tx = sender.tx(0);
    int n = Math.min(most, tx.space());
    int slot = tx.head();
    for (int i = 0; i < n; i++) {
      tx.lenAndFlags(slot, BYTES, 0);
      slot = tx.next(slot);
    }
    tx.advance(slot);
    return n;
  }

  private int take() {
    NetmapRing rx = receiver.rx(0);
    int n = rx.space();
    int slot = rx.head();
    long sum = 0;
    for (int i = 0; i < n; i++) {
      sum += rx.len(slot);
      slot = rx.next(slot);
    }
    received += sum;
    rx.advance(slot);
    return n;
  }

  private void sendAll(long packets) {
    int idle = 0;
    for (long left = packets; left > 0; ) {
      int n = give((int) Math.min(batch, left));
      left -= n;
      sender.txSync();
      idle = n > 0 ? 0 : pause(idle);
    }
  }

  private void receiveAll(long packets) {
    int idle = 0;
    for (long left = packets; left > 0; ) {
      receiver.rxSync();
      int n = take();
      left -= n;
      idle = n > 0 ? 0 : pause(idle);
    }
    receiver.rxSync();
  }

  @SuppressWarnings("ThreadPriorityCheck") // the other thread may need this processor
  private static int pause(int idle) {
    if (idle < PATIENCE) {
      Thread.onSpinWait();
      return idle + 1;
    }
    Thread.yield();
    return 0;
  }

  /**
   * For pipe-vs-c: each line of input, {@code lockstep|threads BATCH PACKETS}, is answered with ns
   * for a packet: of processor time with one thread, of the clock with two.
   */
  public static void main(String[] args) throws IOException {
    PipeBench bench = new PipeBench();
    bench.open();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      bench.batch = Integer.parseInt(words[1]);
      long packets = Long.parseLong(words[2]);
      long nanos = words[0].equals("threads") ? bench.threads(packets) : bench.steps(packets);
      System.out.printf(Locale.ROOT, "%.3f%n", (double) nanos / packets);
    }
    bench.close();
  }

  private long steps(long packets) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadCpuTime();
    for (long n = 0; n < packets; n += batch) {
      lockStep();
    }
    return threads.getCurrentThreadCpuTime() - before;
  }

  private long threads(long packets) {
    long before = System.nanoTime();
    Thread other = new Thread(() -> sendAll(packets), "sender");
    other.start();
    receiveAll(packets);
    try {
      other.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    sender.txSync();
    return System.nanoTime() - before;
  }
}

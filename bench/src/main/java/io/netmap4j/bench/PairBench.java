package io.netmap4j.bench;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Frames of 60 bytes from one port to another, in lock-step on one thread (JMH; a score is ns for
 * one batch), and between two threads (the script). Does what src/main/c/pair.h does.
 *
 * <pre>
 *   java -jar bench/target/bench.jar jmh PipeBench -prof gc     gc.alloc.rate.norm must be about 0
 *   bench/pair-vs-c pipe                                        beside the same in C, also between threads
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public abstract class PairBench {
  static final int BYTES = 60;

  /** Looks without news after which a thread lets others run. */
  private static final int PATIENCE = 2000;

  @Param({"1", "8", "32", "256"})
  int batch;

  @Param({"1024"})
  int slots;

  NetmapPort sender;
  NetmapPort receiver;

  private final int window;
  private final boolean returnsAtOnce;
  private final AtomicLong taken = new AtomicLong();
  private long received;

  /**
   * @param window most frames under way between threads
   * @param returnsAtOnce a sync after each batch gives its slots back; else the next one does
   */
  PairBench(int window, boolean returnsAtOnce) {
    this.window = window;
    this.returnsAtOnce = returnsAtOnce;
  }

  /** Opens the ports, with {@code slots} slots in each ring. */
  abstract void open();

  abstract void close();

  /** One batch is sent and received; the syncs also take back what was released. */
  @Benchmark
  public long lockStep() {
    give(batch);
    sender.txSync();
    receiver.rxSync();
    take();
    if (returnsAtOnce) {
      receiver.rxSync();
    }
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
    for (long sent = 0; sent < packets; ) {
      if (sent + batch - taken.getAcquire() > window) {
        idle = pause(idle);
        continue;
      }
      int n = give((int) Math.min(batch, packets - sent));
      sent += n;
      sender.txSync();
      idle = n > 0 ? 0 : pause(idle);
    }
  }

  private void receiveAll(long packets) {
    int idle = 0;
    for (long n = 0; n < packets; ) {
      receiver.rxSync();
      int got = take();
      n += got;
      idle = got > 0 ? 0 : pause(idle);
      if (got > 0) {
        if (returnsAtOnce) {
          receiver.rxSync();
        }
        taken.setRelease(n);
      }
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
   * For pair-vs-c: each line of input, {@code lockstep|threads BATCH PACKETS}, is answered with ns
   * for a packet: of processor time with one thread, of the clock with two.
   */
  final void answer() throws IOException {
    slots = 1024;
    open();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      batch = Integer.parseInt(words[1]);
      long packets = Long.parseLong(words[2]);
      long nanos = words[0].equals("threads") ? threads(packets) : steps(packets);
      System.out.printf(Locale.ROOT, "%.3f%n", (double) nanos / packets);
    }
    close();
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
    taken.set(0);
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

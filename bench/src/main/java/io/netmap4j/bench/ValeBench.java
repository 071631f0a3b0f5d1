package io.netmap4j.bench;

import io.netmap4j.Netmap;
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
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A VALE switch: frames of 60 bytes from one port to another whose address is known, each port in
 * memory of its own. A score is ns for one batch.
 *
 * <pre>
 *   java -jar bench/target/bench.jar ValeBench -prof gc     gc.alloc.rate.norm must be about 0
 *   bench/vale-vs-c                                         beside the same in C (src/main/c/vale.c), also between threads
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class ValeBench {
  private static final int BYTES = 60;

  /** Frames under way at most, between threads: a switch would drop the rest. */
  private static final int WINDOW = 512;

  /** Looks without news after which a thread lets others run. */
  private static final int PATIENCE = 2000;

  @Param({"32", "256"})
  int batch;

  private final AtomicLong taken = new AtomicLong();
  private NetmapPort sender;
  private NetmapPort receiver;
  private long received;

  /** Every slot has its frame from the beginning, and the switch knows where they go. */
  @Setup
  public void open() {
    sender = Netmap.open("valeBench:a");
    receiver = Netmap.open("valeBench:b");
    byte[] frame = new byte[BYTES];
    frame[0] = 2;
    frame[5] = 0xb;
    frame[6] = 2;
    frame[11] = 0xa;
    NetmapRing tx = sender.tx(0);
    for (int i = 0; i < tx.numSlots(); i++) {
      tx.put(i, frame);
    }
    frame[11] = 0xb;
    tx = receiver.tx(0);
    tx.put(0, frame);
    tx.advance(1);
    receiver.txSync();
    sender.rxSync();
    sender.rx(0).advance(sender.rx(0).tail());
  }

  @TearDown
  public void close() {
    sender.close();
    receiver.close();
  }

  /** One batch is sent, received and released. */
  @Benchmark
  public long lockStep() {
    give(batch);
    sender.txSync();
    receiver.rxSync();
    take();
    receiver.rxSync();
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
      if (sent + batch - taken.getAcquire() > WINDOW) {
        idle = pause(idle);
        continue;
      }
      idle = 0;
      sent += give((int) Math.min(batch, packets - sent));
      sender.txSync();
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
        receiver.rxSync();
        taken.setRelease(n);
      }
    }
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
   * For vale-vs-c: each line of input, {@code lockstep|threads BATCH PACKETS}, is answered with ns
   * for a packet: of processor time in lock-step, of time between threads.
   */
  public static void main(String[] args) throws IOException {
    ValeBench bench = new ValeBench();
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
    return System.nanoTime() - before;
  }
}

package io.netmap4j.examples;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Sends numbered frames out of one port at a fixed rate, takes them from another one, which
 * whatever is tested has sent them to, and prints what was lost and how long they were under way.
 * Each frame has the time at which it was due, so a generator that falls behind shows. This is how
 * rings are used without a pipeline.
 */
public final class TrafficGenerator {
  private static final int FRAME = 60;
  private static final int TYPE = 0x88B5; // for experiments (IEEE 802)
  private static final int DUE = 14;
  private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final NetmapRing tx;
  private final NetmapRing rx;
  private final Histogram latency = new Histogram(TimeUnit.MINUTES.toNanos(1), 3);
  private volatile boolean stopped;
  private long sent;
  private long received;

  private TrafficGenerator(NetmapPort out, NetmapPort in) {
    tx = out.tx(out.firstTxRing());
    rx = in.rx(in.firstRxRing());
  }

  public static void main(String[] args) throws Exception {
    Run.require(
        args.length == 4, "TrafficGenerator SEND-PORT RECEIVE-PORT FRAMES-A-SECOND SECONDS");
    Run.main(
        () -> {
          int rate = Run.number("FRAMES-A-SECOND", args[2], 1, Integer.MAX_VALUE);
          int seconds = Run.number("SECONDS", args[3], 1, Integer.MAX_VALUE);
          run(args[0], args[1], rate, seconds);
        });
  }

  private static void run(String outName, String inName, int rate, int seconds) throws Exception {
    try (NetmapPort out = Netmap.open(outName);
        NetmapPort in = Netmap.open(inName)) {
      out.awaitLink(10_000);
      in.awaitLink(10_000);
      TrafficGenerator generator = new TrafficGenerator(out, in);
      Run.stoppable(
          () -> generator.stopped = true,
          () -> {
            System.out.println("running");
            generator.generate(out, in, rate, seconds);
            generator.print((long) rate * seconds);
          });
    }
  }

  private void print(long due) {
    System.out.printf(
        Locale.ROOT, "sent %d, received %d, lost %d%n", sent, received, sent - received);
    if (sent < due && !stopped) {
      System.out.printf(Locale.ROOT, "%d more were due, but not sent in the time%n", due - sent);
    }
    if (received == 0) {
      throw new IllegalStateException("nothing came back: is what is tested running, and joined?");
    }
    for (double percentile : new double[] {50, 99, 99.9, 100}) {
      System.out.printf(
          Locale.ROOT,
          "p%s %.1f us%n",
          percentile,
          latency.getValueAtPercentile(percentile) / 1000.0);
    }
  }

  /** Frames that are late have half a second more to be sent, and to arrive. */
  private void generate(NetmapPort out, NetmapPort in, int rate, int seconds) {
    long frames = (long) rate * seconds;
    long start = System.nanoTime();
    long nanos = TimeUnit.SECONDS.toNanos(seconds) + LATE_NANOS;
    while (sent < frames && !stopped && System.nanoTime() - start < nanos) {
      long due = start + sent / rate * 1_000_000_000L + sent % rate * 1_000_000_000L / rate;
      if (System.nanoTime() >= due && tx.space() > 0) {
        put(due);
      }
      out.txSync();
      receive(in);
    }
    out.drain(1000);
    long end = System.nanoTime() + LATE_NANOS;
    while (received < sent && System.nanoTime() < end) {
      receive(in);
    }
  }

  private void put(long due) {
    int slot = tx.head();
    for (int at = 0; at < FRAME; at += 4) {
      tx.putInt(slot, at, 0);
    }
    tx.putInt(slot, 0, -1); // broadcast, and a source that is nobody's
    tx.putShort(slot, 4, -1);
    tx.putShort(slot, 6, 0x0200);
    tx.putShort(slot, 12, TYPE);
    tx.putLong(slot, DUE, due);
    tx.lenAndFlags(slot, FRAME, 0);
    tx.advance(tx.next(slot));
    sent++;
  }

  private void receive(NetmapPort in) {
    in.rxSync();
    long now = System.nanoTime();
    for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
      int slot = rx.head();
      if (rx.len(slot) >= DUE + Long.BYTES && rx.getUnsignedShort(slot, 12) == TYPE) {
        received++;
        latency.recordValue(
            Math.min(now - rx.getLong(slot, DUE), latency.getHighestTrackableValue()));
      }
    }
  }
}

package io.netmap4j.compat.netdev;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Mem;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a packet costs in emulated mode, on a virtual cable: one thread sends a batch, then receives
 * it. The kernel carries each packet across within the TX sync, and copies it into the receiver's
 * ring there. Prints medians of nanoseconds a packet. As root:
 *
 * <pre>
 *   java -cp ... io.netmap4j.compat.netdev.NetdevBenchmark [BATCHES]
 * </pre>
 */
final class NetdevBenchmark {
  private NetdevBenchmark() {}

  public static void main(String[] args) {
    int batches = args.length > 0 ? Integer.parseInt(args[0]) : 20_000;
    try (Veth veth = Veth.pair(1500);
        NetmapPort a = Veth.open("netmap:va");
        NetmapPort b = Veth.open("netmap:vb")) {
      System.out.println("batch bytes  TX ns  RX ns");
      for (int batch : new int[] {32, 1, 32, 256}) { // the first one warms up
        for (int length : new int[] {60, 1514}) {
          measure(a, b, batch, length, batches);
        }
      }
    }
  }

  private static void measure(NetmapPort a, NetmapPort b, int batch, int length, int batches) {
    double[] tx = new double[batches];
    double[] rx = new double[batches];
    for (int i = 0; i < batches; i++) {
      NetmapRing out = a.tx(0);
      for (int n = 0; n < batch; n++) {
        Mem.putLong(out.buffer(out.head()), -1); // broadcast
        out.lenAndFlags(out.head(), length, 0);
        out.advance(out.next(out.head()));
      }
      long begin = System.nanoTime();
      a.txSync();
      long sent = System.nanoTime();
      NetmapRing in = b.rx(0);
      for (int got = 0; got < batch; got += in.space(), in.advance(in.tail())) {
        b.rxSync();
      }
      rx[i] = (System.nanoTime() - sent) / (double) batch;
      tx[i] = (sent - begin) / (double) batch;
    }
    Arrays.sort(tx);
    Arrays.sort(rx);
    System.out.printf(
        Locale.ROOT, "%5d %5d %6.0f %6.0f%n", batch, length, tx[batches / 2], rx[batches / 2]);
  }
}

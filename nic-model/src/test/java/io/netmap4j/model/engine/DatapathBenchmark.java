package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.TestFrames;
import io.netmap4j.model.wire.WireEnd;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * Frames through TX engine, cable and RX engine with RSS on four queues: main prints million frames
 * a second.
 */
final class DatapathBenchmark {
  private static final int RING = 512;

  private DatapathBenchmark() {}

  public static void main(String[] args) {
    double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 2;
    try (TestCard a = new TestCard(16 << 20);
        TestCard b = new TestCard(32 << 20)) {
      TestTxRing tx = new TestTxRing(a, 0, RING, 2048);
      TestRxRing[] rx = new TestRxRing[4];
      for (int i = 0; i < rx.length; i++) {
        rx[i] = new TestRxRing(b, i, RING, 2048, TestRxRing.ADVANCED).armed();
      }
      RssTest.key(b);
      b.set(MRQC, 1 | 0x33 << 16);
      b.set(RXCSUM, 1 << 13);
      for (int i = 0; i < 32; i++) {
        b.set(RETA + 4 * i, 0x03020100);
      }
      try (Cable cable = new Cable(CableMode.FLOW_CONTROLLED)) {
        cable.connect(WireEnd.A, a.rx);
        cable.connect(WireEnd.B, b.rx);
        a.tx.attach(cable, WireEnd.A);
        for (int size : new int[] {64, 512, 0, 64, 512, 0}) {
          measure(a, tx, rx, size, (long) (seconds * 1e9));
        }
      }
    }
  }

  private static void measure(TestCard a, TestTxRing tx, TestRxRing[] rx, int size, long nanos) {
    for (int i = 0; i < RING; i++) {
      int length = size != 0 ? size : 64 + (i * 37 & 0x1BF);
      byte[] frame = TestFrames.ip("10.0.0." + (i & 63), 1000 + i, "10.1.0.1", 80, 17, length - 46);
      tx.tail = i;
      tx.frame(frame, (i & 31) == 31 ? TestTxRing.RS : 0, 0);
    }
    long[] words = new long[2 * RING];
    for (int i = 0; i < RING; i++) {
      words[2 * i] = Mem.getLong(tx.descriptor(i));
      words[2 * i + 1] = Mem.getLong(tx.descriptor(i) + 8);
    }
    long start = cpuNanos();
    long received = 0;
    int tail = tx.head();
    while (cpuNanos() - start < nanos) {
      for (int i = 0; i < 64; i++) {
        Mem.putLong(tx.descriptor(tail), words[2 * tail]);
        Mem.putLong(tx.descriptor(tail) + 8, words[2 * tail + 1]);
        tail = tail + 1 == RING ? 0 : tail + 1;
      }
      a.regs[(tx(0) + TDT) / 4] = tail;
      a.tx.run(64);
      for (TestRxRing ring : rx) {
        int last = ring.next;
        while (ring.done(ring.next)) {
          ring.rearm(ring.next);
          last = ring.next;
          ring.next = ring.next + 1 == RING ? 0 : ring.next + 1;
          received++;
        }
        ring.tail(last);
      }
    }
    double took = (cpuNanos() - start) / 1e3;
    tx.tail = tail;
    System.out.printf(
        Locale.ROOT,
        "%s bytes: %.2f M frames per CPU second%n",
        size == 0 ? "64-511" : size,
        received / took);
  }

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}

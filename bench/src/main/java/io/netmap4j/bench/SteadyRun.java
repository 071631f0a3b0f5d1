package io.netmap4j.bench;

import java.lang.invoke.MethodHandle;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The JVM of {@code bench steady}: the data path at full rate, in turns of 10 ms for each kind of
 * port, and whether a garbage collection has taken place meanwhile.
 */
final class SteadyRun {
  /** Of each, the benchmarks that are the data path. */
  private static final Map<String, List<String>> DATA_PATH =
      Map.of(
          "SyncBench", List.of("rxTouch", "tx", "bridgeTouch"),
          "PipeBench", List.of("lockStep"),
          "ValeBench", List.of("lockStep"));

  private static final int BATCH = 32;
  private static final int FAILED = 1;
  static final int WARM_UP_SECONDS = 10;

  private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS);
  private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final int REPORTS = 10;

  private SteadyRun() {}

  /**
   * @param args seconds
   */
  public static void main(String[] args) throws Throwable {
    long nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(args[0]));
    List<Benchmarks> open = new ArrayList<>();
    List<MethodHandle> methods = new ArrayList<>();
    for (Map.Entry<String, List<String>> entry : DATA_PATH.entrySet()) {
      String type = SteadyRun.class.getPackageName() + "." + entry.getKey();
      Benchmarks benchmarks = Benchmarks.open(type, Map.of("batch", BATCH));
      open.add(benchmarks);
      for (String method : entry.getValue()) {
        methods.add(benchmarks.methods().get(method));
      }
    }
    run(methods, WARM_UP_NANOS);
    System.gc(); // what setting up has left
    long before = collections();
    long packets = 0;
    for (int part = 1; part <= REPORTS; part++) {
      packets += run(methods, nanos / REPORTS) * BATCH;
      System.out.printf(
          Locale.ROOT,
          "%d %%: %,d packets, %d collections%n",
          part * 100 / REPORTS,
          packets,
          collections() - before);
    }
    long during = collections() - before;
    for (Benchmarks benchmarks : open) {
      benchmarks.close();
    }
    System.exit(during == 0 ? 0 : FAILED);
  }

  /** Calls each in turn; how many calls there were. */
  private static long run(List<MethodHandle> methods, long nanos) throws Throwable {
    long calls = 0;
    long begin = System.nanoTime();
    for (int next = 0; System.nanoTime() - begin < nanos; next++) {
      MethodHandle method = methods.get(next % methods.size());
      long turn = System.nanoTime();
      do {
        method.invokeExact();
        calls++;
      } while (System.nanoTime() - turn < TURN_NANOS);
    }
    return calls;
  }

  private static long collections() {
    long sum = 0;
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      sum += collector.getCollectionCount();
    }
    return sum;
  }
}

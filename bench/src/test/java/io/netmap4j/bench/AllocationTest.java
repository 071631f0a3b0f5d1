package io.netmap4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No benchmark allocates: 0 bytes, interpreted or compiled, however many packets there are. */
class AllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int CALLS = 300;
  private static final int ROUNDS = 10;

  private static byte[] kept;

  @ParameterizedTest
  @MethodSource("io.netmap4j.bench.Benchmarks#classes")
  void nothingIsAllocated(String benchmarks) throws Throwable {
    try (Benchmarks opened = Benchmarks.open(benchmarks, Map.of("batch", 32))) {
      assertThat(opened.methods()).isNotEmpty();
      for (Map.Entry<String, MethodHandle> method : opened.methods().entrySet()) {
        long least = Long.MAX_VALUE; // the first calls load classes and link call sites
        for (int round = 0; round < ROUNDS && least > 0; round++) {
          least = Math.min(least, allocated(method.getValue(), CALLS));
        }
        assertThat(least).as("%s, bytes of %d calls", method.getKey(), CALLS).isZero();
      }
    }
  }

  /** The measure counts. */
  @Test
  void oneByteArrayIsSeen() throws Throwable {
    long none = allocated(() -> {}, CALLS);
    long some = allocated(() -> kept = new byte[1], CALLS);
    assertThat(none).isZero();
    assertThat(some).isGreaterThanOrEqualTo(CALLS * 16L);
    assertThat(kept).hasSize(1);
  }

  private static long allocated(MethodHandle method, int calls) throws Throwable {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < calls; i++) {
      method.invokeExact();
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  private static long allocated(Runnable method, int calls) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < calls; i++) {
      method.run();
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }
}

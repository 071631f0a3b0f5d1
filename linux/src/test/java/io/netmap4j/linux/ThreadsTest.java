package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ThreadsTest {
  @Test
  void anInterruptDoesNotEndTheWaitAndIsKept() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    AtomicBoolean interrupted = new AtomicBoolean();
    AtomicBoolean early = new AtomicBoolean();
    Thread worker =
        new Thread(
            () -> {
              try {
                end.await();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    Thread joiner =
        new Thread(
            () -> {
              Threads.join(worker);
              early.set(worker.isAlive());
              interrupted.set(Thread.currentThread().isInterrupted());
            });
    worker.start();
    joiner.start();
    joiner.interrupt();
    joiner.join(50);
    assertThat(joiner.isAlive()).isTrue();
    end.countDown();
    joiner.join();
    assertThat(early).isFalse();
    assertThat(interrupted).isTrue();
  }

  @Test
  void aPinnedThreadHasOneCpu() throws Exception {
    BitSet before = Threads.cpus();
    int cpu = before.nextSetBit(0);
    List<BitSet> seen = new ArrayList<>();
    Thread thread =
        new Thread(
            () -> {
              Threads.pin(cpu);
              seen.add(Threads.cpus());
            });
    thread.start();
    thread.join();
    assertThat(seen).hasSize(1);
    assertThat(seen.get(0).stream().boxed()).containsExactly(cpu);
    assertThat(Threads.cpus()).as("of the thread that started it").isEqualTo(before);
    assertThatThrownBy(() -> Threads.pin(8191))
        .hasMessageContaining("sched_setaffinity to CPU 8191: Invalid argument (errno 22); this")
        .hasMessageContaining("may use");
  }

  @Test
  void aThreadThatWasNeverStartedIsNotWaitedFor() {
    Threads.join(new Thread(() -> {}));
  }
}

package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

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
  void aThreadThatWasNeverStartedIsNotWaitedFor() {
    Threads.join(new Thread(() -> {}));
  }
}

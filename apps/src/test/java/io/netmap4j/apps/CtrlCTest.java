package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CtrlCTest {
  @Test
  void totalsArePrintedAndTheProcessEndsSoon() throws Exception {
    try (ChildProcess run =
        ChildProcess.start(
            "run", "pkt-gen -i fake1 -f rx -T 100", "pkt-gen -i fake0 -f tx -R 10K -T 100")) {
      run.await("^main_thread.* \\([1-9]", 30);
      run.interrupt();
      long begin = System.nanoTime();
      assertThat(run.exitCode(5)).isEqualTo(130);
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
      assertThat(run.output())
          .containsPattern("Sent [1-9]\\d* packets")
          .containsPattern("Received [1-9]\\d* packets");
    }
  }
}

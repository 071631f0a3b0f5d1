package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CtrlCTest {
  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void totalsArePrintedOnceAndTheProcessEndsSoon(String signal, int code) throws Exception {
    try (ChildProcess run =
        ChildProcess.start(
            "run", "pkt-gen -i fake1 -f rx -T 100", "pkt-gen -i fake0 -f tx -R 10K -T 100")) {
      run.await("^main_thread.* \\([1-9]", 30);
      run.signal(signal);
      assertThat(run.exitCode(30)).isEqualTo(code);
      assertThat(run.output()).containsOnlyOnce("Sent ").containsOnlyOnce("Received ");
      assertThat(run.output())
          .containsPattern("Sent [1-9]\\d* packets")
          .containsPattern("Received [1-9]\\d* packets");
    }
  }
}

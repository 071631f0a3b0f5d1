package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SoakProgressTest {
  @Test
  void theTimeLeftFollowsFromTheRateSoFar() {
    assertThat(SoakProgress.line("soak", 25_000_000, 100_000_000, 40))
        .isEqualTo("soak [=====               ] 25 %, 625000 a second, 2:00 left");
    assertThat(SoakProgress.line("soak", 100, 100, 10))
        .isEqualTo("soak [====================] 100 %, 10 a second, 0:00 left");
    assertThat(SoakProgress.line("soak", 0, 100, 10))
        .isEqualTo("soak [                    ] 0 %, 0 a second");
  }
}

package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class WallClockTest {
  private static final long MILLI = 1_000_000;

  @Test
  void followsAClockThatIsSet() {
    WallClock clock = new WallClock();
    long today = 1_800_000_000_000L;
    clock.compare(5 * MILLI, today);
    assertThat(clock.at(5 * MILLI) / 1000).isEqualTo(today);
    clock.compare(9 * MILLI, today + 3_600_000);
    assertEquals(today + 3_600_000, clock.at(9 * MILLI) / 1000, "an hour on");
    clock.compare(11 * MILLI, today - 86_400_000);
    assertEquals(today - 86_400_000, clock.at(11 * MILLI) / 1000, "a day back");
  }

  @Test
  void convergesAndDoesNotJump() {
    WallClock clock = new WallClock();
    Random random = new Random(1);
    final long origin = 1_800_000_000_000L * MILLI + 345_678; // of nanoTime 0
    long nanos = 0;
    long last = 0;
    long error = Long.MAX_VALUE;
    for (int i = 0; i < 2000; i++) {
      nanos += MILLI + random.nextInt(3_000_000);
      clock.compare(nanos, (origin + nanos) / MILLI);
      long now = clock.at(nanos);
      assertThat(now).as("monotonic").isGreaterThanOrEqualTo(last);
      last = now;
      error = Math.abs(now - (origin + nanos) / 1000);
      assertThat(error).isLessThan(1000);
    }
    assertThat(error).as("microseconds").isLessThan(10);
  }

  @Test
  void isTheTimeOfDay() {
    WallClock clock = new WallClock();
    long before = System.currentTimeMillis();
    long micros = clock.micros();
    assertThat(micros / 1000).isBetween(before - 1, System.currentTimeMillis() + 1);
    clock.compare(System.nanoTime() - 5 * MILLI, before - 86_400_000);
    assertThat(clock.micros() / 1000)
        .as("after the clock was set by a day")
        .isBetween(before - 1, System.currentTimeMillis() + 1);
  }
}

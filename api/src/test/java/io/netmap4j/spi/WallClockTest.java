package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.memory.Region;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WallClockTest {
  private static final long MILLI = 1_000_000;
  private static final long TODAY = 1_800_000_000_000L;

  /** A clock that a test sets. */
  private static final class Set extends WallClock {
    long nanos;
    long millis;

    Set(long nanos, long millis) {
      this.nanos = nanos;
      this.millis = millis;
      at(nanos + MILLI);
      at(nanos);
    }

    @Override
    long nanoTime() {
      return nanos;
    }

    @Override
    long millis() {
      return millis;
    }

    long now() {
      return at(nanos);
    }
  }

  @Test
  void followsAClockThatIsSet() {
    Set clock = new Set(0, TODAY);
    clock.nanos = 5 * MILLI;
    assertThat(clock.now() / MILLI).isEqualTo(TODAY);
    clock.nanos = 9 * MILLI;
    clock.millis = TODAY + 3_600_000;
    assertThat(clock.now() / MILLI).as("an hour on").isEqualTo(TODAY + 3_600_000);
    clock.nanos = 11 * MILLI;
    clock.millis = TODAY - 86_400_000;
    assertThat(clock.now() / MILLI).as("a day back").isEqualTo(TODAY - 86_400_000);
  }

  @Test
  void convergesAndDoesNotJump() {
    Set clock = new Set(0, TODAY);
    Random random = new Random(1);
    final long origin = TODAY * MILLI + 345_678; // of nanoTime 0
    clock.nanos = 2 * MILLI;
    clock.millis = (origin + clock.nanos) / MILLI;
    long last = clock.now();
    long error = Long.MAX_VALUE;
    for (int i = 0; i < 2000; i++) {
      clock.nanos += MILLI + random.nextInt(3_000_000);
      clock.millis = (origin + clock.nanos) / MILLI;
      long now = clock.now();
      assertThat(now).as("monotonic").isGreaterThanOrEqualTo(last);
      last = now;
      error = Math.abs(now - (origin + clock.nanos));
      assertThat(error).isLessThan(MILLI);
    }
    assertThat(error).as("nanoseconds").isLessThan(10_000);
  }

  @Test
  void isTheTimeOfDay() {
    WallClock clock = new WallClock();
    long before = System.currentTimeMillis();
    assertThat(clock.at(clock.nanoTime()) / MILLI)
        .isBetween(before - 1, System.currentTimeMillis() + 1);
  }

  @Test
  void aRingSaysWhenItWasSynced() {
    Region region = Region.create(MemoryOptions.DEFAULT.buffers(256, 2048).rings(4, 8448));
    FakeAdapter adapter = new FakeAdapter(1, 1, 8, 8);
    RingSet rings = RingSet.start(adapter, region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(all);
    Set clock = new Set(1, TODAY);
    rings.rx(0).clock(clock);
    try (NetmapPort port = TestPorts.open("t", rings, all, NetmapPort.Request.DEFAULT)) {
      NetmapRing ring = port.rx(0);
      ring.flags(Netmap.NR_TIMESTAMP);
      assertThat(ring.timestampNanos()).as("never synced").isZero();
      clock.nanos = 7 * MILLI + 123_456;
      clock.millis = TODAY + 7;
      port.rxSync();
      final long wall = ring.timestampNanos();
      assertThat(wall / MILLI).isEqualTo(TODAY + 7);
      assertThat(ring.timestampMicros()).isEqualTo(wall / 1000);
      assertThat(ring.monotonicNanos()).isEqualTo(clock.nanos);
      clock.nanos += 10_789;
      port.poll(NetmapPort.POLLIN, 0);
      assertThat(ring.timestampNanos()).as("a poll stamps, too").isEqualTo(wall + 10_789);
      assertThat(ring.monotonicNanos()).isEqualTo(clock.nanos);
      clock.nanos += 2 * MILLI;
      clock.millis = TODAY - 3_600_000;
      port.rxSync();
      assertThat(ring.timestampNanos() / MILLI).as("an hour back").isEqualTo(TODAY - 3_600_000);
      assertThat(ring.monotonicNanos()).as("not set back").isEqualTo(clock.nanos);
      port.txSync();
      assertThat(port.tx(0).timestampNanos() + port.tx(0).monotonicNanos()).isZero();
    }
    region.close();
  }
}

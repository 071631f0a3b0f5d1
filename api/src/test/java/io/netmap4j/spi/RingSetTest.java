package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RingSetTest {
  private static final RingSet.Binding ALL = new RingSet.Binding(0, 1, 0, 1, false);
  private final Region region = Region.create(MemoryOptions.DEFAULT.buffers(512, 2048));
  private final int buffers = region.freeBuffers();
  private final int rings = region.freeRings();

  @AfterEach
  void close() {
    region.close();
  }

  @Test
  void theLastPortGivesEverythingBack() {
    RingSet set = RingSet.start(new FakeAdapter(1, 1, 64, 64), region);
    assertThat(region.freeBuffers()).isEqualTo(buffers - 128);
    set.bind(ALL);
    set.release(ALL);
    assertThat(region.freeBuffers()).isEqualTo(buffers);
    assertThat(region.freeRings()).isEqualTo(rings);
  }

  @Test
  void whatADeviceMayStillReachIsGivenToNobody() {
    Adapter held =
        new FakeAdapter(1, 1, 64, 64) {
          @Override
          public void close() {
            throw new NetmapException(Libc.EIO, "the server has not let go");
          }
        };
    RingSet set = RingSet.start(held, region);
    set.bind(ALL);
    assertThatThrownBy(() -> set.release(ALL)).hasMessageContaining("has not let go");
    assertThat(region.freeBuffers()).isEqualTo(buffers - 128);
    assertThat(set.bind(ALL)).as("usable").isFalse();

    RingSet other = RingSet.start(new FakeAdapter(1, 1, 64, 64), region);
    other.bind(ALL);
    other.release(ALL);
    assertThat(region.freeBuffers()).as("after others came and went").isEqualTo(buffers - 128);
  }
}

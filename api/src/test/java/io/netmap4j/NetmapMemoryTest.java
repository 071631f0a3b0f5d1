package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.RingSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class NetmapMemoryTest {
  private final NetmapMemory region =
      NetmapMemory.create(NetmapMemory.Options.DEFAULT.buffers(1024, 2048).rings(4, 8448));

  @AfterEach
  void unmap() {
    region.close();
  }

  private NetmapPort open(int slots, int extra) {
    RingSet set = RingSet.start(new FakeAdapter(1, 1, slots, slots), region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    return new NetmapPort("netmap:m", set, all, NetmapPort.Request.DEFAULT.extraBuffers(extra));
  }

  @Test
  void closingGivesEverythingBack() {
    int buffers = region.freeBuffers();
    int rings = region.freeRings();
    for (int i = 0; i < 50; i++) {
      open(256, 100).close();
    }
    assertThat(region.freeBuffers()).isEqualTo(buffers);
    assertThat(region.freeRings()).isEqualTo(rings);
  }

  @Test
  void buffersThatAProgramLostComeBackWithTheLastPort() {
    int buffers = region.freeBuffers();
    NetmapPort port = open(256, 10);
    port.nifp().bufsHead(0);
    port.tx(0).bufIdx(3, port.tx(0).bufIdx(4));
    port.close();
    assertThat(region.freeBuffers()).isEqualTo(buffers);
  }

  @Test
  void aBrokenListOfExtraBuffersDoesNotFreeTwice() {
    NetmapPort keeps = open(64, 0);
    int buffers = region.freeBuffers();
    NetmapPort port = open(64, 4);
    int head = port.nifp().bufsHead();
    Mem.putInt(region.bufAddress(head), head); // a loop
    port.close();
    assertThat(region.freeBuffers()).isEqualTo(buffers - 3);
    keeps.close();
  }

  @Test
  void extraBuffersMayBeFewerThanAskedFor() {
    try (NetmapPort port = open(64, 100_000)) {
      assertThat(port.extraBuffers()).isEqualTo(1022 - 128);
      int count = 0;
      for (int i = port.nifp().bufsHead(); i != 0; i = Mem.getInt(region.bufAddress(i))) {
        count++;
      }
      assertThat(count).isEqualTo(port.extraBuffers());
    }
  }

  @Test
  void tooFewBuffersIsAnErrorThatCountsThem() {
    int rings = region.freeRings();
    NetmapMemory small =
        NetmapMemory.create(NetmapMemory.Options.DEFAULT.buffers(300, 2048).rings(4, 8448));
    assertThatThrownBy(() -> RingSet.start(new FakeAdapter(1, 1, 256, 256), small))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("256 buffers are needed, 42 of 300 are available")
        .hasMessageContaining("bufNum")
        .extracting(e -> ((NetmapException) e).errno())
        .isEqualTo(Libc.ENOMEM);
    assertThat(small.freeBuffers()).isEqualTo(298);
    assertThat(region.freeRings()).isEqualTo(rings);
    small.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {3072, 8192, 4160})
  void buffersThatStraddlePagesOf2MibAreNeverHandedOut(int size) {
    NetmapMemory.Options options = NetmapMemory.Options.DEFAULT.buffers(2000, size).rings(4, 4096);
    NetmapMemory other = NetmapMemory.create(options);
    assertThat(other.bufsStraddle()).isTrue();
    int[] straddlers =
        IntStream.range(2, 2000)
            .filter(
                i -> {
                  long start = other.bufOffset() + (long) i * size;
                  return start >> 21 != start + size - 1 >> 21;
                })
            .toArray();
    assertThat(straddlers).isNotEmpty();
    assertThat(other.freeBuffers()).isEqualTo(1998 - straddlers.length);
    for (int i : straddlers) {
      assertThat(other.isBuffer(i)).isFalse();
      assertThat(other.freeBuffer(i)).isFalse();
    }
    int[] all = other.allocateBuffersUpTo(5000);
    assertThat(all).hasSize(1998 - straddlers.length).doesNotContain(straddlers);
    other.attach();
    other.detach();
    assertThat(other.allocateBuffersUpTo(5000)).isEqualTo(all);
    other.close();
  }

  @Test
  void usualBuffersStraddleNothing() {
    assertThat(region.bufsStraddle()).isFalse();
    assertThat(region.isBuffer(1)).isFalse();
    assertThat(region.isBuffer(2)).isTrue();
    assertThat(region.isBuffer(1023)).isTrue();
    assertThat(region.isBuffer(1024)).isFalse();
    assertThat(region.isBuffer(-1)).isFalse();
  }

  @Test
  void tooManySlotsNamesTheRingSizeToRaise() {
    assertThatThrownBy(() -> open(1024, 0))
        .hasMessageContaining(
            "a ring of 16640 bytes is needed, 8448 are available: raise ringSize to 16640");
  }

  @Test
  void sizesOutOfRangeNameTheOption() {
    assertThatThrownBy(() -> NetmapMemory.Options.DEFAULT.buffers(3, 2048))
        .hasMessageContaining("bufNum = 3");
    assertThatThrownBy(() -> NetmapMemory.Options.DEFAULT.buffers(1024, 65_537))
        .hasMessageContaining("bufSize = 65537");
    assertThatThrownBy(() -> NetmapMemory.Options.DEFAULT.rings(2, 131_073))
        .hasMessageContaining("ringSize");
  }

  @Test
  void theRegionIsOneFileThatCanBeMappedAgain() {
    Mem.putLong(region.bufAddress(7), 0x1234_5678_9abc_def0L);
    long again = Libc.mmap(region.size(), Libc.PROT_READ, Libc.MAP_SHARED, region.fd(), 0, "");
    assertThat(Mem.getLong(again + region.bufOffset() + 7 * 2048))
        .isEqualTo(0x1234_5678_9abc_def0L);
    Libc.unmap(again, region.size());
  }

  @Test
  void theSharedRegionStaysAndKeepsItsOptions() {
    NetmapMemory shared = NetmapMemory.shared();
    assertThat(NetmapMemory.shared()).isSameAs(shared);
    assertThatThrownBy(shared::close).hasMessageContaining("lives as long as the process");
    assertThatThrownBy(
            () -> NetmapMemory.configureShared(NetmapMemory.Options.DEFAULT.buffers(64, 2048)))
        .hasMessageContaining("before the first open");
  }
}

package io.netmap4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Function;
import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.RingSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class RegionTest {
  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(1024, 2048).rings(4, 8448));

  @AfterEach
  void unmap() {
    region.close();
  }

  private NetmapPort open(int slots, int extra) {
    RingSet set = RingSet.start(new FakeAdapter(1, 1, slots, slots), region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    return TestPorts.open("netmap:m", set, all, NetmapPort.Request.DEFAULT.extraBuffers(extra));
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
    Region small = Region.create(MemoryOptions.DEFAULT.buffers(300, 2048).rings(4, 8448));
    assertThatThrownBy(() -> RingSet.start(new FakeAdapter(1, 1, 256, 256), small))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("256 buffers are needed, 42 of 300 are available")
        .hasMessageContaining("raise memory.buf-num")
        .extracting(e -> ((NetmapException) e).errno())
        .isEqualTo(Libc.ENOMEM);
    assertThat(small.freeBuffers()).isEqualTo(298);
    assertThat(region.freeRings()).isEqualTo(rings);
    small.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {3072, 8192, 4160})
  void buffersThatStraddlePagesOf2MibAreNeverHandedOut(int size) {
    MemoryOptions options = MemoryOptions.DEFAULT.buffers(2000, size).rings(4, 4096);
    Region other = Region.create(options);
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
    other.attach("nobody").close();
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
            "a ring of 16640 bytes is needed, 8448 are available: set memory.ring-size = 16640");
  }

  @Test
  void sizesOutOfRangeNameTheOption() {
    assertThatThrownBy(() -> MemoryOptions.DEFAULT.buffers(3, 2048))
        .hasMessageContaining("buf-num = 3");
    assertThatThrownBy(() -> MemoryOptions.DEFAULT.buffers(1024, 65_537))
        .hasMessageContaining("buf-size = 65537");
    assertThatThrownBy(() -> MemoryOptions.DEFAULT.rings(2, 131_073))
        .hasMessageContaining("ring-size = 131073");
  }

  @Test
  void theRegionIsOneFileThatCanBeMappedAgain() {
    Mem.putLong(region.bufAddress(7), 0x1234_5678_9abc_def0L);
    long again = Libc.mmap(region.size(), Libc.PROT_READ, Libc.MAP_SHARED, region.fd(), 0, "");
    assertThat(Mem.getLong(again + region.bufOffset() + 7 * 2048))
        .isEqualTo(0x1234_5678_9abc_def0L);
    Libc.unmap(again, region.size());
  }

  private static int errno(ThrowingCallable call) {
    return catchThrowableOfType(NetmapException.class, call).errno();
  }

  @Test
  void aRegionInUseIsNotClosed() {
    NetmapPort port = open(64, 0);
    assertThatThrownBy(region::close)
        .hasMessageContaining("is in use by the rings of fake: close every port in it first")
        .extracting(e -> ((NetmapException) e).errno())
        .isEqualTo(Libc.EBUSY);
    Region.Use mapping = region.hold("a card");
    assertThatThrownBy(region::close)
        .hasMessageContaining("the rings of fake, a mapping for a card");
    assertThat(port.txSync()).isZero();
    port.close();
    assertThat(errno(region::close)).isEqualTo(Libc.EBUSY);
    mapping.close();
    mapping.close();
    region.close();
    region.close();
  }

  @Test
  void aClosedRegionRefusesEverything() {
    int buffer = region.allocateBuffers(1)[0];
    long ring = region.allocateRing(512);
    region.close();
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            region::address,
            region::fd,
            () -> region.bufAddress(buffer),
            () -> region.allocateIf(128),
            () -> region.allocateRing(512),
            () -> region.allocateBuffers(1),
            () -> region.allocateBuffersUpTo(1),
            () -> region.freeBuffer(buffer),
            () -> region.freeRing(ring),
            () -> region.freeIf(0),
            () -> region.attach("nobody"),
            () -> region.hold("nobody"))) {
      assertThat(errno(call)).isEqualTo(Libc.EBADF);
    }
    FakeAdapter adapter = new FakeAdapter(1, 1, 64, 64);
    assertThatThrownBy(() -> RingSet.start(adapter, region)).hasMessageContaining("is closed");
    assertThat(adapter.closed).isTrue();
  }

  @Test
  void whatIsNotInUseCannotBeGivenBack() {
    long ring = region.allocateRing(512);
    long other = region.allocateRing(512);
    long nifp = region.allocateIf(128);
    for (long wrong : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1, 0, 5, ring + 1, nifp}) {
      assertThat(errno(() -> region.freeRing(wrong))).as("%d", wrong).isEqualTo(Libc.EINVAL);
    }
    for (long wrong : new long[] {Long.MAX_VALUE, -1, 5, nifp + 1024, ring}) {
      assertThat(errno(() -> region.freeIf(wrong))).as("%d", wrong).isEqualTo(Libc.EINVAL);
    }
    region.freeRing(other);
    assertThat(errno(() -> region.freeRing(other))).isEqualTo(Libc.EINVAL);
    assertThat(region.freeRings()).isEqualTo(3);
    assertThat(errno(() -> region.allocateRing(-1))).isEqualTo(Libc.EINVAL);
    assertThat(errno(() -> region.allocateIf(Integer.MIN_VALUE))).isEqualTo(Libc.EINVAL);
    assertThat(errno(() -> region.allocateBuffers(-1))).isEqualTo(Libc.EINVAL);
    assertThat(errno(() -> region.allocateBuffersUpTo(-1))).isEqualTo(Libc.EINVAL);
    assertThat(errno(() -> NetmapPort.Request.DEFAULT.extraBuffers(-1))).isEqualTo(Libc.EINVAL);
    int buffer = region.allocateBuffers(1)[0];
    assertThat(region.freeBuffer(buffer)).isTrue();
    for (int wrong : new int[] {buffer, 0, 1, -1, 1024, Integer.MAX_VALUE}) {
      assertThat(region.freeBuffer(wrong)).as("%d", wrong).isFalse();
    }
  }

  @Test
  void anotherUserMayComeAndGoTwice() {
    NetmapPort port = open(64, 0);
    int free = region.freeBuffers();
    Region.Use use = region.attach("somebody");
    use.close();
    use.close();
    assertThat(region.freeBuffers()).as("the port's buffers are its own").isEqualTo(free);
    port.close();
  }

  /** The kernel allows a process 65530 mappings, and addresses are not given away at once. */
  @Test
  void closedRegionsKeepTheirAddressesAndFewMappings() throws IOException {
    MemoryOptions small = MemoryOptions.DEFAULT.buffers(4, 64).rings(2, 512);
    Region first = Region.create(small);
    long address = first.address();
    first.close();
    for (int i = 0; i < 6000; i++) {
      Region next = Region.create(small);
      assertThat(i < 4000 && next.address() == address).as("the address of another").isFalse();
      Mem.putInt(next.bufAddress(3), i);
      next.close();
    }
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      assertThat(maps.filter(line -> line.contains("netmap4j-closed")).count())
          .isBetween(4096L, 4110L);
    }
  }

  /** Too few pages of 2 MiB are no reason to give addresses away. */
  @Test
  @DisabledIfSystemProperty(
      named = "netmap4j.emulator",
      matches = "qemu-user",
      disabledReason = "qemu-user looks for addresses itself, and has too few, or says EINVAL")
  void addressesOfClosedRegionsAreKeptWhileThereIsRoomForMore() throws IOException {
    Region gone = Region.create(MemoryOptions.DEFAULT.buffers(4, 64).rings(2, 512));
    String address = Long.toHexString(gone.address()) + "-";
    gone.close();
    int hugePages = // MFD_HUGETLB
        Function.getFunction("c", "memfd_create").invokeInt(new Object[] {"netmap4j-huge", 4});
    assumeTrue(hugePages >= 0, "the kernel has no huge pages");
    try {
      assertThatThrownBy(() -> PlaceholderMemory.map(1L << 40, hugePages, "no pages"))
          .isInstanceOfSatisfying(
              LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENOMEM));
    } finally {
      Libc.closeFd(hugePages);
    }
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      assertThat(maps.filter(line -> line.contains("netmap4j-closed")))
          .anyMatch(line -> line.startsWith(address));
    }
  }

  @Test
  void theSharedRegionIsNumberOneAsInNetmap() {
    assertThat(region.memId()).isGreaterThan(1);
    assertThat(Region.shared().memId()).isEqualTo(1);
  }

  @Test
  void theSharedRegionStaysAndKeepsItsOptions() {
    Region shared = Region.shared();
    assertThat(Region.shared()).isSameAs(shared);
    assertThatThrownBy(shared::close).hasMessageContaining("lives as long as the process");
    assertThatThrownBy(() -> Region.configureShared(MemoryOptions.DEFAULT.buffers(64, 2048)))
        .hasMessageContaining("before the first open");
  }
}

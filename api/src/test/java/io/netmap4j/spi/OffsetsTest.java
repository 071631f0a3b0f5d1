package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Who gives a ring its offsets, and what of a port's helpers heeds them (docs/netmap-abi.md 10).
 */
@Timeout(10)
class OffsetsTest {
  private static final int N = 8;
  private static final RingSet.Binding ALL = new RingSet.Binding(0, 2, 0, 2, false);
  private static final RingSet.Binding FIRST = new RingSet.Binding(0, 1, 0, 1, false);

  private static class Adapter extends FakeAdapter {
    Adapter() {
      super(2, 2, N, N);
    }

    @Override
    public boolean offsets() {
      return true;
    }

    @Override
    public int leastRxBytes() {
      return 1024;
    }
  }

  private final Region region = Region.create(MemoryOptions.DEFAULT.buffers(1024, 2048));
  private final Adapter adapter = new Adapter();
  private final RingSet set = RingSet.start(adapter, region);
  private final NetmapPort keepsOpen = port(new RingSet.Binding(0, 0, 0, 0, false), null);

  @AfterEach
  void close() {
    keepsOpen.close();
    region.close();
  }

  private NetmapPort port(RingSet.Binding rings, Offsets offsets) {
    assertThat(set.bind(rings, offsets)).isTrue();
    return TestPorts.open("fake", set, rings, NetmapPort.Request.DEFAULT);
  }

  private static void assertErrno(int errno, Runnable open) {
    assertThatThrownBy(open::run)
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void theFirstUserOfARingFillsItsSlotsAndALaterOneMayAskForLess() {
    try (NetmapPort a = port(FIRST, new Offsets(32, 64, 16, 0))) {
      assertThat(Mem.getLong(a.tx(0).address() + RingLayout.OFFSET_MASK)).isEqualTo(0xffff);
      assertThat(a.tx(0).bufAlign()).isZero();
      a.tx(0).ptr(3, 0x70000 | 5);
      try (NetmapPort b = port(ALL, new Offsets(16, 64, 8, 0))) {
        assertThat(b.tx(0).offsetMask()).as("the ring's, not its own").isEqualTo(0xffff);
        assertThat(b.tx(0).offset(0)).isEqualTo(32);
        assertThat(b.tx(0).offset(3)).isEqualTo(5);
        assertThat(b.tx(1).offset(0)).isEqualTo(16);
        assertThat(b.tx(1).offsetMask()).isEqualTo(0xff);
      }
      try (NetmapPort c = port(ALL, null)) {
        assertThat(c.tx(0).offset(0)).isEqualTo(32);
        assertThat(c.tx(1).offsetMask()).as("its first user wants none").isZero();
        assertThat(c.rx(1).offset(0)).isZero();
      }
      assertErrno(Libc.EBUSY, () -> set.bind(ALL, new Offsets(0, 65, 16, 0)));
      assertErrno(Libc.EBUSY, () -> set.bind(ALL, new Offsets(0, 64, 17, 0)));
    }
    try (NetmapPort a = port(ALL, null)) {
      assertErrno(Libc.EBUSY, () -> set.bind(FIRST, new Offsets(0, 1, 1, 0)));
      assertThat(a.tx(0).offset(0)).isZero();
    }
  }

  @Test
  void receivedPacketsOfAnEarlierUserStayWhereTheyAre() {
    try (NetmapPort a = port(FIRST, new Offsets(32, 64, 16, 0))) {
      adapter.arriving = 2;
      a.rxSync();
      a.rx(0).offset(1, 40);
    }
    try (NetmapPort b = port(FIRST, new Offsets(8, 64, 16, 0))) {
      int[] offsets = new int[N];
      for (int i = 0; i < N; i++) {
        offsets[i] = b.rx(0).offset(i);
      }
      assertThat(offsets).containsExactly(32, 40, 8, 8, 8, 8, 8, 8);
    }
  }

  @ParameterizedTest(name = "initial {0} max {1} bits {2} gap {3}")
  @CsvSource({
    "0, 2049, 0, 0", // beyond the buffer
    "2048, 2048, 0, 0", // nothing left of it
    "0, 1025, 0, 0", // less left than the device can use
    "0, 0, 0, 1023", // likewise
    "9, 8, 8, 0",
    "0, 256, 8, 0", // does not fit into 8 bits
    "0, 8, 65, 0",
    "0, 8, -1, 0",
    "-1, 8, 8, 0",
  })
  void whatCannotBeIsInvalid(int initial, int max, int bits, int gap) {
    assertErrno(Libc.EINVAL, () -> set.bind(ALL, new Offsets(initial, max, bits, gap)));
    assertThat(set.inUse(true, 0)).isFalse();
  }

  /** Sending needs no more than a byte, receiving what the device needs. */
  @Test
  void noRingHasOffsetsThatLeaveNothing() {
    RingSet.Binding sends = new RingSet.Binding(0, 1, 0, 0, false);
    assertErrno(Libc.EINVAL, () -> set.bind(sends, new Offsets(0, 2048, 0, 0)));
    set.bind(sends, new Offsets(0, 2047, 0, 0));
    set.release(sends);
  }

  @Test
  void anAdapterThatKnowsNoOffsetsSaysSo() {
    RingSet other = RingSet.start(new FakeAdapter(1, 1, N, N), region);
    assertErrno(Libc.EOPNOTSUPP, () -> other.bind(FIRST, new Offsets(0, 8, 0, 0)));
    other.bind(FIRST);
    other.release(FIRST);
  }

  @Test
  void theHelpersWorkOnThePacketBehindTheOffset() {
    try (NetmapPort port = port(ALL, new Offsets(100, 200, 12, 0))) {
      NetmapRing ring = port.tx(0);
      NetmapRing to = port.tx(1);
      byte[] packet = {1, 2, 3, 4, 5, 6, 7, 8, 9};
      ring.offset(0, 120);
      ring.put(0, packet);
      assertThat(Mem.getByte(ring.bufferStart(0) + 120)).isEqualTo((byte) 1);
      assertThat(ring.get(0)).isEqualTo(packet);
      assertThat(ring.getUnsignedShort(0, 1)).isEqualTo(0x0203);
      assertThatThrownBy(() -> ring.getLong(0, 2048 - 120 - 7))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> ring.put(0, new byte[2048 - 120 + 1]))
          .isInstanceOf(IllegalArgumentException.class);
      ring.copy(0, to, 0);
      assertThat(to.offset(0)).isEqualTo(100);
      assertThat(to.get(0)).isEqualTo(packet);
      to.ptr(1, 0x5000 | 7);
      ring.swap(0, to, 1);
      assertThat(to.ptr(1)).as("the other bits stay").isEqualTo(0x5000 | 120);
      assertThat(to.get(1)).isEqualTo(packet);
      assertThat(ring.offset(0)).isEqualTo(120);
      ring.len(2, 65535);
      assertThat(ring.get(2)).hasSize(2048 - 100);
    }
  }

  @Test
  void aPacketDoesNotGoToARingWhereItsOffsetCannotBe() {
    try (NetmapPort with = port(FIRST, new Offsets(100, 200, 12, 0));
        NetmapPort without = port(new RingSet.Binding(1, 2, 0, 0, false), null)) {
      int mine = with.tx(0).bufIdx(0);
      assertThatThrownBy(() -> with.tx(0).swap(0, without.tx(1), 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("offset is 100");
      assertThat(with.tx(0).bufIdx(0)).isEqualTo(mine);
      without.tx(1).swap(0, with.tx(0), 0);
      assertThat(with.tx(0).offset(0)).isZero();
    }
  }
}

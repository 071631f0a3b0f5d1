package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.RingSet;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The bytes of a packet, read and written through the ring. */
class RingBytesTest {
  private static final int SLOTS = 8;
  private static final int BUF = 256;
  private static final int BUFFERS = 64;
  private final Region region = region(BUF);
  private final Region smaller = region(128);
  private final NetmapPort port = open(region);
  private final NetmapPort other = open(smaller);
  private final NetmapRing ring = port.tx(0);

  private static Region region(int bufSize) {
    return Region.create(MemoryOptions.DEFAULT.buffers(BUFFERS, bufSize).rings(4, 512));
  }

  private static NetmapPort open(Region in) {
    RingSet set = RingSet.start(new FakeAdapter(1, 1, SLOTS, SLOTS), in);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    set.bind(all);
    return TestPorts.open("netmap:bytes", set, all, NetmapPort.Request.DEFAULT);
  }

  @AfterEach
  void close() {
    port.close();
    other.close();
    region.close();
    smaller.close();
  }

  @Test
  void integersAreInNetworkByteOrder() {
    ring.putLong(1, 3, 0x0102_0304_0506_0708L);
    byte[] bytes = new byte[10];
    ring.getBytes(1, 2, bytes, 0, 10);
    assertThat(bytes).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 0);
    assertThat(ring.getLong(1, 3)).isEqualTo(0x0102_0304_0506_0708L);
    assertThat(ring.getInt(1, 4)).isEqualTo(0x0203_0405);
    assertThat(ring.getUnsignedShort(1, 5)).isEqualTo(0x0304);
    ring.putInt(1, 20, 0xf1f2_f3f4);
    ring.putShort(1, 24, 0x1_f5f6);
    ring.putByte(1, 26, 0x1f7);
    assertThat(ring.getInt(1, 20)).isEqualTo(0xf1f2_f3f4);
    assertThat(ring.getUnsignedShort(1, 24)).isEqualTo(0xf5f6);
    assertThat(ring.getUnsignedByte(1, 26)).isEqualTo(0xf7);
    assertThat(ring.getUnsignedByte(1, 27)).isZero();
    assertThat(ring.len(1)).as("len stays").isEqualTo(BUF);
  }

  @Test
  void partsOfArraysAndMemoryAreCopied() {
    byte[] bytes = {10, 11, 12, 13, 14};
    ring.put(2, bytes, 1, 3, Netmap.NS_MOREFRAG);
    assertThat(ring.get(2)).containsExactly(11, 12, 13);
    assertThat(ring.slotFlags(2)).isEqualTo(Netmap.NS_MOREFRAG);
    ring.putBytes(2, 1, bytes, 4, 1);
    assertThat(ring.get(2)).containsExactly(11, 14, 13);
    long memory = Mem.allocate(8);
    try {
      ring.getBytes(2, 1, memory, 2);
      ring.put(3, memory, 4, 0);
    } finally {
      Mem.free(memory);
    }
    assertThat(ring.get(3)).containsExactly(14, 13, 0, 0);
    assertThat(ring.slotFlags(3)).isZero();
  }

  @Test
  void aCopyTakesBytesLengthAndMoreFragAlsoToAnotherRegion() {
    NetmapRing to = other.tx(0);
    ring.put(0, new byte[] {1, 2, 3}, 0, 3, Netmap.NS_MOREFRAG | Netmap.NS_REPORT);
    int buffer = to.bufIdx(5);
    ring.copy(0, to, 5);
    assertThat(to.get(5)).containsExactly(1, 2, 3);
    assertThat(to.slotFlags(5)).isEqualTo(Netmap.NS_MOREFRAG);
    assertThat(to.bufIdx(5)).isEqualTo(buffer);
    assertThat(ring.slotFlags(0)).isEqualTo(Netmap.NS_MOREFRAG | Netmap.NS_REPORT);

    ring.len(0, 129);
    assertThatThrownBy(() -> ring.copy(0, to, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("packet of 129 bytes; buffers hold 128");
    assertThat(to.get(5)).containsExactly(1, 2, 3);

    to.len(1, 65_535);
    to.copy(1, ring, 6);
    assertThat(ring.len(6)).as("never more than a buffer").isEqualTo(128);
  }

  @Test
  void nothingOutsideTheBufferIsReadOrWritten() {
    byte[] bytes = new byte[BUF + 1];
    long first = region.bufAddress(0);
    byte[] before = new byte[BUF * BUFFERS];
    Mem.copyOut(first, before, 0, before.length);
    for (int at : new int[] {-1, BUF, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> ring.getUnsignedByte(0, at),
              () -> ring.getUnsignedShort(0, at),
              () -> ring.getInt(0, at),
              () -> ring.getLong(0, at),
              () -> ring.putByte(0, at, -1),
              () -> ring.putShort(0, at, -1),
              () -> ring.putInt(0, at, -1),
              () -> ring.putLong(0, at, -1),
              () -> ring.getBytes(0, at, bytes, 0, 1),
              () -> ring.getBytes(0, at, first, 1),
              () -> ring.putBytes(0, at, bytes, 0, 1))) {
        assertThatThrownBy(call).isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> ring.getUnsignedShort(0, BUF - 1),
            () -> ring.getInt(0, BUF - 3),
            () -> ring.getLong(0, BUF - 7),
            () -> ring.putShort(0, BUF - 1, -1),
            () -> ring.putInt(0, BUF - 3, -1),
            () -> ring.putLong(0, BUF - 7, -1),
            () -> ring.getBytes(0, 0, bytes, 0, BUF + 1),
            () -> ring.getBytes(0, 1, bytes, 0, -1),
            () -> ring.putBytes(0, 1, bytes, 0, BUF),
            () -> ring.putBytes(0, 0, bytes, BUF, 2),
            () -> ring.putInt(SLOTS, 0, -1))) {
      assertThatThrownBy(call).isInstanceOf(IndexOutOfBoundsException.class);
    }
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> ring.put(0, bytes),
            () -> ring.put(0, bytes, 0, -1, 0),
            () -> ring.put(0, first, BUF + 1, 0))) {
      assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
    }
    byte[] after = new byte[before.length];
    Mem.copyOut(first, after, 0, after.length);
    assertThat(after).isEqualTo(before);
    ring.bufIdx(0, BUFFERS);
    assertThatThrownBy(() -> ring.putInt(0, 0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
  }
}

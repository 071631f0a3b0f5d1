package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.layout.IfLayout;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.RingSet;
import java.lang.reflect.Field;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every offset and constant of docs/netmap-abi.md 1, 3 and 18. The expected figures were printed by
 * a C program compiled against netmap's headers at 89607e1, and are written out again here, not
 * computed.
 */
class LayoutTest {
  private static final int SLOTS = 72;
  private Region region;
  private NetmapPort port;

  @BeforeEach
  void open() {
    region = Region.create(MemoryOptions.DEFAULT.buffers(4098, 2048).rings(16, 8448));
    RingSet set = RingSet.start(new FakeAdapter(2, 3, SLOTS, SLOTS), region);
    RingSet.Binding all = new RingSet.Binding(0, 2, 1, 3, false);
    set.bind(all);
    port = TestPorts.open("netmap:layout", set, all, NetmapPort.Request.DEFAULT.extraBuffers(3));
  }

  @AfterEach
  void close() {
    port.close();
    region.close();
  }

  @ParameterizedTest
  @CsvSource({
    "NETMAP_API, 14",
    "NS_BUF_CHANGED, 0x0001",
    "NS_REPORT, 0x0002",
    "NS_FORWARD, 0x0004",
    "NS_NO_LEARN, 0x0008",
    "NS_INDIRECT, 0x0010",
    "NS_MOREFRAG, 0x0020",
    "NS_TXMON, 0x0040",
    "NS_PORT_SHIFT, 8",
    "NS_PORT_MASK, 0xff00",
    "NR_TIMESTAMP, 0x0002",
    "NR_FORWARD, 0x0004",
    "NI_PRIV_MEM, 0x1",
    "NR_REG_DEFAULT, 0",
    "NR_REG_ALL_NIC, 1",
    "NR_REG_SW, 2",
    "NR_REG_NIC_SW, 3",
    "NR_REG_ONE_NIC, 4",
    "NR_REG_PIPE_MASTER, 5",
    "NR_REG_PIPE_SLAVE, 6",
    "NR_REG_NULL, 7",
    "NR_REG_ONE_SW, 8",
    "NR_MONITOR_TX, 0x100",
    "NR_MONITOR_RX, 0x200",
    "NR_ZCOPY_MON, 0x400",
    "NR_EXCLUSIVE, 0x800",
    "NR_RX_RINGS_ONLY, 0x2000",
    "NR_TX_RINGS_ONLY, 0x4000",
    "NR_ACCEPT_VNET_HDR, 0x8000",
    "NR_DO_RX_POLL, 0x10000",
    "NR_NO_TX_POLL, 0x20000",
  })
  void constantsAreThoseOfNetmapH(String name, String value) throws ReflectiveOperationException {
    assertEquals(Integer.decode(value), Netmap.class.getField(name).get(null), name);
  }

  @Test
  void noConstantIsLeftUnchecked() throws ReflectiveOperationException {
    CsvSource checked =
        LayoutTest.class
            .getDeclaredMethod("constantsAreThoseOfNetmapH", String.class, String.class)
            .getAnnotation(CsvSource.class);
    Stream<String> names = Stream.of(checked.value()).map(line -> line.split(",")[0]);
    assertThat(names)
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(Netmap.class.getFields()).map(Field::getName).toList());
  }

  static Stream<Object[]> ringOffsets() {
    return Stream.of(
        new Object[] {"BUF_OFS", 0},
        new Object[] {"NUM_SLOTS", 8},
        new Object[] {"NR_BUF_SIZE", 12},
        new Object[] {"RINGID", 16},
        new Object[] {"DIR", 18},
        new Object[] {"HEAD", 20},
        new Object[] {"CUR", 24},
        new Object[] {"TAIL", 28},
        new Object[] {"FLAGS", 32},
        new Object[] {"TS_SEC", 40},
        new Object[] {"TS_USEC", 48},
        new Object[] {"OFFSET_MASK", 56},
        new Object[] {"BUF_ALIGN", 64},
        new Object[] {"SEM", 128},
        new Object[] {"SEM_SIZE", 128},
        new Object[] {"SLOTS", 256},
        new Object[] {"SLOT_SIZE", 16},
        new Object[] {"SLOT_BUF_IDX", 0},
        new Object[] {"SLOT_LEN", 4},
        new Object[] {"SLOT_FLAGS", 6},
        new Object[] {"SLOT_PTR", 8});
  }

  @ParameterizedTest
  @MethodSource("ringOffsets")
  void ringOffsetsAreThoseTheCompilerPrinted(String name, int offset)
      throws ReflectiveOperationException {
    assertEquals(offset, RingLayout.class.getField(name).get(null), name);
  }

  static Stream<Object[]> ifOffsets() {
    return Stream.of(
        new Object[] {"NI_NAME", 0},
        new Object[] {"NI_NAME_SIZE", 16},
        new Object[] {"NI_VERSION", 16},
        new Object[] {"NI_FLAGS", 20},
        new Object[] {"NI_TX_RINGS", 24},
        new Object[] {"NI_RX_RINGS", 28},
        new Object[] {"NI_BUFS_HEAD", 32},
        new Object[] {"NI_HOST_TX_RINGS", 36},
        new Object[] {"NI_HOST_RX_RINGS", 40},
        new Object[] {"RING_OFS", 56});
  }

  @ParameterizedTest
  @MethodSource("ifOffsets")
  void interfaceOffsetsAreThoseTheCompilerPrinted(String name, int offset)
      throws ReflectiveOperationException {
    assertEquals(offset, IfLayout.class.getField(name).get(null), name);
  }

  @ParameterizedTest
  @CsvSource({"512, 8448", "1024, 16640", "2048, 33024", "4096, 65792"})
  void ringObjectsHaveNetmapsSizes(int slots, int bytes) {
    assertEquals(bytes, RingLayout.sizeFor(slots));
  }

  @Test
  void accessorsUseThoseOffsets() {
    NetmapRing ring = port.tx(1);
    long base = ring.address();
    assertEquals(0, base % 128, "rings are 128-byte aligned");
    assertEquals(SLOTS, Mem.getInt(base + 8));
    assertEquals(2048, Mem.getInt(base + 12));
    assertEquals(1, Mem.getShort(base + 16));
    assertEquals(1, Mem.getShort(base + 18), "dir is 1 for TX, whatever the header says");
    assertEquals(0, Mem.getShort(port.rx(1).address() + 18));
    ring.head(5);
    ring.cur(7);
    ring.flags(Netmap.NR_TIMESTAMP);
    assertEquals(5, Mem.getInt(base + 20));
    assertEquals(7, Mem.getInt(base + 24));
    assertEquals(SLOTS - 1, Mem.getInt(base + 28));
    assertEquals(2, Mem.getInt(base + 32));
    Mem.putLong(base + 40, 3);
    Mem.putLong(base + 48, 4);
    assertEquals(3_000_004, ring.timestampMicros());
    assertEquals(base + 128, ring.sem());
    ring.bufIdx(3, 77);
    ring.len(3, 1500);
    ring.slotFlags(3, 0x8021);
    ring.ptr(3, 0x1122334455667788L);
    assertEquals(77, Mem.getInt(base + 256 + 48));
    assertEquals((short) 1500, Mem.getShort(base + 256 + 48 + 4));
    assertEquals((short) 0x8021, Mem.getShort(base + 256 + 48 + 6));
    assertEquals(0x1122334455667788L, Mem.getLong(base + 256 + 48 + 8));
    assertEquals(0x8021, ring.slotFlags(3));
    ring.bufIdx(3, 2);
    ring.advance(0);
  }

  @Test
  void interfacesListTheBoundRingsAndZeroForTheOthers() {
    NetmapIf nifp = port.nifp();
    long at = nifp.address();
    assertEquals("netmap:layout", nifp.name());
    assertEquals(2, Mem.getInt(at + 24));
    assertEquals(3, Mem.getInt(at + 28));
    assertEquals(1, Mem.getInt(at + 36), "a place-holder stands for the host ring");
    assertEquals(1, Mem.getInt(at + 40));
    assertEquals(Netmap.NI_PRIV_MEM, nifp.flags());
    // order: TX, host TX, RX, host RX
    assertEquals(port.tx(0).address(), at + Mem.getLong(at + 56));
    assertEquals(port.tx(1).address(), at + Mem.getLong(at + 64));
    assertEquals(0, Mem.getLong(at + 72));
    assertEquals(0, Mem.getLong(at + 80), "RX ring 0 is not bound");
    assertEquals(port.rx(1).address(), at + Mem.getLong(at + 88));
    assertEquals(port.rx(2).address(), at + Mem.getLong(at + 96));
    assertEquals(0, Mem.getLong(at + 104));
  }

  /** The assertions of netmap's ctrl-api-test. */
  @Test
  void cat50_binarycomp() {
    int[][] offsets = {
      {RingLayout.BUF_OFS, 0},
      {RingLayout.NUM_SLOTS, 8},
      {RingLayout.NR_BUF_SIZE, 12},
      {RingLayout.RINGID, 16},
      {RingLayout.DIR, 18},
      {RingLayout.HEAD, 20},
      {RingLayout.CUR, 24},
      {RingLayout.TAIL, 28},
      {RingLayout.FLAGS, 32},
      {RingLayout.TS_SEC, 40},
      {RingLayout.OFFSET_MASK, 56},
      {RingLayout.BUF_ALIGN, 64},
      {RingLayout.SEM, 128},
      {RingLayout.SLOTS, 256},
    };
    for (int[] o : offsets) {
      assertThat(o[0]).isEqualTo(o[1]);
    }
  }

  @Test
  void anAddressTellsItsBuffer() {
    NetmapMemory memory = port.memory();
    long at = memory.bufAddress(7);
    assertThat(memory.bufIndex(at)).isEqualTo(7);
    assertThat(memory.bufIndex(at + memory.bufSize() - 1)).isEqualTo(7);
    assertThatThrownBy(() -> memory.bufIndex(memory.bufAddress(0) - 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(
            () -> memory.bufIndex(memory.bufAddress(memory.bufTotal() - 1) + memory.bufSize()))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void bufferAddressesFollowFromTheRingByIndex() {
    NetmapRing ring = port.rx(1);
    long bufOfs = Mem.getLong(ring.address());
    for (int i = 0; i < SLOTS; i++) {
      assertEquals(ring.address() + bufOfs + 2048L * ring.bufIdx(i), ring.buffer(i));
      assertEquals(region.bufAddress(ring.bufIdx(i)), ring.buffer(i));
    }
  }

  @Test
  void freshSlotsHaveDistinctBuffersOfFullLengthReceiveRingsFirst() {
    assertEquals(2 + SLOTS, port.rx(1).bufIdx(0), "RX ring 0 took 2 to " + (SLOTS + 1));
    assertEquals(2 + 3 * SLOTS, port.tx(0).bufIdx(0));
    for (int i = 0; i < SLOTS; i++) {
      assertEquals(2 + 3 * SLOTS + i, port.tx(0).bufIdx(i));
      assertEquals(2048, port.tx(0).len(i));
      assertEquals(0, port.tx(0).slotFlags(i));
    }
    assertEquals(SLOTS - 1, port.tx(0).space());
    assertEquals(0, port.rx(1).space());
  }

  @Test
  void extraBuffersAreListedLastAllocatedFirst() {
    int first = 2 + 5 * SLOTS;
    int head = port.nifp().bufsHead();
    assertEquals(first + 2, head);
    assertEquals(first + 1, Mem.getInt(region.bufAddress(head)));
    assertEquals(first, Mem.getInt(region.bufAddress(first + 1)));
    assertEquals(0, Mem.getInt(region.bufAddress(first)));
  }
}

package io.netmap4j.compat.nullport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.linux.Libc;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Null ports. Names with a number are those of the cases of netmap's utils/ctrl-api-test.c. */
@Tag(SuiteRunner.TAG)
@Timeout(60)
class NullPortsTest {
  private static final NetmapPort.Request NULL =
      NetmapPort.Request.DEFAULT.mode(Netmap.NR_REG_NULL, 0);
  private static final RingCounts TEN_AND_FIVE = RingCounts.DEFAULT.rings(10, 5).slots(256, 100);

  private static NetmapPort open(RingCounts counts) {
    return Netmap.open("netmap:null0", NULL.memId(1).counts(counts));
  }

  @Test
  void cat38_nullPort() {
    try (NetmapPort port = open(TEN_AND_FIVE)) {
      assertEquals(10, port.nifp().txRings());
      assertEquals(5, port.nifp().rxRings());
      assertEquals(256, port.tx(9).numSlots());
      assertEquals(100, port.rx(4).numSlots());
      assertEquals(1, port.memory().memId());
    }
  }

  @Test
  void cat39_nullPortAllZero() {
    int free = NetmapMemory.shared().freeBuffers();
    try (NetmapPort port = open(RingCounts.DEFAULT)) {
      assertEquals(0, port.nifp().txRings());
      assertEquals(0, port.nifp().rxRings());
      assertEquals(0, port.txSync());
      assertEquals(0, port.rxSync());
      assertEquals(free, NetmapMemory.shared().freeBuffers());
    }
  }

  @Test
  void cat40_nullPortSync() {
    try (NetmapPort port = open(TEN_AND_FIVE)) {
      assertEquals(0, port.txSync());
      assertEquals(0, port.rxSync());
      NetmapRing tx = port.tx(3);
      tx.advance(200);
      assertEquals(0, port.txSync());
      assertEquals(55, tx.space(), "what is given stays");
      assertEquals(NetmapPort.POLLOUT, port.poll(NetmapPort.POLLOUT, 0));
      assertEquals(0, port.poll(NetmapPort.POLLIN, 5));
      assertTrue(port.rx(0).isEmpty());
    }
  }

  /** Down to rings without a slot. */
  @ParameterizedTest
  @CsvSource({"1, 0, 0, 0", "0, 3, 0, 0", "2, 2, 0, 1", "1, 1, 1, 0", "3, 0, 7, 9"})
  void anyCountsWork(int txRings, int rxRings, int txSlots, int rxSlots) {
    try (NetmapPort port =
        open(RingCounts.DEFAULT.rings(txRings, rxRings).slots(txSlots, rxSlots))) {
      assertEquals(txRings, port.endTxRing());
      assertEquals(rxRings, port.endRxRing());
      for (int i = 0; i < 3; i++) {
        assertEquals(0, port.txSync());
        assertEquals(0, port.rxSync());
      }
      assertEquals(0, port.poll(NetmapPort.POLLIN, 0));
      assertThat(port.counters()).containsEntry("ring_reinits", 0L);
    }
  }

  @Test
  void theMemoryMustBeThere() {
    assertEquals(Libc.EINVAL, errnoOf(NULL));
    assertEquals(Libc.EINVAL, errnoOf(NULL.memId(60_000)));
  }

  private static int errnoOf(NetmapPort.Request request) {
    try (NetmapPort port = Netmap.open("netmap:null0", request)) {
      throw new AssertionError(port.name() + " opened");
    } catch (NetmapException e) {
      return e.errno();
    }
  }

  @Test
  void eachOpenMakesOneOfItsOwn() {
    try (NetmapPort first = open(RingCounts.DEFAULT.rings(1, 1).slots(8, 8));
        NetmapPort second = open(RingCounts.DEFAULT.rings(1, 1).slots(16, 16))) {
      assertEquals(8, first.tx(0).numSlots());
      assertEquals(16, second.tx(0).numSlots());
      assertFalse(Netmap.isOpen("netmap:null0"));
    }
  }

  @Test
  void holdsExtraBuffersAndHeadroom() {
    try (NetmapMemory memory =
        NetmapMemory.create(MemoryOptions.DEFAULT.buffers(64, 2048).rings(4, 8448))) {
      NetmapPort.Request request =
          NULL.region(memory)
              .extraBuffers(40)
              .offsets(new Offsets(16, 64, 8, 0))
              .counts(RingCounts.DEFAULT.rings(1, 1).slots(4, 4));
      try (NetmapPort port = Netmap.open("netmap:null0", request)) {
        assertEquals(40, port.extraBuffers());
        assertEquals(16, port.tx(0).offset(2));
        assertEquals(64 - 2 - 8 - 40, memory.freeBuffers());
      }
      assertEquals(62, memory.freeBuffers());
    }
  }
}

package io.netmap4j.compat.vswitch;

import static io.netmap4j.compat.vswitch.Frames.BROADCAST;
import static io.netmap4j.compat.vswitch.Frames.frame;
import static io.netmap4j.compat.vswitch.Frames.put;
import static io.netmap4j.compat.vswitch.Frames.receive;
import static io.netmap4j.compat.vswitch.Frames.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.Errno;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.ValeLookup;
import io.netmap4j.compat.vale.IndirectMemory;
import io.netmap4j.compat.vale.ValeCtl;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where frames go, what is refused and what is dropped. */
@Tag(SuiteRunner.TAG)
@Order(1)
@Timeout(60)
class ForwardingTest {
  private static final long A = 0x02000000000aL;
  private static final long B = 0x02000000000bL;
  private final List<NetmapPort> open = new ArrayList<>();

  private NetmapPort open(String name, RingCounts counts) {
    NetmapPort port = Netmap.open(name, NetmapPort.Request.DEFAULT.counts(counts));
    open.add(port);
    return port;
  }

  private NetmapPort open(String name) {
    return open(name, RingCounts.DEFAULT);
  }

  @AfterEach
  void close() {
    open.forEach(NetmapPort::close);
    assertThat(ValeCtl.list()).isEmpty();
  }

  @Test
  void aPortHasMemoryOfItsOwnUnlessItAsksForOther() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    assertThat(a.memory().memId()).isGreaterThan(1).isNotEqualTo(b.memory().memId());
    assertEquals(Netmap.NI_PRIV_MEM, a.nifp().flags());
    assertEquals(1024, a.tx(0).numSlots());
    NetmapPort c = Netmap.open("valeF:c@" + a.memory().memId());
    open.add(c);
    assertThat(c.memory()).isSameAs(a.memory());
    a.close();
    send(b, frame(BROADCAST, B, 60, 1));
    assertThat(receive(c)).as("its memory outlives the port that it was made for").hasSize(1);
    NetmapMemory memory = c.memory();
    c.close();
    assertThat(Netmap.isOpen("valeF:c")).isFalse();
    org.assertj.core.api.Assertions.assertThatThrownBy(memory::address)
        .as("and goes with the last")
        .isInstanceOf(io.netmap4j.common.NetmapException.class);
  }

  @Test
  void aFullPortLosesFramesAndTheOthersDoNot() {
    NetmapPort a = open("valeF:a");
    NetmapPort full = open("valeF:full", RingCounts.DEFAULT.slots(10, 10));
    NetmapPort b = open("valeF:b");
    for (int i = 0; i < 100; i++) {
      put(a.tx(0), frame(BROADCAST, A, 60, i), 0);
    }
    assertEquals(0, a.txSync());
    assertEquals(1023, a.tx(0).space());
    assertThat(receive(b)).as("at the port with room").hasSize(100);
    assertThat(b.counters()).containsEntry("rx_drops", 0L);
    List<byte[]> got = receive(full);
    assertThat(got).hasSize(9);
    for (int i = 0; i < 9; i++) {
      assertThat(got.get(i)).isEqualTo(frame(BROADCAST, A, 60, i));
    }
    assertThat(full.counters()).containsEntry("rx_drops", 91L).containsEntry("rx_frames", 9L);
    send(a, frame(BROADCAST, A, 60, 7));
    assertThat(full.counters()).as("released, not given back").containsEntry("rx_drops", 92L);
    assertThat(receive(full)).isEmpty();
    send(a, frame(BROADCAST, A, 60, 8));
    assertThat(receive(full)).hasSize(1);
  }

  @Test
  void noFrameComesBackToItsSender() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    send(a, frame(BROADCAST, A, 60, 1));
    send(a, frame(A, A, 60, 2));
    put(a.tx(0), frame(B, A, 60, 3), 200 << Netmap.NS_PORT_SHIFT);
    assertEquals(0, a.txSync());
    assertThat(receive(a)).isEmpty();
    assertThat(receive(b)).hasSize(1);
    assertThat(a.counters()).containsEntry("tx_nowhere", 2L).containsEntry("tx_frames", 3L);
  }

  @Test
  void noLearnAndADestinationInTheSlot() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    NetmapPort c = open("valeF:c");
    put(a.tx(0), frame(BROADCAST, A, 60, 1), Netmap.NS_NO_LEARN);
    assertEquals(0, a.txSync());
    send(b, frame(A, B, 60, 2));
    assertThat(receive(c)).as("A is not known").hasSize(2);
    send(a, frame(BROADCAST, A, 60, 3));
    send(b, frame(A, B, 60, 4));
    assertThat(receive(c)).as("now it is").containsExactly(frame(BROADCAST, A, 60, 3));
    assertThat(receive(a)).hasSize(2);
    int port = ValeCtl.find("valeF:c").portIndex();
    put(b.tx(0), frame(A, B, 60, 5), port << Netmap.NS_PORT_SHIFT);
    assertEquals(0, b.txSync());
    assertThat(receive(c)).as("overrides the table").containsExactly(frame(A, B, 60, 5));
    assertThat(receive(a)).isEmpty();
  }

  @Test
  void anAddressThatMovesIsFoundAtItsNewPort() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    NetmapPort c = open("valeF:c");
    for (int i = 0; i < 3; i++) {
      for (NetmapPort at : new NetmapPort[] {a, b}) {
        send(at, frame(BROADCAST, A, 60, i));
        receive(a);
        receive(b);
        receive(c);
        send(c, frame(A, B, 60, i));
        assertThat(receive(at)).hasSize(1);
        assertThat(receive(at == a ? b : a)).isEmpty();
      }
    }
    b.close();
    NetmapPort other = open("valeF:d");
    send(c, frame(A, B, 60, 9));
    assertThat(receive(a)).as("whose port has gone is unknown").hasSize(1);
    assertThat(receive(other)).hasSize(1);
  }

  @Test
  void shortFramesAndBadSlotsAreRefusedAndTheOthersGo() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    NetmapRing tx = a.tx(0);
    put(tx, frame(BROADCAST, A, 60, 1), 0);
    tx.len(tx.head(), 13);
    tx.advance(tx.next(tx.head()));
    put(tx, frame(BROADCAST, A, 14, 2), 0);
    int spoilt = tx.head();
    int index = tx.bufIdx(spoilt);
    for (int bad : new int[] {0, 1, -1, a.memory().bufTotal(), Integer.MIN_VALUE}) {
      tx.lenAndFlags(tx.head(), 60, 0);
      tx.bufIdx(tx.head(), bad);
      tx.advance(tx.next(tx.head()));
    }
    tx.lenAndFlags(tx.head(), a.memory().bufSize() + 1, 0);
    tx.advance(tx.next(tx.head()));
    put(tx, frame(BROADCAST, A, 60, 3), 0);
    assertEquals(Errno.EINVAL, a.txSync());
    assertEquals(0, a.txSync());
    assertEquals(7, a.unsent());
    assertThat(receive(b)).hasSize(3);
    tx.bufIdx(spoilt, index);
  }

  @Test
  void whatTheReceiverWritesIntoFreeSlotsHarmsNobody() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b", RingCounts.DEFAULT.slots(8, 8));
    NetmapRing rx = b.rx(0);
    int[] own = new int[8];
    for (int i = 0; i < 8; i++) {
      own[i] = rx.bufIdx(i);
      rx.bufIdx(i, 0x7fff_0000 + i);
      rx.ptr(i, -1);
    }
    send(a, frame(BROADCAST, A, 60, 1));
    assertThat(receive(b)).containsExactly(frame(BROADCAST, A, 60, 1));
    assertEquals(own[0], rx.bufIdx(0));
    assertEquals(0, b.rxSync());
    send(a, frame(BROADCAST, A, 60, 2));
    assertEquals(0, b.rxSync());
    rx.bufIdx(rx.head(), b.memory().bufTotal());
    rx.advance(rx.tail());
    assertEquals(Errno.EINVAL, b.rxSync(), "given back without a buffer");
    assertEquals(Errno.EINVAL, b.rxSync());
    rx.bufIdx(1, own[1]);
    assertEquals(0, b.rxSync());
  }

  @Test
  void indirectSlotsSendFromRegisteredMemoryOnly() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    ByteBuffer direct = ByteBuffer.allocateDirect(1000);
    byte[] f = frame(BROADCAST, A, 100, 5);
    direct.put(500, f);
    NetmapRing tx = a.tx(0);
    int slot = tx.head();
    try (IndirectMemory memory = IndirectMemory.of(direct)) {
      indirect(tx, memory.address() + 500, 100);
      assertEquals(0, a.txSync());
      assertThat(receive(b)).containsExactly(f);
      assertThat(tx.slotFlags(slot)).isEqualTo(Netmap.NS_INDIRECT);
      for (long bad :
          new long[] {
            0, 8, -1, Long.MIN_VALUE, memory.address() - 1, memory.address() + 901, 0xdeadbeefL
          }) {
        indirect(tx, bad, 100);
        assertEquals(Errno.EINVAL, a.txSync(), "address " + bad);
      }
      indirect(tx, memory.address() + 900, 100);
      assertEquals(0, a.txSync());
    }
    indirect(tx, 0x10000, 100);
    assertEquals(Errno.EINVAL, a.txSync());
    assertEquals(8, a.unsent());
    try (NetmapMemory region = NetmapMemory.create(MemoryOptions.DEFAULT.buffers(100, 2048));
        IndirectMemory memory = IndirectMemory.of(region)) {
      indirect(tx, memory.address(), 60);
      assertEquals(0, a.txSync());
    }
  }

  private static void indirect(NetmapRing tx, long address, int length) {
    int slot = tx.head();
    tx.ptr(slot, address);
    tx.lenAndFlags(slot, length, Netmap.NS_INDIRECT);
    tx.advance(tx.next(slot));
  }

  @Test
  void packetsOfManySlotsComeWholeOrNotAtAll() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b", RingCounts.DEFAULT.slots(100, 100));
    byte[] whole = frame(BROADCAST, A, 64 * 50, 6);
    fragments(a.tx(0), whole, 50);
    assertEquals(0, a.txSync());
    assertThat(receive(b)).containsExactly(whole);
    assertThat(b.rx(0).slotFlags(0)).isEqualTo(64 << 8 | Netmap.NS_MOREFRAG);
    assertThat(b.rx(0).slotFlags(63)).isEqualTo(64 << 8);
    assertEquals(0, b.rxSync());
    fragments(a.tx(0), frame(BROADCAST, A, 40 * 50, 7), 50);
    fragments(a.tx(0), frame(BROADCAST, A, 60 * 50, 8), 50);
    assertEquals(0, a.txSync());
    assertThat(receive(b)).as("of 99 free slots, 40 and 60").hasSize(1);
    assertThat(b.counters()).containsEntry("rx_drops", 1L);
    fragments(a.tx(0), frame(BROADCAST, A, 65 * 50, 9), 50);
    assertEquals(Errno.EINVAL, a.txSync(), "NETMAP_MAX_FRAGS");
    assertEquals(0, b.rxSync());
    byte[] tiny = frame(BROADCAST, A, 30, 3);
    fragments(a.tx(0), tiny, 1);
    assertEquals(0, a.txSync());
    assertThat(receive(b)).as("a header over several slots").containsExactly(tiny);
  }

  private static void fragments(NetmapRing tx, byte[] whole, int part) {
    int slot = tx.head();
    for (int at = 0; at < whole.length; at += part) {
      int n = Math.min(part, whole.length - at);
      tx.put(slot, whole, at, n, at + n < whole.length ? Netmap.NS_MOREFRAG : 0);
      slot = tx.next(slot);
    }
    tx.advance(slot);
  }

  @Test
  void ringsOfTheSameNumberAreJoined() {
    NetmapPort a = open("valeF:a", RingCounts.DEFAULT.rings(5, 1));
    NetmapPort b = open("valeF:b", RingCounts.DEFAULT.rings(1, 3));
    send(b, frame(BROADCAST, B, 60, 0));
    for (int i = 0; i < 5; i++) {
      put(a.tx(i), frame(B, A, 60, i), 0);
      put(a.tx(i), frame(BROADCAST, A, 60, 10 + i), 0);
    }
    assertEquals(0, a.txSync());
    assertThat(receive(b, 0).stream().map(f -> (int) f[20]))
        .containsExactly(0, 10, 11, 12, 3, 13, 14);
    assertThat(receive(b, 1).stream().map(f -> (int) f[20])).containsExactly(1, 4);
    assertThat(receive(b, 2).stream().map(f -> (int) f[20])).containsExactly(2);
  }

  @Test
  void aProgramsLookupTakesTheBridgesPlace() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    NetmapPort c = open("valeF:c", RingCounts.DEFAULT.rings(1, 2));
    int toB = ValeCtl.find("valeF:b").portIndex();
    int toC = ValeCtl.find("valeF:c").portIndex();
    ValeLookup.Frame[] kept = new ValeLookup.Frame[1];
    ValeCtl.lookup(
        "valeF:",
        f -> {
          kept[0] = f;
          assertEquals(0, f.port());
          assertEquals(0, f.ring());
          assertEquals(A, f.address(6));
          f.toRing(1);
          return switch (f.unsignedByte(20)) {
            case 0 -> toB;
            case 1 -> toC;
            case 2 -> ValeLookup.BROADCAST;
            case 3 -> ValeLookup.DROP;
            case 4 -> -7;
            case 5 -> 100_000;
            default -> f.unsignedByte(f.length());
          };
        });
    for (int i = 0; i < 7; i++) {
      put(a.tx(0), frame(B, A, 60, i), 0);
    }
    assertEquals(0, a.txSync());
    assertThat(receive(b).stream().map(f -> (int) f[20])).containsExactly(0, 2);
    assertThat(receive(c, 1).stream().map(f -> (int) f[20])).containsExactly(1);
    assertThat(receive(c, 0).stream().map(f -> (int) f[20])).containsExactly(2);
    assertThat(a.counters())
        .containsEntry("tx_lookup_failures", 1L)
        .containsEntry("tx_nowhere", 4L);
    assertEquals(0, kept[0].length(), "a frame is readable during the call only");
    ValeCtl.lookup("valeF", null);
    send(a, frame(B, A, 60, 3));
    assertThat(receive(b)).hasSize(1);
  }

  @Test
  void aLookupThatThrowsAnErrorLosesItsFrameOnly() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    ValeCtl.lookup(
        "valeF:",
        f -> {
          if (f.unsignedByte(20) == 1) {
            throw new AssertionError("on purpose");
          }
          return ValeLookup.BROADCAST;
        });
    for (int i = 0; i < 3; i++) {
      put(a.tx(0), frame(B, A, 60, i), 0);
    }
    assertEquals(0, a.txSync());
    assertEquals(0, a.txSync());
    assertThat(receive(b).stream().map(f -> (int) f[20])).containsExactly(0, 2);
    assertThat(a.counters()).containsEntry("tx_lookup_failures", 1L);
  }

  @Test
  void buffersOf64KiBTakeOneByteLessBetweenHeaderLengths() {
    try (NetmapMemory memory =
        NetmapMemory.create(new MemoryOptions(10, 1024, 10, 8192, 100, 65536, null))) {
      NetmapPort.Request large =
          NetmapPort.Request.DEFAULT.region(memory).counts(RingCounts.DEFAULT.slots(16, 16));
      try (NetmapPort a = Netmap.open("valeF:a", large);
          NetmapPort b = Netmap.open("valeF:b", large)) {
        ValeCtl.setHeader("valeF:b", 12);
        byte[] plain = frame(BROADCAST, A, 80_000, 4);
        byte[] with12 = new byte[80_012];
        System.arraycopy(plain, 0, with12, 12, 80_000);
        fragments(a.tx(0), plain, 40_000);
        assertEquals(0, a.txSync());
        assertThat(receive(b)).containsExactly(with12);
        assertEquals(65535, b.rx(0).len(0));
      }
    }
  }

  @Test
  void betweenHeaderLengthsTheHeaderIsCutOrMade() {
    NetmapPort a = open("valeF:a");
    NetmapPort b = open("valeF:b");
    NetmapPort c = open("valeF:c");
    ValeCtl.setHeader("valeF:a", 12);
    ValeCtl.setHeader("valeF:c", 10);
    assertEquals(26, a.minFrame());
    byte[] plain = frame(BROADCAST, A, 60, 4);
    byte[] with12 = new byte[72];
    System.arraycopy(plain, 0, with12, 12, 60);
    byte[] with10 = Arrays.copyOfRange(with12, 2, 72);
    send(a, with12);
    assertThat(receive(b)).containsExactly(plain);
    assertThat(receive(c)).containsExactly(with10);
    send(b, frame(A, B, 60, 5));
    assertThat(receive(a)).as("learned behind the header").hasSize(1);
    assertThat(receive(c)).isEmpty();
    with12[0] = 1; // VIRTIO_NET_HDR_F_NEEDS_CSUM
    send(a, with12);
    assertThat(receive(b)).isEmpty();
    assertThat(b.counters()).containsEntry("rx_offloads", 1L);
    NetmapPort same = open("valeF:same");
    ValeCtl.setHeader("valeF:same", 12);
    send(a, with12);
    assertThat(receive(same)).as("equal lengths pass everything").containsExactly(with12);
  }
}

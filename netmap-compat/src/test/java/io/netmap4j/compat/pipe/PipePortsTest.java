package io.netmap4j.compat.pipe;

import static io.netmap4j.compat.pipe.PipeRig.receive;
import static io.netmap4j.compat.pipe.PipeRig.send;
import static io.netmap4j.compat.pipe.PipeRig.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Opening and closing pipes. Names with a number are those of netmap's scripts in utils/tests, and
 * of the cases of utils/ctrl-api-test.c.
 */
@Order(1)
@Tag(SuiteRunner.TAG)
@Timeout(60)
class PipePortsTest {
  private final PipeRig rig = new PipeRig();

  @AfterEach
  void everythingIsGivenBack() {
    rig.close();
  }

  private int errnoOf(String name, NetmapPort.Request request) {
    try (NetmapPort port = Netmap.open(name, request)) {
      throw new AssertionError(port.name() + " opened");
    } catch (NetmapException e) {
      return e.errno();
    }
  }

  @Test
  void script003_exclusiveOpenPipe() {
    NetmapPort first = rig.open("netmap:pipeA{1/x", rig.slots(16));
    assertEquals(Libc.EBUSY, errnoOf("netmap:pipeA{1", rig.request()));
    assertEquals(Libc.EBUSY, errnoOf("netmap:pipeA{1/x", rig.request()));
    rig.open("netmap:pipeA}1", rig.request()); // the other end is another port
    first.close();
    rig.open("netmap:pipeA{1/x", rig.request());
  }

  /** 12 extra buffers, swapped into the sender's slots. */
  @Test
  void script006_extraBufferSendReceivePipe() {
    NetmapPort master = rig.open("netmap:pipeA{1", rig.slots(16));
    NetmapPort slave = rig.open("netmap:pipeA}1", rig.request().extraBuffers(12));
    assertEquals(12, slave.extraBuffers());
    NetmapRing tx = slave.tx(0);
    int packets = 12;
    int spare = slave.nifp().bufsHead();
    for (int i = 0; i < packets; i++) {
      int next = slave.memory().nextExtraBuffer(spare);
      int slot = tx.head();
      int mine = tx.bufIdx(slot);
      tx.bufIdx(slot, spare);
      tx.put(slot, PipeRig.bytes(i, 100));
      tx.slotFlags(slot, Netmap.NS_BUF_CHANGED);
      tx.advance(tx.next(slot));
      slave.memory().nextExtraBuffer(mine, next); // takes the place of the one that leaves
      if (i == 0) {
        slave.nifp().bufsHead(mine);
      } else {
        slave.memory().nextExtraBuffer(last(slave, i - 1), mine);
      }
      spare = next;
    }
    assertEquals(0, slave.txSync());
    receive(master, 0, packets);
    assertEquals(0, slave.txSync());
    assertEquals(15, tx.space());
  }

  /** The buffer at that place of the list of extra buffers. */
  private static int last(NetmapPort port, int place) {
    int index = port.nifp().bufsHead();
    for (int i = 0; i < place; i++) {
      index = port.memory().nextExtraBuffer(index);
    }
    return index;
  }

  /** 7 of 10 are received: 3 stay pending, and one more than what is free does not go. */
  @Test
  void script008_partialReadPipe() {
    NetmapPort master = rig.open("netmap:pipeA{1", rig.slots(32));
    NetmapPort slave = rig.open("netmap:pipeA}1", rig.request());
    send(slave, 0, 10);
    receive(master, 0, 7);
    assertEquals(0, slave.txSync());
    NetmapRing tx = slave.tx(0);
    int most = tx.numSlots() - 1;
    assertEquals(3, most - tx.space(), "pending");
    int free = tx.space();
    send(slave, 10, 10 + free);
    assertEquals(0, tx.space());
    assertEquals(0, slave.txSync());
    assertEquals(0, slave.poll(NetmapPort.POLLOUT, 0), "one more has to wait");
    receive(master, 7, 10 + free);
    assertEquals(NetmapPort.POLLOUT, slave.poll(NetmapPort.POLLOUT, 0));
    assertEquals(most, tx.space());
  }

  @Test
  void script023_sendReceivePipe() {
    NetmapPort master = rig.open("netmap:pipeA{1", rig.slots(16));
    NetmapPort slave = rig.open("netmap:pipeA}1", rig.request());
    send(slave, 0, 9);
    receive(master, 0, 9);
    send(master, 20, 29);
    receive(slave, 20, 29);
  }

  @Test
  void cat14_pipeMaster() {
    assertEquals(
        Libc.EINVAL, errnoOf("netmap:loop{pipeid1", rig.request().mode(Netmap.NR_REG_NIC_SW, 0)));
    rig.open("netmap:loop{pipeid1", rig.request().mode(Netmap.NR_REG_ALL_NIC, 0));
  }

  @Test
  void cat15_pipeSlave() {
    rig.open("netmap:loop}pipeid2", rig.request().mode(Netmap.NR_REG_ALL_NIC, 0));
  }

  /** What the request is answered with: counts of this end, none of them 0. */
  @Test
  void cat16_pipePortInfoGet() {
    NetmapPort.Request request = rig.request().counts(RingCounts.DEFAULT.rings(2, 3).slots(64, 32));
    NetmapPort slave = rig.open("netmap:loop}pipeid3", request);
    NetmapPort master = rig.open("netmap:loop{pipeid3", rig.request());
    assertEquals(2, master.nifp().txRings());
    assertEquals(3, master.nifp().rxRings());
    assertEquals(64, master.tx(0).numSlots());
    assertEquals(32, master.rx(0).numSlots());
    assertEquals(3, slave.nifp().txRings());
    assertEquals(2, slave.nifp().rxRings());
    assertEquals(32, slave.tx(2).numSlots());
    assertEquals(64, slave.rx(1).numSlots());
    assertEquals(rig.memory.memId(), slave.memory().memId());
  }

  /** The pools are those of the region that the pipe is in. */
  @Test
  void cat17_pipePoolsInfoGet() {
    NetmapPort port = rig.open("netmap:loop{xid", rig.request());
    assertEquals(rig.memory.size(), port.memory().size());
    assertEquals(rig.memory.bufOffset(), port.memory().bufOffset());
    assertEquals(2048, port.memory().bufSize());
  }

  @ParameterizedTest
  @ValueSource(strings = {"netmap:loop{pipeexbuf", "valeX1:Y4{pipeexbuf"})
  void cat47_cat48_extraBuffersOnAPipe(String name) {
    assertEquals(58, rig.open(name, rig.slots(16).extraBuffers(58)).extraBuffers());
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        Netmap.NR_REG_SW,
        Netmap.NR_REG_NIC_SW,
        Netmap.NR_REG_ONE_SW,
        Netmap.NR_REG_PIPE_MASTER,
        Netmap.NR_REG_PIPE_SLAVE
      })
  void modesWithoutHardwareRingsAreRefused(int mode) {
    assertEquals(Libc.EINVAL, errnoOf("netmap:loop{1", rig.request().mode(mode, 0)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"netmap:{1", "netmap:}1"})
  void aPipeHasAParent(String name) {
    assertEquals(Libc.EINVAL, errnoOf(name, rig.request()));
  }

  /** nm_bound_var: less than 1 is the default, too many are the most. */
  @ParameterizedTest
  @CsvSource({"0, 0, 1, 1024", "1, 1, 1, 1", "2, 7, 2, 7", "1, 5000, 1, 4096"})
  void countsAreKeptWithinBounds(int rings, int slots, int ringsGot, int slotsGot) {
    NetmapPort.Request asked =
        NetmapPort.Request.DEFAULT.counts(
            RingCounts.DEFAULT.rings(rings, rings).slots(slots, slots));
    if (slotsGot == 4096) {
      assertThatThrownBy(() -> Netmap.open("netmap:loop{1", asked))
          .isInstanceOfSatisfying(NetmapException.class, e -> assertEquals(Libc.ENOMEM, e.errno()))
          .hasMessageContaining("memory.ring-size");
      return;
    }
    try (NetmapPort port = Netmap.open("netmap:loop{1", asked)) {
      assertEquals(ringsGot, port.endTxRing());
      assertEquals(slotsGot, port.tx(ringsGot - 1).numSlots());
      assertEquals(0, port.txSync());
      assertEquals(slotsGot - 1, port.tx(0).space());
    }
  }

  @Test
  void slotsAndMemoryAreThoseOfAnOpenParent() {
    NetmapPort.Request card = rig.request().nic(NicOptions.DEFAULT.rings(1, 1).slots(24, 40));
    NetmapPort parent = rig.open("netmap:fake0", card);
    NetmapPort pipe = rig.open("netmap:fake0{1", NetmapPort.Request.DEFAULT);
    assertEquals(24, pipe.tx(0).numSlots());
    assertEquals(40, pipe.rx(0).numSlots());
    assertEquals(rig.memory, pipe.memory());
    assertEquals(Libc.EINVAL, errnoOf("netmap:fake0{2", NetmapPort.Request.DEFAULT.memId(1)));
    parent.close(); // the pipe stays
    send(pipe, 0, 5);
    receive(rig.open("netmap:fake0}1", NetmapPort.Request.DEFAULT), 0, 5);
  }

  @Test
  void aNameThatNobodyHasIsInTheSharedMemoryUnlessAnotherIsAskedFor() {
    int free = NetmapMemory.shared().freeRings();
    try (NetmapPort port = Netmap.open("netmap:nobody{1")) {
      assertEquals(NetmapMemory.shared(), port.memory());
      assertEquals(Libc.EINVAL, errnoOf("netmap:nobody}1", rig.request()));
      assertEquals(
          Libc.EINVAL,
          errnoOf("netmap:nobody}1", NetmapPort.Request.DEFAULT.memId(rig.memory.memId())));
    }
    assertEquals(free, NetmapMemory.shared().freeRings());
    int memId = rig.memory.memId();
    NetmapPort mine = rig.open("netmap:nobody{1@" + memId, NetmapPort.Request.DEFAULT);
    assertEquals(rig.memory, mine.memory());
    assertTrue(Netmap.isOpen("netmap:nobody{1"));
    assertTrue(Netmap.isOpen("netmap:nobody}1"), "both ends are there");
    assertFalse(Netmap.isOpen("netmap:nobody}2"));
  }

  @ParameterizedTest
  @CsvSource({"netmap:order{1, netmap:order}1", "netmap:order}1, netmap:order{1"})
  void whatIsSentBeforeTheOtherEndIsOpenIsThere(String first, String second) {
    NetmapPort early = rig.open(first, rig.slots(16));
    send(early, 0, 15);
    assertEquals(0, early.poll(NetmapPort.POLLOUT, 0));
    NetmapPort late = rig.open(second, rig.request());
    receive(late, 0, 15);
    assertEquals(NetmapPort.POLLOUT, early.poll(NetmapPort.POLLOUT, 0));
    send(late, 20, 35);
    receive(early, 20, 35);
  }

  @Test
  void whatWasSentStaysReadableWhenTheSenderIsGone() {
    NetmapPort master = rig.open("netmap:gone{1", rig.slots(8));
    NetmapPort slave = rig.open("netmap:gone}1", rig.request());
    send(master, 0, 6);
    master.close();
    receive(slave, 0, 4);
    send(slave, 10, 13); // nobody is there: it waits
    NetmapPort again = rig.open("netmap:gone{1", rig.request());
    assertEquals(6, again.tx(0).head(), "rings are as they were left");
    assertEquals(0, again.txSync());
    assertEquals(5, again.tx(0).space());
    take(slave.rx(0), 4, 6);
    assertEquals(0, slave.rxSync());
    send(again, 6, 11);
    receive(slave, 6, 11);
    receive(again, 10, 13);
  }

  @Test
  void aFullRingBlocksTheSenderWhenTheReceiverIsGone() {
    NetmapPort slave = rig.open("netmap:gone}1", rig.slots(8));
    NetmapPort master = rig.open("netmap:gone{1", rig.request());
    send(master, 0, 2);
    receive(slave, 0, 1);
    slave.close();
    assertEquals(0, master.txSync());
    send(master, 2, 2 + master.tx(0).space());
    for (int i = 0; i < 5; i++) {
      assertEquals(0, master.poll(NetmapPort.POLLOUT, 1));
    }
    receive(rig.open("netmap:gone}1", rig.request()), 1, 8);
    assertEquals(NetmapPort.POLLOUT, master.poll(NetmapPort.POLLOUT, 0));
  }

  @Test
  void aPipeEndsWithItsLastPortWhicheverEndThatIs() {
    for (String last : new String[] {"netmap:life{1", "netmap:life}1"}) {
      NetmapPort master = rig.open("netmap:life{1", rig.slots(8));
      NetmapPort slave = rig.open("netmap:life}1", rig.request());
      NetmapPort kept = rig.open(last, rig.request());
      send(master, 0, 3);
      master.close();
      slave.close();
      assertTrue(Netmap.isOpen("netmap:life{1"));
      kept.close();
      assertFalse(Netmap.isOpen("netmap:life{1"));
      NetmapPort fresh = rig.open("netmap:life}1", rig.slots(8));
      assertEquals(0, fresh.rxSync());
      assertTrue(fresh.rx(0).isEmpty(), "a new pipe");
      fresh.close();
    }
  }

  /**
   * In flight, without an end, refused, released and not copied back: each buffer is freed once.
   */
  @Test
  void buffersInEveryStateAreGivenBack() {
    int before = rig.memory.freeBuffers();
    NetmapPort master = rig.open("netmap:state{1", rig.slots(16));
    NetmapPort slave = rig.open("netmap:state}1", rig.request());
    send(master, 0, 6);
    receive(slave, 0, 4); // released, and the sender does not look
    NetmapRing tx = master.tx(0);
    int slot = tx.head();
    tx.lenAndFlags(slot, 5000, 0); // refused
    tx.advance(tx.next(slot));
    assertEquals(Libc.EINVAL, master.txSync());
    slot = tx.head();
    tx.lenAndFlags(slot, 60, Netmap.NS_MOREFRAG); // without an end
    tx.advance(tx.next(slot));
    assertEquals(0, master.txSync());
    send(slave, 0, 3);
    assertEquals(0, slave.rxSync());
    NetmapRing rx = slave.rx(0);
    int theirs = rx.bufIdx(rx.head()); // becomes another port's, which is closed last
    swapWithExtra(rx, rx.head());
    rig.memory.nextExtraBuffer(theirs, 0);
    extra.nifp().bufsHead(theirs);
    rx.advance(rx.next(rx.head()));
    assertEquals(0, slave.rxSync());
    rx.advance(rx.next(rx.head())); // released, and not synced
    int others = 17; // of the port that gave the buffer: 8 slots each way, and one
    slave.close();
    master.close();
    assertEquals(before - others, rig.memory.freeBuffers(), "buffers given back");
  }

  @Test
  void aSlotIsTheSameOnBothSides() {
    NetmapPort master = rig.open("netmap:same{1", rig.slots(8));
    NetmapPort slave = rig.open("netmap:same}1", rig.request());
    NetmapRing tx = master.tx(0);
    NetmapRing rx = slave.rx(0);
    for (int i = 0; i < 8; i++) {
      assertEquals(tx.bufIdx(i), rx.bufIdx(i), "at first");
      assertEquals(2048, rx.len(i));
    }
    int lead = 0x3456 & ~(Netmap.NS_MOREFRAG | Netmap.NS_BUF_CHANGED);
    int sent = tx.bufIdx(0);
    tx.ptr(0, 0x1122334455667788L);
    tx.lenAndFlags(0, 77, lead | Netmap.NS_BUF_CHANGED);
    tx.advance(1);
    assertEquals(0, master.txSync());
    assertEquals(lead, tx.slotFlags(0), "NS_BUF_CHANGED is cleared");
    assertEquals(0, slave.rxSync());
    assertEquals(sent, rx.bufIdx(0));
    assertEquals(77, rx.len(0));
    assertEquals(lead | Netmap.NS_BUF_CHANGED, rx.slotFlags(0));
    assertEquals(0x1122334455667788L, rx.ptr(0));
    int other = rx.bufIdx(1); // of a slot that is not in use: the two change places
    int spare = swapWithExtra(rx, 0);
    rx.ptr(0, 9);
    rx.len(0, 5);
    rx.advance(1);
    assertEquals(0, slave.rxSync());
    assertEquals(sent, tx.bufIdx(0), "the sender has not looked");
    assertEquals(0, master.txSync());
    assertEquals(spare, tx.bufIdx(0));
    assertEquals(5, tx.len(0));
    assertEquals(9, tx.ptr(0));
    assertEquals(Netmap.NS_BUF_CHANGED, tx.slotFlags(0) & Netmap.NS_BUF_CHANGED);
    assertEquals(other, rx.bufIdx(1));
    rig.memory.nextExtraBuffer(sent, 0);
    extra.nifp().bufsHead(sent);
  }

  private NetmapPort extra;

  private int swapWithExtra(NetmapRing ring, int slot) {
    extra = rig.open("netmap:extra{1", rig.slots(8).extraBuffers(1));
    int spare = extra.nifp().bufsHead();
    ring.bufIdx(slot, spare);
    ring.slotFlags(slot, Netmap.NS_BUF_CHANGED);
    return spare;
  }

  @Test
  void aRingOfSeveralIsChosenByItsNumber() {
    NetmapPort all =
        rig.open("netmap:many{1", rig.request().counts(RingCounts.DEFAULT.rings(3, 3).slots(8, 8)));
    NetmapPort one = rig.open("netmap:many}1-2", rig.request());
    assertEquals(2, one.firstRxRing());
    assertEquals(3, one.endRxRing());
    NetmapRing tx = all.tx(2);
    tx.put(tx.head(), PipeRig.bytes(4, 100));
    tx.advance(1);
    assertEquals(0, all.txSync());
    assertEquals(0, one.rxSync());
    assertThat(one.rx(2).get(0)).isEqualTo(PipeRig.bytes(4, 100));
    assertEquals(Libc.EINVAL, errnoOf("netmap:many}1-3", rig.request()));
    assertEquals(Libc.EBUSY, errnoOf("netmap:many}1/x", rig.request()));
  }

  @Test
  void offsetsAreThoseOfThePortThatMadeThePipe() {
    Offsets offsets = new Offsets(32, 128, 8, 0);
    NetmapPort first = rig.open("netmap:head}1", rig.slots(8).offsets(offsets));
    NetmapPort second = rig.open("netmap:head{1", rig.request());
    assertEquals(0xff, second.tx(0).offsetMask());
    assertEquals(32, second.tx(0).offset(3));
    assertEquals(
        Libc.EBUSY, errnoOf("netmap:head{1", rig.request().offsets(new Offsets(0, 200, 8, 0))));
    rig.open("netmap:head{1", rig.request().offsets(new Offsets(0, 64, 7, 0)));
    send(second, 0, 3);
    receive(first, 0, 3);
    assertEquals(
        Libc.EINVAL, errnoOf("netmap:head{2", rig.slots(8).offsets(new Offsets(0, 2048, 0, 0))));
    assertFalse(Netmap.isOpen("netmap:head{2"));
  }

  @Test
  void aReleasedSlotWithoutABufferHoldsTheOthersBack() {
    NetmapPort master = rig.open("netmap:bad{1", rig.slots(8));
    NetmapPort slave = rig.open("netmap:bad}1", rig.request());
    send(master, 0, 5);
    assertEquals(0, slave.rxSync());
    NetmapRing rx = slave.rx(0);
    for (int bad : new int[] {1, -1, rig.memory.bufTotal()}) {
      int slot = rx.head() + 1;
      int good = rx.bufIdx(slot);
      rx.bufIdx(slot, bad);
      rx.advance(5);
      assertEquals(Libc.EINVAL, slave.rxSync(), "buf_idx " + bad);
      assertEquals(0, rx.bufIdx(slot));
      rx.bufIdx(slot, good);
      rx.len(slot, 100);
      rx.advance(slot);
    }
    assertEquals(0, slave.rxSync());
    assertEquals(0, master.txSync());
    assertEquals(5, master.tx(0).space(), "those before the last bad one came back");
    rx.advance(5);
    assertEquals(0, slave.rxSync());
    assertEquals(0, master.txSync());
    assertEquals(7, master.tx(0).space());
  }

  @Test
  void aPacketThatHasEverySlotAndNoEndIsRefused() {
    NetmapPort master = rig.open("netmap:endless{1", rig.slots(8));
    NetmapPort slave = rig.open("netmap:endless}1", rig.request());
    NetmapRing tx = master.tx(0);
    for (int i = 0; i < 7; i++) {
      tx.lenAndFlags(tx.head(), 60, Netmap.NS_MOREFRAG);
      tx.advance(tx.next(tx.head()));
      assertEquals(i < 6 ? 0 : Libc.EINVAL, master.txSync(), "slot " + i);
    }
    assertEquals(1, master.unsent());
    assertEquals(7, tx.space(), "all slots are back");
    PipeRig.put(tx, 1, 100); // the packet's end
    send(master, 2, 4);
    receive(slave, 2, 4);
    assertTrue(slave.rx(0).isEmpty());
    assertEquals(1, master.unsent());
  }

  @Test
  void bothEndsOpenedAtOnceAreEndsOfOnePipe() throws Exception {
    ExecutorService two = Executors.newFixedThreadPool(2);
    try {
      for (int i = 0; i < 100; i++) {
        CyclicBarrier start = new CyclicBarrier(2);
        Future<NetmapPort> other =
            two.submit(
                () -> {
                  start.await();
                  return Netmap.open("netmap:race}1", rig.slots(4));
                });
        start.await();
        NetmapPort master = Netmap.open("netmap:race{1", rig.slots(4));
        NetmapPort slave = other.get();
        send(master, i, i + 2);
        receive(slave, i, i + 2);
        Future<?> closed = two.submit(slave::close);
        master.close();
        closed.get();
      }
    } finally {
      two.shutdown();
    }
  }

  @Test
  void aLengthOfAnySizeGoesAsInNetmap() {
    NetmapPort master = rig.open("netmap:any{1", rig.slots(8));
    NetmapPort slave = rig.open("netmap:any}1", rig.request());
    NetmapRing tx = master.tx(0);
    for (int length : new int[] {0, 1, 13, 2048}) {
      tx.put(tx.head(), PipeRig.bytes(1, length));
      tx.advance(tx.next(tx.head()));
    }
    tx.len(tx.head(), 2049);
    tx.advance(tx.next(tx.head()));
    assertEquals(Libc.EINVAL, master.txSync());
    assertEquals(0, slave.rxSync());
    assertEquals(4, slave.rx(0).space());
    assertEquals(0, slave.rx(0).len(0));
    assertEquals(2048, slave.rx(0).len(3));
    assertEquals(0, Mem.getInt(slave.rx(0).address() + 56), "no offsets");
  }
}

package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.STEPPED;
import static io.netmap4j.ixgbe.ModelTraffic.assertDmaStaysInBuffers;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.receive;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.MixedSlots;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.dma.PcieBill;
import java.util.Arrays;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is sent: frames on the wire, slot flags, padding, doorbells and reports. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(4)
class TransmitTest {
  /** Rings of any size, MTUs, engine orders. */
  @ParameterizedTest
  @CsvSource({"64,1500,1", "64,9000,2", "72,68,3", "128,1500,4", "128,9000,5", "256,1500,6"})
  void everyFrameReportedAsSentIsOnTheWire(int slots, int mtu, long seed) {
    NicOptions nic = NIC.slots(slots, slots).mtu(mtu).dropWhenFull(false);
    try (ModelRig rig = new ModelRig(STEPPED.nic(nic).stepped(seed))) {
      new MixedSlots(rig.a, rig.b, rig::run, seed).send(1000);
      assertDmaStaysInBuffers(rig);
      assertNoViolations(rig);
    }
  }

  /** Flags of slots after a sync, as netmap's ixgbe_netmap_txsync leaves them. */
  @Test
  void slotFlagsAfterASyncAreAsInNetmap() {
    try (ModelRig rig = new ModelRig(STEPPED)) {
      NetmapRing tx = rig.a.tx(0);
      int done = Netmap.NS_REPORT | Netmap.NS_BUF_CHANGED;
      int others = Netmap.NS_FORWARD | Netmap.NS_NO_LEARN;
      tx.lenAndFlags(0, 60, done | others);
      tx.lenAndFlags(1, 60, done | others | Netmap.NS_MOREFRAG);
      tx.lenAndFlags(2, 60, done | others);
      tx.lenAndFlags(3, 60, Netmap.NS_BUF_CHANGED);
      tx.lenAndFlags(4, 5, done | others); // refused
      tx.advance(5);
      assertEquals(Libc.EINVAL, rig.a.txSync());
      assertEquals(others, tx.slotFlags(0));
      assertEquals(done | others | Netmap.NS_MOREFRAG, tx.slotFlags(1), "not the last slot");
      assertEquals(others, tx.slotFlags(2));
      assertEquals(0, tx.slotFlags(3));
      assertEquals(others, tx.slotFlags(4));
      until(rig, "all to leave", () -> rig.a.txSync() == 0 && !tx.txPending());
      assertEquals(3, rig.a.counters().get("GPTC"));
      assertNoViolations(rig);
    }
  }

  @Test
  void shortFramesArePadded() {
    try (ModelRig rig = new ModelRig(STEPPED)) {
      for (int length = 14; length < 20; length++) {
        Mem.set(rig.a.tx(0).buffer(rig.a.tx(0).head()), 64, (byte) 0xee);
        put(rig.a.tx(0), frame(length, length));
        rig.a.txSync();
        assertArrayEquals(
            Arrays.copyOf(frame(length, length), 60), receive(rig, rig.b), length + " bytes");
      }
      assertEquals(0, rig.a.counters().get("bad_slots"));
      assertNoViolations(rig);
    }
  }

  @Test
  void oneSyncRingsOneDoorbellAndReadsNoRegister() {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT.nic(NIC.slots(512, 512)))) {
      rig.a.drain(1000);
      for (int i = 0; i < 200; i++) {
        put(rig.a.tx(0), frame(i, 60));
      }
      rig.cards[0].log().enable(1000);
      PcieBill.Snapshot before = rig.cards[0].bill().snapshot();
      rig.a.txSync();
      long written =
          rig.cards[0].log().accesses().stream()
              .filter(x -> x.write() && x.register().startsWith("TDT"))
              .count();
      assertEquals(1, written, "doorbells of one sync");
      until(rig, "completion", () -> rig.a.txSync() == 0 && !rig.a.tx(0).txPending());
      PcieBill.Snapshot bill = rig.cards[0].bill().snapshot().since(before);
      assertEquals(1, bill.doorbells(), "an empty sync rings none");
      assertEquals(6, bill.descriptorsWritten(), "RS every 32");
      long other =
          rig.cards[0].log().accesses().stream()
              .filter(x -> x.write() && !x.register().startsWith("TDT"))
              .filter(x -> x.offset() >= 0x6000 && x.offset() < 0x8000) // housekeeping has others
              .count();
      assertEquals(0, other);
    }
  }

  @Test
  void nsReportRequestsAReport() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.slots(512, 512).dropWhenFull(false)))) {
      for (int i = 0; i < 10; i++) {
        put(rig.a.tx(0), frame(i, 60));
      }
      rig.a.tx(0).slotFlags(3, Netmap.NS_REPORT);
      PcieBill.Snapshot before = rig.cards[0].bill().snapshot();
      rig.a.txSync();
      until(rig, "completion", () -> rig.a.txSync() == 0 && !rig.a.tx(0).txPending());
      assertEquals(1, rig.cards[0].bill().snapshot().since(before).descriptorsWritten());
      assertEquals(0, rig.a.tx(0).slotFlags(3), "NS_REPORT is cleared");
      assertNoViolations(rig);
    }
  }

  @Test
  void reportsAreCountedAcrossSyncsAndTheRestIsDoneWhenTheCardIsIdle() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.slots(512, 512).dropWhenFull(false)))) {
      NetmapRing ring = rig.a.tx(0);
      rig.cards[0].log().enable(100_000);
      PcieBill.Snapshot before = rig.cards[0].bill().snapshot();
      for (int i = 0; i < 70; i++) {
        put(ring, frame(i, 60));
        assertEquals(0, rig.a.txSync());
      }
      PcieBill.Snapshot bill = rig.cards[0].bill().snapshot().since(before);
      assertEquals(70, bill.doorbells());
      assertEquals(0, readsOfHead(rig), "by syncs that send");
      until(rig, "completion", () -> rig.a.txSync() == 0 && !ring.txPending());
      bill = rig.cards[0].bill().snapshot().since(before);
      assertEquals(2, bill.descriptorsWritten(), "reports");
      long reads = readsOfHead(rig);
      assertTrue(reads > 0, "done too early: nobody has looked where the card is");
      for (int i = 0; i < 10; i++) {
        assertEquals(0, rig.a.txSync());
      }
      assertEquals(reads, readsOfHead(rig), "while the card has nothing");
      assertNoViolations(rig);
    }
  }

  /** By syncs: the watchdog reads both. */
  private static long readsOfHead(ModelRig rig) {
    return reads(rig, "TDH") - reads(rig, "TDT");
  }

  private static long reads(ModelRig rig, String register) {
    return rig.cards[0].log().accesses().stream()
        .filter(x -> !x.write() && x.register().startsWith(register))
        .count();
  }

  /** What waits for room on a full ring sleeps until a report comes. */
  @Test
  void aSyncThatLeavesNoRoomAsksForAReport() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.slots(64, 512).dropWhenFull(false)))) {
      NetmapRing ring = rig.a.tx(0);
      PcieBill.Snapshot before = rig.cards[0].bill().snapshot();
      for (int i = 0; i < 63; i++) {
        put(ring, frame(i, 60));
      }
      assertEquals(0, rig.a.txSync());
      until(
          rig,
          "completion",
          () -> rig.cards[0].bill().snapshot().since(before).packetBytesRead() == 63 * 60);
      assertEquals(2, rig.cards[0].bill().snapshot().since(before).descriptorsWritten(), "reports");
      assertEquals(0, rig.a.txSync());
      assertEquals(63, ring.space());
      assertNoViolations(rig);
    }
  }

  /** A refused packet behind some that the card has not sent yet is not done before them. */
  @Test
  void slotsBehindUnreportedPacketsWaitForThem() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.slots(512, 512).dropWhenFull(false)))) {
      NetmapRing ring = rig.a.tx(0);
      put(ring, frame(0, 60));
      assertEquals(0, rig.a.txSync());
      put(ring, new byte[5]);
      assertEquals(Libc.EINVAL, rig.a.txSync());
      assertEquals(509, ring.space(), "done too early: the card has not moved");
      until(rig, "completion", () -> rig.a.txSync() == 0 && !ring.txPending());
      assertNoViolations(rig);
    }
  }
}

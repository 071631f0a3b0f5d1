package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.SLOTS;
import static io.netmap4j.ixgbe.ModelTraffic.STEPPED;
import static io.netmap4j.ixgbe.ModelTraffic.assertDmaStaysInBuffers;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.sendOne;
import static io.netmap4j.ixgbe.ModelTraffic.setup;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.linux.Libc;
import io.netmap4j.model.fault.WriteBackFault;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A card that writes nonsense, stops, is removed, or is refused memory. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Tag("once")
class FaultyCardTest {
  @ParameterizedTest
  @EnumSource(WriteBackFault.class)
  void writeBacksAreValidated(WriteBackFault fault) {
    ModelRig.Setup setup = STEPPED.nic(NIC.dropWhenFull(false));
    try (ModelRig rig = new ModelRig(setup)) {
      rig.cards[1].faults().corruptWriteBack(fault);
      rig.cards[0].faults().corruptWriteBack(fault);
      for (int i = 0; i < 500; i++) {
        if (rig.a.tx(0).space() > 0) {
          put(rig.a.tx(0), frame(i, 100));
        }
        rig.a.txSync();
        rig.run();
        rig.b.rxSync();
        NetmapRing rx = rig.b.rx(0);
        for (; !rx.isEmpty(); rx.advance(rx.next(rx.head()))) {
          assertThat(rx.len(rx.head()))
              .as("len of a slot, whatever the card wrote")
              .isLessThanOrEqualTo(2048);
        }
        assertThat(rig.a.tx(0).space()).isBetween(0, SLOTS - 1);
      }
      if (fault == WriteBackFault.LENGTH_FFFF
          || fault == WriteBackFault.LENGTH_ABOVE_BUFFER
          || fault == WriteBackFault.ALL_ONES
          || fault == WriteBackFault.ZERO_LENGTH) {
        assertThat(rig.b.counters().get("rx_bad_write_backs"))
            .as("length checks that failed")
            .isPositive();
      }
      assertDmaStaysInBuffers(rig);
    }
  }

  @Test
  void aRemovedCardGivesEio() {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      rig.cards[0].faults().pullOut();
      long before = System.nanoTime();
      until(rig, "EIO", () -> rig.a.txSync() == Libc.EIO && rig.a.rxSync() == Libc.EIO);
      assertThat(System.nanoTime() - before)
          .as("ns until it was noticed")
          .isLessThan(5_000_000_000L);
      assertEquals(NetmapPort.POLLERR, rig.a.poll(NetmapPort.POLLIN, 1000));
      assertFalse(rig.a.link().up());
      assertThat(rig.a.counters()).containsKey("GPRC");
      assertEquals(0, rig.b.rxSync(), "the other card is well");
    }
  }

  @Test
  void aRefusedDmaReadIsCounted() throws Exception {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      assertEquals(0, rig.a.counters().get("dma_refused"));
      for (int round = 1; round <= 2; round++) {
        rig.cards[0].faults().strayRead(0xDEAD0000L, 2);
        for (int i = 0; i < 5; i++) {
          sendOne(rig);
        }
        assertTrue(rig.a.drain(5000));
        assertEquals(round, rig.a.counters().get("dma_refused"));
        assertEquals(round, rig.a.counters().get("dma_refused"), "told once");
        assertEquals(4 * round, rig.a.counters().get("GPTC"));
      }
    }
  }

  @Test
  void theWatchdogCountsOnlyRingsThatHang() throws Exception {
    long usual = IxgbeWatchdog.limitNanos;
    try (RecordingStream stalls = new RecordingStream();
        ModelRig rig =
            new ModelRig(
                ModelRig.Setup.DEFAULT.nic(ModelRig.Setup.DEFAULT.nic().dropWhenFull(false)))) {
      BlockingQueue<String> told = new LinkedBlockingQueue<>();
      stalls.onEvent("io.netmap4j.Stall", stall -> told.add(stall.getString("what")));
      stalls.startAsync();
      for (int i = 0; i < 40; i++) {
        sendOne(rig);
      }
      until(rig, "report", () -> rig.cards[0].bill().snapshot().descriptorsWritten() > 0);
      put(rig.a.tx(0), new byte[5]); // refused, behind the report
      assertEquals(Libc.EINVAL, rig.a.txSync());
      IxgbeWatchdog.limitNanos = 100_000_000;
      Thread.sleep(2200); // it looks once a second
      assertEquals(0, rig.a.counters().get("tx_hangs"), "sent, and nobody looked");
      // The receiver gives nothing back, until its ring, its packet buffer and the wire are full.
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (rig.a.counters().get("tx_hangs") == 0) {
        assertTrue(System.nanoTime() < deadline, "a stuck ring is told of");
        rig.a.txSync();
        while (rig.a.tx(0).space() > 0) {
          sendOne(rig);
        }
        Thread.sleep(1);
      }
      assertEquals("tx ring 0", told.poll(20, TimeUnit.SECONDS));
    } finally {
      IxgbeWatchdog.limitNanos = usual;
    }
  }
}

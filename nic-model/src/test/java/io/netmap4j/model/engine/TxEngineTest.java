package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;
import static io.netmap4j.model.engine.TestTxRing.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.fault.WriteBackFault;
import io.netmap4j.model.wire.TestFrames;
import io.netmap4j.model.wire.TestWire;
import io.netmap4j.model.wire.WireEnd;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TxEngineTest {
  private final TestCard card = new TestCard(8 << 20);
  private final TestWire wire = new TestWire();
  private TestTxRing ring;

  @BeforeEach
  void setUp() {
    card.tx.attach(wire, WireEnd.A);
    ring = new TestTxRing(card, 0, 24, 2048);
  }

  @AfterEach
  void close() {
    card.close();
  }

  private int run() {
    ring.doorbell();
    return card.tx.run(1000);
  }

  @Test
  void framesCrossTheRingsEndUnchangedInARingThatIsNoPowerOfTwo() {
    for (int i = 0; i < 100; i++) {
      ring.frame(TestFrames.plain(i, 60 + i), 0, 0);
      if (i % 7 == 6) {
        assertThat(run()).isEqualTo(7);
      }
    }
    run();
    assertThat(wire.frames).hasSize(100);
    for (int i = 0; i < 100; i++) {
      assertThat(wire.frames.get(i)).isEqualTo(TestFrames.plain(i, 60 + i));
    }
    assertThat(ring.head()).isEqualTo(ring.tail).isEqualTo(100 % 24);
  }

  @Test
  void loopbackBringsWhatIsSentBackAndTheWireHearsNothing() {
    TestRxRing back = new TestRxRing(card, 0, 8, 2048, TestRxRing.ADVANCED).armed();
    card.tx.loopback(card.rx);
    card.set(HLREG0, card.reg(HLREG0) | HLREG0_LPBK);
    ring.frame(TestFrames.plain(1, 100), RS, 0);
    assertThat(run()).isEqualTo(1);
    assertThat(back.poll()).isEqualTo(TestFrames.plain(1, 100));
    assertThat(ring.done(0)).isTrue();
    assertThat(wire.frames).isEmpty();
    assertThat(card.counter(GPTC)).isEqualTo(1);
    assertThat(card.counter(GPRC)).isEqualTo(1);
    card.set(HLREG0, card.reg(HLREG0) & ~HLREG0_LPBK);
    ring.frame(TestFrames.plain(2, 100), RS, 0);
    run();
    assertThat(wire.frames).hasSize(1);
    assertThat(back.poll()).isNull();
  }

  /** 1 Gbit/s: 1000 bytes and their surroundings take 8.2 us. */
  @Test
  void aSlowLinkPacesWhatIsSent() {
    card.byteNanos = 8;
    int sent = 0;
    for (int i = 0; i < 100; i++) {
      for (int slot = 0; slot < 20; slot++) {
        if ((ring.tail + 1) % ring.size != ring.head()) {
          ring.frame(TestFrames.plain(slot, 1000), 0, 0);
        }
      }
      sent += run();
      card.clock.advance(100_000);
    }
    // 10 ms, and what is taken ahead of time.
    assertThat(sent).isBetween(1200, 1300);
  }

  @Test
  void nothingIsFetchedBeforeTheDoorbellAndNothingWithoutTe() {
    ring.frame(TestFrames.plain(1, 60), RS, 0);
    assertThat(card.tx.run(10)).isZero();
    card.set(DMATXCTL, 0);
    assertThat(run()).isZero();
    card.set(DMATXCTL, 1);
    assertThat(run()).isEqualTo(1);
  }

  @Test
  void ddIsWrittenWhereRsAskedAndNowhereElse() {
    for (int i = 0; i < 8; i++) {
      ring.frame(TestFrames.plain(i, 60), i == 3 || i == 7 ? RS : 0, 0);
    }
    run();
    for (int i = 0; i < 8; i++) {
      assertThat(ring.done(i)).as("descriptor %d", i).isEqualTo(i == 3 || i == 7);
    }
    assertThat(card.reported[0]).isEqualTo(2);
  }

  @Test
  void statusBitsOfAFetchedDescriptorMeanNothing() {
    Mem.set(ring.descriptor(0), 16L * ring.size, (byte) 0xFF);
    byte[] frame = TestFrames.plain(1, 60);
    ring.piece(frame, 0, 60, EOP, 60, 1); // DD set, as DPDK leaves it
    run();
    assertThat(wire.frames).hasSize(1);
    assertThat(Mem.getLong(ring.descriptor(1))).as("not handed over").isEqualTo(-1);
  }

  @Test
  void aPacketOfSeveralDescriptorsIsOneFrame() {
    byte[] frame = TestFrames.plain(9, 1000);
    ring.piece(frame, 0, 10, 0, 1000, 0);
    ring.piece(frame, 10, 700, 0, 1000, 0);
    assertThat(run()).as("no EOP yet").isZero();
    ring.piece(frame, 710, 290, EOP | RS, 1000, 0);
    assertThat(run()).isEqualTo(1);
    assertThat(wire.frames.get(0)).isEqualTo(frame);
    assertThat(ring.done(2)).isTrue();
    assertThat(ring.done(0)).isFalse();
  }

  @Test
  void legacyDescriptorsSendAndReport() {
    byte[] frame = TestFrames.plain(1, 100);
    Mem.copyIn(frame, 0, ring.buffer(0), 100);
    ring.put(ring.bufferIova(0), 100 | EOP | IFCS | RS, 0);
    run();
    assertThat(wire.frames.get(0)).isEqualTo(frame);
    assertThat(ring.done(0)).isTrue();
    assertThat(Mem.getLong(ring.descriptor(0))).isEqualTo(ring.bufferIova(0));
  }

  @Test
  void shortFramesArePaddedWithZerosOnlyWithTxpaden() {
    byte[] shortFrame = TestFrames.plain(1, 20);
    ring.frame(shortFrame, 0, 0);
    run();
    assertThat(wire.frames.get(0)).isEqualTo(Arrays.copyOf(shortFrame, 60));
    card.set(HLREG0, 0);
    ring.frame(shortFrame, 0, 0);
    run();
    assertThat(wire.frames.get(1)).isEqualTo(shortFrame);
  }

  @Test
  void aWriteBackThresholdHoldsReportsUntilThatManyDescriptorsAreDone() {
    card.set(tx(0) + TXDCTL, QUEUE_ENABLE | 4 << 16);
    for (int i = 0; i < 3; i++) {
      ring.frame(TestFrames.plain(i, 60), RS, 0);
    }
    run();
    assertThat(card.reported[0]).isZero();
    ring.frame(TestFrames.plain(3, 60), RS, 0);
    run();
    assertThat(card.reported[0]).isEqualTo(4);
    ring.frame(TestFrames.plain(4, 60), RS, 0);
    run();
    assertThat(card.reported[0]).isEqualTo(4);
    card.tx.flush(0);
    assertThat(ring.done(4)).as("flushed").isTrue();
    ring.frame(TestFrames.plain(5, 60), RS, 0);
    run();
    card.clock.advance(50_000);
    run();
    run();
    assertThat(ring.done(5)).as("held long").isTrue();
  }

  @Test
  void headWriteBackReplacesDd() {
    long at = card.take(64);
    long iova = TestCard.IOVA + at + 16;
    card.set(tx(0) + TDWBAH, (int) (iova >>> 32));
    card.set(tx(0) + TDWBAL, (int) iova | 1);
    ring.frame(TestFrames.plain(0, 60), 0, 0);
    ring.frame(TestFrames.plain(1, 60), RS, 0);
    run();
    assertThat(Mem.getInt(card.base + at + 16)).isEqualTo(2);
    assertThat(ring.done(1)).isFalse();
    card.set(tx(0) + TDWBAL, (int) iova + 4 | 1);
    assertThatThrownBy(() -> card.tx.run(1)).hasMessageContaining("16-byte aligned");
  }

  @Test
  void aBusyWireHoldsThePacketWithoutLossOrRepetition() {
    wire.room = 1;
    ring.frame(TestFrames.plain(0, 60), 0, 0);
    ring.frame(TestFrames.plain(1, 60), RS, 0);
    assertThat(run()).isEqualTo(1);
    assertThat(card.tx.run(10)).isZero();
    assertThat(ring.head()).isEqualTo(1);
    wire.room = 9;
    assertThat(card.tx.run(10)).isEqualTo(1);
    assertThat(wire.frames).hasSize(2);
    assertThat(card.counter(GPTC)).isEqualTo(2);
    assertThat(ring.done(1)).isTrue();
  }

  @Test
  void queuesTakeTurnsAndCountIntoTheirMappedCounters() {
    TestTxRing other = new TestTxRing(card, 100, 64, 2048);
    card.set(TQSM + 100, 5);
    for (int i = 0; i < 20; i++) {
      ring.frame(TestFrames.plain(i, 60), 0, 0);
      other.frame(TestFrames.plain(100 + i, 96), 0, 0);
    }
    other.doorbell();
    ring.doorbell();
    assertThat(card.tx.run(40)).isEqualTo(40);
    assertThat(card.counter(QPTC)).isEqualTo(20);
    assertThat(card.counter(QPTC + 0x40 * 5)).isEqualTo(20);
    assertThat(card.counter(QBTC + 8 * 5)).isEqualTo(20 * 96);
    assertThat(card.counter(PTC64)).isEqualTo(20);
    assertThat(card.counter(PTC64 + 4)).isEqualTo(20);
    assertThat(card.counter(GOTC)).as("with CRC").isEqualTo(20 * 64 + 20 * 100);
    assertThat(card.counter(TPT)).isEqualTo(40);
  }

  @Test
  void multicastAndBroadcastAreCountedApart() {
    byte[] frame = TestFrames.plain(1, 60);
    frame[0] = 1;
    ring.frame(frame, 0, 0);
    Arrays.fill(frame, 0, 6, (byte) 0xFF);
    ring.frame(frame, 0, 0);
    ring.frame(frame, 0, 0);
    run();
    assertThat(card.counter(MPTC)).isEqualTo(1);
    assertThat(card.counter(BPTC)).isEqualTo(2);
  }

  @Test
  void inStepsEveryInterleavingSendsTheSameAndReportsInOrder() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      int at = ring.tail;
      byte[] frame = TestFrames.plain(round, 200);
      ring.piece(frame, 0, 50, RS, 200, 0);
      ring.piece(frame, 50, 150, EOP | RS, 200, 0);
      ring.doorbell();
      int steps = 0;
      while (card.tx.step(random)) {
        steps++;
      }
      assertThat(steps).as("2 fetches, a send, 2 write-backs").isEqualTo(5);
      assertThat(ring.done(at) && ring.done((at + 1) % 24)).isTrue();
      assertThat(wire.frames.get(round)).isEqualTo(frame);
    }
  }

  @Test
  void aStrictModelRefusesWhatMayHangSilicon() {
    refused(16, 16, EOP | DATA, "PAYLEN 16 is less than 17");
    refused(0, 60, EOP | DATA, "DTALEN of descriptor");
    refused(60, 64, EOP | DATA, "EOP after 60 bytes, but PAYLEN says 64");
    refused(60, 60, (EOP | DATA) & ~IFCS, "IFCS is clear");
    refused(60, 60, EOP | 0x20500000, "DTYP 5 is reserved");
    refused(1600, 1600, EOP | DATA, "longer than 1518");
    refused(60, 60, EOP | DATA | VLE, "context 0, which was never written");
    assertThat(wire.frames).isEmpty();
    ring.frame(TestFrames.plain(1, 60), 0, 0);
    assertThat(run()).as("the packets in fault are gone").isEqualTo(1);
  }

  private void refused(int length, int payLength, int dw2, String message) {
    ring.put(ring.bufferIova(ring.tail), length | dw2, payLength << 14);
    ring.doorbell();
    assertThatThrownBy(() -> card.tx.run(1)).hasMessageContaining(message);
  }

  @Test
  void fortyDescriptorsLessWthreshAreTheMostForOnePacket() {
    TestTxRing big = new TestTxRing(card, 1, 128, 64);
    card.set(tx(1) + TXDCTL, QUEUE_ENABLE | 8 << 16);
    byte[] frame = TestFrames.plain(1, 330);
    for (int n : new int[] {32, 33}) {
      for (int i = 0; i < n; i++) {
        big.piece(frame, 10 * i, 10, i == n - 1 ? EOP : 0, 10 * n, 0);
      }
      big.doorbell();
      if (n == 32) {
        assertThat(card.tx.run(1)).isEqualTo(1);
      } else {
        assertThatThrownBy(() -> card.tx.run(1)).hasMessageContaining("WTHRESH leaves 32 of 40");
      }
    }
  }

  @Test
  void aLenientModelRemembersAndGoesOn() {
    card.strict = false;
    ring.put(ring.bufferIova(0), 60 | EOP | DATA, 64 << 14);
    ring.frame(Arrays.copyOf(TestFrames.plain(1, 60), 16), 0, 0);
    run();
    assertThat(wire.frames).hasSize(2);
    assertThat(card.violations).hasSize(2);
  }

  @Test
  void aBufferOutsideEveryMappingIsAFaultAndSendsNothing() {
    card.strict = false;
    ring.put(0x1000, 60 | EOP | DATA | RS, 60 << 14);
    run();
    assertThat(wire.frames).isEmpty();
    assertThat(card.memory.faults()).isEqualTo(1);
    assertThat(card.violations.get(0)).contains("PACKET_READ of queue 0 at 0x1000 + 60");
    assertThat(ring.done(0)).isTrue();
  }

  @Test
  void disablingAQueueForgetsItsPacketAndResettingItsContexts() {
    ring.piece(TestFrames.plain(1, 60), 0, 30, 0, 60, 0);
    run();
    card.set(tx(0) + TXDCTL, 0);
    card.tx.run(1);
    card.set(tx(0) + TDH, 0);
    card.set(tx(0) + TXDCTL, QUEUE_ENABLE);
    ring.tail = 0;
    ring.frame(TestFrames.plain(2, 60), 0, 0);
    assertThat(run()).isEqualTo(1);
    ring.context(0, 14, 20, 5, 1 << 10, 0, 0);
    run();
    card.tx.reset();
    ring.frame(TestFrames.plain(3, 60), VLE, 0);
    ring.doorbell();
    assertThatThrownBy(() -> card.tx.run(1)).hasMessageContaining("never written");
  }

  @Test
  void aMisbehavingDeviceReportsTheWrongDescriptor() {
    card.faults.corruptWriteBack(WriteBackFault.DD_ON_WRONG_DESCRIPTOR);
    ring.frame(TestFrames.plain(1, 60), RS, 0);
    run();
    assertThat(ring.done(0)).isFalse();
    assertThat(ring.done(1)).isTrue();
    card.faults.corruptWriteBack(WriteBackFault.ALL_ONES);
    ring.frame(TestFrames.plain(1, 60), RS, 0);
    run();
    assertThat(Mem.getLong(ring.descriptor(1))).isEqualTo(-1);
  }
}

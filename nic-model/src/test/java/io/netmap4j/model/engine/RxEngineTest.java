package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.fault.WriteBackFault;
import io.netmap4j.model.wire.TestFrames;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RxEngineTest {
  private static final int DD = 1;
  private static final int EOP = 2;
  private static final int VP = 8;
  private static final int L4CS = 1 << 5;
  private static final int IPCS = 1 << 6;

  private final TestCard card = new TestCard(16 << 20);

  @AfterEach
  void close() {
    card.close();
  }

  private TestRxRing ring(int size) {
    return new TestRxRing(card, 0, size, 2048, TestRxRing.ADVANCED);
  }

  private boolean receive(byte[] frame) {
    return TestFrames.receive(card.rx, frame);
  }

  @Test
  void framesCrossTheRingsEndUnchangedInARingThatIsNoPowerOfTwo() {
    TestRxRing ring = ring(24).armed();
    for (int i = 0; i < 100; i++) {
      assertThat(receive(TestFrames.plain(i, 60 + i))).isTrue();
      assertThat(ring.dword(ring.next, 2)).isEqualTo(DD | EOP);
      assertThat(ring.poll()).isEqualTo(TestFrames.plain(i, 60 + i));
    }
    assertThat(ring.head()).isEqualTo(100 % 24);
    assertThat(card.written[0]).isEqualTo(100);
    assertThat(card.counter(GPRC)).isEqualTo(100);
    assertThat(card.counter(QPRC)).isEqualTo(100);
    assertThat(card.counter(TPR)).isEqualTo(100);
  }

  @Test
  void anEmptyRingHoldsFramesInThePacketBufferUntilDescriptorsCome() {
    TestRxRing ring = ring(8); // head == tail: none armed
    for (int i = 0; i < 10; i++) {
      assertThat(receive(TestFrames.plain(i, 60))).isTrue();
    }
    assertThat(card.rx.run(100)).isZero();
    ring.tail(7);
    assertThat(card.rx.run(100)).isEqualTo(7);
    for (int i = 0; i < 7; i++) {
      assertThat(ring.poll()).isEqualTo(TestFrames.plain(i, 60));
    }
    assertThat(card.rx.run(100)).isEqualTo(3);
    assertThat(ring.bytes(7)).isEqualTo(TestFrames.plain(7, 60));
  }

  @Test
  void aFullPacketBufferRefusesAndEveryFrameIsAccountedFor() {
    TestRxRing ring = ring(8);
    int fits = 512 * 1024 / 64;
    int taken = 0;
    for (int i = 0; i < fits + 100; i++) {
      byte[] frame = TestFrames.plain(i, 60);
      if (receive(frame)) {
        taken++;
      } else {
        long at = Mem.allocate(60);
        card.rx.missed(at, 60);
        Mem.free(at);
      }
    }
    assertThat(taken).isEqualTo(fits);
    assertThat(card.counter(RXMPC)).isEqualTo(100);
    assertThat(card.counter(GPRC)).as("those missed included").isEqualTo(fits + 100);
    int received = 0;
    ring.tail(7);
    while (card.rx.run(100) > 0) {
      for (byte[] frame = ring.poll(); frame != null; frame = ring.poll()) {
        assertThat(frame).isEqualTo(TestFrames.plain(received++, 60));
      }
    }
    assertThat(received).isEqualTo(fits);
    assertThat(card.counter(QPRC)).isEqualTo(card.counter(GPRC) - card.counter(RXMPC));
  }

  @Test
  void thePacketBuffersSizeIsWhatRxpbsizeSays() {
    ring(8);
    card.set(RXPBSIZE, 1 << 10);
    int taken = 0;
    while (receive(TestFrames.plain(0, 64))) {
      taken++;
    }
    assertThat(taken).isEqualTo(16);
  }

  @Test
  void dropEnDropsAndCountsInTheQueuesMappedCounter() {
    TestRxRing ring =
        new TestRxRing(card, 0, 8, 2048, TestRxRing.ADVANCED | SRRCTL_DROP_EN).armed();
    card.set(RQSMR, 3);
    for (int i = 0; i < 10; i++) {
      assertThat(receive(TestFrames.plain(i, 60))).isTrue();
    }
    assertThat(card.counter(QPRDC + 0x40 * 3)).isEqualTo(3);
    assertThat(card.counter(QPRC + 0x40 * 3)).isEqualTo(7);
    assertThat(card.counter(RXMPC)).isZero();
    assertThat(ring.done(6)).isTrue();
    assertThat(ring.done(7)).isFalse();
  }

  @Test
  void withoutAnEnabledQueueOrRxenFramesAreDropped() {
    TestRxRing ring = ring(8).armed();
    card.set(rx(0) + RXDCTL, 0);
    assertThat(receive(TestFrames.plain(0, 60))).isTrue();
    assertThat(card.counter(RXMPC)).isEqualTo(1);
    card.set(rx(0) + RXDCTL, QUEUE_ENABLE);
    card.set(RXCTRL, 0);
    assertThat(receive(TestFrames.plain(0, 60))).isTrue();
    card.set(RXCTRL, RXCTRL_RXEN);
    card.link = false;
    assertThat(receive(TestFrames.plain(0, 60))).isTrue();
    assertThat(card.counter(TPR)).isEqualTo(1);
    assertThat(ring.done(0)).isFalse();
  }

  @Test
  void aFrameLongerThanABufferContinuesAndOnlyItsLastDescriptorHasEop() {
    card.set(MAXFRS, 9000 << 16);
    card.set(HLREG0, card.reg(HLREG0) | HLREG0_JUMBOEN);
    TestRxRing ring = ring(8).armed();
    byte[] frame = TestFrames.plain(1, 5000);
    receive(frame);
    int[] lengths = {2048, 2048, 904};
    for (int i = 0; i < 3; i++) {
      assertThat(ring.length(i)).isEqualTo(lengths[i]);
      assertThat(ring.dword(i, 2) & 3).isEqualTo(i == 2 ? DD | EOP : DD);
      assertThat(ring.bytes(i))
          .isEqualTo(Arrays.copyOfRange(frame, 2048 * i, 2048 * i + lengths[i]));
    }
    assertThat(card.counter(QPRC)).isEqualTo(1);
    receive(frame);
    receive(frame);
    assertThat(ring.done(6)).as("one descriptor is not enough to begin").isFalse();
  }

  @Test
  void tooLongAndTooShortFramesAreCountedNotDelivered() {
    TestRxRing ring = ring(8).armed();
    receive(TestFrames.plain(1, 1515));
    receive(TestFrames.tagged(TestFrames.plain(1, 1515), 5));
    receive(Arrays.copyOf(TestFrames.plain(1, 60), 59));
    assertThat(card.counter(ROC)).isEqualTo(2);
    assertThat(card.counter(RUC)).isEqualTo(1);
    assertThat(card.counter(GPRC)).isZero();
    assertThat(card.counter(TPR)).isEqualTo(3);
    receive(TestFrames.plain(1, 1514));
    receive(TestFrames.tagged(TestFrames.plain(1, 1514), 5));
    assertThat(card.counter(GPRC)).isEqualTo(2);
    card.set(MAXFRS, 9018 << 16);
    receive(TestFrames.plain(1, 1515));
    assertThat(card.counter(ROC)).as("MFS without JUMBOEN").isEqualTo(3);
    card.set(HLREG0, card.reg(HLREG0) | HLREG0_JUMBOEN);
    receive(TestFrames.plain(1, 9014));
    assertThat(card.counter(GPRC)).isEqualTo(3);
    assertThat(ring.done(2)).isTrue();
  }

  @Test
  void aTagIsStrippedWithVmeAndStaysInlineWithout() {
    TestRxRing ring = ring(8).armed();
    byte[] frame = TestFrames.plain(1, 70);
    receive(TestFrames.tagged(frame, 0xA00C));
    assertThat(ring.bytes(0)).isEqualTo(TestFrames.tagged(frame, 0xA00C));
    assertThat(ring.dword(0, 2) & VP).isEqualTo(VP);
    card.set(rx(0) + RXDCTL, QUEUE_ENABLE | RXDCTL_VME);
    receive(TestFrames.tagged(frame, 0xA00C));
    assertThat(ring.bytes(1)).isEqualTo(frame);
    assertThat(ring.dword(1, 3) >>> 16).isEqualTo(0xA00C);
    assertThat(ring.dword(1, 2)).isEqualTo(DD | EOP | VP);
    receive(frame);
    assertThat(ring.dword(2, 2)).isEqualTo(DD | EOP);
    assertThat(ring.dword(2, 3) >>> 16).isZero();
  }

  @Test
  void theCrcIsKeptWhenTheMacIsNotToStripIt() {
    TestRxRing ring = ring(8).armed();
    card.set(HLREG0, card.reg(HLREG0) & ~HLREG0_RXCRCSTRP);
    byte[] frame = TestFrames.plain(1, 60);
    receive(frame);
    CRC32 crc = new CRC32();
    crc.update(frame);
    assertThat(ring.length(0)).isEqualTo(64);
    assertThat(Mem.getInt(ring.buffer(0) + 60)).isEqualTo((int) crc.getValue());
    assertThat(card.counter(GORC)).isEqualTo(64);
  }

  @Test
  void checksumsAreCheckedAndErrorsFlagged() {
    TestRxRing ring = ring(16).armed();
    byte[][] good = {
      TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 6, 33),
      TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 17, 32),
      TestFrames.ip("fe80::1", 1, "fe80::2", 2, 6, 0),
    };
    int[] types = {0x110, 0x210, 0x140};
    for (int i = 0; i < 3; i++) {
      receive(good[i]);
      assertThat(ring.dword(i, 2)).isEqualTo(DD | EOP | L4CS | (i < 2 ? IPCS : 0));
      assertThat(ring.dword(i, 0)).isEqualTo(types[i]);
    }
    good[0][60]++;
    receive(good[0]);
    assertThat(ring.dword(3, 2)).isEqualTo(DD | EOP | L4CS | IPCS | 1 << 30);
    good[1][22]--; // TTL
    receive(good[1]);
    assertThat(ring.dword(4, 2)).isEqualTo(DD | EOP | L4CS | IPCS | 1 << 31);
    good[1][22]++;
    good[1][40] = good[1][41] = 0;
    receive(good[1]);
    assertThat(ring.dword(5, 2)).as("UDP without checksum").isEqualTo(DD | EOP | IPCS);
  }

  @Test
  void paddingIsNotTakenForPayload() {
    TestRxRing ring = ring(8).armed();
    byte[] frame = Arrays.copyOf(TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 17, 1), 60);
    frame[59] = 77;
    receive(frame);
    assertThat(ring.dword(0, 2)).isEqualTo(DD | EOP | L4CS | IPCS);
  }

  @Test
  void theHashOrTheIpIdIsInTheSecondDoubleWord() {
    TestRxRing ring = ring(8).armed();
    RssTest.key(card);
    card.set(MRQC, 1 | 1 << 17);
    byte[] frame = TestFrames.ip("66.9.149.187", 2794, "161.142.100.80", 1766, 6, 10);
    receive(frame);
    assertThat(ring.dword(0, 1)).isEqualTo(0x1234);
    assertThat(ring.dword(0, 0) & 15).isZero();
    card.set(RXCSUM, 1 << 13);
    receive(frame);
    assertThat(ring.dword(1, 1)).isEqualTo(0x323E8FC2);
    assertThat(ring.dword(1, 0) & 15).isEqualTo(2);
  }

  @Test
  void anEtherTypeFilterSetsTypeAndQueue() {
    ring(8).armed();
    TestRxRing other = new TestRxRing(card, 70, 8, 2048, TestRxRing.ADVANCED).armed();
    card.set(ETQF + 8, 1 << 31 | 0x88B5);
    card.set(ETQS + 8, 1 << 31 | 70 << 16);
    receive(TestFrames.plain(1, 60));
    assertThat(other.dword(0, 0)).isEqualTo(1 << 15 | 2 << 4);
  }

  @Test
  void legacyDescriptorsKeepTheirAddress() {
    TestRxRing ring = new TestRxRing(card, 0, 8, 2048, 0).armed();
    long address = Mem.getLong(ring.descriptor(0));
    receive(TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 17, 32));
    assertThat(Mem.getLong(ring.descriptor(0))).isEqualTo(address);
    assertThat(ring.dword(0, 2)).isEqualTo(74);
    assertThat(ring.dword(0, 3)).isEqualTo(DD | EOP | L4CS | IPCS);
  }

  @Test
  void nothingIsWrittenOutsideTheBuffersThatWereGiven() {
    TestRxRing ring = ring(8).armed();
    DmaLog log = new DmaLog(1000);
    card.memory.observer(log);
    for (int i = 0; i < 5; i++) {
      receive(TestFrames.plain(i, 60 + 300 * i));
    }
    assertThat(log.accesses()).hasSize(15).allSatisfy(this::isWithinWhatWasGiven);
    card.memory.observer(null);
    receive(TestFrames.plain(9, 60));
    assertThat(log.total()).isEqualTo(15);
    assertThat(ring.done(5)).isTrue();
  }

  private void isWithinWhatWasGiven(DmaLog.Access access) {
    assertThat(access.within(TestCard.IOVA, 4096 + 8 * 2048)).as("%s", access).isTrue();
  }

  @Test
  void aBufferOutsideEveryMappingIsAFaultAndTouchesNothing() {
    card.strict = false;
    TestRxRing ring = ring(8).armed();
    Mem.putLong(ring.descriptor(0), 0xDEAD000);
    receive(TestFrames.plain(1, 60));
    assertThat(card.memory.faults()).isEqualTo(1);
    assertThat(card.violations.get(0)).contains("PACKET_WRITE of queue 0 at 0xdead000 + 60");
    receive(TestFrames.plain(2, 60));
    assertThat(ring.bytes(1)).isEqualTo(TestFrames.plain(2, 60));
  }

  @Test
  void inStepsPayloadComesBeforeStatusAndFramesInOrder() {
    card.set(MAXFRS, 9000 << 16);
    card.set(HLREG0, card.reg(HLREG0) | HLREG0_JUMBOEN);
    TestRxRing ring = ring(24).armed();
    Random random = new Random(3);
    assertThat(card.rx.step(random)).isFalse();
    int received = 0;
    for (int i = 0; i < 300; i++) {
      receive(TestFrames.plain(i, 60 + i % 7 * 700));
      if (i % 3 == 2) {
        do {
          received = check(ring, received);
        } while (card.rx.step(random));
        received = check(ring, received);
      }
    }
    assertThat(received).isEqualTo(300);
    receive(TestFrames.plain(0, 60));
    assertThat(ring.done(ring.next)).as("no DMA outside steps").isFalse();
  }

  @Test
  void aRunCompletesWhatStepsHaveBegun() {
    card.set(MAXFRS, 9000 << 16);
    card.set(HLREG0, card.reg(HLREG0) | HLREG0_JUMBOEN);
    for (int steps = 1; steps < 8; steps++) {
      TestRxRing ring = new TestRxRing(card, 0, 24, 2048, TestRxRing.ADVANCED);
      card.set(rx(0) + RDH, 0);
      ring.armed();
      Random random = new Random(steps);
      card.rx.step(random);
      receive(TestFrames.plain(0, 5300));
      receive(TestFrames.plain(1, 60));
      for (int i = 0; i < steps; i++) {
        card.rx.step(random);
      }
      card.rx.run(10);
      assertThat(check(ring, 0, 5300, 60)).as("after %d steps", steps).isEqualTo(4);
      card.set(rx(0) + RXDCTL, 0);
      card.rx.run(1);
    }
  }

  /** Compares frames of these lengths, from the ring's start. @return descriptors written */
  private static int check(TestRxRing ring, int first, int... lengths) {
    int at = first;
    for (int i = 0; i < lengths.length; i++) {
      byte[] expected = TestFrames.plain(i, lengths[i]);
      for (int offset = 0; offset < lengths[i]; offset += ring.length(at++)) {
        assertThat(ring.bytes(at))
            .isEqualTo(Arrays.copyOfRange(expected, offset, offset + ring.length(at)))
            .isNotEmpty();
      }
    }
    assertThat(ring.done(at)).isFalse();
    return at;
  }

  private static int check(TestRxRing ring, int received) {
    int number = received;
    int at = ring.next;
    byte[] expected = TestFrames.plain(number, 60 + number % 7 * 700);
    int offset = 0;
    while (ring.done(at)) {
      byte[] piece = ring.bytes(at);
      assertThat(piece).isEqualTo(Arrays.copyOfRange(expected, offset, offset + piece.length));
      offset += piece.length;
      if ((ring.dword(at, 2) & EOP) != 0) {
        assertThat(offset).isEqualTo(expected.length);
        while (ring.next != (at + 1) % ring.size) {
          ring.poll();
        }
        number++;
        expected = TestFrames.plain(number, 60 + number % 7 * 700);
        offset = 0;
      }
      at = (at + 1) % ring.size;
    }
    return number;
  }

  @Test
  void disablingAQueueInTheMiddleOfAFrameStopsItsDma() {
    TestRxRing ring = ring(8).armed();
    Random random = new Random(3);
    card.rx.step(random);
    receive(TestFrames.plain(1, 60));
    assertThat(card.rx.step(random)).isTrue();
    card.set(rx(0) + RXDCTL, 0);
    assertThat(card.rx.step(random)).isFalse();
    assertThat(ring.done(0)).isFalse();
    card.set(rx(0) + RXDCTL, QUEUE_ENABLE);
    receive(TestFrames.plain(2, 60));
    card.rx.run(1);
    assertThat(ring.bytes(0)).isEqualTo(TestFrames.plain(2, 60));
  }

  @Test
  void settingsThatSiliconDoesNotHaveAreRefused() {
    new TestRxRing(card, 0, 8, 2048, 5 << 25).armed();
    assertThatThrownBy(() -> receive(TestFrames.plain(1, 60))).hasMessageContaining("SRRCTL(0)");
    card.set(rx(0) + SRRCTL, 2 | 1 << 25);
    card.set(rx(0) + RDT, 8);
    assertThatThrownBy(() -> receive(TestFrames.plain(1, 60)))
        .hasMessageContaining("RDT(0) = 8, RDH = 0 in a ring of 8");
  }

  @Test
  void writeBackFaultsCorruptTheStatus() {
    TestRxRing ring = ring(16).armed();
    WriteBackFault[] faults = {
      WriteBackFault.ZERO_LENGTH,
      WriteBackFault.LENGTH_ABOVE_BUFFER,
      WriteBackFault.LENGTH_FFFF,
      WriteBackFault.NO_EOP,
      WriteBackFault.DD_WITHOUT_DATA,
      WriteBackFault.ALL_ONES
    };
    for (WriteBackFault fault : faults) {
      card.faults.corruptWriteBack(fault);
      receive(TestFrames.plain(1, 60));
    }
    assertThat(ring.length(0)).isZero();
    assertThat(ring.length(1)).isEqualTo(2049);
    assertThat(ring.length(2)).isEqualTo(0xFFFF);
    assertThat(ring.dword(3, 2)).isEqualTo(DD);
    assertThat(ring.bytes(4)).isEqualTo(new byte[60]);
    assertThat(Mem.getLong(ring.descriptor(5))).isEqualTo(-1);
    card.faults.corruptWriteBack(null);
    receive(TestFrames.plain(1, 60));
    assertThat(ring.bytes(6)).isEqualTo(TestFrames.plain(1, 60));
  }

  @Test
  void sizesAndKindsOfFramesAreCounted() {
    ring(64).armed();
    int[] sizes = {60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514};
    for (int size : sizes) {
      receive(TestFrames.plain(1, size));
    }
    long[] expected = {1, 2, 2, 2, 2, 2};
    long bytes = 0;
    for (int size : sizes) {
      bytes += size;
    }
    for (int i = 0; i < 6; i++) {
      assertThat(card.counter(PRC64 + 4 * i)).as("class %d", i).isEqualTo(expected[i]);
    }
    assertThat(card.counter(GORC)).as("CRC stripped").isEqualTo(bytes);
    assertThat(card.counter(QBRC)).isEqualTo(bytes);
    assertThat(card.counter(TOR)).as("CRC always").isEqualTo(bytes + 4L * sizes.length);
  }
}

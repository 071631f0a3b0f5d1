package io.netmap4j.model.wire;

import static io.netmap4j.model.engine.DatapathRegisters.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.ModelClock;
import io.netmap4j.model.engine.TestCard;
import io.netmap4j.model.engine.TestRxRing;
import io.netmap4j.model.engine.TestTxRing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class WireTest {
  @TempDir Path folder;
  private final TestCard a = new TestCard(4 << 20);
  private final TestCard b = new TestCard(4 << 20);

  @AfterEach
  void close() {
    a.close();
    b.close();
  }

  private static void plug(Wire wire, WireEnd end, TestCard card) {
    wire.connect(end, card.rx);
    card.tx.attach(wire, end);
  }

  @Test
  void aFlowControlledCableMakesTheSenderWaitAndLosesNothing() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    assertThat(cable.carrier(WireEnd.A)).isFalse();
    plug(cable, WireEnd.A, a);
    plug(cable, WireEnd.B, b);
    assertThat(cable.carrier(WireEnd.A)).isTrue();
    b.set(RXPBSIZE, 1 << 10);
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    TestRxRing rx = new TestRxRing(b, 0, 8, 2048, TestRxRing.ADVANCED);
    for (int i = 0; i < 40; i++) {
      tx.frame(TestFrames.plain(i, 60), 0, 0);
    }
    tx.doorbell();
    assertThat(a.tx.run(100)).as("what the packet buffer holds").isEqualTo(16);
    rx.tail(7);
    List<byte[]> received = new ArrayList<>();
    while (received.size() < 40) {
      int before = received.size();
      a.tx.run(100);
      b.rx.run(100);
      for (byte[] frame = rx.poll(); frame != null; frame = rx.poll()) {
        received.add(frame);
      }
      assertThat(received.size()).isGreaterThan(before);
    }
    for (int i = 0; i < 40; i++) {
      assertThat(received.get(i)).isEqualTo(TestFrames.plain(i, 60));
    }
    assertThat(cable.counters(WireEnd.A).frames()).isEqualTo(40);
    assertThat(cable.counters(WireEnd.A).bytes()).isEqualTo(2400);
    assertThat(cable.counters(WireEnd.B).frames()).isZero();
    assertThat(a.counter(GPTC)).isEqualTo(b.counter(GPRC)).isEqualTo(40);
    assertThat(b.counter(RXMPC)).isZero();
  }

  @Test
  void aLossyCableNeverMakesTheSenderWaitAndThePeerCounts() {
    Cable cable = new Cable(CableMode.LOSSY);
    plug(cable, WireEnd.A, a);
    plug(cable, WireEnd.B, b);
    b.set(RXPBSIZE, 1 << 10);
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    new TestRxRing(b, 0, 8, 2048, TestRxRing.ADVANCED);
    for (int i = 0; i < 40; i++) {
      tx.frame(TestFrames.plain(i, 60), 0, 0);
    }
    tx.doorbell();
    assertThat(a.tx.run(100)).isEqualTo(40);
    assertThat(b.counter(RXMPC)).isEqualTo(24);
    assertThat(b.counter(GPRC)).isEqualTo(40);
    assertThat(cable.counters(WireEnd.A).lost()).isEqualTo(24);
  }

  @Test
  void loopbackBringsFramesBackWithOffloadsInPlace() {
    LoopbackWire wire = new LoopbackWire(CableMode.FLOW_CONTROLLED);
    plug(wire, WireEnd.A, a);
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    TestRxRing rx = new TestRxRing(a, 0, 64, 2048, TestRxRing.ADVANCED).armed();
    a.set(rx(0) + RXDCTL, QUEUE_ENABLE | RXDCTL_VME);
    byte[] frame = TestFrames.plain(3, 70);
    tx.context(0, 14, 0, 42, 0, 0, 0);
    tx.frame(frame, TestTxRing.VLE, 0);
    tx.doorbell();
    assertThat(a.tx.run(10)).isEqualTo(1);
    assertThat(rx.bytes(0)).isEqualTo(frame);
    assertThat(rx.dword(0, 3) >>> 16).isEqualTo(42);
  }

  @Test
  void randomlyInterleavedStepsOfTwoCardsLoseAndReorderNothing() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    plug(cable, WireEnd.A, a);
    plug(cable, WireEnd.B, b);
    TestTxRing tx = new TestTxRing(a, 0, 24, 2048);
    TestRxRing rx = new TestRxRing(b, 0, 8, 2048, TestRxRing.ADVANCED).armed();
    Random random = new Random(11);
    int sent = 0;
    int received = 0;
    int clean = 0;
    while (received < 2000) {
      while (clean != tx.tail && tx.done(clean)) {
        clean = (clean + 1) % tx.size; // DD says so; TDH is ahead of the write-backs
      }
      int free = (clean - tx.tail - 1 + tx.size) % tx.size;
      if (free > 0 && sent < 2000 && random.nextInt(4) == 0) {
        tx.frame(TestFrames.plain(sent++, 60 + random.nextInt(100)), TestTxRing.RS, 0);
        tx.doorbell();
      }
      if (random.nextBoolean()) {
        a.tx.step(random);
      } else {
        b.rx.step(random);
      }
      byte[] frame = random.nextInt(8) == 0 ? rx.poll() : null;
      if (frame != null) {
        assertThat(ByteBuffer.wrap(frame).getInt(14)).isEqualTo(received++);
      }
    }
  }

  /** Numbers of the frames in the order in which they came through. */
  private static List<Integer> through(FaultyWire.Faults faults, long seed, int frames) {
    TestWire inner = new TestWire();
    try (FaultyWire wire = new FaultyWire(inner, faults, seed)) {
      long at = Mem.allocate(64);
      for (int i = 0; i < frames; i++) {
        Mem.copyIn(TestFrames.plain(i, 60), 0, at, 60);
        inner.room = i % 3 == 0 ? inner.frames.size() : Integer.MAX_VALUE;
        while (!wire.send(WireEnd.A, at, 60)) {
          inner.room = Integer.MAX_VALUE;
        }
        inner.room = Integer.MAX_VALUE;
      }
      Mem.free(at);
      for (int i = 0; i < 64; i++) {
        wire.run(100);
      }
      WireCounters counters = wire.counters(WireEnd.A);
      assertThat(counters.frames()).isEqualTo(frames);
      assertThat(inner.frames)
          .as("every frame is accounted for")
          .hasSize((int) (frames - counters.lost() + counters.duplicated()));
    }
    return inner.frames.stream().map(frame -> ByteBuffer.wrap(frame).getInt(14)).toList();
  }

  @Test
  void aFaultyWireDoesTheSameForTheSameSeed() {
    FaultyWire.Faults faults = new FaultyWire.Faults(0.1, 0.1, 0.1, 0.1);
    List<Integer> first = through(faults, 1, 1000);
    assertThat(through(faults, 1, 1000)).isEqualTo(first);
    assertThat(through(faults, 2, 1000)).isNotEqualTo(first);
  }

  @Test
  void eachFaultDoesWhatItsNameSays() {
    List<Integer> sorted = through(new FaultyWire.Faults(0, 0, 0, 0), 5, 300);
    assertThat(sorted).hasSize(300).isSorted();
    List<Integer> lossy = through(new FaultyWire.Faults(0.2, 0, 0, 0), 5, 300);
    assertThat(lossy).isSorted().doesNotHaveDuplicates().hasSizeBetween(200, 280);
    List<Integer> doubled = through(new FaultyWire.Faults(0, 0, 0.2, 0), 5, 300);
    assertThat(doubled).isSorted().containsAll(sorted).hasSizeBetween(320, 400);
    for (FaultyWire.Faults faults :
        List.of(new FaultyWire.Faults(0, 0, 0, 0.2), new FaultyWire.Faults(0, 0.2, 0, 0))) {
      List<Integer> mixed = new ArrayList<>(through(faults, 5, 300));
      assertThat(mixed).isNotEqualTo(sorted);
      Collections.sort(mixed);
      assertThat(mixed).isEqualTo(sorted);
    }
    assertThatThrownBy(() -> new FaultyWire.Faults(0.6, 0.6, 0, 0))
        .hasMessageContaining("at most 1 together");
  }

  @Test
  void aCaptureIsReplayedAndRecordedByteForByte() throws IOException {
    Path in = folder.resolve("in.pcap");
    Path out = folder.resolve("out.pcap");
    Path copy = folder.resolve("copy.pcap");
    try (PcapWriter writer = PcapWriter.create(in, PcapWriter.Format.NSECPCAP);
        PcapWriter expected = PcapWriter.create(copy, PcapWriter.Format.NSECPCAP)) {
      for (int i = 0; i < 30; i++) {
        writer.write(i * 1000L, TestFrames.plain(i, 60 + i));
        expected.write(5, TestFrames.plain(i, 60 + i));
      }
    }
    ModelClock clock = ModelClock.manual();
    clock.advance(5);
    TestRxRing rx = new TestRxRing(a, 0, 64, 2048, TestRxRing.ADVANCED).armed();
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    try (PcapWire wire = new PcapWire(in, out, PcapWire.Pace.AS_FAST_AS_POSSIBLE, clock)) {
      plug(wire, WireEnd.A, a);
      assertThat(wire.run(10)).isEqualTo(10);
      assertThat(wire.run(100)).isEqualTo(20);
      assertThat(wire.exhausted()).isTrue();
      for (int i = 0; i < 30; i++) {
        tx.frame(rx.bytes(i), 0, 0);
      }
      tx.doorbell();
      a.tx.run(100);
      assertThat(wire.counters(WireEnd.A).frames()).isEqualTo(30);
    }
    assertThat(Files.mismatch(out, copy)).isEqualTo(-1);
  }

  @Test
  void recordedGapsAreKeptByTheModelsClockAndRuntsPadded() throws IOException {
    Path in = folder.resolve("in.pcap");
    byte[] arp = Arrays.copyOf(TestFrames.plain(1, 60), 42);
    try (PcapWriter writer = PcapWriter.create(in, PcapWriter.Format.NSECPCAP)) {
      writer.write(7_000_000_000L, arp);
      writer.write(7_000_000_500L, TestFrames.plain(2, 60));
    }
    ModelClock clock = ModelClock.manual();
    TestRxRing rx = new TestRxRing(a, 0, 64, 2048, TestRxRing.ADVANCED).armed();
    try (PcapWire wire = new PcapWire(in, null, PcapWire.Pace.AS_RECORDED, clock)) {
      plug(wire, WireEnd.A, a);
      assertThat(wire.run(10)).isEqualTo(1);
      clock.advance(499);
      assertThat(wire.run(10)).isZero();
      clock.advance(1);
      assertThat(wire.run(10)).isEqualTo(1);
    }
    assertThat(rx.bytes(0)).isEqualTo(Arrays.copyOf(arp, 60));
    assertThat(rx.bytes(1)).isEqualTo(TestFrames.plain(2, 60));
  }

  @Test
  void aFullCardMakesTheCaptureWait() throws IOException {
    Path in = folder.resolve("in.pcap");
    try (PcapWriter writer = PcapWriter.create(in)) {
      for (int i = 0; i < 20; i++) {
        writer.write(0, TestFrames.plain(i, 64));
      }
    }
    a.set(RXPBSIZE, 1 << 10);
    TestRxRing rx = new TestRxRing(a, 0, 32, 2048, TestRxRing.ADVANCED);
    rx.tail(2);
    try (PcapWire wire =
        new PcapWire(in, null, PcapWire.Pace.AS_FAST_AS_POSSIBLE, ModelClock.manual())) {
      plug(wire, WireEnd.A, a);
      assertThat(wire.run(100)).as("two descriptors, and the packet buffer").isEqualTo(2 + 16);
      rx.armed();
      a.rx.run(100);
      assertThat(wire.run(100)).isEqualTo(2);
    }
    assertThat(rx.bytes(19)).isEqualTo(TestFrames.plain(19, 64));
    assertThat(new PcapFrames(in).count()).isEqualTo(20);
  }

  @Test
  void aTruncatedCapturePlaysItsWholeFramesAndCloseThrows() throws IOException {
    byte[] whole = Files.readAllBytes(capture(20));
    Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, whole.length - 1));
    TestRxRing rx = new TestRxRing(a, 0, 64, 2048, TestRxRing.ADVANCED).armed();
    PcapWire wire = new PcapWire(cut, null, PcapWire.Pace.AS_FAST_AS_POSSIBLE, ModelClock.manual());
    plug(wire, WireEnd.A, a);
    assertThat(wire.run(100)).isEqualTo(19);
    assertThat(wire.run(100)).isZero();
    assertThat(wire.exhausted()).isTrue();
    assertThat(rx.bytes(18)).isEqualTo(TestFrames.plain(18, 60));
    assertThatThrownBy(wire::close)
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(cut + " is truncated: frame 20 lacks 1 of its 60 bytes");
    wire.close();
  }

  @Test
  void whatTheCardSendsIsInTheFileSoon() throws IOException {
    Path out = folder.resolve("out.pcap");
    ModelClock clock = ModelClock.manual();
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    try (PcapWire wire = new PcapWire(null, out, PcapWire.Pace.AS_RECORDED, clock)) {
      plug(wire, WireEnd.A, a);
      tx.frame(TestFrames.plain(1, 60), 0, 0);
      tx.doorbell();
      a.tx.run(100);
      clock.advance(99_999_999);
      wire.run(1);
      assertThat(out).hasSize(24);
      clock.advance(1);
      wire.run(1);
      assertThat(out).hasSize(24 + 16 + 60);
    }
  }

  @Test
  void aRecordingThatCannotBeWrittenDoesNotStopTheCard() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    int reader = Libc.open(pipe.toString(), Libc.O_RDONLY | Libc.O_NONBLOCK, 0, "");
    ModelClock clock = ModelClock.manual();
    PcapWire wire = new PcapWire(null, pipe, PcapWire.Pace.AS_RECORDED, clock);
    plug(wire, WireEnd.A, a);
    Libc.closeFd(reader);
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    for (int i = 0; i < 3; i++) {
      tx.frame(TestFrames.plain(i, 60), 0, 0);
      tx.doorbell();
      a.tx.run(100);
      clock.advance(1_000_000_000);
      wire.run(1);
    }
    assertThat(wire.counters(WireEnd.A).frames()).isEqualTo(3);
    assertThatThrownBy(wire::close).hasMessageContaining(pipe + ": Broken pipe");
  }

  private Path capture(int frames) throws IOException {
    Path file = folder.resolve(frames + ".pcap");
    try (PcapWriter writer = PcapWriter.create(file, PcapWriter.Format.NSECPCAP)) {
      for (int i = 0; i < frames; i++) {
        writer.write(1000L + i * 100, TestFrames.plain(i, 60));
      }
    }
    return file;
  }

  /** The receiver is off, then on without a descriptor, then ready. */
  @ParameterizedTest
  @EnumSource(PcapWire.Pace.class)
  void aCaptureBeginsWhenTheCardCanReceive(PcapWire.Pace pace) throws IOException {
    int on = a.reg(RXCTRL);
    a.set(RXCTRL, 0);
    ModelClock clock = ModelClock.manual();
    try (PcapWire wire = new PcapWire(capture(3), null, pace, clock)) {
      plug(wire, WireEnd.A, a);
      clock.advance(1_000_000);
      assertThat(wire.run(10)).isZero();
      a.set(RXCTRL, on);
      assertThat(wire.run(10)).isZero();
      TestRxRing rx = new TestRxRing(a, 0, 32, 2048, TestRxRing.ADVANCED);
      assertThat(wire.run(10)).isZero();
      rx.armed();
      int first = wire.run(10);
      clock.advance(1000);
      assertThat(first + wire.run(10)).isEqualTo(3);
      assertThat(rx.bytes(2)).isEqualTo(TestFrames.plain(2, 60));
      assertThat(wire.counters(WireEnd.B).frames()).isEqualTo(3);
      assertThat(wire.counters(WireEnd.B).lost()).isZero();
    }
  }

  @Test
  void whatIsDueWhileTheReceiverIsOffIsLostAndCountedOrWaits() throws IOException {
    for (PcapWire.Pace pace : PcapWire.Pace.values()) {
      boolean waits = pace == PcapWire.Pace.AS_FAST_AS_POSSIBLE;
      new TestRxRing(a, 0, 32, 2048, TestRxRing.ADVANCED).armed();
      ModelClock clock = ModelClock.manual();
      try (PcapWire wire = new PcapWire(capture(5), null, pace, clock)) {
        plug(wire, WireEnd.A, a);
        assertThat(wire.run(1)).isEqualTo(1);
        int on = a.reg(RXCTRL);
        a.set(RXCTRL, 0);
        clock.advance(200);
        assertThat(wire.run(10)).isEqualTo(waits ? 0 : 2);
        a.set(RXCTRL, on);
        clock.advance(200);
        assertThat(wire.run(10)).isEqualTo(waits ? 4 : 2);
        assertThat(wire.counters(WireEnd.B).lost()).isEqualTo(waits ? 0 : 2);
      }
    }
  }

  @Test
  void aCaptureIsNotWrittenOverWhileItIsRead() throws IOException {
    Path in = capture(2);
    Path same = Files.createLink(folder.resolve("link.pcap"), in);
    assertThatThrownBy(() -> new PcapWire(in, same, PcapWire.Pace.AS_RECORDED, ModelClock.manual()))
        .hasMessageContaining("overwrite the capture that is read");
    assertThat(new PcapFrames(in).count()).isEqualTo(2);
  }

  @Test
  void aFrameForAReceiverThatIsOffIsLostAndCounted() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    plug(cable, WireEnd.A, a);
    plug(cable, WireEnd.B, b);
    b.set(RXCTRL, 0);
    TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
    tx.frame(TestFrames.plain(1, 60), 0, 0);
    tx.doorbell();
    assertThat(a.tx.run(10)).isEqualTo(1);
    assertThat(cable.counters(WireEnd.A).frames()).isEqualTo(1);
    assertThat(cable.counters(WireEnd.A).lost()).isEqualTo(1);
  }

  @Test
  void whatAFileHoldsMeetsTheFaultsOfItsWireToo() throws IOException {
    TestRxRing rx = new TestRxRing(a, 0, 512, 2048, TestRxRing.ADVANCED).armed();
    FaultyWire.Faults faults = new FaultyWire.Faults(0.2, 0.1, 0.2, 0.1);
    PcapWire file =
        new PcapWire(capture(300), null, PcapWire.Pace.AS_FAST_AS_POSSIBLE, ModelClock.manual());
    List<Integer> numbers = new ArrayList<>();
    try (FaultyWire wire = new FaultyWire(file, faults, 5)) {
      plug(wire, WireEnd.A, a);
      for (int i = 0; i < 70; i++) {
        wire.run(1000);
      }
      for (byte[] frame = rx.poll(); frame != null; frame = rx.poll()) {
        numbers.add(ByteBuffer.wrap(frame).getInt(14));
      }
      WireCounters counters = wire.counters(WireEnd.B);
      assertThat(counters.frames()).isEqualTo(300);
      assertThat(counters.lost()).isBetween(30L, 90L);
      assertThat(counters.duplicated()).isBetween(30L, 90L);
      assertThat(numbers)
          .hasSize((int) (300 - counters.lost() + counters.duplicated()))
          .isNotEqualTo(numbers.stream().sorted().toList());
    }
  }

  @Test
  void whatIsLostBehindAFaultyWireIsCountedThere() {
    Cable cable = new Cable(CableMode.LOSSY);
    try (FaultyWire wire = new FaultyWire(cable, new FaultyWire.Faults(0, 0, 0, 0), 1)) {
      plug(wire, WireEnd.A, a);
      TestTxRing tx = new TestTxRing(a, 0, 64, 2048);
      tx.frame(TestFrames.plain(1, 60), 0, 0);
      tx.doorbell();
      assertThat(a.tx.run(10)).isEqualTo(1);
      assertThat(wire.counters(WireEnd.A).frames()).isEqualTo(1);
      assertThat(wire.counters(WireEnd.A).lost()).isEqualTo(1);
    }
  }

  private record PcapFrames(Path file) {
    int count() throws IOException {
      try (PcapReader reader = PcapReader.open(file)) {
        int n = 0;
        while (reader.next()) {
          n++;
        }
        return n;
      }
    }
  }
}

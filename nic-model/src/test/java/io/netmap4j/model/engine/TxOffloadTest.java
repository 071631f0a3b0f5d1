package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.TestTxRing.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.wire.TestFrames;
import io.netmap4j.model.wire.TestWire;
import io.netmap4j.model.wire.WireEnd;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TxOffloadTest {
  private static final int V4 = 1 << 10;
  private static final int L4_TCP = 1 << 11;
  private static final int L4_SCTP = 2 << 11;

  private final TestCard card = new TestCard(16 << 20);
  private final TestWire wire = new TestWire();
  private TestTxRing ring;

  @BeforeEach
  void setUp() {
    card.tx.attach(wire, WireEnd.A);
    ring = new TestTxRing(card, 3, 64, 16384);
  }

  @AfterEach
  void close() {
    card.close();
  }

  private void run() {
    ring.doorbell();
    card.tx.run(1000);
  }

  /** What Linux leaves in the checksum field: the pseudo header's sum, not complemented. */
  private static byte[] seeded(byte[] frame, int l4, int field, int length) {
    boolean v4 = frame[12] == 8;
    int addresses = v4 ? TestFrames.sum(frame, 26, 8, 0) : TestFrames.sum(frame, 22, 32, 0);
    byte[] seeded = frame.clone();
    int seed = TestFrames.sum(frame, 0, 0, addresses + frame[v4 ? 23 : 20] + length);
    ByteBuffer.wrap(seeded).putShort(l4 + field, (short) seed);
    return seeded;
  }

  @Test
  void l4ChecksumsAreThoseThatThePlainArithmeticGives() {
    byte[] tcp = TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 6, 101);
    byte[] udp6 = TestFrames.ip("fe80::1", 1, "fe80::2", 2, 17, 100);
    ring.context(0, 14, 20, 0, V4 | L4_TCP, 0, 0);
    ring.frame(seeded(tcp, 34, 16, 121), 0, TXSM);
    ring.context(1, 14, 40, 0, 0, 0, 0);
    ring.frame(seeded(udp6, 54, 6, 108), 0, TXSM | 1 << 4);
    run();
    assertThat(wire.frames.get(0)).isEqualTo(tcp);
    assertThat(wire.frames.get(1)).isEqualTo(udp6);
  }

  @Test
  void theDriversMemoryIsNotWritten() {
    byte[] frame = seeded(TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 6, 101), 34, 16, 121);
    ring.context(0, 14, 20, 0, V4 | L4_TCP, 0, 0);
    int at = ring.frame(frame, 0, TXSM);
    run();
    byte[] after = new byte[frame.length];
    Mem.copyOut(ring.buffer(at), after, 0, after.length);
    assertThat(after).isEqualTo(frame);
  }

  @Test
  void theIpv4HeaderChecksumIsMadeOverAClearedField() {
    byte[] frame = TestFrames.ip("10.0.0.1", 1, "10.0.0.2", 2, 17, 30);
    byte[] cleared = frame.clone();
    cleared[24] = cleared[25] = 0;
    ring.context(0, 14, 20, 0, V4, 0, 0);
    ring.frame(cleared, 0, IXSM);
    run();
    assertThat(wire.frames.get(0)).isEqualTo(frame);
  }

  @Test
  void sctpGetsItsCrc32c() {
    byte[] frame = TestFrames.plain(1, 60);
    ring.context(0, 14, 20, 0, V4 | L4_SCTP, 0, 0);
    ring.frame(frame, 0, TXSM);
    run();
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    byte[] packet = Arrays.copyOfRange(frame, 34, 60);
    Arrays.fill(packet, 8, 12, (byte) 0);
    crc.update(packet);
    int stored = Integer.reverseBytes(ByteBuffer.wrap(wire.frames.get(0)).getInt(42));
    assertThat(stored).isEqualTo((int) crc.getValue());
  }

  @Test
  void aVlanTagIsInsertedBeforeTheEthertype() {
    byte[] frame = TestFrames.plain(1, 80);
    ring.context(0, 14, 0, 0xE123, 0, 0, 0);
    ring.frame(frame, VLE, 0);
    run();
    assertThat(wire.frames.get(0)).isEqualTo(TestFrames.tagged(frame, 0xE123));
  }

  @Test
  void aContextStaysUntilItIsOverwritten() {
    ring.context(0, 14, 0, 7, 0, 0, 0);
    ring.context(1, 14, 0, 8, 0, 0, 0);
    byte[] frame = TestFrames.plain(1, 80);
    for (int i = 0; i < 4; i++) {
      ring.frame(frame, VLE, (i & 1) << 4);
    }
    run();
    for (int i = 0; i < 4; i++) {
      assertThat(wire.frames.get(i)).isEqualTo(TestFrames.tagged(frame, 7 + (i & 1)));
    }
  }

  @Test
  void tcpIsSegmentedWithRightLengthsIdsSequencesFlagsAndChecksums() {
    byte[] whole = TestFrames.ip("10.0.0.1", 5, "10.0.0.2", 6, 6, 2500);
    byte[] given = seeded(whole, 34, 16, 0);
    given[16] = given[17] = given[24] = given[25] = 0; // Linux clears tot_len and check
    given[47] = (byte) 0x99; // CWR, ACK, PSH, FIN
    ring.context(0, 14, 20, 0, V4 | L4_TCP, 20, 1000);
    ring.piece(given, 0, 54, TSE, 2500, IXSM | TXSM);
    ring.piece(given, 54, 2500, TSE | EOP | RS, 2500, IXSM | TXSM);
    run();
    assertThat(wire.frames).hasSize(3);
    int[] flags = {0x90, 0x10, 0x19};
    for (int i = 0; i < 3; i++) {
      byte[] frame = wire.frames.get(i);
      ByteBuffer view = ByteBuffer.wrap(frame);
      int payload = i == 2 ? 500 : 1000;
      assertThat(frame).hasSize(54 + payload);
      assertThat(view.getShort(16)).isEqualTo((short) (40 + payload));
      assertThat(view.getShort(18)).isEqualTo((short) (0x1234 + i));
      assertThat(TestFrames.sum(frame, 14, 20, 0)).as("IP checksum").isEqualTo(0xFFFF);
      assertThat(view.getInt(38)).isEqualTo(1000 + 1000 * i);
      assertThat(frame[47] & 0xFF).isEqualTo(flags[i]);
      assertThat(TestFrames.l4Sum(frame, 34, 20 + payload)).isEqualTo(0xFFFF);
      assertThat(Arrays.copyOfRange(frame, 54, 54 + payload))
          .isEqualTo(Arrays.copyOfRange(whole, 54 + 1000 * i, 54 + 1000 * i + payload));
    }
    assertThat(ring.done(2)).isTrue();
  }

  @Test
  void aPacketOfOneSegmentKeepsItsFlags() {
    byte[] given = seeded(TestFrames.ip("10.0.0.1", 5, "10.0.0.2", 6, 6, 100), 34, 16, 0);
    given[47] = (byte) 0x99;
    ring.context(0, 14, 20, 0, V4 | L4_TCP, 20, 1000);
    ring.piece(given, 0, 154, TSE | EOP, 100, IXSM | TXSM);
    run();
    assertThat(wire.frames.get(0)[47]).isEqualTo((byte) 0x99);
  }

  @Test
  void udpOverIpv6IsSegmentedAndTagged() {
    byte[] whole = TestFrames.ip("fe80::1", 5, "fe80::2", 6, 17, 300);
    byte[] given = seeded(whole, 54, 6, 0);
    ring.context(1, 14, 40, 77, 0, 8, 128);
    ring.piece(given, 0, 362, TSE | VLE | EOP, 300, TXSM | 1 << 4);
    run();
    assertThat(wire.frames).hasSize(3);
    for (int i = 0; i < 3; i++) {
      byte[] tagged = wire.frames.get(i);
      int payload = i == 2 ? 44 : 128;
      assertThat(ByteBuffer.wrap(tagged).getInt(12)).isEqualTo(0x8100_004D);
      byte[] frame = new byte[tagged.length - 4];
      System.arraycopy(tagged, 0, frame, 0, 12);
      System.arraycopy(tagged, 16, frame, 12, frame.length - 12);
      ByteBuffer view = ByteBuffer.wrap(frame);
      assertThat(view.getShort(18)).isEqualTo((short) (8 + payload));
      assertThat(view.getShort(58)).isEqualTo((short) (8 + payload));
      assertThat(TestFrames.l4Sum(frame, 54, 8 + payload)).isEqualTo(0xFFFF);
    }
  }

  @Test
  void aWireThatIsBusyBetweenSegmentsGetsEachOfThemOnce() {
    byte[] given = seeded(TestFrames.ip("10.0.0.1", 5, "10.0.0.2", 6, 6, 2500), 34, 16, 0);
    ring.context(0, 14, 20, 0, V4 | L4_TCP, 20, 1000);
    ring.piece(given, 0, 2554, TSE | EOP, 2500, IXSM | TXSM);
    wire.room = 2;
    run();
    assertThat(wire.frames).hasSize(2);
    wire.room = 9;
    run();
    assertThat(wire.frames).hasSize(3);
    assertThat(ByteBuffer.wrap(wire.frames.get(2)).getInt(38)).isEqualTo(3000);
  }

  @Test
  void impossibleOffloadsAreRefusedAndHarmlessWhenLenient() {
    byte[] frame = TestFrames.plain(1, 60);
    ring.context(0, 14, 20, 0, V4 | L4_TCP, 20, 0);
    ring.piece(frame, 0, 60, TSE | EOP, 6 + 20, TXSM);
    ring.doorbell();
    assertThatThrownBy(() -> card.tx.run(1)).hasMessageContaining("docs/82599.md 4");
    card.strict = false;
    ring.context(0, 127, 511, 0, V4 | L4_TCP, 255, 1);
    ring.piece(frame, 0, 60, TSE | EOP, 26, TXSM | IXSM);
    ring.frame(frame, 0, TXSM | IXSM);
    run();
    assertThat(wire.frames).isEmpty();
  }
}

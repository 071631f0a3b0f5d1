package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.model.wire.TestFrames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RxFilterTest {
  private final TestCard card = new TestCard(4 << 20);
  private long before;

  @BeforeEach
  void setUp() {
    new TestRxRing(card, 0, 64, 2048, TestRxRing.ADVANCED).armed();
  }

  @AfterEach
  void close() {
    card.close();
  }

  private boolean passes(int... mac) {
    byte[] frame = TestFrames.plain(1, 60);
    for (int i = 0; i < 6; i++) {
      frame[i] = (byte) mac[i];
    }
    return passes(frame);
  }

  private boolean passes(byte[] frame) {
    TestFrames.receive(card.rx, frame);
    boolean more = card.counter(QPRC) > before;
    before = card.counter(QPRC);
    return more;
  }

  @Test
  void unicastPassesByValidAddressOrUpe() {
    assertThat(passes(0, 2, 3, 4, 5, 6)).isTrue();
    assertThat(passes(0, 2, 3, 4, 5, 7)).isFalse();
    card.set(RAL + 8 * 127, 0x04030200);
    card.set(RAL + 8 * 127 + 4, 0x0705);
    assertThat(passes(0, 2, 3, 4, 5, 7)).as("without AV").isFalse();
    card.set(RAL + 8 * 127 + 4, 1 << 31 | 0x0705);
    assertThat(passes(0, 2, 3, 4, 5, 7)).isTrue();
    card.set(FCTRL, 1 << 9);
    assertThat(passes(0, 9, 9, 9, 9, 9)).isTrue();
  }

  @Test
  void broadcastPassesByBamOrMpe() {
    assertThat(passes(255, 255, 255, 255, 255, 255)).isFalse();
    card.set(FCTRL, 1 << 10);
    assertThat(passes(255, 255, 255, 255, 255, 255)).isTrue();
    assertThat(passes(1, 0, 0x5E, 0, 0, 1)).isFalse();
    card.set(FCTRL, 1 << 8);
    assertThat(passes(255, 255, 255, 255, 255, 255)).isTrue();
    assertThat(passes(1, 0, 0x5E, 0, 0, 1)).isTrue();
    assertThat(card.counter(BPRC)).isEqualTo(2);
    assertThat(card.counter(MPRC)).isEqualTo(1);
  }

  @Test
  void pausesAreDiscardedWithDpf() {
    byte[] pause = TestFrames.plain(1, 60);
    int[] head = {1, 0x80, 0xC2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0x08, 0, 1, 0xFF, 0xFF};
    for (int i = 0; i < head.length; i++) {
      pause[i] = (byte) head[i];
    }
    byte[] own = pause.clone();
    System.arraycopy(new byte[] {0, 2, 3, 4, 5, 6}, 0, own, 0, 6);
    byte[] other = own.clone();
    other[15] = 2; // no pause, another MAC control frame
    assertThat(passes(pause)).as("no filter lets it in").isFalse();
    card.set(FCTRL, 1 << 8);
    assertThat(passes(pause)).as("a multicast as any other").isTrue();
    assertThat(passes(own)).isTrue();
    card.set(MFLCN, 1 << 1);
    assertThat(passes(pause)).isFalse();
    assertThat(passes(own)).isFalse();
    assertThat(passes(other)).isTrue();
    assertThat(passes(0, 2, 3, 4, 5, 6)).isTrue();
  }

  @Test
  void multicastPassesByTheHashOfItsLastBytesInTheWindowThatMoNames() {
    int[] index = {
      0x34 >> 4 | 0x12 << 4,
      0x34 >> 3 | 0x12 << 5,
      0x34 >> 2 | 0x12 << 6,
      (0x34 | 0x12 << 8) & 0xFFF
    };
    for (int mo = 0; mo < 4; mo++) {
      card.set(MCSTCTRL, mo | 4);
      assertThat(passes(1, 0, 0x5E, 0, 0x34, 0x12)).isFalse();
      int register = MTA + 4 * (index[mo] >> 5);
      card.set(register, 1 << (index[mo] & 31));
      assertThat(passes(1, 0, 0x5E, 0, 0x34, 0x12)).as("MO %d", mo).isTrue();
      card.set(MCSTCTRL, mo);
      assertThat(passes(1, 0, 0x5E, 0, 0x34, 0x12)).as("without MFE").isFalse();
      card.set(register, 0);
    }
  }

  @Test
  void taggedFramesPassTheVlanTableAndUntaggedOnesAlways() {
    card.set(VLNCTRL, 0x8100 | 1 << 30);
    byte[] frame = TestFrames.plain(1, 60);
    assertThat(passes(frame)).isTrue();
    assertThat(passes(TestFrames.tagged(frame, 0x2064))).isFalse();
    card.set(VFTA + 4 * 3, 1 << 4);
    assertThat(passes(TestFrames.tagged(frame, 0x2064))).isTrue();
    card.set(VLNCTRL, 0x88A8 | 1 << 30);
    card.set(VFTA + 4 * 3, 0);
    assertThat(passes(TestFrames.tagged(frame, 0x2064))).as("not VET: no VLAN").isTrue();
  }
}

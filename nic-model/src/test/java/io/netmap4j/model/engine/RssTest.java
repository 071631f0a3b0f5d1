package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.registers.Chip;
import io.netmap4j.model.wire.TestFrames;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against the published verification suite (docs/82599.md 5.1). */
@Timeout(30)
class RssTest {
  private static final int[] KEY = {
    0xDA565A6D, 0xC20E5B25, 0x3D256741, 0xB08FA343, 0xCB2BCAD0,
    0xB4307BAE, 0xA32DCB77, 0x0CF23080, 0x3BB7426A, 0xFA01ACBE
  };
  private static final int TCP4 = 1 << 16;
  private static final int IP4 = 1 << 17;
  private static final int IP6 = 1 << 20;
  private static final int TCP6 = 1 << 21;
  private static final int UDP4 = 1 << 22;

  private final TestCard card = new TestCard(4096);
  private final Rss rss = new Rss(card);
  private final FrameHeaders headers = new FrameHeaders();

  static void key(TestCard card) {
    for (int i = 0; i < KEY.length; i++) {
      card.set(RSSRK + 4 * i, KEY[i]);
    }
  }

  @AfterEach
  void close() {
    card.close();
  }

  private void classify(int fields, byte[] frame) {
    key(card);
    card.set(MRQC, fields | 1);
    rss.refresh();
    long at = Mem.allocate(frame.length);
    Mem.copyIn(frame, 0, at, frame.length);
    headers.parse(at, frame.length, 0x8100);
    rss.classify(at, headers);
    Mem.free(at);
  }

  @Test
  void anX550Has512EntriesAnd64Queues() {
    byte[] frame = TestFrames.ip("66.9.149.187", 2794, "161.142.100.80", 1766, 6, 0);
    int entry = 0x323E8FC2 & 0x1FF;
    for (Chip chip : new Chip[] {Chip.X540, Chip.X550}) {
      try (TestCard other = new TestCard(4096)) {
        other.chip = chip;
        Rss wide = new Rss(other);
        key(other);
        other.set(MRQC, IP4 | 1);
        other.set(RETA + (entry & 0x7C), 0x25 << 8 * (entry & 3));
        other.set(ERETA + (entry - 128 & ~3), 0x3F << 8 * (entry & 3));
        wide.refresh();
        long at = Mem.allocate(frame.length);
        Mem.copyIn(frame, 0, at, frame.length);
        headers.parse(at, frame.length, 0x8100);
        wide.classify(at, headers);
        Mem.free(at);
        assertThat(wide.queue).as(chip.name()).isEqualTo(chip == Chip.X550 ? 0x3F : 0x5);
      }
    }
  }

  @Test
  void ipv4VectorsGiveThePublishedHashes() {
    byte[] first = TestFrames.ip("66.9.149.187", 2794, "161.142.100.80", 1766, 6, 0);
    classify(IP4, first);
    assertThat(rss.hash).isEqualTo(0x323E8FC2);
    assertThat(rss.type).isEqualTo(2);
    classify(IP4 | TCP4, first);
    assertThat(rss.hash).isEqualTo(0x51CCC178);
    assertThat(rss.type).isEqualTo(1);
    byte[] second = TestFrames.ip("199.92.111.2", 14230, "65.69.140.83", 4739, 6, 10);
    classify(IP4, second);
    assertThat(rss.hash).isEqualTo(0xD718262A);
    classify(TCP4, second);
    assertThat(rss.hash).isEqualTo(0xC626B0EA);
  }

  @Test
  void ipv6VectorsGiveThePublishedHashes() {
    byte[] frame = TestFrames.ip("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 6, 0);
    classify(IP6, frame);
    assertThat(rss.hash).isEqualTo(0x2CC18CD5);
    assertThat(rss.type).isEqualTo(5);
    classify(IP6 | TCP6, frame);
    assertThat(rss.hash).isEqualTo(0x40207D3D);
    assertThat(rss.type).isEqualTo(3);
  }

  @Test
  void fragmentsAndProtocolsThatAreNotSelectedFallBackToAddresses() {
    byte[] udp = TestFrames.ip("66.9.149.187", 2794, "161.142.100.80", 1766, 17, 40);
    classify(IP4 | TCP4, udp);
    assertThat(rss.hash).isEqualTo(0x323E8FC2);
    classify(IP4 | UDP4, udp);
    assertThat(rss.hash).as("the ports' place is the same").isEqualTo(0x51CCC178);
    assertThat(rss.type).isEqualTo(7);
    udp[20] = 0x20; // more fragments
    classify(IP4 | UDP4, udp);
    assertThat(rss.hash).isEqualTo(0x323E8FC2);
    classify(UDP4, udp);
    assertThat(rss.hash).isZero();
    assertThat(rss.type).isZero();
  }

  @Test
  void theHashsLowSevenBitsChooseTheQueue() {
    for (int i = 0; i < 32; i++) {
      card.set(RETA + 4 * i, 0x07060504);
    }
    classify(IP4, TestFrames.ip("66.9.149.187", 1, "161.142.100.80", 1, 6, 0));
    assertThat(rss.queue).isEqualTo(4 + (0x323E8FC2 & 0x7F) % 4);
    classify(IP4, TestFrames.plain(1, 60));
    assertThat(rss.queue).as("no hash counts as 0").isEqualTo(4);
  }

  @Test
  void aNewKeyMakesNewHashes() {
    byte[] frame = TestFrames.ip("66.9.149.187", 2794, "161.142.100.80", 1766, 6, 0);
    classify(IP4, frame);
    card.set(RSSRK, 0);
    rss.refresh();
    int before = rss.hash;
    long at = Mem.allocate(frame.length);
    Mem.copyIn(frame, 0, at, frame.length);
    rss.classify(at, headers);
    Mem.free(at);
    assertThat(rss.hash).isNotEqualTo(before);
  }

  @Test
  void modesThatTheModelLacksAreRefused() {
    card.set(MRQC, 4);
    assertThatThrownBy(rss::refresh).hasMessageContaining("MRQC.MRQE = 4");
  }
}

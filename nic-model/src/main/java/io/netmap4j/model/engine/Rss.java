package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.frames.Toeplitz;
import java.util.Arrays;

/** Receive-side scaling: which hash a frame gets and which queue that means (docs/82599.md 5.1). */
final class Rss {
  private static final int ONLY_RSS = 1;

  // MRQC field enables.
  private static final int TCP4 = 1 << 16;
  private static final int IP4 = 1 << 17;
  private static final int TCP6_EXT = 1 << 18;
  private static final int IP6_EXT = 1 << 19;
  private static final int IP6 = 1 << 20;
  private static final int TCP6 = 1 << 21;
  private static final int UDP4 = 1 << 22;
  private static final int UDP6 = 1 << 23;
  private static final int UDP6_EXT = 1 << 24;

  // RSS types in the descriptor.
  private static final int NONE = 0;

  private final CardState card;
  private final byte[] redirection;
  private byte[] key = {};
  private Toeplitz toeplitz;
  private boolean enabled;
  private int fields;

  /** Of the last frame: RSS type, hash, queue. */
  int type;

  int hash;
  int queue;

  Rss(CardState card) {
    this.card = card;
    this.redirection = new byte[card.chip().redirections()];
  }

  void refresh() {
    fields = card.reg(MRQC);
    int mode = fields & 0xF;
    enabled = mode == ONLY_RSS;
    if (!enabled) {
      if (mode != 0) {
        card.violation(
            "MRQC.MRQE = "
                + mode
                + ": this model has 0 (off) and 1 (RSS) only "
                + "(docs/82599.md 5.1)");
      }
      return;
    }
    for (int i = 0; i < redirection.length; i++) {
      int word = i < 128 ? RETA + (i & ~3) : ERETA + (i - 128 & ~3);
      redirection[i] = (byte) (card.reg(word) >>> (8 * (i & 3)) & card.chip().redirectionMask());
    }
    byte[] now = new byte[Toeplitz.KEY_BYTES];
    for (int i = 0; i < now.length; i++) {
      now[i] = (byte) (card.reg(RSSRK + (i & ~3)) >>> (8 * (i & 3)));
    }
    if (!Arrays.equals(key, now)) {
      key = now;
      toeplitz = new Toeplitz(now);
    }
  }

  /** Sets {@link #type}, {@link #hash} and {@link #queue}. */
  void classify(long frame, FrameHeaders headers) {
    type = NONE;
    hash = 0;
    if (!enabled) {
      queue = 0;
      return;
    }
    if (headers.ipv4()) {
      type = type4(headers);
      if (type != NONE) {
        hash = toeplitz.hash(0, 0, frame + headers.l3() + 12, 8);
        if (type != 2) {
          hash = toeplitz.hash(hash, 8, frame + headers.l4(), 4);
        }
      }
    } else if (headers.ipv6()) {
      type = type6(headers);
      if (type != NONE) {
        hash = toeplitz.hash(0, 0, frame + headers.l3() + 8, 32);
        if (type != 4 && type != 5) {
          hash = toeplitz.hash(hash, 32, frame + headers.l4(), 4);
        }
      }
    }
    queue = redirection[hash & redirection.length - 1];
  }

  private int type4(FrameHeaders headers) {
    if (headers.transport() && headers.protocol() == FrameHeaders.TCP && has(TCP4)) {
      return 1;
    }
    if (headers.transport() && headers.protocol() == FrameHeaders.UDP && has(UDP4)) {
      return 7;
    }
    return has(IP4) ? 2 : NONE;
  }

  private int type6(FrameHeaders headers) {
    boolean tcp = headers.transport() && headers.protocol() == FrameHeaders.TCP;
    boolean udp = headers.transport() && headers.protocol() == FrameHeaders.UDP;
    if (headers.extended()) {
      if (tcp && has(TCP6_EXT)) {
        return 6;
      }
      if (udp && has(UDP6_EXT)) {
        return 9;
      }
      if (has(IP6_EXT)) {
        return 4;
      }
    }
    if (tcp && has(TCP6)) {
      return 3;
    }
    if (udp && has(UDP6)) {
      return 8;
    }
    return has(IP6) ? 5 : NONE;
  }

  private boolean has(int field) {
    return (fields & field) != 0;
  }
}

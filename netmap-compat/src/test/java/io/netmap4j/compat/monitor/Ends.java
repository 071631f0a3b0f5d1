package io.netmap4j.compat.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Mem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Frames that are sent and looked for, as by netmap's "functional". */
final class Ends {
  private Ends() {}

  /** Frames of 60 to {@code longest} bytes, broadcast. */
  static List<byte[]> frames(int count, int longest, long seed) {
    Random random = new Random(seed);
    List<byte[]> frames = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] f = new byte[60 + random.nextInt(longest - 59)];
      random.nextBytes(f);
      Arrays.fill(f, 0, 6, (byte) 0xff);
      f[6] = 2;
      f[12] = (byte) 0x88;
      f[13] = (byte) 0xb5;
      frames.add(f);
    }
    return frames;
  }

  /** Sends all of them in one sync, in parts of a buffer. */
  static void send(NetmapPort port, List<byte[]> frames) {
    NetmapRing ring = port.tx(0);
    for (byte[] frame : frames) {
      int slot = ring.head();
      for (int at = 0; at < frame.length; at += 2048) {
        int n = Math.min(2048, frame.length - at);
        Mem.copyIn(frame, at, ring.buffer(slot), n);
        ring.lenAndFlags(slot, n, at + n < frame.length ? Netmap.NS_MOREFRAG : 0);
        slot = ring.next(slot);
      }
      ring.advance(slot);
    }
    assertThat(port.txSync()).isZero();
  }

  /** What is there now, and whether all of it has NS_TXMON; releases it. */
  static List<byte[]> take(NetmapPort port, boolean txmon) {
    List<byte[]> got = new ArrayList<>();
    NetmapRing ring = port.rx(0);
    byte[] whole = {};
    int slot = ring.head();
    for (; slot != ring.tail(); slot = ring.next(slot)) {
      byte[] part = ring.get(slot);
      int at = whole.length;
      whole = Arrays.copyOf(whole, at + part.length);
      System.arraycopy(part, 0, whole, at, part.length);
      assertThat((ring.slotFlags(slot) & Netmap.NS_TXMON) != 0).as("NS_TXMON").isEqualTo(txmon);
      if ((ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
        got.add(whole);
        whole = new byte[0];
      }
    }
    assertThat(whole).as("the tail stands at the end of a packet").isEmpty();
    ring.advance(slot);
    return got;
  }

  /** Receives these frames, within a second each, in order. */
  static void receive(NetmapPort port, List<byte[]> frames, boolean txmon) {
    List<byte[]> got = new ArrayList<>();
    while (got.size() < frames.size()) {
      assertThat(port.poll(NetmapPort.POLLIN, 1000))
          .as("%s has %d of %d", port.name(), got.size(), frames.size())
          .isEqualTo(NetmapPort.POLLIN);
      got.addAll(take(port, txmon));
    }
    assertThat(got).hasSameSizeAs(frames);
    for (int i = 0; i < frames.size(); i++) {
      assertThat(got.get(i)).as("frame %d", i).isEqualTo(frames.get(i));
    }
  }

  static void nothing(NetmapPort port) {
    assertThat(port.poll(NetmapPort.POLLIN, 0)).as(port.name()).isZero();
  }
}

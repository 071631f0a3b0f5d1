package io.netmap4j.compat.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SoakProgress;
import io.netmap4j.linux.Mem;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two threads, frames of 24 to 9000 bytes over several slots, with number, length and checksum in
 * them: all arrive, whole and in order. The receiver holds packets back, with extra buffers and
 * behind head; both wait by poll. {@code -Dnetmap4j.pipe.frames=100000000} for the long run.
 */
@Timeout(value = 24, unit = java.util.concurrent.TimeUnit.HOURS)
class PipeStressTest {
  private static final int FRAMES = Integer.getInteger("netmap4j.pipe.frames", 20_000);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);
  private static final int HEADER = 24;
  private static final int LONGEST = 9000;
  private static final int SPARE = 40;
  private static final int WAIT_MILLIS = 20_000;

  @Test
  void everyFrameArrivesWholeAndInOrder() throws Exception {
    try (PipeRig rig = new PipeRig()) {
      NetmapPort master = rig.open("netmap:stress{1", rig.slots(97));
      NetmapPort slave = rig.open("netmap:stress}1", rig.request().extraBuffers(SPARE));
      FutureTask<Void> sender = new FutureTask<>(() -> sendAll(master), null);
      new Thread(sender, "sender").start();
      try {
        new Receiver(slave).run();
      } finally {
        if (!sender.isDone()) {
          master.wakeup();
        }
        sender.get();
      }
      assertTrue(master.drain(WAIT_MILLIS), "all slots come back");
      assertEquals(96, master.tx(0).space());
      assertEquals(0, master.unsent());
    }
  }

  private static int length(Random random) {
    return random.nextInt(4) > 0
        ? HEADER + random.nextInt(200)
        : HEADER + random.nextInt(LONGEST - HEADER + 1);
  }

  private static void sendAll(NetmapPort port) {
    Random random = new Random(SEED);
    NetmapRing tx = port.tx(0);
    for (int i = 0; i < FRAMES; i++) {
      int length = length(random);
      int part = Math.max(600 + random.nextInt(1449), HEADER);
      int slots = (length + part - 1) / part;
      while (tx.space() < slots) {
        tx.cur(tx.tail()); // more than there is
        assertEquals(
            NetmapPort.POLLOUT, port.poll(NetmapPort.POLLOUT, WAIT_MILLIS), "room, frame " + i);
      }
      put(tx, i, length, part, random.nextLong());
      if (random.nextInt(8) == 0) {
        assertEquals(0, port.txSync());
      }
    }
    assertEquals(0, port.txSync());
  }

  /** Number, length and a value that all the other bytes follow from. */
  private static void put(NetmapRing tx, int number, int length, int part, long value) {
    int slot = tx.head();
    for (int at = 0; at < length; at += part) {
      int n = Math.min(part, length - at);
      long buffer = tx.buffer(slot);
      int i = 0;
      if (at == 0) {
        Mem.putLong(buffer, number);
        Mem.putLong(buffer + 8, length);
        Mem.putLong(buffer + 16, value);
        i = HEADER;
      }
      for (; i + 8 <= n; i += 8) {
        Mem.putLong(buffer + i, value + at + i);
      }
      for (; i < n; i++) {
        Mem.putByte(buffer + i, (byte) (value + at + i));
      }
      tx.lenAndFlags(slot, n, at + n < length ? Netmap.NS_MOREFRAG : 0);
      slot = tx.next(slot);
    }
    tx.advance(slot);
  }

  private static final class Receiver {
    private final NetmapPort port;
    private final NetmapRing rx;
    private final Random random = new Random(SEED + 1);
    private final int[] held = new int[SPARE];
    private final long[] heldValue = new long[SPARE];
    private int spares;

    Receiver(NetmapPort port) {
      this.port = port;
      this.rx = port.rx(0);
      for (int i = port.nifp().bufsHead(); i != 0; i = port.memory().nextExtraBuffer(i)) {
        Mem.putLong(port.memory().bufAddress(i) + 16, 0);
        held[spares++] = i;
      }
    }

    void run() {
      SoakProgress progress = new SoakProgress("pipe", FRAMES);
      for (int frame = 0; frame < FRAMES; frame++) {
        progress.at(frame);
        while (rx.cur() == rx.tail()) {
          assertEquals(
              NetmapPort.POLLIN, port.poll(NetmapPort.POLLIN, WAIT_MILLIS), "frame " + frame);
        }
        int end = check(frame);
        rx.cur(end);
        // Some stay behind head for a while, as long as the ring does not fill up.
        if (random.nextInt(4) > 0 || rx.space() > 40) {
          rx.head(end);
        }
      }
      rx.head(rx.cur());
      assertEquals(0, port.rxSync());
      relist();
    }

    /** The packet at cur. @return the slot behind it */
    private int check(int frame) {
      int slot = rx.cur();
      long first = rx.buffer(slot);
      assertEquals(frame, Mem.getLong(first));
      long length = Mem.getLong(first + 8);
      long value = Mem.getLong(first + 16);
      long at = 0;
      boolean more;
      do {
        assertTrue(slot != rx.tail(), "frame " + frame + " is whole");
        int n = rx.len(slot);
        long buffer = rx.buffer(slot);
        int i = at == 0 ? HEADER : 0;
        for (; i + 8 <= n; i += 8) {
          if (Mem.getLong(buffer + i) != value + at + i) {
            throw new AssertionError("frame " + frame + " differs at " + (at + i));
          }
        }
        for (; i < n; i++) {
          if (Mem.getByte(buffer + i) != (byte) (value + at + i)) {
            throw new AssertionError("frame " + frame + " differs at " + (at + i));
          }
        }
        more = (rx.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0;
        if (at == 0 && random.nextInt(8) == 0) {
          hold(slot, value);
        }
        at += n;
        slot = rx.next(slot);
      } while (more);
      assertEquals(length, at, "frame " + frame);
      return slot;
    }

    /** Keeps the slot's buffer, and gives one back that was kept: it must be as it was. */
    private void hold(int slot, long value) {
      int which = random.nextInt(spares);
      assertEquals(
          heldValue[which], Mem.getLong(port.memory().bufAddress(held[which]) + 16), "held buffer");
      int mine = rx.bufIdx(slot);
      rx.bufIdx(slot, held[which]);
      rx.slotFlags(slot, rx.slotFlags(slot) | Netmap.NS_BUF_CHANGED);
      held[which] = mine;
      heldValue[which] = value;
    }

    private void relist() {
      int next = 0;
      for (int i = 0; i < spares; i++) {
        port.memory().nextExtraBuffer(held[i], next);
        next = held[i];
      }
      port.nifp().bufsHead(next);
    }
  }
}

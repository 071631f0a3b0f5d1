package io.netmap4j.ixgbe;

import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import java.util.Locale;

/** Sends frames on ring 0 of a card in loopback, and checks that each comes back as it was. */
final class IxgbeFrameTest {
  private static final int SHORTEST = 60;
  private static final int LONGEST = 1514;

  /** Ethertype for local experiments (IEEE 802): no stack takes these frames for its own. */
  private static final int TYPE = 0x88b5;

  /** A card needs microseconds; a modelled one on a busy machine may stand still for a second. */
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  private final byte[] mac;
  private final Kring tx;
  private final Kring rx;
  private int sent;
  private int received;
  private String damage = "";
  private int error;

  IxgbeFrameTest(RingSet rings, byte[] mac) {
    this.mac = mac;
    this.tx = rings.tx(0);
    this.rx = rings.rx(0);
  }

  int sent() {
    return sent;
  }

  int received() {
    return received;
  }

  /** The first frame that came back otherwise than it went out, in words; "" for none. */
  String damage() {
    return damage;
  }

  /** What a sync returned when it did not return 0; 0 for none. */
  int error() {
    return error;
  }

  /**
   * Sends {@code frames} frames of all lengths, as many at a time as the rings hold, and takes them
   * in again. Ends early when nothing has come for 5 s.
   */
  void run(int frames) {
    int end = sent + frames;
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (received < end && error == 0 && System.nanoTime() - deadline < 0) {
      int before = received;
      send(end);
      receive();
      if (received > before) {
        deadline = System.nanoTime() + PATIENCE_NANOS;
      } else {
        RegisterWait.sleepMicros(10);
      }
    }
  }

  /**
   * Whether a frame wakes a sleeper.
   *
   * @return microseconds from the doorbell to the interrupt; −1 when none came within 5 s
   */
  long wakeUp(IxgbeLoopback card, int fd) {
    Runnable nobody = () -> {};
    card.arm(rx, nobody);
    try {
      receive();
      long start = System.nanoTime();
      send(sent + 1);
      boolean woken = Libc.pollIn(new int[] {fd}, 5000) > 0;
      return woken ? (System.nanoTime() - start) / 1000 : -1;
    } finally {
      card.disarm(rx, nobody);
      receive();
    }
  }

  private void send(int end) {
    int head = Mem.getInt(tx.ring + RingLayout.HEAD);
    int tail = Mem.getInt(tx.ring + RingLayout.TAIL);
    while (sent < end && head != tail && sent - received < rx.numSlots / 2) {
      long slot = tx.slot(head);
      int length = length(sent);
      write(buffer(tx, slot), sent, length);
      Mem.putShort(slot + RingLayout.SLOT_LEN, (short) length);
      Mem.putShort(slot + RingLayout.SLOT_FLAGS, (short) 0);
      sent++;
      head = tx.next(head);
    }
    release(tx, head);
    note(tx.txSync(IxgbeLoopback.FORCE_RECLAIM));
  }

  private void receive() {
    note(rx.rxSync(0));
    int head = Mem.getInt(rx.ring + RingLayout.HEAD);
    int tail = Mem.getInt(rx.ring + RingLayout.TAIL);
    for (; head != tail; head = rx.next(head)) {
      long slot = rx.slot(head);
      check(buffer(rx, slot), Mem.getShort(slot + RingLayout.SLOT_LEN) & 0xffff);
      received++;
    }
    release(rx, head);
  }

  private static void release(Kring k, int head) {
    Mem.putInt(k.ring + RingLayout.CUR, head);
    Mem.putInt(k.ring + RingLayout.HEAD, head);
  }

  private void note(int status) {
    error = error == 0 && status != Libc.EBUSY ? status : error;
  }

  private static long buffer(Kring k, long slot) {
    int index = Mem.getInt(slot + RingLayout.SLOT_BUF_IDX);
    return k.region.address() + k.region.bufOffset() + (long) index * k.region.bufSize();
  }

  private static int length(int number) {
    return SHORTEST + number * 37 % (LONGEST - SHORTEST + 1);
  }

  private byte expected(int number, int at) {
    if (at < 12) {
      return mac[at % 6];
    }
    if (at < 14) {
      return (byte) (at == 12 ? TYPE >> 8 : TYPE);
    }
    return (byte) (number * 31 + at);
  }

  private void write(long buffer, int number, int length) {
    for (int i = 0; i < length; i++) {
      Mem.putByte(buffer + i, expected(number, i));
    }
  }

  private void check(long buffer, int length) {
    if (!damage.isEmpty()) {
      return;
    }
    if (received >= sent) {
      damage = "a frame of " + length + " bytes more than were sent";
      return;
    }
    if (length != length(received)) {
      damage =
          "frame " + received + " has " + length + " bytes and was sent with " + length(received);
      return;
    }
    for (int i = 0; i < length; i++) {
      byte is = Mem.getByte(buffer + i);
      if (is != expected(received, i)) {
        damage =
            String.format(
                Locale.ROOT,
                "frame %d has 0x%02x at byte %d and was sent with 0x%02x",
                received,
                is,
                i,
                expected(received, i));
        return;
      }
    }
  }
}

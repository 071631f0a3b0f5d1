package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;

/** The driver's side of a receive queue, as plain as can be. */
public final class TestRxRing {
  public static final int ADVANCED = 1 << 25;

  public final TestCard card;
  public final int queue;
  public final int size;
  public final long ring;
  public final long buffers;
  public final int bufferSize;
  public int next;

  public TestRxRing(TestCard card, int queue, int size, int bufferSize, int srrctl) {
    this.card = card;
    this.queue = queue;
    this.size = size;
    this.bufferSize = bufferSize;
    this.ring = card.take(16L * size);
    this.buffers = card.take((long) size * bufferSize);
    long iova = TestCard.IOVA + ring;
    card.set(rx(queue) + RDBAL, (int) iova);
    card.set(rx(queue) + RDBAH, (int) (iova >>> 32));
    card.set(rx(queue) + RDLEN, 16 * size);
    card.set(rx(queue) + SRRCTL, srrctl | bufferSize >> 10);
    card.set(rx(queue) + RXDCTL, QUEUE_ENABLE);
    for (int i = 0; i < size; i++) {
      rearm(i);
    }
  }

  public TestRxRing armed() {
    tail(size - 1);
    return this;
  }

  public void rearm(int index) {
    Mem.putLong(descriptor(index), TestCard.IOVA + buffers + (long) index * bufferSize);
    Mem.putLong(descriptor(index) + 8, 0);
  }

  public void tail(int value) {
    card.regs[(rx(queue) + RDT) / 4] = value;
  }

  public long descriptor(int index) {
    return card.base + ring + 16L * index;
  }

  public long buffer(int index) {
    return card.base + buffers + (long) index * bufferSize;
  }

  public int dword(int index, int n) {
    return Mem.getInt(descriptor(index) + 4L * n);
  }

  public boolean done(int index) {
    return (dword(index, 2) & 1) != 0;
  }

  public int length(int index) {
    return dword(index, 3) & 0xFFFF;
  }

  public byte[] bytes(int index) {
    byte[] bytes = new byte[length(index)];
    Mem.copyOut(buffer(index), bytes, 0, bytes.length);
    return bytes;
  }

  /** The next descriptor's bytes, which is armed again; null when it is not done. */
  public byte[] poll() {
    if (!done(next)) {
      return null;
    }
    byte[] bytes = bytes(next);
    rearm(next);
    tail(next);
    next = (next + 1) % size;
    return bytes;
  }

  public int head() {
    return card.reg(rx(queue) + RDH);
  }
}

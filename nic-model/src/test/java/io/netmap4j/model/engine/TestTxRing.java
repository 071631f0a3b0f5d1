package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;

/** The driver's side of a transmit queue, as plain as can be. */
public final class TestTxRing {
  public static final int EOP = 1 << 24;
  public static final int IFCS = 1 << 25;
  public static final int RS = 1 << 27;
  public static final int DATA = 0x20300000 | IFCS;
  public static final int VLE = 1 << 30;
  public static final int TSE = 1 << 31;
  public static final int IXSM = 1 << 8;
  public static final int TXSM = 1 << 9;

  public final TestCard card;
  public final int queue;
  public final int size;
  public final long ring;
  public final long buffers;
  public final int bufferSize;
  public int tail;

  public TestTxRing(TestCard card, int queue, int size, int bufferSize) {
    this.card = card;
    this.queue = queue;
    this.size = size;
    this.bufferSize = bufferSize;
    this.ring = card.take(16L * size);
    this.buffers = card.take((long) size * bufferSize);
    long iova = TestCard.IOVA + ring;
    card.set(tx(queue) + TDBAL, (int) iova);
    card.set(tx(queue) + TDBAH, (int) (iova >>> 32));
    card.set(tx(queue) + TDLEN, 16 * size);
    card.set(tx(queue) + TXDCTL, QUEUE_ENABLE);
  }

  public long descriptor(int index) {
    return card.base + ring + 16L * index;
  }

  public long buffer(int index) {
    return card.base + buffers + (long) index * bufferSize;
  }

  public long bufferIova(int index) {
    return TestCard.IOVA + buffers + (long) index * bufferSize;
  }

  /** Writes a descriptor at the tail, which moves on without telling the card. */
  public int put(long low, int dw2, int dw3) {
    int at = tail;
    Mem.putLong(descriptor(at), low);
    Mem.putInt(descriptor(at) + 8, dw2);
    Mem.putInt(descriptor(at) + 12, dw3);
    tail = (tail + 1) % size;
    return at;
  }

  /** A piece of a packet, copied to its slot's buffer. */
  public int piece(byte[] bytes, int from, int length, int command, int payLength, int options) {
    Mem.copyIn(bytes, from, buffer(tail), length);
    return put(bufferIova(tail), length | DATA | command, payLength << 14 | options);
  }

  public int frame(byte[] bytes, int command, int options) {
    return piece(bytes, 0, bytes.length, command | EOP, bytes.length, options);
  }

  public int context(int slot, int mac, int ip, int vlan, int type, int l4, int mss) {
    return put(
        ip | mac << 9 | ((long) vlan << 16 & 0xFFFF0000L),
        0x20200000 | type,
        slot << 4 | l4 << 8 | mss << 16);
  }

  public void doorbell() {
    card.regs[(tx(queue) + TDT) / 4] = tail;
  }

  public boolean done(int index) {
    return (Mem.getIntVolatile(descriptor(index) + 12) & 1) != 0;
  }

  public int head() {
    return card.reg(tx(queue) + TDH);
  }
}

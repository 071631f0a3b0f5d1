package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;

/** The driver's side of a transmit queue, as plain as can be. */
final class TestTxRing {
  static final int EOP = 1 << 24;
  static final int IFCS = 1 << 25;
  static final int RS = 1 << 27;
  static final int DATA = 0x20300000 | IFCS;
  static final int VLE = 1 << 30;
  static final int TSE = 1 << 31;
  static final int IXSM = 1 << 8;
  static final int TXSM = 1 << 9;

  final TestCard card;
  final int queue;
  final int size;
  final long ring;
  final long buffers;
  final int bufferSize;
  int tail;

  TestTxRing(TestCard card, int queue, int size, int bufferSize) {
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

  long descriptor(int index) {
    return card.base + ring + 16L * index;
  }

  long buffer(int index) {
    return card.base + buffers + (long) index * bufferSize;
  }

  long bufferIova(int index) {
    return TestCard.IOVA + buffers + (long) index * bufferSize;
  }

  /** Writes a descriptor at the tail, which moves on without telling the card. */
  int put(long low, int dw2, int dw3) {
    int at = tail;
    Mem.putLong(descriptor(at), low);
    Mem.putInt(descriptor(at) + 8, dw2);
    Mem.putInt(descriptor(at) + 12, dw3);
    tail = (tail + 1) % size;
    return at;
  }

  /** A piece of a packet, copied to its slot's buffer. */
  int piece(byte[] bytes, int from, int length, int command, int payLength, int options) {
    Mem.copyIn(bytes, from, buffer(tail), length);
    return put(bufferIova(tail), length | DATA | command, payLength << 14 | options);
  }

  int frame(byte[] bytes, int command, int options) {
    return piece(bytes, 0, bytes.length, command | EOP, bytes.length, options);
  }

  int context(int slot, int mac, int ip, int vlan, int type, int l4, int mss) {
    return put(
        ip | mac << 9 | ((long) vlan << 16 & 0xFFFF0000L),
        0x20200000 | type,
        slot << 4 | l4 << 8 | mss << 16);
  }

  void doorbell() {
    card.regs[(tx(queue) + TDT) / 4] = tail;
  }

  boolean done(int index) {
    return (Mem.getIntVolatile(descriptor(index) + 12) & 1) != 0;
  }

  int head() {
    return card.reg(tx(queue) + TDH);
  }
}

package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.model.registers.Chip;
import java.util.Locale;

/**
 * One receive queue's settings, read from the registers when they change, and its place in the
 * ring.
 */
final class RxQueue {
  final int index;
  private final int block;
  boolean enabled;
  long base;
  int size;
  int bufferSize;
  boolean legacy;
  boolean drop;
  boolean stripVlan;

  /** DCA_RXCTRL has the bit that must be 0 by the time that a frame is stored; reported once. */
  boolean dcaBitSet;

  int counter;

  /** The head as the register has it: the next descriptor to be written back. */
  int head;

  /** The next descriptor to take a buffer from. */
  int next;

  RxQueue(int index) {
    this.index = index;
    this.block = rx(index);
  }

  /**
   * @return true when what was under way in this queue is void
   */
  boolean refresh(CardState card) {
    boolean was = enabled;
    int control = card.reg(block + RXDCTL);
    int srrctl = card.reg(block + SRRCTL);
    enabled = (control & QUEUE_ENABLE) != 0;
    drop = (srrctl & SRRCTL_DROP_EN) != 0;
    counter = counterOf(card, RQSMR, index);
    if (!enabled) {
      return was;
    }
    long low = card.reg(block + RDBAL) & 0xFFFFFF80L;
    base = low | (long) card.reg(block + RDBAH) << 32;
    size = card.reg(block + RDLEN) >>> 7 << 3;
    stripVlan = (control & RXDCTL_VME) != 0;
    // LX never writes the register of an X550.
    dcaBitSet =
        card.chip() != Chip.X550 && (card.reg(block + DCA_RXCTRL) & DCA_RXCTRL_MUST_BE_ZERO) != 0;
    bufferSize = (srrctl & 0x1F) << 10;
    int type = srrctl >>> 25 & 7;
    legacy = type == 0;
    int loaded = card.reg(block + RDH);
    boolean moved = !was || loaded != head;
    if (moved) {
      head = next = loaded;
    }
    if (bufferSize == 0 || type > 1) {
      bufferSize = bufferSize == 0 ? 2048 : bufferSize;
      card.violation(
          String.format(
              Locale.ROOT,
              "SRRCTL(%d) = 0x%08x: BSIZEPACKET must be 1 to 16 KB and DESCTYPE 0 or 1 "
                  + "(docs/82599.md 2.3;"
                  + " header split must not be used, docs/82599.md 4.10)",
              index,
              srrctl));
    }
    return moved;
  }

  /** Descriptors that software has armed and no frame has taken. */
  int available(CardState card) {
    int tail = card.reg(block + RDT);
    if (tail < 0 || tail >= size || next >= size) {
      if (size != 0) {
        card.violation(
            String.format(
                Locale.ROOT,
                "RDT(%d) = %d, RDH = %d in a ring of %d descriptors (docs/82599.md 4.7)",
                index,
                tail,
                next,
                size));
      }
      return 0;
    }
    int n = tail - next;
    return n < 0 ? n + size : n;
  }

  /**
   * A frame is about to be stored. Only then does the bit matter: iPXE intelx_open clears it
   * between ENABLE and RXEN, TinyNF ixgbe_device_add_input and Snabb init_rx_q after RXEN.
   */
  void reportDcaBit(CardState card) {
    dcaBitSet = false;
    card.violation(
        String.format(
            Locale.ROOT,
            "RX queue %d: a frame is stored with DCA_RXCTRL(%d) = 0x%08x: DCA_RXCTRL bit 12 must be"
                + " written 0 before, or packets may be corrupt (docs/82599.md 2.3)",
            index,
            index,
            card.reg(block + DCA_RXCTRL)));
  }

  int after(int descriptor) {
    return descriptor + 1 == size ? 0 : descriptor + 1;
  }

  void advanceHead(CardState card, int to) {
    head = to;
    card.setReg(block + RDH, to);
  }
}

package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import java.util.Arrays;
import java.util.Locale;

/**
 * One transmit queue: its settings, read from the registers when they change, the packet whose
 * descriptors have been fetched, and what is to be reported.
 */
final class TxQueue {
  /**
   * On-chip descriptors of one queue, shared between a packet and held write-backs (docs/82599.md
   * 11).
   */
  static final int ON_CHIP = 40;

  static final int CONTEXTS = 2;

  /**
   * How long WTHRESH may hold a report; no source says more than "until the ITR expires"
   * (docs/82599.md 4.8).
   */
  private static final long HOLD_NANOS = 50_000;

  final int index;
  final int block;
  boolean enabled;
  long base;
  int size;
  int writeBackThreshold;
  long headWriteBack;
  int counter;

  /**
   * The head as the register has it: descriptors before it are sent; those with RS may not be
   * reported yet.
   */
  int head;

  /** The next descriptor to fetch. */
  int next;

  // The descriptors of the packet, as fetched: nothing of them is read again.
  long[] address = new long[ON_CHIP];
  long[] words = new long[ON_CHIP];
  int[] place = new int[ON_CHIP];
  int count;

  /** EOP has been fetched. */
  boolean complete;

  /** Frames of a segmented packet that are on the wire already. */
  int segmentsSent;

  // The two context slots: 16 bytes each.
  final long[] contextLow = new long[CONTEXTS];
  final long[] contextHigh = new long[CONTEXTS];
  final boolean[] contextSet = new boolean[CONTEXTS];

  // Descriptors with RS that are done and not reported: their places and upper halves.
  private int[] reportPlace = new int[64];
  private long[] reportWords = new long[64];
  private int reportFirst;
  private int reports;
  private int doneSinceReport;
  private boolean flushing;
  private boolean held;
  private long heldSince;

  TxQueue(int index) {
    this.index = index;
    this.block = tx(index);
  }

  void refresh(CardState card) {
    boolean was = enabled;
    int control = card.reg(block + TXDCTL);
    enabled = (control & QUEUE_ENABLE) != 0;
    if (!enabled) {
      forget();
      return;
    }
    long low = card.reg(block + TDBAL) & 0xFFFFFF80L;
    base = low | (long) card.reg(block + TDBAH) << 32;
    size = card.reg(block + TDLEN) >>> 7 << 3;
    writeBackThreshold = control >>> 16 & 0x7F;
    counter = counterOf(card, TQSM, index);
    int loaded = card.reg(block + TDH);
    if (!was || loaded != head) {
      forget();
      head = next = loaded;
    }
    refreshHeadWriteBack(card);
  }

  private void refreshHeadWriteBack(CardState card) {
    int low = card.reg(block + TDWBAL);
    headWriteBack = 0;
    if ((low & 1) != 0) {
      headWriteBack = (low & 0xFFFFFFFCL) | (long) card.reg(block + TDWBAH) << 32;
      if ((headWriteBack & 15) != 0) {
        card.violation(
            String.format(
                Locale.ROOT,
                "TDWBAL(%d): head write-back to 0x%x; only 16-byte aligned addresses work"
                    + " (docs/82599.md 4.8: tinynf measured it)",
                index,
                headWriteBack));
      }
    }
  }

  /** Drops what is under way. */
  void forget() {
    clearPacket();
    reports = doneSinceReport = 0;
    flushing = held = false;
  }

  void clearPacket() {
    count = segmentsSent = 0;
    complete = false;
  }

  /** Descriptors that software has handed over and that are not fetched. */
  int available(CardState card) {
    int tail = card.reg(block + TDT);
    if (tail == next) {
      return 0;
    }
    if (tail < 0 || tail >= size || next >= size) {
      if (size != 0) {
        card.violation(
            String.format(
                Locale.ROOT,
                "TDT(%d) = %d, TDH = %d in a ring of %d descriptors (docs/82599.md 4.7)",
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

  int after(int descriptor) {
    return descriptor + 1 == size ? 0 : descriptor + 1;
  }

  void advanceHead(CardState card) {
    head = next;
    card.setReg(block + TDH, next);
  }

  void append(int descriptor, long low, long high) {
    if (count == words.length) {
      address = Arrays.copyOf(address, 2 * count);
      words = Arrays.copyOf(words, 2 * count);
      place = Arrays.copyOf(place, 2 * count);
    }
    address[count] = low;
    words[count] = high;
    place[count++] = descriptor;
  }

  void setContext(long low, long high) {
    int slot = (int) (high >>> 36) & 7;
    if (slot < CONTEXTS) {
      contextLow[slot] = low;
      contextHigh[slot] = high;
      contextSet[slot] = true;
    }
  }

  // Reports.

  /** A descriptor is done with. */
  void done(int descriptor, long high) {
    doneSinceReport++;
    if ((high & TxPacket.RS) == 0) {
      return;
    }
    if (reports == reportPlace.length) {
      growReports();
    }
    int at = (reportFirst + reports++) & (reportPlace.length - 1);
    reportPlace[at] = descriptor;
    reportWords[at] = high;
  }

  private void growReports() {
    int[] places = new int[2 * reports];
    long[] high = new long[2 * reports];
    for (int i = 0; i < reports; i++) {
      int at = (reportFirst + i) & (reportPlace.length - 1);
      places[i] = reportPlace[at];
      high[i] = reportWords[at];
    }
    reportPlace = places;
    reportWords = high;
    reportFirst = 0;
  }

  /** WTHRESH 0 and 1: at once; above: when as many descriptors are done (docs/82599.md 4.8). */
  boolean mayReport() {
    return reports != 0 && (flushing || doneSinceReport >= writeBackThreshold);
  }

  /**
   * Begins to report what is held once it has been for a while, as the vector's EITR would make it.
   */
  void flushIfHeldLong(CardState card) {
    if (reports == 0 || flushing) {
      return;
    }
    long now = card.nanos();
    if (!held) {
      held = true;
      heldSince = now;
    } else if (now - heldSince >= HOLD_NANOS) {
      flush();
    }
  }

  void flush() {
    flushing = reports != 0;
  }

  int reportPlace() {
    return reportPlace[reportFirst];
  }

  long reportWords() {
    return reportWords[reportFirst];
  }

  void reported() {
    reportFirst = (reportFirst + 1) & (reportPlace.length - 1);
    reports--;
    flushing = reports != 0;
    if (reports == 0) {
      doneSinceReport = 0;
      held = false;
    }
  }
}

package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.fault.CardFaults;
import io.netmap4j.model.fault.WriteBackFault;

/**
 * Puts the current frame into a queue's buffers, one after the other, and writes the descriptors
 * back in the order in which they were used (docs/82599.md 4.5): the payload first, then bytes 0 to
 * 7, then those with DD and length in one store.
 */
final class RxWriter {
  private static final int DD = 1;
  private static final int EOP = 2;

  /** Buffers that may be filled before the first of them is reported. */
  private static final int AHEAD = 8;

  private final CardState card;
  private final DeviceMemory memory;
  private final PcieBill bill;
  private final CardFaults faults;
  private final long[] queuePackets = new long[16];
  private final long[] queueBytes = new long[16];
  private boolean counts;

  // The current frame.
  private RxQueue queue;
  private long frame;
  private int length;
  private int wireLength;
  private int offset;
  private int vlanTag;
  private int info;
  private int hashOrChecksum;
  private int status;
  private boolean placing;

  // Filled buffers that are not yet reported, oldest first.
  private final RxQueue[] filledQueue = new RxQueue[AHEAD];
  private final int[] filledIndex = new int[AHEAD];
  private final long[] filledLow = new long[AHEAD];
  private final long[] filledHigh = new long[AHEAD];
  private int first;
  private int filled;

  RxWriter(CardState card) {
    this.card = card;
    this.memory = card.memory();
    this.bill = card.bill();
    this.faults = card.faults();
  }

  int descriptors(RxQueue queue, int length) {
    return length <= queue.bufferSize ? 1 : (length + queue.bufferSize - 1) / queue.bufferSize;
  }

  void start(RxQueue queue, long frame, int length, int wireLength, int vlanTag) {
    if (queue.dcaBitSet) {
      queue.reportDcaBit(card);
    }
    this.queue = queue;
    this.frame = frame;
    this.length = length;
    this.wireLength = wireLength;
    this.vlanTag = vlanTag;
    this.offset = 0;
    this.placing = true;
  }

  void describe(int info, int hashOrChecksum, int status) {
    this.info = info;
    this.hashOrChecksum = hashOrChecksum;
    this.status = status;
  }

  boolean placing() {
    return placing;
  }

  boolean pending() {
    return filled != 0;
  }

  boolean canPlace() {
    return filled < AHEAD;
  }

  /** Places and reports all that is left. */
  void finish() {
    while (placing || filled != 0) {
      if (placing && filled < AHEAD) {
        place();
      }
      writeBack();
    }
  }

  /** Fills the next buffer. What is remembered comes after what can fail. */
  void place() {
    int index = queue.next;
    int piece = Math.min(queue.bufferSize, length - offset);
    fill(index, piece);
    boolean last = offset + piece == length;
    remember(index, piece, last);
    offset += piece;
    if (last) {
      counts = true;
      queuePackets[queue.counter]++;
      queueBytes[queue.counter] += wireLength;
    }
  }

  private void fill(int index, int piece) {
    long from = frame + offset;
    long descriptor =
        memory.descriptor(DmaLog.Kind.DESCRIPTOR_READ, queue.index, queue.base + 16L * index, 16);
    bill.descriptorReads(1);
    if (descriptor == 0 || faults.writeBack() == WriteBackFault.DD_WITHOUT_DATA) {
      return;
    }
    bill.packetWritten(piece);
    long buffer = Mem.getLong(descriptor);
    long to = memory.direct(DmaLog.Kind.PACKET_WRITE, queue.index, buffer, piece);
    if (to != 0) {
      Mem.copy(from, to, piece);
    } else {
      memory.write(DmaLog.Kind.PACKET_WRITE, queue.index, buffer, from, piece);
    }
  }

  private void remember(int index, int piece, boolean last) {
    int at = (first + filled) & (AHEAD - 1);
    filledQueue[at] = queue;
    filledIndex[at] = index;
    int bits = last ? status | EOP | DD : DD;
    if (queue.legacy) {
      // dw3: status, errors, VLAN; dw2: length. The address in bytes 0 to 7 stays.
      long upper = (bits & 0xFF) | (last ? legacyErrors() << 8 | vlanTag << 16 : 0);
      filledHigh[at] = piece | upper << 32;
    } else {
      filledLow[at] = last ? (info & 0xFFFFFFFFL) | (long) hashOrChecksum << 32 : 0;
      long upper = piece | (last ? vlanTag << 16 : 0);
      filledHigh[at] = (bits & 0xFFFFFFFFL) | upper << 32;
    }
    queue.next = queue.after(index);
    placing = !last;
    filled++;
  }

  /** L4E is bit 30 of the advanced word and 6 of the legacy byte, IPE 31 and 7. */
  private int legacyErrors() {
    return status >>> 24 & 0xC0;
  }

  /** Reports the oldest filled buffer, which is forgotten when that is done. */
  void writeBack() {
    int at = first;
    RxQueue to = filledQueue[at];
    int index = filledIndex[at];
    long low = filledLow[at];
    long high = filledHigh[at];
    WriteBackFault wrong = faults.writeBack();
    if (wrong != null) {
      low = wrong == WriteBackFault.ALL_ONES ? -1 : low;
      high = corrupt(wrong, to, high);
    }
    long descriptor =
        memory.descriptor(DmaLog.Kind.STATUS_WRITE, to.index, to.base + 16L * index, 16);
    if (descriptor != 0) {
      if (!to.legacy) {
        Mem.putLong(descriptor, low);
      }
      Mem.putLongRelease(descriptor + 8, high);
    }
    first = (at + 1) & (AHEAD - 1);
    filled--;
    bill.descriptorWrites(1);
    to.advanceHead(card, to.after(index));
    card.rxWritten(to.index);
  }

  private static long corrupt(WriteBackFault fault, RxQueue queue, long high) {
    int lengthAt = queue.legacy ? 0 : 32;
    int statusAt = queue.legacy ? 32 : 0;
    long without = high & ~(0xFFFFL << lengthAt);
    return switch (fault) {
      case ZERO_LENGTH -> without;
      case LENGTH_ABOVE_BUFFER -> without | (queue.bufferSize + 1L) << lengthAt;
      case LENGTH_FFFF -> without | 0xFFFFL << lengthAt;
      case ALL_ONES -> -1;
      case NO_EOP -> high & ~((long) EOP << statusAt);
      default -> high;
    };
  }

  /** Drops the rest of the current frame. */
  void abandon() {
    placing = false;
  }

  /** Drops what a queue that was disabled or moved has not reported. */
  void forget(int index) {
    int kept = 0;
    for (int i = 0; i < filled; i++) {
      int at = (first + i) & (AHEAD - 1);
      if (filledQueue[at].index != index) {
        int to = (first + kept++) & (AHEAD - 1);
        filledQueue[to] = filledQueue[at];
        filledIndex[to] = filledIndex[at];
        filledLow[to] = filledLow[at];
        filledHigh[to] = filledHigh[at];
      }
    }
    filled = kept;
  }

  void clear() {
    filled = 0;
    placing = false;
  }

  void flushCounts() {
    if (!counts) {
      return;
    }
    counts = false;
    for (int i = 0; i < queuePackets.length; i++) {
      if (queuePackets[i] != 0) {
        card.count(QPRC + 0x40 * i, queuePackets[i]);
        card.count(QBRC + 0x40 * i, queueBytes[i]);
        queuePackets[i] = queueBytes[i] = 0;
      }
    }
  }
}

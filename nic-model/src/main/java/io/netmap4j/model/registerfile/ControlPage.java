package io.netmap4j.model.registerfile;

import io.netmap4j.frames.Checksum;
import io.netmap4j.frames.NetOrder;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.PcieBill;
import java.util.List;

/**
 * The page by which a measuring program asks for windows of packets, and reads the PCIe bill.
 * Little endian, 32 bits where not said. The program writes the request's number last, one more
 * each time; the card's side writes the answered number last.
 *
 * <pre>
 *  0x00  request number
 *  0x04  command: 1 complete all TX, 2 a frame into every RX descriptor that the card owns,
 *        4 clear the bill, after the others
 *  0x08  length of those frames without FCS, 60 to 9724; 0 is 60
 *  0x0c  card: 0, 1, 0xff both
 *  0x40  answered request number
 *  0x44  status: 0 ok, 1 no such command, card or length, 2 not in lock-step
 *  0x48  frames put into RX queue 0 of card 0; 0x4c of card 1
 *  0x80  bill of card 0, 0x100 of card 1, 64 bits each: frames received, frames sent, tail writes
 *        RX, tail writes TX, descriptor bytes read, descriptor bytes written, write-backs, payload
 *        bytes read, payload bytes written, register reads
 * </pre>
 *
 * Register reads are 0: loads from a file leave no trace. Tail writes are those that were seen: a
 * program that wants them all asks for a window after each of its calls.
 */
final class ControlPage implements AutoCloseable {
  static final int BYTES = 4096;
  static final int REQUEST = 0x00;
  static final int COMMAND = 0x04;
  static final int LENGTH = 0x08;
  static final int CARD = 0x0C;
  static final int ANSWERED = 0x40;
  static final int STATUS = 0x44;
  static final int FRAMES = 0x48;
  static final int BILL = 0x80;
  static final int BILL_STRIDE = 0x80;

  static final int COMPLETE = 1;
  static final int REFILL = 2;
  static final int CLEAR = 4;
  static final int BOTH = 0xFF;

  private static final int LEAST = 60;
  private static final int MOST = 9724;
  private static final int ETHERNET = 14;
  private static final int IPV4 = 20;
  private static final int UDP = 17;
  private static final int ITEMS = 10;
  private static final int DESCRIPTOR_BYTES = 16;
  private static final int BATCH = 64;

  /** Rounds without an end are a mistake of ours: a ring has at most 65,536 descriptors. */
  private static final int MOST_ROUNDS = 10_000;

  private final long page;
  private final List<PolledCard> cards;
  private final long[] frames;
  private final long[][] cleared;
  private int answered;
  private int framesOf;

  /**
   * @param file {@link #BYTES}, zeroed
   */
  ControlPage(SharedFile file, List<PolledCard> cards) {
    this.page = file.address();
    this.cards = cards;
    this.frames = new long[cards.size()];
    this.cleared = new long[cards.size()][ITEMS];
    for (int i = 0; i < frames.length; i++) {
      frames[i] = Mem.allocate(MOST);
      clear(i);
    }
  }

  /** True when a window is asked for. */
  boolean asked() {
    return Mem.getIntVolatile(page + REQUEST) != answered;
  }

  /**
   * Does what is asked for; doorbells have been taken in. For the cards' thread.
   *
   * @param lockStep whether packets move on request only; otherwise none is asked for
   */
  void answer(boolean lockStep) {
    int request = Mem.getIntVolatile(page + REQUEST);
    int command = Mem.getInt(page + COMMAND);
    int length = Mem.getInt(page + LENGTH) == 0 ? LEAST : Mem.getInt(page + LENGTH);
    int which = Mem.getInt(page + CARD);
    boolean known =
        (command & ~(COMPLETE | REFILL | CLEAR)) == 0
            && length >= LEAST
            && length <= MOST
            && (which == BOTH || which >= 0 && which < cards.size());
    boolean done = known && (lockStep || (command & (COMPLETE | REFILL)) == 0);
    for (int i = 0; done && i < cards.size(); i++) {
      if (which == BOTH || which == i) {
        serve(i, command, length);
      }
    }
    writeBill();
    Mem.putInt(page + STATUS, done ? 0 : known ? 2 : 1);
    answered = request;
    Mem.putIntRelease(page + ANSWERED, request);
  }

  private void serve(int index, int command, int length) {
    Nic82599 card = cards.get(index).card();
    if ((command & COMPLETE) != 0) {
      int rounds = 0;
      while (card.run(BATCH) > 0 && rounds < MOST_ROUNDS) {
        rounds++;
      }
    }
    int filled = 0;
    if ((command & REFILL) != 0) {
      if (length != framesOf) {
        makeFrames(length);
      }
      filled = card.fill(frames[index], length);
    }
    Mem.putInt(page + FRAMES + 4L * index, filled);
    if ((command & CLEAR) != 0) {
      clear(index);
    }
  }

  /** UDP over IPv4 from another card to this one, without a UDP checksum. */
  private void makeFrames(int length) {
    framesOf = length;
    for (int i = 0; i < frames.length; i++) {
      long at = frames[i];
      Mem.set(at, MOST, (byte) 0);
      long mac = cards.get(i).card().options().mac();
      for (int octet = 0; octet < 6; octet++) {
        Mem.putByte(at + octet, (byte) (mac >>> 40 - 8 * octet));
      }
      Mem.putByte(at + 6, (byte) 0x02);
      Mem.putByte(at + 11, (byte) 0x99);
      NetOrder.put16(at + 12, 0x0800);
      long ip = at + ETHERNET;
      Mem.putByte(ip, (byte) 0x45);
      NetOrder.put16(ip + 2, length - ETHERNET);
      Mem.putByte(ip + 8, (byte) 64);
      Mem.putByte(ip + 9, (byte) UDP);
      NetOrder.put32(ip + 12, 0x0A000001);
      NetOrder.put32(ip + 16, 0x0A000002);
      NetOrder.put16(ip + 10, ~Checksum.sum(ip, IPV4, 0) & 0xFFFF);
      NetOrder.put16(ip + IPV4, 1000);
      NetOrder.put16(ip + IPV4 + 2, 2000);
      NetOrder.put16(ip + IPV4 + 4, length - ETHERNET - IPV4);
    }
  }

  private void clear(int index) {
    for (int item = 0; item < ITEMS; item++) {
      cleared[index][item] += item(index, item);
    }
  }

  /** Writes what the cards have counted. For the cards' thread. */
  void writeBill() {
    for (int i = 0; i < cards.size(); i++) {
      for (int item = 0; item < ITEMS; item++) {
        Mem.putLong(page + BILL + (long) i * BILL_STRIDE + 8L * item, item(i, item));
      }
    }
  }

  private long item(int index, int item) {
    PolledCard polled = cards.get(index);
    Nic82599 card = polled.card();
    PcieBill.Snapshot bill = card.bill().snapshot();
    long total =
        switch (item) {
          case 0 -> card.total("GPRC");
          case 1 -> card.total("GPTC");
          case 2 -> polled.rxDoorbells();
          case 3 -> polled.txDoorbells();
          case 4 -> bill.descriptorsRead() * DESCRIPTOR_BYTES;
          case 5 -> bill.descriptorsWritten() * DESCRIPTOR_BYTES;
          case 6 -> bill.descriptorsWritten();
          case 7 -> bill.packetBytesRead();
          case 8 -> bill.packetBytesWritten();
          default -> 0;
        };
    return total - cleared[index][item];
  }

  @Override
  public void close() {
    for (long frame : frames) {
      Mem.free(frame);
    }
  }
}

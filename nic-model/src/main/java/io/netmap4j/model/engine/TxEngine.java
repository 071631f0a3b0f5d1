package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.fault.CardFaults;
import io.netmap4j.model.fault.WriteBackFault;
import io.netmap4j.model.wire.FrameSink;
import io.netmap4j.model.wire.Wire;
import io.netmap4j.model.wire.WireEnd;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * The transmit side: fetches descriptors, sends the packets that they make, and reports those that
 * asked for it. The status of a fetched descriptor means nothing (docs/82599.md 4.7).
 *
 * <p>For one thread at a time; only {@link #configChanged} may come from another.
 */
public final class TxEngine {
  private static final int CONTEXT = 2;
  private static final int DATA = 3;

  /** Preamble, CRC and gap, in bytes. */
  private static final int BETWEEN_FRAMES = 24;

  /** What a slow link takes ahead of time, so that it is busy while its thread rests. */
  private static final long BURST_NANOS = 500_000;

  /** Packets of one queue before it is another's turn. */
  private static final int TURN = 16;

  private final CardState card;
  private final DeviceMemory memory;
  private final PcieBill bill;
  private final CardFaults faults;
  private final TxQueue[] queues = new TxQueue[QUEUES];
  private final TxQueue[] active = new TxQueue[QUEUES];
  private final TxPacket packet = new TxPacket();
  private final TxFrames frames;
  private final FrameCounts good = new FrameCounts(PTC64, GPTC, BPTC, MPTC, GOTC);
  private final long[] queuePackets = new long[16];
  private final long[] queueBytes = new long[16];

  private volatile boolean changed = true;
  private FrameSink own;
  private boolean loopback;
  private Wire wire;
  private WireEnd end;
  private int byteNanos;

  /** When a slow link has sent what it was given. */
  private long freeAt;

  private int actives;
  private int turn;
  private int longest;
  private long sent;

  public TxEngine(CardState card) {
    this.card = card;
    this.memory = card.memory();
    this.bill = card.bill();
    this.faults = card.faults();
    this.frames = new TxFrames(card);
    for (int i = 0; i < QUEUES; i++) {
      queues[i] = new TxQueue(i);
    }
  }

  /** What this card sends goes into {@code end} of {@code wire}; null: into nothing. */
  public void attach(Wire wire, WireEnd end) {
    this.wire = wire;
    this.end = end;
  }

  /** Where HLREG0.LPBK takes what this card sends, instead of to the wire. */
  public void loopback(FrameSink own) {
    this.own = own;
  }

  /**
   * To be called after a write to any register but a tail, an interrupt's or a counter. Any thread.
   */
  public void configChanged() {
    changed = true;
  }

  private void refreshIfChanged() {
    if (changed) {
      changed = false;
      try {
        refresh();
      } catch (RuntimeException e) {
        changed = true; // a violation: it is one until the registers are right
        throw e;
      }
    }
  }

  private void refresh() {
    frames.refresh();
    loopback = (card.reg(HLREG0) & HLREG0_LPBK) != 0;
    longest = longestFrame(card);
    boolean on = (card.reg(DMATXCTL) & DMATXCTL_TE) != 0;
    actives = 0;
    for (TxQueue queue : queues) {
      queue.refresh(card);
      if (on && queue.enabled) {
        active[actives++] = queue;
      }
    }
  }

  private boolean begin() {
    boolean entered = memory.enter();
    if (wire != null) {
      wire.begin(end);
    }
    return entered;
  }

  private void end(boolean entered) {
    try {
      if (wire != null) {
        wire.end(end);
      }
      flushCounts();
    } finally {
      if (entered) {
        memory.exit();
      }
    }
  }

  /** Sends up to {@code budget} packets, of all queues in turn. @return how many */
  public int run(int budget) {
    boolean entered = begin();
    try {
      refreshIfChanged();
      if (!card.linkUp()) {
        return 0;
      }
      byteNanos = card.byteNanos();
      int done = 0;
      int idle = 0;
      while (done < budget && idle < actives) {
        turn = turn + 1 < actives ? turn + 1 : 0;
        int n = runQueue(active[turn], Math.min(TURN, budget - done));
        done += n;
        idle = n == 0 ? idle + 1 : 0;
      }
      return done;
    } finally {
      end(entered);
    }
  }

  private int runQueue(TxQueue queue, int budget) {
    int done = 0;
    int fetchable = queue.available(card);
    while (done < budget) {
      while (!queue.complete && fetchable > 0) {
        fetch(queue);
        fetchable--;
      }
      if (!queue.complete || !send(queue)) {
        break;
      }
      done++;
    }
    while (queue.mayReport()) {
      report(queue);
    }
    queue.flushIfHeldLong(card);
    return done;
  }

  /**
   * One small unit of work of one queue: a descriptor fetched, a packet sent, or a status written
   * back.
   *
   * @return false when no queue had any
   */
  public boolean step(RandomGenerator random) {
    boolean entered = begin();
    try {
      refreshIfChanged();
      if (actives == 0 || !card.linkUp()) {
        return false;
      }
      byteNanos = card.byteNanos();
      int first = random.nextInt(actives);
      for (int i = 0; i < actives; i++) {
        if (stepQueue(active[(first + i) % actives], random)) {
          return true;
        }
      }
      return false;
    } finally {
      end(entered);
    }
  }

  private boolean stepQueue(TxQueue queue, RandomGenerator random) {
    queue.flushIfHeldLong(card);
    boolean canReport = queue.mayReport();
    boolean canFetch = !queue.complete && queue.available(card) > 0;
    if (canReport && (!(canFetch || queue.complete) || random.nextBoolean())) {
      report(queue);
      return true;
    }
    if (canFetch) {
      fetch(queue);
      return true;
    }
    return queue.complete && send(queue);
  }

  /** Takes in the next descriptor. */
  private void fetch(TxQueue queue) {
    int place = queue.next;
    long at =
        memory.descriptor(DmaLog.Kind.DESCRIPTOR_READ, queue.index, queue.base + 16L * place, 16);
    bill.descriptorReads(1);
    if (at == 0) {
      queue.next = queue.after(place);
      queue.clearPacket();
      queue.advanceHead(card);
      return;
    }
    long low = Mem.getLong(at);
    long high = Mem.getLong(at + 8);
    // From here on it is taken: an access that fails above leaves it to be read again.
    queue.next = queue.after(place);
    if ((high & TxPacket.DEXT) == 0 || (high >>> 20 & 0xF) == DATA) {
      queue.append(place, low, high);
      queue.complete = (high & TxPacket.EOP) != 0;
      return;
    }
    boolean between = queue.count == 0;
    queue.done(place, high);
    if (between) {
      queue.advanceHead(card);
    }
    if ((high >>> 20 & 0xF) == CONTEXT) {
      queue.setContext(low, high);
      if (!between) {
        card.violation(
            where(queue, place) + "a context descriptor within a packet " + "(docs/82599.md 4.2)");
      }
    } else {
      card.violation(
          where(queue, place)
              + "DTYP "
              + (high >>> 20 & 0xF)
              + " is reserved, 2 (context) and 3 (data) exist (docs/82599.md 4.1)");
    }
  }

  private static String where(TxQueue queue, int place) {
    return "TX queue " + queue.index + ", descriptor " + place + ": ";
  }

  /** Sends the complete packet. @return false when the wire is busy; the packet stays */
  private boolean send(TxQueue queue) {
    packet.read(queue);
    boolean finished = true;
    try {
      if (queue.segmentsSent == 0) {
        check(queue);
      }
      finished = transmit(queue);
    } finally {
      if (finished) {
        finish(queue);
      }
    }
    return finished;
  }

  /** Strict: throws, and the packet is dropped. Lenient: goes on as far as that is possible. */
  private void check(TxQueue queue) {
    String broken = packet.brokenRule(queue, longest);
    if (broken != null) {
      card.violation(broken);
    }
  }

  private boolean transmit(TxQueue queue) {
    if (faults.straysNow()) {
      queue.address[0] = faults.strayAddress();
    }
    if (packet.plain() && queue.count == 1 && !frames.pads(packet.bytes)) {
      long at = memory.direct(DmaLog.Kind.PACKET_READ, queue.index, queue.address[0], packet.bytes);
      if (at != 0) {
        return packet.bytes < 14 || put(queue, at, packet.bytes);
      }
    }
    if (!packet.fitsOffload() || !frames.gather(queue, packet)) {
      return true;
    }
    if (!packet.segment) {
      frames.whole(packet);
      return frames.length < 14 || put(queue, frames.frame, frames.length);
    }
    int segments = frames.segments(packet);
    while (queue.segmentsSent < segments) {
      frames.segment(packet, queue.segmentsSent);
      if (!put(queue, frames.frame, frames.length)) {
        return false;
      }
      queue.segmentsSent++;
    }
    return true;
  }

  private boolean put(TxQueue queue, long frame, int length) {
    if (loopback ? !own.receive(frame, length) : wire != null && !toWire(frame, length)) {
      return false;
    }
    sent++;
    good.add(frame, length, length + CRC);
    queuePackets[queue.counter]++;
    queueBytes[queue.counter] += length;
    return true;
  }

  private boolean toWire(long frame, int length) {
    if (byteNanos == 0) {
      return card.garbles() || wire.send(end, frame, length);
    }
    long now = card.nanos();
    if (freeAt - now > BURST_NANOS || !card.garbles() && !wire.send(end, frame, length)) {
      return false;
    }
    freeAt = (freeAt - now > 0 ? freeAt : now) + (long) byteNanos * (length + BETWEEN_FRAMES);
    return true;
  }

  /** The packet's descriptors are done with. */
  private void finish(TxQueue queue) {
    bill.packetRead(packet.bytes);
    for (int i = 0; i < queue.count; i++) {
      queue.done(queue.place[i], queue.words[i]);
    }
    queue.clearPacket();
    queue.advanceHead(card);
  }

  /** Writes back the oldest status, or the head. */
  private void report(TxQueue queue) {
    int place = queue.reportPlace();
    long words = queue.reportWords();
    queue.reported();
    bill.descriptorWrites(1);
    if (queue.headWriteBack != 0) {
      long at = memory.descriptor(DmaLog.Kind.STATUS_WRITE, queue.index, queue.headWriteBack, 4);
      if (at != 0) {
        Mem.putIntRelease(at, queue.after(place));
      }
    } else {
      writeStatus(queue, place, words);
    }
    card.txReported(queue.index);
  }

  /**
   * All of an advanced descriptor but DD is undefined after the write-back: zeros here, so that no
   * driver relies on it.
   */
  private void writeStatus(TxQueue queue, int place, long words) {
    WriteBackFault wrong = faults.writeBack();
    int to = wrong == WriteBackFault.DD_ON_WRONG_DESCRIPTOR ? queue.after(place) : place;
    long at = memory.descriptor(DmaLog.Kind.STATUS_WRITE, queue.index, queue.base + 16L * to, 16);
    if (at == 0) {
      return;
    }
    boolean advanced = (words & TxPacket.DEXT) != 0;
    long status = advanced ? 1L << 32 : words | 1L << 32;
    if (wrong == WriteBackFault.ALL_ONES) {
      Mem.putLong(at, -1);
      status = -1;
    } else if (advanced) {
      Mem.putLong(at, 0);
    }
    Mem.putLongRelease(at + 8, status);
  }

  /** Reports what WTHRESH holds back: SWFLSH was written. */
  public void flush(int queue) {
    boolean entered = memory.enter();
    try {
      queues[queue].flush();
      while (queues[queue].enabled && queues[queue].mayReport()) {
        report(queues[queue]);
      }
    } finally {
      if (entered) {
        memory.exit();
      }
    }
  }

  private void flushCounts() {
    if (sent == 0) {
      return;
    }
    card.count(TPT, sent);
    sent = 0;
    good.flush(card);
    for (int i = 0; i < queuePackets.length; i++) {
      if (queuePackets[i] != 0) {
        card.count(QPTC + 0x40 * i, queuePackets[i]);
        card.count(QBTC + 8 * i, queueBytes[i]);
        queuePackets[i] = queueBytes[i] = 0;
      }
    }
  }

  /** Forgets packets, contexts and places: the card's registers are at their reset values. */
  public void reset() {
    boolean entered = memory.enter();
    try {
      for (TxQueue queue : queues) {
        queue.forget();
        queue.enabled = false;
        Arrays.fill(queue.contextSet, false);
      }
      actives = 0;
      changed = true;
    } finally {
      if (entered) {
        memory.exit();
      }
    }
  }

  public void close() {
    frames.close();
  }
}

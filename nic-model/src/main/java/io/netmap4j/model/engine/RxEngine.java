package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.frames.Checksum;
import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.wire.FrameSink;
import io.netmap4j.model.wire.Wire;
import java.util.random.RandomGenerator;

/**
 * The receive side: filters a frame, chooses its queue and puts it into that queue's buffers, by
 * way of the packet buffer when the queue has none at hand.
 *
 * <p>For one thread, with the card's memory entered: {@link #begin} to {@link #end}. Only {@link
 * #configChanged} may come from another.
 */
public final class RxEngine implements FrameSink {
  private static final int SCRATCH = (1 << 16) + 64;

  private final CardState card;
  private final DeviceMemory memory;
  private final RxFilter filter;
  private final RxClassifier classifier;
  private final RxWriter writer;
  private final FrameHeaders headers = new FrameHeaders();
  private final PacketFifo fifo = new PacketFifo();
  private final RxQueue[] queues = new RxQueue[QUEUES];
  private final long scratch = Mem.allocate(SCRATCH);
  private final FrameCounts good = new FrameCounts(PRC64, GPRC, BPRC, MPRC, GORC);

  private volatile boolean changed = true;
  private boolean enabled;
  private boolean keepCrc;
  private int longest;
  private boolean stepped;
  private int depth;
  private boolean entered;
  private boolean closed;

  /** The frame under way is the sender's: it did not go through the packet buffer. */
  private boolean passing;

  private long totalFrames;
  private long totalBytes;

  public RxEngine(CardState card) {
    this.card = card;
    this.memory = card.memory();
    this.filter = new RxFilter(card);
    this.classifier = new RxClassifier(card);
    this.writer = new RxWriter(card);
    for (int i = 0; i < QUEUES; i++) {
      queues[i] = new RxQueue(i);
    }
    fifo.clear();
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
    enabled = (card.reg(RXCTRL) & RXCTRL_RXEN) != 0;
    // The MAC strips; RDRXCTL.CRCSTRIP only tells the DMA unit of it. With the two unequal (iPXE,
    // FreeBSD's ix) frames come as HLREG0 says: both take the length as it is.
    keepCrc = (card.reg(HLREG0) & HLREG0_RXCRCSTRP) == 0;
    longest = longestFrame(card);
    fifo.capacity((card.reg(RXPBSIZE) >>> 10 & 0x3FF) << 10);
    filter.refresh();
    classifier.refresh();
    for (RxQueue queue : queues) {
      if (queue.refresh(card)) {
        writer.forget(queue.index);
        if (writer.placing() && !fifo.isEmpty() && fifo.queue() == queue.index) {
          writer.abandon();
          fifo.remove();
        }
      }
    }
  }

  @Override
  public void begin() {
    boolean took = memory.enter();
    if (depth++ == 0) {
      entered = took;
    }
  }

  @Override
  public void end() {
    if (--depth == 0) {
      flushCounts();
      if (entered) {
        memory.exit();
      }
    }
  }

  @Override
  public boolean listening() {
    return (card.reg(RXCTRL) & RXCTRL_RXEN) != 0 && card.linkUp();
  }

  @Override
  public boolean armed() {
    if (!listening()) {
      return false;
    }
    begin();
    try {
      refreshIfChanged();
      boolean found = false;
      for (RxQueue queue : queues) {
        found |= queue.enabled && queue.available(card) > 0;
      }
      return found;
    } finally {
      end();
    }
  }

  @Override
  public boolean receive(long address, int length) {
    begin();
    try {
      refreshIfChanged();
      return accept(address, length);
    } finally {
      end();
    }
  }

  @Override
  public void missed(long address, int length) {
    begin();
    try {
      refreshIfChanged();
      count(address, length, true);
      card.count(RXMPC, 1);
    } finally {
      end();
    }
  }

  /**
   * Receives copies of one frame, as if they came from the wire, until queue 0 has no descriptor
   * left or does not get them.
   *
   * @return how many queue 0 took
   */
  public int fill(long address, int length) {
    begin();
    try {
      refreshIfChanged();
      RxQueue queue = queues[0];
      int needed = writer.descriptors(queue, length);
      int taken = 0;
      while (queue.enabled && queue.available(card) >= needed) {
        int before = queue.next;
        accept(address, length);
        if (queue.next == before) {
          break; // filtered, or another queue's
        }
        taken++;
      }
      return taken;
    } finally {
      end();
    }
  }

  private boolean accept(long frame, int length) {
    if (!enabled || !card.linkUp()) {
      return true;
    }
    if (length < Wire.MIN_FRAME) {
      count(frame, length, false);
      card.count(RUC, 1);
      return true;
    }
    headers.parse(frame, length, classifier.vlanType());
    if (length + CRC > longest + (headers.vlan() ? 4 : 0)) {
      count(frame, length, false);
      card.count(ROC, 1);
      return true;
    }
    if (!filter.accepts(frame, headers)) {
      count(frame, length, false);
      return true;
    }
    classifier.classify(frame, headers);
    return store(frame, length, queues[classifier.queue]);
  }

  private boolean store(long frame, int length, RxQueue queue) {
    if (!queue.enabled) {
      count(frame, length, true);
      dropped(queue);
      return true;
    }
    boolean strip = headers.vlan() && queue.stripVlan;
    long bytes = frame;
    int stored = length;
    if (strip || keepCrc) {
      stored = edit(frame, length, strip);
      bytes = scratch;
    }
    int tag = strip ? headers.vlanTag() : 0;
    if (fifo.isEmpty() && !stepped) {
      int needed = writer.descriptors(queue, stored);
      if (queue.available(card) >= needed) {
        count(frame, length, true);
        passing = true;
        writer.start(queue, bytes, stored, counted(length), tag);
        writer.describe(classifier.info, classifier.hashOrChecksum, classifier.status);
        writer.finish();
        passing = false;
        return true;
      }
      if (queue.drop || needed >= queue.size) {
        count(frame, length, true);
        dropped(queue);
        return true;
      }
    }
    if (!fifo.fits(stored)) {
      return false;
    }
    count(frame, length, true);
    fifo.add(bytes, stored, counted(length), queue.index, tag, classifier);
    return true;
  }

  /** Takes the VLAN tag out and puts the CRC behind, in our own copy. @return the new length */
  private int edit(long frame, int length, boolean strip) {
    int cut = strip ? 4 : 0;
    Mem.copy(frame, scratch, 12);
    Mem.copy(frame + 12 + cut, scratch + 12, length - 12 - cut);
    if (!keepCrc) {
      return length - cut;
    }
    Mem.putInt(scratch + length - cut, Checksum.crc32(frame, length));
    return length - cut + CRC;
  }

  private int counted(int length) {
    return keepCrc ? length + CRC : length;
  }

  /**
   * Good frames are counted even if no descriptor takes them: drivers subtract RXMPC (docs/82599.md
   * 7).
   */
  private void count(long frame, int length, boolean isGood) {
    totalFrames++;
    totalBytes += length + CRC;
    if (isGood) {
      good.add(frame, length, counted(length));
    }
  }

  private void flushCounts() {
    if (totalFrames != 0) {
      card.count(TPR, totalFrames);
      card.count(TOR, totalBytes);
      totalFrames = totalBytes = 0;
      good.flush(card);
    }
    writer.flushCounts();
  }

  private void dropped(RxQueue queue) {
    if (queue.drop) {
      card.count(QPRDC + 0x40 * queue.counter, 1);
    } else {
      card.count(RXMPC, 1);
    }
  }

  /** Moves frames from the packet buffer to descriptors. @return how many */
  public int run(int budget) {
    stepped = false;
    begin();
    try {
      refreshIfChanged();
      int done = finishSteps();
      while (done < budget && startFirst()) {
        writer.finish();
        fifo.remove();
        done++;
      }
      return done;
    } finally {
      end();
    }
  }

  /** Completes what steps have begun. @return frames */
  private int finishSteps() {
    boolean withinFrame = writer.placing();
    writer.finish();
    if (withinFrame) {
      fifo.remove();
    }
    return withinFrame ? 1 : 0;
  }

  /**
   * One small unit of work: a buffer filled, or a descriptor written back. From the first step on,
   * frames always go through the packet buffer, so that all of their DMA happens in steps; {@link
   * #run} ends that.
   *
   * @return false when there was nothing to do
   */
  public boolean step(RandomGenerator random) {
    stepped = true;
    begin();
    try {
      refreshIfChanged();
      boolean canWriteBack = writer.pending();
      boolean canPlace = writer.canPlace() && (writer.placing() || startFirst());
      if (canWriteBack && (!canPlace || random.nextBoolean())) {
        writer.writeBack();
        return true;
      }
      if (canPlace) {
        writer.place();
        if (!writer.placing()) {
          fifo.remove();
        }
      }
      return canPlace;
    } finally {
      end();
    }
  }

  /**
   * Makes the first frame of the packet buffer the current one, past those that must be dropped.
   */
  private boolean startFirst() {
    while (enabled && !fifo.isEmpty()) {
      RxQueue queue = queues[fifo.queue()];
      if (queue.enabled) {
        int needed = writer.descriptors(queue, fifo.length());
        if (queue.available(card) >= needed) {
          writer.start(queue, fifo.frame(), fifo.length(), fifo.wireLength(), fifo.vlanTag());
          writer.describe(fifo.info(), fifo.hashOrChecksum(), fifo.status());
          return true;
        }
        if (!queue.drop && needed < queue.size) {
          return false; // head of line: everything behind waits too
        }
      }
      dropped(queue);
      fifo.remove();
    }
    return false;
  }

  /**
   * An error has ended the burst that was under way. A frame that was being placed and is not in
   * the packet buffer is the sender's, and gone.
   */
  public void abandon() {
    depth = 0;
    if (passing) {
      passing = false;
      writer.abandon();
    }
  }

  /** Forgets frames and places: the card's registers are at their reset values. */
  public void reset() {
    boolean took = memory.enter();
    try {
      fifo.clear();
      writer.clear();
      passing = false;
      for (RxQueue queue : queues) {
        queue.enabled = false;
      }
      changed = true;
    } finally {
      if (took) {
        memory.exit();
      }
    }
  }

  public void close() {
    if (!closed) {
      closed = true;
      fifo.close();
      Mem.free(scratch);
    }
  }
}

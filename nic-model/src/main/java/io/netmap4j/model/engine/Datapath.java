package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.wire.FrameSink;
import io.netmap4j.model.wire.Wire;
import io.netmap4j.model.wire.WireEnd;
import java.util.random.RandomGenerator;

/**
 * Both engines of a card and its end of the wire. {@link #configChanged} may be called from any
 * thread; the rest is for who holds the card's lock, or takes it by it.
 */
public final class Datapath {
  private final CardState card;
  private final DeviceMemory memory;
  private final TxEngine tx;
  private final RxEngine rx;

  /** The engines of {@code card}, which are attached to nothing. */
  public Datapath(CardState card) {
    this.card = card;
    this.memory = card.memory();
    this.tx = new TxEngine(card);
    this.rx = new RxEngine(card);
    tx.loopback(rx);
  }

  /** Where a wire puts the frames for this card. */
  public FrameSink port() {
    return new Port();
  }

  /** What the card sends goes into {@code end} of {@code wire}; null: nowhere. */
  public void attach(Wire wire, WireEnd end) {
    tx.attach(wire, end);
  }

  /** A register that the engines read may have changed: they look before their next frame. */
  public void configChanged() {
    tx.configChanged();
    rx.configChanged();
  }

  /**
   * Receives and sends up to {@code budget} packets each. @return how many moved; 0 while the card
   * may not use memory
   */
  public int run(int budget) {
    return memory.allowed() ? rx.run(budget) + tx.run(budget) : 0;
  }

  /**
   * One small unit of work, chosen by {@code random}, of one of the engines.
   *
   * @return false when there was none
   */
  public boolean step(RandomGenerator random) {
    if (!memory.allowed()) {
      return false;
    }
    return random.nextBoolean()
        ? rx.step(random) || tx.step(random)
        : tx.step(random) || rx.step(random);
  }

  /** {@link RxEngine#fill}, for who holds the card's lock; 0 while the card may not use memory. */
  public int fill(long frame, int length) {
    return memory.allowed() ? rx.fill(frame, length) : 0;
  }

  /** SWFLSH of a transmit queue: reports what WTHRESH holds back. */
  public void flush(int txQueue) {
    tx.flush(txQueue);
  }

  /** Forgets frames, packets and places: the registers are at their reset values. */
  public void reset() {
    tx.reset();
    rx.reset();
  }

  /** An error has ended the burst that was under way. */
  public void abandonBurst() {
    rx.abandon();
  }

  /** Frees the engines' memory. */
  public void close() {
    tx.close();
    rx.close();
  }

  /**
   * The card's end of a wire. A frame that comes while the card may not use memory, or hears only
   * itself, is lost.
   */
  private final class Port implements FrameSink {
    @Override
    public void begin() {
      rx.begin();
    }

    @Override
    public void end() {
      rx.end();
    }

    @Override
    public int rates() {
      return card.rates();
    }

    private boolean deaf() {
      return !memory.allowed() || (card.reg(HLREG0) & HLREG0_LPBK) != 0;
    }

    @Override
    public boolean listening() {
      return !deaf() && rx.listening();
    }

    @Override
    public boolean armed() {
      return listening() && rx.armed();
    }

    @Override
    public boolean receive(long address, int length) {
      if (card.garbles() && listening()) {
        card.count(CRCERRS, 1);
        return true;
      }
      return deaf() || rx.receive(address, length);
    }

    @Override
    public void missed(long address, int length) {
      if (!deaf()) {
        rx.missed(address, length);
      }
    }
  }
}

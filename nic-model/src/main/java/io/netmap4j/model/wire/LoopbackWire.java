package io.netmap4j.model.wire;

/** Brings what a card sends back to the card. Its one end is {@link WireEnd#A}. */
public final class LoopbackWire implements Wire {
  private final CableMode mode;
  private final WireCounters counters = new WireCounters();
  private volatile FrameSink card;

  public LoopbackWire(CableMode mode) {
    this.mode = mode;
  }

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    card = sink;
  }

  @Override
  public boolean carrier(WireEnd end) {
    FrameSink sink = card;
    return sink != null && sink.lit();
  }

  @Override
  public void begin(WireEnd from) {
    if (card != null) {
      card.begin();
    }
  }

  @Override
  public void end(WireEnd from) {
    if (card != null) {
      card.end();
    }
  }

  @Override
  public boolean send(WireEnd from, long address, int length) {
    return mode.deliver(card, counters, address, length);
  }

  @Override
  public WireCounters counters(WireEnd from) {
    return counters;
  }
}

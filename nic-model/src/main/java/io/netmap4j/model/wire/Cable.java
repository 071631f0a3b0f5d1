package io.netmap4j.model.wire;

/** Joins two cards. */
public final class Cable implements Wire {
  private final CableMode mode;
  private final WireCounters fromA = new WireCounters();
  private final WireCounters fromB = new WireCounters();
  private volatile FrameSink a;
  private volatile FrameSink b;

  public Cable(CableMode mode) {
    this.mode = mode;
  }

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    if (end == WireEnd.A) {
      a = sink;
    } else {
      b = sink;
    }
  }

  private FrameSink peer(WireEnd of) {
    return of == WireEnd.A ? b : a;
  }

  @Override
  public boolean carrier(WireEnd end) {
    FrameSink peer = peer(end);
    return peer != null && peer.lit();
  }

  @Override
  public int rates(WireEnd end) {
    FrameSink peer = peer(end);
    return peer == null ? 0 : peer.rates();
  }

  @Override
  public void begin(WireEnd from) {
    if (peer(from) != null) {
      peer(from).begin();
    }
  }

  @Override
  public void end(WireEnd from) {
    if (peer(from) != null) {
      peer(from).end();
    }
  }

  @Override
  public boolean send(WireEnd from, long address, int length) {
    return mode.deliver(peer(from), counters(from), address, length);
  }

  @Override
  public WireCounters counters(WireEnd from) {
    return from == WireEnd.A ? fromA : fromB;
  }
}

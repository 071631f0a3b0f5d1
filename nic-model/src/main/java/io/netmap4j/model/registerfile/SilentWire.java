package io.netmap4j.model.registerfile;

import io.netmap4j.model.wire.FrameSink;
import io.netmap4j.model.wire.Wire;
import io.netmap4j.model.wire.WireCounters;
import io.netmap4j.model.wire.WireEnd;

/** Brings light and no frames, and takes whatever is sent. */
final class SilentWire implements Wire {
  private final WireCounters none = new WireCounters();

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    // Nothing comes out of it.
  }

  @Override
  public boolean carrier(WireEnd end) {
    return true;
  }

  @Override
  public boolean send(WireEnd from, long address, int length) {
    return true;
  }

  @Override
  public WireCounters counters(WireEnd from) {
    return none;
  }
}

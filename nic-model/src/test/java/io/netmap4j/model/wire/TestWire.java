package io.netmap4j.model.wire;

import io.netmap4j.linux.Mem;
import java.util.ArrayList;
import java.util.List;

/** Keeps what was sent; can be busy. */
public final class TestWire implements Wire {
  public final List<byte[]> frames = new ArrayList<>();
  public int room = Integer.MAX_VALUE;
  private final WireCounters counters = new WireCounters();
  private FrameSink card;

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    card = sink;
  }

  /** A frame arrives at the card. */
  public void deliver(byte[] frame) {
    long copy = Mem.allocate(frame.length);
    try {
      Mem.copyIn(frame, 0, copy, frame.length);
      card.receive(copy, frame.length);
    } finally {
      Mem.free(copy);
    }
  }

  @Override
  public boolean carrier(WireEnd end) {
    return true;
  }

  @Override
  public boolean send(WireEnd from, long address, int length) {
    if (frames.size() >= room) {
      return false;
    }
    byte[] frame = new byte[length];
    Mem.copyOut(address, frame, 0, length);
    return frames.add(frame);
  }

  @Override
  public WireCounters counters(WireEnd from) {
    return counters;
  }
}

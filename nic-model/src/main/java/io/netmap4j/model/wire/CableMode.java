package io.netmap4j.model.wire;

/** What a wire does with a frame that the peer's full packet buffer refuses. */
public enum CableMode {
  /** The sender waits, as with pause frames: nothing is lost. */
  FLOW_CONTROLLED,
  /** The frame is gone, and counted by the peer (RXMPC). */
  LOSSY;

  boolean deliver(FrameSink sink, WireCounters counters, long address, int length) {
    if (sink == null || !sink.listening()) {
      counters.addLost();
    } else if (!sink.receive(address, length)) {
      if (this == FLOW_CONTROLLED) {
        return false;
      }
      sink.missed(address, length);
      counters.addLost();
    }
    counters.addSent(length);
    return true;
  }
}

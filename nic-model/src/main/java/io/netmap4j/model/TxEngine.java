package io.netmap4j.model;

import java.util.random.RandomGenerator;

/** Transmit side. */
final class TxEngine {
  TxEngine(CardState card) {}

  void attach(Wire wire, WireEnd end) {}

  void configChanged() {}

  int run(int budget) {
    return 0;
  }

  boolean step(RandomGenerator random) {
    return false;
  }

  /** Writes back what WTHRESH holds: ITR expiry or SWFLSH. */
  void flush(int queue) {}

  void corruptWriteBack(WriteBackFault fault) {}

  void reset() {}

  void close() {}
}

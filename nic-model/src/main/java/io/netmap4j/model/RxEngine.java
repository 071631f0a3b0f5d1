package io.netmap4j.model;

import java.util.random.RandomGenerator;

/** Receive side. */
final class RxEngine implements FrameSink {
  RxEngine(CardState card) {}

  void configChanged() {}

  @Override
  public boolean receive(long address, int length) {
    return true;
  }

  @Override
  public void missed(long address, int length) {}

  int run(int budget) {
    return 0;
  }

  boolean step(RandomGenerator random) {
    return false;
  }

  void corruptWriteBack(WriteBackFault fault) {}

  void reset() {}

  void close() {}
}

package io.netmap4j.bench.scale;

/** One point of a curve: the same work in Java and in C, each on memory of its own. One thread. */
interface Point extends AutoCloseable {
  /** The chart of the curve: {@code scale-rings}. */
  String chart();

  /** Which of the chart's plots: {@code rx}. */
  String what();

  /** The value of what grows. */
  int x();

  /** What grows. */
  String xName();

  /** Packets of a round. */
  int packets();

  /**
   * Moves the packets of some rounds in Java.
   *
   * @return how many were moved
   */
  long java(long rounds);

  /**
   * Does the same in C.
   *
   * @param nanos address of a long that takes how much of the processor's time it took
   * @return how many packets were moved
   */
  long c(long rounds, long nanos);

  /** Closes the ports and frees the memory; of points that share them, the last one does. */
  @Override
  void close();
}

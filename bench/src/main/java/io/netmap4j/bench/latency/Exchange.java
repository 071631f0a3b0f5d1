package io.netmap4j.bench.latency;

/** Who uses the cards: our driver, or the control. */
interface Exchange extends AutoCloseable {
  /**
   * Sends packets from card 0 at the times when they are due, and takes them in when they are back,
   * answering them on card 1 in between if nobody else does.
   *
   * @param answer whether this thread also answers
   * @return how many came back
   */
  long ping(Trip trip, boolean answer);

  /** Before {@link #echo}: {@link #endEcho} counts from now on. */
  void beginEcho();

  /** Answers on card 1 until told to end. */
  void echo();

  /** Ends {@link #echo}. */
  void endEcho();

  @Override
  void close();
}

package io.netmap4j.model;

/** Placeholder until the card arrives. */
public final class ModelClock {
  public long nanos() {
    return System.nanoTime();
  }
}

package io.netmap4j.model;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** The time that a card lives in, in nanoseconds. Thread safe. */
public final class ModelClock implements LongSupplier {
  private final AtomicLong manual;

  private ModelClock(AtomicLong manual) {
    this.manual = manual;
  }

  /** {@link System#nanoTime}. */
  public static ModelClock real() {
    return new ModelClock(null);
  }

  /** Stands still at 0 until a test advances it. */
  public static ModelClock manual() {
    return new ModelClock(new AtomicLong());
  }

  @Override
  public long getAsLong() {
    return nanos();
  }

  /** Nanoseconds since some moment. */
  public long nanos() {
    return manual == null ? System.nanoTime() : manual.get();
  }

  /** Moves a manual clock on. @throws IllegalStateException for a real clock */
  public void advance(long nanos) {
    if (manual == null) {
      throw new IllegalStateException("a real clock cannot be advanced: use ModelClock.manual()");
    }
    manual.addAndGet(nanos);
  }
}

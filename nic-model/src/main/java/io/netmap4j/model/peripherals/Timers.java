package io.netmap4j.model.peripherals;

import io.netmap4j.model.registers.RegisterFile;
import java.util.function.LongSupplier;

/**
 * The free-running timer and the system time, which show the card's clock. For who holds the card's
 * lock.
 */
public final class Timers {
  private static final int SYSTIM_TICK = 10;

  private int systimHigh;

  /**
   * @param clock nanoseconds
   */
  public Timers(RegisterFile registers, LongSupplier clock) {
    registers.onRead("FRTIMER", i -> (int) (clock.getAsLong() / 1000));
    // Reading the low half latches the high one (docs/82599.md 2.7); here a tick is 10 ns.
    registers.onRead(
        "SYSTIML",
        i -> {
          long now = clock.getAsLong() / SYSTIM_TICK;
          systimHigh = (int) (now >>> 32);
          return (int) now;
        });
    registers.onRead("SYSTIMH", i -> systimHigh);
  }
}

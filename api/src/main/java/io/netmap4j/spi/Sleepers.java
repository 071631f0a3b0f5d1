package io.netmap4j.spi;

import io.netmap4j.linux.Order;
import java.util.Arrays;

/**
 * The waits that sleep for one ring of a port without descriptors ({@link Adapter#WAKES_BY_CALL}).
 * A sleeper is added, syncs once more, then sleeps; whoever makes news publishes it, then calls
 * {@link #wake}. So either the sleeper's sync sees the news, or the wake-up comes.
 */
public final class Sleepers {
  private static final Runnable[] NONE = {};

  private volatile Runnable[] wakes = NONE;

  /** Of {@link Adapter#arm}. */
  public synchronized void add(Runnable wake) {
    Runnable[] more = Arrays.copyOf(wakes, wakes.length + 1);
    more[wakes.length] = wake;
    wakes = more;
    Order.storedBeforeLooking(); // before the sleeper's last look
  }

  /** Of {@link Adapter#disarm}. */
  public synchronized void remove(Runnable wake) {
    Runnable[] before = wakes;
    for (int i = 0; i < before.length; i++) {
      if (before[i] == wake) {
        Runnable[] rest = before.length == 1 ? NONE : new Runnable[before.length - 1];
        System.arraycopy(before, 0, rest, 0, i);
        if (rest.length > 0) {
          System.arraycopy(before, i + 1, rest, i, rest.length - i);
        }
        wakes = rest;
        return;
      }
    }
  }

  /** Wakes who sleeps. Called after each publication; costs a fence where nobody does. */
  public void wake() {
    Order.storedBeforeLooking(); // between the publication and the look at who sleeps
    Runnable[] now = wakes;
    for (Runnable wake : now) {
      wake.run();
    }
  }
}

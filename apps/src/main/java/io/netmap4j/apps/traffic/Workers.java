package io.netmap4j.apps.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The threads of one command. The first failure stops the others and is thrown by {@link #join}.
 */
public final class Workers {
  /** What a thread does. */
  public interface Body {
    public void run() throws Exception;
  }

  private final List<Thread> threads = new ArrayList<>();
  private final Stop stop;
  private volatile Throwable failure;

  public Workers(Stop stop) {
    this.stop = stop;
  }

  public void start(String name, Body body) {
    Thread thread =
        new Thread(
            () -> {
              try {
                body.run();
              } catch (Throwable e) {
                failed(e);
              }
            },
            name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private synchronized void failed(Throwable e) {
    if (failure == null) {
      failure = e;
    }
    stop.request();
  }

  /**
   * Waits until all have ended, and prints the totals, whatever it was that ended them.
   *
   * @param report what each interval is for
   * @throws Exception what made one fail
   */
  public void run(long intervalMillis, Runnable report, Runnable totals) throws Exception {
    try {
      while (!await(intervalMillis)) {
        report.run();
      }
    } finally {
      stop.request();
      finish(totals);
    }
    join();
  }

  /** A failure of the totals, as of a device that is gone, is not the first. */
  private void finish(Runnable totals) {
    try {
      totals.run();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  /** Waits until all have ended. @return false when the time was over first */
  public boolean await(long millis) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    for (Thread thread : threads) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      thread.join(Math.max(1, left));
      if (thread.isAlive()) {
        return false;
      }
    }
    return true;
  }

  /** Waits until all have ended, without limit, and throws what made one fail. */
  public void join() throws Exception {
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure instanceof Exception e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }
}

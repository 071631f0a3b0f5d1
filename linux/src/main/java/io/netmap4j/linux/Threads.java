package io.netmap4j.linux;

/** What the JDK lacks for threads. */
public final class Threads {
  private Threads() {}

  /**
   * Waits until {@code thread} has ended, however often the caller is interrupted meanwhile; the
   * caller's interrupt status is kept. Returns at once for a thread that was never started.
   */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

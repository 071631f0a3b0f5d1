package io.netmap4j.bench.control;

import com.sun.jna.Pointer;
import io.netmap4j.linux.Mem;

/**
 * Whether a measurement is to end early: set by Ctrl-C (the JVM's shutdown), which then waits until
 * everything is closed. In memory that C reads, too.
 */
public final class EarlyEnd implements AutoCloseable {
  private static final long LONGEST_END_MILLIS = 5000;

  private final long flag = Mem.allocate(Long.BYTES);
  private final Thread hook = new Thread(this::interrupt, "bench-end");
  private final Object lock = new Object();
  private boolean closed;

  /** Watches for the end of the JVM. */
  public EarlyEnd() {
    Mem.putLong(flag, 0);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Asks for the end. For any thread. */
  public void request() {
    synchronized (lock) {
      if (!closed) {
        Mem.putIntRelease(flag, 1);
      }
    }
  }

  /** True once the end was asked for. */
  public boolean requested() {
    return Mem.getIntVolatile(flag) != 0;
  }

  /** For a parameter of type {@code _Atomic int32_t *}. */
  public Pointer pointer() {
    return new Pointer(flag);
  }

  private void interrupt() {
    request();
    synchronized (lock) {
      long end = System.nanoTime() + LONGEST_END_MILLIS * 1_000_000;
      try {
        for (long left = LONGEST_END_MILLIS; !closed && left > 0; ) {
          lock.wait(left);
          left = (end - System.nanoTime()) / 1_000_000;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** To be called last, when all that was measured is closed. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM is ending, and the hook may look at the flag
    }
    Mem.free(flag);
  }
}

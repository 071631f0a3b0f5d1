package io.netmap4j.linux;

import java.util.BitSet;
import java.util.stream.Collectors;

/** What the JDK lacks for threads. */
public final class Threads {
  /** Numbers of CPUs that a kernel has, NR_CPUS, at most. */
  private static final int MOST_CPUS = 8192;

  private Threads() {}

  /**
   * Lets the calling thread run on one CPU only; threads that it starts from now on too.
   *
   * @param cpu its number, from 0
   * @throws LinuxException EINVAL when the process may not use that CPU
   */
  public static void pin(int cpu) {
    BitSet one = new BitSet();
    one.set(cpu);
    int status = cpu < MOST_CPUS ? Libc.setAffinity(one, MOST_CPUS) : Libc.EINVAL;
    if (status != 0) {
      throw LinuxException.ofCall(
          "sched_setaffinity to CPU " + cpu,
          status,
          "this process may use "
              + cpus().stream().mapToObj(Integer::toString).collect(Collectors.joining(", ")));
    }
  }

  /** The CPUs that the calling thread may run on, by number. */
  public static BitSet cpus() {
    return Libc.affinity(MOST_CPUS);
  }

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

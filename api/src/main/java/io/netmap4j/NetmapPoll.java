package io.netmap4j;

import io.netmap4j.linux.Libc;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for several ports at once, of any kinds, as poll(2) does for several netmap descriptors;
 * other descriptors may be among them. For one thread.
 *
 * <p>Whoever is about to sleep arms every ring that it waits for, looks once more, and only then
 * sleeps: what arrives between the look and the sleep wakes it.
 */
public final class NetmapPoll {
  /** A wait that follows traffic looks at least so often, and for so long, before it sleeps. */
  private static final int LOOKS = 20;

  private static final long SPIN_NANOS = 50_000;

  /** Between two looks at a port that cannot wake anybody. */
  private static final long STEP_NANOS = 50_000;

  /** A sleep ends then at the latest, for ports that were closed meanwhile. */
  private static final int LONGEST_SLEEP_MILLIS = 1000;

  private NetmapPort[] ports = {};
  private int[] events = {};
  private int[] ready = {};
  private int[] descriptors = {};
  private WaitMode mode = WaitMode.INTERRUPT;
  private boolean busy;

  /**
   * Adds a port. The wait spins if one of its ports does, and is adaptive if one of them is.
   *
   * @param wanted {@link NetmapPort#POLLIN}, {@link NetmapPort#POLLOUT} or both
   * @return this
   */
  public NetmapPoll add(NetmapPort port, int wanted) {
    int n = ports.length;
    ports = Arrays.copyOf(ports, n + 1);
    events = Arrays.copyOf(events, n + 1);
    ready = Arrays.copyOf(ready, n + 1);
    ports[n] = port;
    events[n] = wanted;
    if (port.waitMode().compareTo(mode) < 0) {
      mode = port.waitMode();
    }
    return this;
  }

  /** Adds a descriptor that ends the wait when it becomes readable. @return this */
  public NetmapPoll addDescriptor(int fd) {
    descriptors = Arrays.copyOf(descriptors, descriptors.length + 1);
    descriptors[descriptors.length - 1] = fd;
    return this;
  }

  /** Another mode than that of the ports. @return this */
  public NetmapPoll mode(WaitMode other) {
    mode = other;
    return this;
  }

  /** Ready events of the port that was added as number {@code index}, after {@link #poll}. */
  public int ready(int index) {
    return ready[index];
  }

  /**
   * Waits until one of the ports or descriptors is ready.
   *
   * @param timeoutMillis −1 waits for ever, 0 looks once
   * @return how many ports and descriptors are ready; 0 on time-out
   */
  public int poll(int timeoutMillis) {
    long deadline =
        timeoutMillis < 0 ? Long.MAX_VALUE : System.nanoTime() + timeoutMillis * 1_000_000L;
    int count = timeoutMillis == 0 ? scan() : spin(deadline);
    while (count == 0 && left(deadline) > 0) {
      sleep(left(deadline));
      count = scan();
    }
    busy = count > 0;
    return count;
  }

  private static long left(long deadline) {
    return deadline == Long.MAX_VALUE ? deadline : deadline - System.nanoTime();
  }

  @SuppressWarnings("ThreadPriorityCheck") // a hint, on a machine with fewer cores than threads
  private int spin(long deadline) {
    int count = scan();
    long begin = System.nanoTime();
    for (int looks = 1; count == 0 && left(deadline) > 0; looks++) {
      boolean enough = looks > LOOKS && System.nanoTime() - begin > SPIN_NANOS;
      if (mode == WaitMode.INTERRUPT || (mode == WaitMode.ADAPTIVE && (!busy || enough))) {
        return 0;
      }
      Thread.yield();
      count = scan();
    }
    return count;
  }

  private int scan() {
    int count = descriptors.length == 0 ? 0 : Libc.pollIn(descriptors, 0);
    for (int i = 0; i < ports.length; i++) {
      ready[i] = ports[i].scan(events[i]);
      count += ready[i] == 0 ? 0 : 1;
    }
    return count;
  }

  private void sleep(long nanos) {
    int rings = 0;
    for (NetmapPort port : ports) {
      rings += port.rings();
    }
    int[] fds = Arrays.copyOf(descriptors, descriptors.length + rings);
    boolean allCanWake = true;
    int armed = 0;
    try {
      for (int at = descriptors.length; armed < ports.length; armed++) {
        allCanWake &= ports[armed].arm(events[armed], fds, at);
        at += ports[armed].rings();
      }
      if (scan() > 0) {
        return; // came between the last look and arming
      }
      if (allCanWake) {
        Libc.pollIn(fds, (int) Math.min(nanos / 1_000_000 + 1, LONGEST_SLEEP_MILLIS));
      } else {
        LockSupport.parkNanos(Math.min(nanos, STEP_NANOS));
      }
    } finally {
      for (int i = 0; i < armed; i++) {
        ports[i].disarm(events[i]);
      }
    }
  }

  /** The last wait found something: the next one may be worth a few looks. */
  NetmapPoll busy(boolean was) {
    busy = was;
    return this;
  }
}

package io.netmap4j;

import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Epoll;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waits for several ports at once, of any kinds, as poll(2) does for several netmap descriptors;
 * other descriptors may be among them. For one thread; {@link #wakeup} is for any.
 *
 * <p>Whoever is about to sleep arms every ring that it waits for, looks once more, and only then
 * sleeps: what arrives between the look and the sleep wakes it. A sleep takes one descriptor (an
 * eventfd), which {@link #close} gives back.
 *
 * <p>A program with an event loop of its own (epoll, poll(2)) sleeps there: it watches {@link
 * #descriptor} for input, and calls {@link #arm} each time before it sleeps.
 */
public final class NetmapPoll implements AutoCloseable {
  /** A wait that follows traffic looks at least so often, and for so long, before it sleeps. */
  private static final int LOOKS = 20;

  private static final long SPIN_NANOS = 50_000;

  /** The longest sleep without a look at the rings: a card may lose an interrupt. */
  static final long LONGEST_SLEEP_NANOS = 1_000_000_000;

  /** Of a deadline: never. */
  private static final long NEVER = Long.MAX_VALUE;

  private NetmapPort[] ports = {};
  private int[] events = {};
  private int[] ready = {};

  /** Wake-ups of each port that this wait has seen. */
  private int[] seen = {};

  /** Of a wait for a {@link PortWaits#STATES}: those before its first look. */
  private int seenBefore;

  private int[] descriptors = {};

  /**
   * What a sleep listens to: the eventfd, the descriptors, those of the ports; negative for none.
   */
  private int[] listening = {};

  /** How many of the ports, from the first, are asked for a wake-up. */
  private int armed;

  /** Of an event loop elsewhere; null without one. */
  private @Nullable Epoll epoll;

  /** What is in {@link #epoll}. */
  private int[] watched = {};

  private int armedMillis;

  private @Nullable WaitMode chosen;
  private boolean busy;

  /** One of the rings was in another thread's hands at the last look. */
  private boolean again;

  private @Nullable Interruption interruption;

  // Under the lock.
  private final Object lock = new Object();
  private int eventFd = -1;
  private boolean signalled;
  private boolean closed;

  private volatile boolean woken;

  /** {@link #signal}, for adapters. */
  final Runnable signal = this::signal;

  /** Makes a wait without ports; takes no descriptor before the first sleep. */
  public NetmapPoll() {}

  /**
   * Adds a port. The wait spins if one of its ports does, and is adaptive if one of them is.
   *
   * @param port one that is not here yet; the caller's to close, after {@link #remove}
   * @param wanted {@link NetmapPort#POLLIN}, {@link NetmapPort#POLLOUT}, both, or 0 for neither at
   *     the moment; other bits are ignored
   * @return this
   * @throws NetmapException EEXIST when it is here already: {@link #events} changes what is wanted
   */
  public NetmapPoll add(NetmapPort port, int wanted) {
    if (find(port) >= 0) {
      throw new NetmapException(
          Errno.EEXIST, port.name() + " was added already: events() changes what is waited for");
    }
    int n = ports.length;
    resize(n + 1);
    ports[n] = port;
    return events(port, wanted);
  }

  /**
   * From the next {@link #poll} on {@code wanted} is waited for, as when {@code pollfd.events} is
   * changed.
   *
   * @param port one that was added
   * @param wanted as for {@link #add}; with 0, only the port's failure (POLLERR) ends a wait
   * @return this
   * @throws NetmapException ENOENT when the port was not added
   */
  public NetmapPoll events(NetmapPort port, int wanted) {
    disarm();
    events[index(port)] = wanted & (NetmapPort.POLLIN | NetmapPort.POLLOUT);
    return this;
  }

  /**
   * For a port, of which this waits alone.
   *
   * @param wanted events, or one of {@link PortWaits#STATES}
   * @param wakeups for such a state: later ones end the wait
   */
  NetmapPoll alone(int wanted, int wakeups) {
    events[0] = wanted;
    seenBefore = wakeups;
    return this;
  }

  /**
   * Removes a port, for instance one that is closed, which would be ready (POLLERR) for ever. In
   * {@link #ready(int)} the ports added after it move down by one.
   *
   * @param port one that was added
   * @return this
   * @throws NetmapException ENOENT when the port was not added
   */
  public NetmapPoll remove(NetmapPort port) {
    int from = index(port) + 1;
    int rest = ports.length - from;
    System.arraycopy(ports, from, ports, from - 1, rest);
    System.arraycopy(events, from, events, from - 1, rest);
    System.arraycopy(ready, from, ready, from - 1, rest);
    resize(ports.length - 1);
    return this;
  }

  private void resize(int n) {
    disarm();
    unwatch();
    ports = Arrays.copyOf(ports, n);
    events = Arrays.copyOf(events, n);
    ready = Arrays.copyOf(ready, n);
    seen = Arrays.copyOf(seen, n);
  }

  private int find(NetmapPort port) {
    for (int i = 0; i < ports.length; i++) {
      if (ports[i] == port) {
        return i;
      }
    }
    return -1;
  }

  private int index(NetmapPort port) {
    int i = find(port);
    if (i < 0) {
      throw new NetmapException(Errno.ENOENT, port.name() + " was not added: add() it first");
    }
    return i;
  }

  /**
   * Adds a descriptor that ends the wait when it becomes readable.
   *
   * @param fd an open one; the caller's to close, after {@link #removeDescriptor}. A closed one is
   *     ready at once, as in poll(2)
   * @return this
   */
  public NetmapPoll addDescriptor(int fd) {
    disarm();
    descriptors = Arrays.copyOf(descriptors, descriptors.length + 1);
    descriptors[descriptors.length - 1] = fd;
    return this;
  }

  /**
   * Removes a descriptor, for instance one that is to be closed.
   *
   * @param fd one that was added; another one changes nothing
   * @return this
   */
  public NetmapPoll removeDescriptor(int fd) {
    disarm();
    unwatch();
    descriptors = Arrays.stream(descriptors).filter(other -> other != fd).toArray();
    return this;
  }

  /**
   * Sets another mode than that of the ports.
   *
   * @param other how to wait; null for the ports' mode again
   * @return this
   */
  public NetmapPoll mode(@Nullable WaitMode other) {
    chosen = other;
    return this;
  }

  private WaitMode mode() {
    WaitMode mode = chosen == null ? WaitMode.INTERRUPT : chosen;
    for (int i = 0; i < ports.length && chosen == null; i++) {
      WaitMode of = ports[i].waitMode();
      mode = of.compareTo(mode) < 0 ? of : mode;
    }
    return mode;
  }

  /**
   * What the last {@link #poll} has found of a port.
   *
   * @param index its number, from 0, in the order of {@link #add}
   * @return the events that are ready, as {@link NetmapPort#poll} returns them
   * @throws IndexOutOfBoundsException when there is no such port
   */
  public int ready(int index) {
    return ready[index];
  }

  /**
   * What the last {@link #poll} has found of a port.
   *
   * @param port one that was added
   * @return as {@link #ready(int)}
   * @throws NetmapException ENOENT when the port was not added
   */
  public int ready(NetmapPort port) {
    return ready[index(port)];
  }

  /**
   * Waits until one of the ports or descriptors is ready.
   *
   * @param timeoutMillis −1 (any negative one, as in poll(2)) waits for ever, 0 looks once
   * @return how many ports and descriptors are ready; 0 on time-out, after a {@link #wakeup}, and
   *     when the thread is interrupted (its flag stays set; while it is, nothing is waited for)
   * @throws NetmapException EMFILE or ENFILE when a sleep gets no descriptor of its own
   */
  public int poll(int timeoutMillis) {
    try {
      disarm();
      int count = scan();
      if (count == 0 && timeoutMillis != 0) {
        count = await(deadline(timeoutMillis));
      }
      busy = count > 0;
      return count;
    } catch (LinuxException e) {
      throw Errors.of(e);
    }
  }

  /** The moment of {@link System#nanoTime} when a wait that begins now is over. */
  static long deadline(int timeoutMillis) {
    return timeoutMillis < 0 ? NEVER : System.nanoTime() + timeoutMillis * 1_000_000L;
  }

  private static long left(long deadline) {
    return deadline == NEVER ? NEVER : deadline - System.nanoTime();
  }

  @SuppressWarnings("ThreadPriorityCheck") // a hint, on a machine with fewer cores than threads
  private int await(long deadline) {
    for (int i = 0; i < ports.length; i++) {
      boolean state = (events[i] & PortWaits.STATES) != 0;
      seen[i] = state ? seenBefore : ports[i].waits().seenWakeups(events[i]);
    }
    WaitMode mode = mode();
    long begin = System.nanoTime();
    int count = 0;
    for (long looks = 1; count == 0 && !ended() && left(deadline) > 0; looks++) {
      boolean enough = looks > LOOKS && System.nanoTime() - begin > SPIN_NANOS;
      boolean spin = mode == WaitMode.SPIN || (mode == WaitMode.ADAPTIVE && busy && !enough);
      if (spin || (again && !enough)) {
        Thread.yield();
        count = scan();
      } else {
        count = sleep(left(deadline));
      }
    }
    return count;
  }

  /** Takes the wake-ups that have come. */
  private boolean ended() {
    boolean ended = woken;
    if (ended) {
      woken = false;
    }
    for (int i = 0; i < ports.length; i++) {
      int now = ports[i].waits().wakeups();
      if (now != seen[i]) {
        seen[i] = now;
        ports[i].waits().tookWakeups(events[i], now);
        ended = true;
      }
    }
    return ended || Thread.currentThread().isInterrupted();
  }

  private boolean mayEnd() {
    boolean may = woken || Thread.currentThread().isInterrupted();
    for (int i = 0; i < ports.length; i++) {
      may |= ports[i].waits().wakeups() != seen[i];
    }
    return may;
  }

  private int scan() {
    int count = descriptors.length == 0 ? 0 : Libc.pollIn(descriptors, 0);
    again = false;
    for (int i = 0; i < ports.length; i++) {
      int found = ports[i].waits().scan(events[i]);
      again |= (found & PortWaits.AGAIN) != 0;
      ready[i] = found & ~PortWaits.AGAIN;
      count += ready[i] == 0 ? 0 : 1;
    }
    return count;
  }

  /**
   * @return what is ready
   */
  private int sleep(long nanos) {
    try {
      long longest = Math.min(nanos, armAll());
      int count = scan();
      if (count > 0 || mayEnd()) {
        return count; // came between the last look and arming
      }
      if (again) {
        longest = Math.min(longest, PortWaits.STEP_NANOS);
      }
      if (longest < 1_000_000) {
        LockSupport.parkNanos(this, longest);
      } else {
        interruption().sleep(listening, roundUp(longest));
      }
    } finally {
      disarm();
    }
    int count = scan();
    for (int i = 0; i < ports.length; i++) {
      ports[i].waits().slept(ready[i] != 0);
    }
    return count;
  }

  private static int roundUp(long nanos) {
    return (int) ((nanos + 999_999) / 1_000_000);
  }

  /**
   * Asks every port for a wake-up, and notes what to listen to.
   *
   * @return after how many nanoseconds to look again at the latest
   */
  private long armAll() {
    int at = descriptors.length + 1;
    int length = at;
    for (NetmapPort port : ports) {
      length += port.waits().descriptors();
    }
    if (listening.length != length) {
      listening = new int[length];
    }
    System.arraycopy(descriptors, 0, listening, 1, descriptors.length);
    listening[0] = prepare();
    long longest = LONGEST_SLEEP_NANOS;
    for (; armed < ports.length; armed++) {
      longest = Math.min(longest, ports[armed].waits().arm(events[armed], listening, at, this));
      at += ports[armed].waits().descriptors();
    }
    return longest;
  }

  private void disarm() {
    for (; armed > 0; armed--) {
      ports[armed - 1].waits().disarm(events[armed - 1], this);
    }
  }

  /**
   * For an event loop: a descriptor that becomes readable when there may be something to do, once
   * {@link #arm} has found nothing. It stays readable until the next {@link #arm} or {@link #poll}.
   *
   * @return the same one until {@link #close}, which closes it; to be watched for input, never read
   * @throws NetmapException EMFILE or ENFILE when there is none
   */
  public int descriptor() {
    try {
      return epoll().fd();
    } catch (LinuxException e) {
      throw Errors.of(e);
    }
  }

  /**
   * For an event loop, before it sleeps: looks once, and when nothing is ready makes the {@link
   * #descriptor} follow the ports, until the next call of any other method but {@link #wakeup},
   * {@link #ready(int)} and {@link #armedMillis}.
   *
   * @return how many ports and descriptors are ready; 0 also after a {@link #wakeup}, which leaves
   *     the descriptor readable at once
   * @throws NetmapException EMFILE or ENFILE as for {@link #poll}; EBADF or EPERM for a descriptor
   *     that was added and is closed, or is one of a plain file
   */
  public int arm() {
    try {
      Epoll set = epoll();
      disarm();
      boolean wake = woken;
      woken = false;
      int count = scan();
      if (count == 0) {
        for (int i = 0; i < ports.length; i++) {
          seen[i] = ports[i].waits().seenWakeups(events[i]);
        }
        armedMillis = roundUp(armAll());
        watch(set);
        count = scan();
        wake |= ended();
        armedMillis = again ? 1 : armedMillis;
      }
      if (count > 0) {
        disarm();
        woken |= wake; // for the next one that finds nothing
      } else if (wake) {
        signal();
      }
      return count;
    } catch (LinuxException e) {
      disarm();
      throw Errors.of(e);
    }
  }

  /**
   * For an event loop that {@link #arm} has told to sleep: how long at most, before it arms again.
   * A second where every port wakes the descriptor; less for packets that wait for carrier, and for
   * ports that can only be looked at.
   *
   * @return milliseconds, 1 or more
   */
  public int armedMillis() {
    return Math.max(1, armedMillis);
  }

  /** Makes the set of {@link #descriptor} what {@link #listening} is. */
  private void watch(Epoll set) {
    if (Arrays.equals(watched, listening)) {
      return;
    }
    unwatch();
    watched = listening.clone();
    try {
      for (int fd : listening) {
        if (fd >= 0) {
          set.add(fd);
        }
      }
    } catch (LinuxException e) {
      unwatch();
      throw e;
    }
  }

  /**
   * Ends the {@link #poll} in progress, or, when there is none, the next one that finds nothing
   * ready; it returns 0. For any thread, at any time.
   */
  public void wakeup() {
    woken = true;
    signal();
  }

  /** For a port: it has been closed, or has a wake-up to be seen. */
  void signal() {
    synchronized (lock) {
      if (eventFd >= 0 && !signalled) {
        signalled = true;
        Libc.signal(eventFd);
      }
    }
  }

  /** The descriptor that {@link #signal} makes readable, emptied; −1 after {@link #close}. */
  private int prepare() {
    synchronized (lock) {
      if (eventFd < 0 && !closed) {
        eventFd = Libc.eventFd();
      }
      if (signalled) {
        Libc.drain(eventFd);
        signalled = false;
      }
      return eventFd;
    }
  }

  /** Descriptors may be closed from now on, and others may get their numbers. */
  private void unwatch() {
    for (int fd : watched) {
      if (fd >= 0 && epoll != null) {
        epoll.remove(fd);
      }
    }
    watched = new int[0];
  }

  /** Gives the descriptors back. The ports stay open. For the thread that waits. Idempotent. */
  @Override
  public void close() {
    disarm();
    if (epoll != null) {
      unwatch();
      epoll.close();
      epoll = null;
    }
    synchronized (lock) {
      closed = true;
      if (eventFd >= 0) {
        Libc.closeFd(eventFd);
        eventFd = -1;
        signalled = false;
      }
    }
  }

  private Epoll epoll() {
    if (epoll == null) {
      epoll = new Epoll();
    }
    return epoll;
  }

  private Interruption interruption() {
    if (interruption == null || !interruption.isOpen()) {
      interruption = new Interruption();
    }
    return interruption;
  }

  /** By this {@link Thread#interrupt} ends a sleep in the kernel, as it does for java.nio's. */
  private final class Interruption extends AbstractInterruptibleChannel {
    void sleep(int[] fds, int millis) {
      begin();
      try {
        Libc.pollIn(fds, millis);
      } finally {
        try {
          end(true);
        } catch (AsynchronousCloseException e) {
          // Interrupted: the thread's flag is set, and the wait looks at it.
        }
      }
    }

    @Override
    protected void implCloseChannel() {
      signal();
    }
  }

  /** The last wait found something: the next one may be worth a few looks. */
  NetmapPoll busy(boolean was) {
    busy = was;
    return this;
  }
}

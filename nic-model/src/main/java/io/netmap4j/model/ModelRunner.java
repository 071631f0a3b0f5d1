package io.netmap4j.model;

import io.netmap4j.linux.Threads;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the engines of one or more cards, which are all the cards of their wires: on a thread of its
 * own after {@link #start}, or on the caller's by {@link #step} and {@link #runUntilIdle}, never
 * both.
 */
public final class ModelRunner implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelRunner.class);
  private static final int BATCH = 64;

  /**
   * Rounds without work before the thread parks: about a millisecond. Each offers the processor to
   * others: the thread that will give us work may need it.
   */
  private static final int SPINS = 2_000;

  /**
   * A park is about an eighth of the idleness before it, within these limits: what no doorbell
   * tells of, such as a frame from outside, is late by no more, and an idle card costs little.
   */
  private static final long LEAST_PARK_NANOS = 50_000;

  private static final long MOST_PARK_NANOS = 500_000;

  private static final int MOST_WARNINGS = 10;
  private static final int MOST_ROUNDS = 10_000_000;

  /**
   * What the cards' thread does beside running them: for a face that looks for what has changed.
   */
  public interface Poll {
    /** Before each round. @return false: the engines rest in this round */
    boolean poll();

    /** How long the thread may park after a round without work; 0: it only yields. */
    long parkNanos();
  }

  private final List<Nic82599> cards;
  private final Poll poll;
  private volatile boolean running;
  private volatile Thread parked;
  private Thread thread;
  private int unexplained;

  // Not constants to the compiler, which would make an array of known size without a call.
  private volatile int one = 1;
  private volatile Object runtimeCall;

  public ModelRunner(Nic82599... cards) {
    this(null, cards);
  }

  /**
   * @param poll null for none
   */
  public ModelRunner(Poll poll, Nic82599... cards) {
    this.poll = poll;
    this.cards = List.of(cards);
  }

  /** Starts the thread, a daemon. @return this */
  public synchronized ModelRunner start() {
    if (thread == null) {
      running = true;
      cards.forEach(card -> card.onWork(this::wake));
      thread = new Thread(this::loop, "model-82599");
      thread.setDaemon(true);
      thread.start();
    }
    return this;
  }

  /** Cheap when the thread is not parked. What is missed is found when the park ends by itself. */
  private void wake() {
    Thread sleeper = parked;
    if (sleeper != null) {
      LockSupport.unpark(sleeper);
    }
  }

  private void loop() {
    while (running) {
      try {
        work();
      } catch (InternalError e) {
        memoryFault(e);
      }
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // a hint, on a machine with fewer cores than threads
  private void work() {
    int idle = 0;
    long park = LEAST_PARK_NANOS;
    while (running) {
      if (round() > 0) {
        idle = 0;
        park = LEAST_PARK_NANOS;
      } else if (poll != null) {
        rest(poll.parkNanos());
      } else if (idle < SPINS) {
        idle++;
        Thread.yield();
      } else {
        parked = Thread.currentThread();
        LockSupport.parkNanos(this, park);
        Thread.interrupted(); // means nothing here, and would make every park return at once
        parked = null;
        park = Math.min(park + park / 8, MOST_PARK_NANOS);
      }
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // the driver may wait for the same processor
  private void rest(long nanos) {
    if (nanos == 0) {
      Thread.yield();
    } else {
      LockSupport.parkNanos(this, nanos);
      Thread.interrupted();
    }
  }

  /**
   * A file that is mapped for a card has become shorter, say. The JVM tells this thread some time
   * after the access, so it may have been any of the cards'.
   */
  private void memoryFault(InternalError e) {
    parked = null;
    cards.forEach(Nic82599::abandonBurst);
    boolean found = false;
    for (Nic82599 card : cards) {
      found |= card.memoryFault();
    }
    if (!found && unexplained++ < MOST_WARNINGS) {
      LOG.warn("an engine met memory that is mapped and not there", e);
    }
  }

  private int round() {
    if (poll != null && !poll.poll()) {
      return 0;
    }
    int done = 0;
    for (Nic82599 card : cards) {
      int moved = card.run(BATCH);
      if (card.mayHaveFaulted(moved)) {
        reportFaults();
      }
      done += moved;
    }
    return done;
  }

  /**
   * The JVM reports an access to memory that is gone some time after it: in 17 at the next call of
   * its runtime, which this is, so that it is between two batches and not within one.
   */
  private void reportFaults() {
    runtimeCall = new byte[one][one];
  }

  /**
   * Does one small unit of work of a card chosen by {@code random}.
   *
   * @return false when no card had any
   * @throws ModelViolation what the unit found
   */
  public boolean step(RandomGenerator random) {
    checkStepped();
    int first = random.nextInt(cards.size());
    for (int i = 0; i < cards.size(); i++) {
      if (cards.get((first + i) % cards.size()).step(random)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Runs whole batches until no card has work.
   *
   * @return packets moved
   * @throws IllegalStateException when there is no end to it
   */
  public long runUntilIdle() {
    checkStepped();
    long done = 0;
    for (int i = 0; i < MOST_ROUNDS; i++) {
      int moved = round();
      if (moved == 0) {
        return done;
      }
      done += moved;
    }
    throw new IllegalStateException("the cards still have work after " + MOST_ROUNDS + " rounds");
  }

  private void checkStepped() {
    if (running) {
      throw new IllegalStateException("the runner's own thread is running the cards");
    }
  }

  /** Stops the thread and waits for it: no engine moves any more. Idempotent. */
  @Override
  public synchronized void close() {
    running = false;
    if (thread == null) {
      return;
    }
    LockSupport.unpark(thread);
    Threads.join(thread);
    thread = null;
    cards.forEach(card -> card.onWork(() -> {}));
  }
}

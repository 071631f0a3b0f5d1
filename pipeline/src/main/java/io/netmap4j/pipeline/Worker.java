package io.netmap4j.pipeline;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.common.NetmapException;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import net.openhft.affinity.Affinity;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread of a {@link Pipeline}: some RX rings, a TX ring of each output, and its own instances of
 * the stages. A stage gets it by {@link Stage#start}, and calls it from {@link Stage}'s methods
 * alone.
 */
@SuppressWarnings("NullAway") // a list has a last one with its first; an output has a TX ring
public final class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

  /** Time between two warnings of one stage's faults. */
  private static final long WARN_NANOS = 10_000_000_000L;

  // Of the counts; behind them three for each stage.
  static final int RECEIVED = 0;
  static final int RECEIVED_BYTES = 1;
  static final int FORWARDED = 2;
  static final int FORWARDED_BYTES = 3;
  static final int CONSUMED = 4;
  static final int FULL = 5;
  static final int REFUSED = 6;
  static final int HELD = 7;
  static final int BATCHES = 8;
  static final int SLEEPS = 9;
  static final int COPIES = 10;
  static final int STAGES = 11;
  static final int DROPPED = 0;
  static final int FAULTS = 1;
  static final int FAILED = 2;
  static final int PER_STAGE = 3;

  private final int index;
  private final Pipeline.Builder setup;
  private final PortEnd[] ends;
  private final Stage[] stages;
  private final NetmapPoll poll = new NetmapPoll();
  private final PacketSlot packet = new PacketSlot(this);
  private final AtomicLongArray counts;
  private final AtomicReference<Throwable> lastFault;
  private final long[] nextWarning;
  private final int cpu;

  /** Resumed packets, first to last. */
  private @Nullable Held firstResumed;

  private @Nullable Held lastResumed;

  /** The first of them has passed the stages, and its output has no room. */
  private boolean resumedWaits;

  private int stagesStarted;

  /** A device that is gone, or a JVM that has failed: nothing more is received or sent. */
  private @Nullable Throwable failure;

  private volatile boolean stopping;
  private volatile boolean drained;

  /**
   * @param cpu to run on; −1 for any
   * @param lastFault of all workers
   */
  Worker(
      int index,
      Pipeline.Builder setup,
      PortEnd[] ends,
      Stage[] stages,
      int cpu,
      AtomicReference<Throwable> lastFault) {
    this.index = index;
    this.setup = setup;
    this.ends = ends;
    this.stages = stages;
    this.cpu = cpu;
    this.lastFault = lastFault;
    this.counts = new AtomicLongArray(STAGES + PER_STAGE * stages.length);
    this.nextWarning = new long[stages.length];
    for (PortEnd end : ends) {
      for (NetmapPort port : end.all) {
        poll.add(port, end.rx.length > 0 ? NetmapPort.POLLIN : 0);
      }
    }
    if (setup.waitMode != null) {
      poll.mode(setup.waitMode);
    }
  }

  /**
   * This worker's number.
   *
   * @return 0 to {@link Pipeline#threads} − 1
   */
  public int index() {
    return index;
  }

  /**
   * One of the pipeline's ports, for its name, its memory, its card's address and the like.
   *
   * @param port its number, in the order in which ports were given to the builder
   * @return this worker's part of it; its packets are the worker's
   * @throws IllegalArgumentException when there is no such port
   */
  public NetmapPort port(int port) {
    requirePort(port);
    return ends[port].port;
  }

  /**
   * Gives a packet back that a stage has held: it goes on to the next stage, after the packet or
   * the tick that is in progress. Several go in the order in which they were resumed.
   *
   * @param held not to be used afterwards
   * @throws IllegalStateException when it was given back already
   */
  public void resume(Held held) {
    requireHeld(held);
    held.state = Held.State.RESUMED;
    held.next = null;
    if (firstResumed == null) {
      firstResumed = held;
    } else {
      lastResumed.next = held;
    }
    lastResumed = held;
    add(HELD, -1);
  }

  /**
   * Drops a packet that a stage has held; the stage's drops count it.
   *
   * @param held not to be used afterwards
   * @throws IllegalStateException when it was given back already
   */
  public void drop(Held held) {
    requireHeld(held);
    add(HELD, -1);
    add(ofStage(held.stage, DROPPED), 1);
    held.pool.release(held);
  }

  private static void requireHeld(Held held) {
    if (held.state != Held.State.HELD) {
      throw new IllegalStateException("this packet is not held: it was resumed or dropped");
    }
  }

  /**
   * How many more slots of packets from a port can be held.
   *
   * @param port its number, in the order in which ports were given to the builder
   * @return 0 to what {@link Pipeline.Builder#hold} has asked for
   * @throws IllegalArgumentException when there is no such port, or it is a sink
   */
  public int holdable(int port) {
    requirePort(port);
    if (ends[port].pool == null) {
      throw new IllegalArgumentException("port " + port + " is a sink: no packets come from it");
    }
    return ends[port].pool.free();
  }

  private void requirePort(int port) {
    if (port < 0 || port >= ends.length) {
      throw new IllegalArgumentException(
          "no port " + port + ": the pipeline has ports 0 to " + (ends.length - 1));
    }
  }

  void requireOutput(int port) {
    requirePort(port);
    if (ends[port].tx == null) {
      throw new IllegalArgumentException(
          "port " + port + " (" + ends[port].port.name() + ") is a source, and cannot send");
    }
  }

  private static int ofStage(int stage, int what) {
    return STAGES + PER_STAGE * stage + what;
  }

  /** This thread alone writes; others read a moment later. */
  private void add(int count, long n) {
    counts.setOpaque(count, counts.getPlain(count) + n);
  }

  long count(int which) {
    return counts.getOpaque(which);
  }

  /** For this thread. */
  @Nullable Throwable failure() {
    return failure;
  }

  private void fail(Throwable e) {
    failure = failure == null ? e : failure;
  }

  /** True when all that was to be sent has left. */
  boolean drained() {
    return drained;
  }

  void requestStop() {
    stopping = true;
    poll.wakeup();
  }

  private String name() {
    return index + " of " + setup.name;
  }

  /** Pins the thread, and starts the stages. */
  void start() throws Exception {
    if (cpu >= 0) {
      BitSet wanted = new BitSet();
      wanted.set(cpu);
      Affinity.setAffinity(wanted);
      if (!wanted.equals(Affinity.getAffinity())) {
        LOG.warn("worker {} could not be pinned to processor {}", name(), cpu);
      }
    }
    for (Stage stage : stages) {
      stagesStarted++;
      stage.start(this);
    }
  }

  /** Until told to stop, or a {@link #failure}. */
  void run() {
    try {
      while (!stopping && failure == null) {
        boolean moved = passResumed();
        for (PortEnd end : ends) {
          moved |= receive(end);
        }
        flush();
        tick();
        if (!moved && failure == null && (firstResumed == null || resumedWaits)) {
          await();
        }
      }
    } catch (NetmapException e) {
      fail(e);
    }
  }

  private boolean receive(PortEnd end) {
    if (end.rx.length == 0) {
      return false;
    }
    end.receive();
    boolean moved = false;
    for (int r = 0; r < end.rx.length; r++) {
      moved |= take(end, r, setup.batch);
    }
    if (moved) {
      add(BATCHES, 1);
    }
    return moved;
  }

  /** Packets of one RX ring, from its head on. @return false when none of them is done with */
  private boolean take(PortEnd end, int r, int most) {
    NetmapRing rx = end.rx[r];
    int space = rx.space();
    int slot = rx.head();
    int done = 0;
    while (done < space && done < most && failure == null) {
      int slots = Packets.slots(rx, slot, space - done);
      if (slots == 0) {
        if (space < rx.numSlots() - 1) {
          break; // its end has not arrived
        }
        slots = space - done; // nor can it: the ring is full
        add(RECEIVED, 1);
        add(REFUSED, 1);
      } else if (!handle(end, r, slot, slots)) {
        break;
      }
      slot = rx.plus(slot, slots);
      done += slots;
      if (firstResumed != null && !resumedWaits) {
        passResumed();
      }
    }
    if (done > 0) {
      rx.advance(slot);
    }
    return done > 0;
  }

  /**
   * @return false when it waits for room in its output, and stays where it is
   */
  private boolean handle(PortEnd end, int r, int slot, int slots) {
    packet.at(end, end.rx[r], slot, slots);
    boolean passed;
    if (end.waitsFor[r] >= 0) {
      packet.sendTo(end.waitsFor[r]);
      passed = send();
    } else {
      add(RECEIVED, 1);
      add(RECEIVED_BYTES, packet.bytes());
      passed = pass(0);
    }
    end.waitsFor[r] = passed ? -1 : packet.output();
    return passed;
  }

  /**
   * @return false when there was none, or the first one waits for room
   */
  private boolean passResumed() {
    boolean moved = false;
    resumedWaits = false;
    while (firstResumed != null && !resumedWaits && failure == null) {
      Held held = firstResumed;
      packet.at(ends[held.pool.input], held);
      firstResumed = held.next;
      if (pass(held.stage + 1)) {
        if (held.state != Held.State.HELD) {
          held.pool.release(held);
        }
        moved = true;
      } else {
        resumedWaits = true;
        held.stage = stages.length - 1; // it has passed them all
        held.output = packet.output();
        held.next = firstResumed;
        lastResumed = firstResumed == null ? held : lastResumed;
        firstResumed = held;
      }
    }
    return moved;
  }

  /** Through the stages from {@code from} on. @return as {@link #send} */
  private boolean pass(int from) {
    for (int s = from; s < stages.length; s++) {
      Verdict verdict;
      try {
        verdict = stages[s].process(packet);
        if (verdict == null || verdict == Verdict.HOLD && packet.asked() == null) {
          throw new IllegalStateException(
              "process() has returned " + (verdict == null ? "null" : "HOLD without hold()"));
        }
      } catch (Throwable e) {
        packet.unask();
        fault(s, e, 1);
        return true;
      }
      if (verdict == Verdict.HOLD) {
        packet.keep(s);
        add(HELD, 1);
        return true;
      }
      packet.unask();
      if (verdict == Verdict.DROP) {
        add(ofStage(s, DROPPED), 1);
        return true;
      }
      if (verdict == Verdict.CONSUME) {
        add(CONSUMED, 1);
        return true;
      }
      if (verdict == Verdict.FORWARD) {
        break;
      }
    }
    return send();
  }

  /**
   * Sends a copy of the packet.
   *
   * @return false when there is none
   */
  boolean copy(int to) {
    try {
      boolean sent = packet.copyThrough(ends[to]) == PortEnd.Sent.SENT;
      add(COPIES, sent ? 1 : 0);
      return sent;
    } catch (NetmapException e) { // not the stage's fault
      fail(e);
      return false;
    }
  }

  /**
   * @return false when the packet waits for room in its output
   */
  private boolean send() {
    int to = packet.output();
    if (to < 0) {
      add(CONSUMED, 1);
      return true;
    }
    long bytes = packet.bytes();
    PortEnd.Sent sent;
    try {
      sent = packet.sendThrough(ends[to]);
    } catch (NetmapException e) {
      fail(e);
      return false;
    }
    switch (sent) {
      case SENT -> {
        add(FORWARDED, 1);
        add(FORWARDED_BYTES, bytes);
      }
      case REFUSED -> add(REFUSED, 1);
      case FULL -> {
        if (setup.whenFull == WhenFull.WAIT) {
          return false;
        }
        add(FULL, 1);
      }
    }
    return true;
  }

  private void flush() {
    for (PortEnd end : ends) {
      end.flush();
    }
  }

  private void tick() {
    long now = System.nanoTime();
    for (int s = 0; s < stages.length; s++) {
      try {
        stages[s].tick(now);
      } catch (Throwable e) {
        fault(s, e, 0);
      }
    }
  }

  /**
   * Counts an exception of a stage; a JVM that has failed is another matter.
   *
   * @param lost packets
   */
  private void fault(int stage, Throwable fault, int lost) {
    add(ofStage(stage, FAULTS), 1);
    add(ofStage(stage, FAILED), lost);
    lastFault.set(fault);
    if (fault instanceof VirtualMachineError && !(fault instanceof StackOverflowError)) {
      fail(fault);
      return;
    }
    long now = System.nanoTime();
    if (counts.getPlain(ofStage(stage, FAULTS)) == 1 || now - nextWarning[stage] > 0) {
      nextWarning[stage] = now + WARN_NANOS;
      warn(stage, fault);
    }
  }

  private void warn(int stage, Throwable fault) {
    String text = "stage {} of worker {} failed; faults so far: {}";
    String stageName = setup.stages.get(stage).name();
    long faults = counts.getPlain(ofStage(stage, FAULTS));
    try {
      LOG.warn(text, stageName, name(), faults, fault);
    } catch (RuntimeException e) { // of its getMessage(), for instance
      LOG.warn(text + "; a {} that cannot be printed", stageName, name(), faults, fault.getClass());
    }
  }

  /** Until there is something to do, or the next tick is due. */
  private void await() {
    for (PortEnd end : ends) {
      for (NetmapRing rx : end.rx) {
        rx.cur(rx.tail()); // what is there waits for room, or for its end
      }
      boolean room = isAwaited(end.index);
      end.wakeAtRoom(room);
      int events = (end.rx.length > 0 ? NetmapPort.POLLIN : 0) | (room ? NetmapPort.POLLOUT : 0);
      if (events != end.events) {
        end.events = events;
        poll.events(end.port, events);
      }
    }
    add(SLEEPS, 1);
    if (poll.poll(setup.tickMillis) > 0) {
      for (PortEnd end : ends) {
        end.lookAtError(poll);
      }
    }
    Thread.interrupted(); // a stage's; stop() has its own way
  }

  private boolean isAwaited(int output) {
    for (PortEnd end : ends) {
      for (int waitsFor : end.waitsFor) {
        if (waitsFor == output) {
          return true;
        }
      }
    }
    return resumedWaits && firstResumed.output == output;
  }

  /** Stops the stages, sends what is left, and drops what is still held. */
  void end() {
    long deadline = System.nanoTime() + setup.drainMillis * 1_000_000L;
    try {
      boolean all = sendRest(deadline);
      for (int s = 0; s < stagesStarted; s++) {
        try {
          stages[s].stop();
        } catch (Throwable e) {
          fault(s, e, 0);
        }
        all = sendRest(deadline); // through those that are not stopped yet
      }
      Thread.interrupted(); // a stage's, which would end the waits
      for (PortEnd end : ends) {
        all &= end.tx == null || end.port.drain(setup.drainMillis);
      }
      drained = all;
    } finally {
      dropRest();
      poll.close();
    }
  }

  /**
   * Sends packets that have passed the stages, and resumed ones, while there is room or time.
   *
   * @return false when some are left
   */
  @SuppressWarnings("ThreadPriorityCheck") // whoever makes room may need this processor
  private boolean sendRest(long deadline) {
    while (failure == null) {
      boolean all = true;
      try {
        passResumed();
        all = firstResumed == null;
        for (PortEnd end : ends) {
          for (int r = 0; r < end.rx.length; r++) {
            all &= end.waitsFor[r] < 0 || take(end, r, 1);
          }
        }
        flush();
      } catch (NetmapException e) {
        fail(e);
        all = false;
      }
      if (all || System.nanoTime() - deadline > 0) {
        return all;
      }
      Thread.yield();
    }
    return false;
  }

  /** So that the counts add up. The buffers are given back with the pools. */
  private void dropRest() {
    for (; firstResumed != null; firstResumed = firstResumed.next) {
      add(FULL, 1);
    }
    for (PortEnd end : ends) {
      for (int r = 0; r < end.rx.length; r++) {
        if (end.waitsFor[r] >= 0) {
          NetmapRing rx = end.rx[r];
          rx.advance(rx.plus(rx.head(), Packets.slots(rx, rx.head(), rx.space())));
          add(FULL, 1);
        }
      }
      for (int s = 0; s < stages.length && end.pool != null; s++) {
        add(ofStage(s, DROPPED), end.pool.heldBy(s));
      }
    }
    counts.setOpaque(HELD, 0);
  }
}

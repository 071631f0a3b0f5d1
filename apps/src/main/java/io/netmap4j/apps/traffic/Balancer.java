package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.frames.FlowHash;
import io.netmap4j.frames.Packet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * lb's loop: spreads the packets of a port over groups of pipes by their connections. The first
 * group gets every packet; one that its consumer has given back goes to the next group, from the
 * buffer in which it came in. For one thread, but for {@link #counts}.
 */
final class Balancer {
  /** What it has done by one moment. */
  record Counts(
      long nanos, long received, long bytes, long nonIp, int free, List<LbPipe.Counts> pipes) {}

  /** Buffers taken from the longest queue at a time, or the packet more that they end in. */
  private static final int STEAL = 150;

  /** Slots that come back and are not the end of a packet: a consumer has changed them. */
  private static final int MOST_SLOTS = 64;

  private static final int WAIT_MILLIS = 100;

  /** Of {@link #counts}: how long it waits, and how often it looks. */
  private static final long MOST_NANOS = 100_000_000;

  private static final long STEP_NANOS = 50_000;

  private final NetmapPort input;
  private final List<NetmapPort> ports;
  private final LbPipe[][] groups;
  private final LbPipe[] pipes;
  private final SlotQueue free;
  private final int batch;
  private final FlowHash flow = new FlowHash();
  private final Packet packet = new Packet();
  private final boolean[] pending;
  private long received;
  private long bytes;
  private long nonIp;
  private final NetmapPoll poll = new NetmapPoll();
  private volatile boolean running;
  private volatile boolean wanted;
  private volatile Counts counts;

  /**
   * @param ports of the pipes, group after group; each pipe's ring is the first of its port
   * @param free the extra buffers that no packet is in; null without any
   * @param batch most slots taken from the input between two syncs
   */
  Balancer(
      NetmapPort input,
      List<NetmapPort> ports,
      List<List<LbPipe>> groups,
      SlotQueue free,
      int batch) {
    this.input = input;
    this.ports = ports;
    this.groups = groups.stream().map(g -> g.toArray(LbPipe[]::new)).toArray(LbPipe[][]::new);
    this.pipes = groups.stream().flatMap(List::stream).toArray(LbPipe[]::new);
    this.free = free;
    this.batch = batch;
    this.pending = new boolean[pipes.length];
    this.counts = snapshot();
  }

  /**
   * Until told to stop.
   *
   * @param busy looks all the time, and never sleeps
   */
  void run(boolean busy, Stop stop) {
    try (poll) {
      poll.add(input, NetmapPort.POLLIN);
      ports.forEach(port -> poll.add(port, 0));
      running = true;
      while (!stop.requested()) {
        await(busy);
        step();
        if (wanted) {
          wanted = false;
          counts = snapshot();
        }
      }
    } finally {
      end();
    }
  }

  /** What is in the pipes stays there; what waits is dropped, for its buffers go back. */
  void end() {
    ports.forEach(NetmapPort::txSync);
    for (LbPipe pipe : pipes) {
      while (pipe.queue != null && !pipe.queue.isEmpty()) {
        pipe.dropQueued(free);
      }
    }
    counts = snapshot();
    running = false;
  }

  /** Sends what is in the pipes' rings, and waits for packets or for slots that come back. */
  private void await(boolean busy) {
    for (int i = 0; i < pipes.length; i++) {
      NetmapRing ring = pipes[i].ring;
      boolean now = ring.txPending();
      ring.cur(now ? ring.tail() : ring.head()); // wake me when tail moves
      if (now != pending[i]) {
        pending[i] = now;
        poll.events(ports.get(i), now ? NetmapPort.POLLOUT : 0);
      }
    }
    poll.poll(busy ? 0 : WAIT_MILLIS);
    for (int i = 0; i <= pipes.length; i++) {
      Ports.check(i == 0 ? input : ports.get(i - 1), poll.ready(i));
    }
  }

  /** What there is to do after a sync. */
  void step() {
    // From the last group backwards: what comes back is passed on before its slots are used again.
    for (int g = groups.length - 2; g >= 0; g--) {
      for (LbPipe pipe : groups[g]) {
        passOn(pipe, groups[g + 1]);
      }
    }
    for (LbPipe pipe : pipes) {
      if (pipe.queue != null && !pipe.queue.isEmpty()) {
        pipe.sendQueued(free);
      }
    }
    int taken = 0;
    for (int r = input.firstRxRing(); r < input.endRxRing(); r++) {
      taken = receive(input.rx(r), taken);
    }
  }

  private void passOn(LbPipe from, LbPipe[] to) {
    NetmapRing ring = from.ring;
    int left = from.cameBack();
    while (left > 0) {
      int slot = from.firstBack();
      int slots = Packets.slots(ring, slot, left);
      if (slots > 0) {
        forward(to, ring, slot, slots, (int) ring.ptr(slot));
      } else if (left < MOST_SLOTS) {
        return; // its end has not come back
      } else {
        slots = left;
        to[0].dropped(Packets.bytes(ring, slot, slots));
      }
      from.passedOn(slots);
      left -= slots;
    }
  }

  /**
   * @return slots taken since the last sync, before and now
   */
  private int receive(NetmapRing ring, int taken) {
    int slot = ring.head();
    for (int left = ring.space(); left > 0; ) {
      int slots = Packets.slots(ring, slot, left);
      if (slots == 0) {
        break; // its end has not arrived
      }
      packet.wrap(ring.buffer(slot), Math.min(ring.len(slot), ring.bufSize() - ring.offset(slot)));
      int hash = flow.of(packet);
      received++;
      bytes += Packets.bytes(ring, slot, slots);
      nonIp += packet.ipv4() == null && packet.ipv6() == null ? 1 : 0;
      forward(groups[0], ring, slot, slots, hash);
      slot = ring.plus(slot, slots);
      left -= slots;
      taken += slots;
      if (taken >= batch) {
        ring.advance(slot);
        Ports.checkSync(input, input.rxSync());
        taken = 0;
      }
    }
    ring.advance(slot);
    return taken;
  }

  /** Sends a packet to its pipe of a group, or queues it, or drops it. */
  private void forward(LbPipe[] group, NetmapRing ring, int slot, int slots, int hash) {
    LbPipe pipe = group[Integer.remainderUnsigned(hash, group.length)];
    long length = Packets.bytes(ring, slot, slots);
    boolean waits = pipe.queue != null && !pipe.queue.isEmpty();
    if (!waits && slots <= pipe.room()) {
      pipe.send(ring, slot, slots, hash, length);
    } else if (pipe.queue != null && slots < pipe.ring.numSlots() && reserve(slots)) {
      for (int k = 0; k < slots; k++, slot = ring.next(slot)) {
        pipe.queue.exchange(ring, slot, hash, free.take());
      }
    } else {
      pipe.dropped(length);
    }
  }

  /** Sees to it that so many extra buffers are free; the oldest packets of the longest queue go. */
  private boolean reserve(int slots) {
    if (free.size() >= slots) {
      return true;
    }
    LbPipe longest = pipes[0];
    for (LbPipe pipe : pipes) {
      longest = pipe.queue.size() > longest.queue.size() ? pipe : longest;
    }
    for (int stolen = 0; stolen < STEAL && !longest.queue.isEmpty(); ) {
      stolen += longest.dropQueued(free);
    }
    return free.size() >= slots;
  }

  private Counts snapshot() {
    List<LbPipe.Counts> each = new ArrayList<>();
    for (LbPipe pipe : pipes) {
      each.add(pipe.counts());
    }
    int unused = free == null ? 0 : free.size();
    return new Counts(System.nanoTime(), received, bytes, nonIp, unused, each);
  }

  /**
   * What it has done by now; the last state once it has ended. Any thread: the loop is woken, and
   * answers when it has done a step. One that is held up by a device is not waited for.
   */
  Counts counts() {
    Counts before = counts;
    long begin = System.nanoTime();
    wanted = true;
    poll.wakeup();
    while (running && counts == before && System.nanoTime() - begin < MOST_NANOS) {
      LockSupport.parkNanos(STEP_NANOS);
    }
    return counts;
  }
}

package io.netmap4j.compat.vswitch;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A NIC, or a persistent port that is in a switch already, as a port of a switch (netmap's bwrap).
 * Frames pass between its rings and those of an ephemeral port in the same memory by exchange of
 * buffers. netmap does that in interrupts; here a thread does it, which sleeps while nothing comes,
 * or the threads of {@link #poll}, which do not.
 *
 * <p>When the NIC sends slower than frames come, they stay in the port's RX rings, and the switch
 * drops what has no room there. While the NIC is being reset, or is gone, so do all.
 */
final class Attachment {
  /**
   * The name that the port being opened gets, in place of the one that it is opened by. Guarded by
   * {@link Switches#LOCK}; null outside {@link #attach}.
   */
  static String opening;

  private static final Logger LOG = LoggerFactory.getLogger(Attachment.class);

  /** A NIC's name cannot be that of an ephemeral port, so the inner port is opened as this. */
  private static final String INNER = "inner";

  /** After how long a NIC that gives EIO is looked at again. */
  private static final int RETRY_MILLIS = 10;

  private final String name;
  private final List<Lane> lanes = new ArrayList<>();
  private final List<Worker> workers = new ArrayList<>();
  private final List<ValePort> inner = new ArrayList<>();
  private boolean polled;
  private int rings;

  private Attachment(String name) {
    this.name = name;
  }

  /** One ring pair of the NIC, joined to the pair of the same number in the switch. */
  static final class Lane {
    final NetmapPort nic;
    final NetmapPort port;
    final AtomicLong drops;
    boolean blocked;

    /** The NIC is being reset, or is gone: its syncs give EIO. */
    boolean out;

    /** Whether its worker's poll has the two ports. */
    boolean listened;

    Lane(NetmapPort nic, NetmapPort port, AtomicLong drops) {
      this.nic = nic;
      this.port = port;
      this.drops = drops;
    }

    /**
     * @return whether anything moved
     */
    boolean step() {
      out = nic.rxSync() == Errno.EIO;
      if (out) {
        return false;
      }
      boolean moved = move(nic, port);
      port.txSync();
      port.rxSync();
      moved |= move(port, nic);
      out = nic.txSync() == Errno.EIO;
      blocked = port.firstRxRing() < port.endRxRing() && !port.rx(port.firstRxRing()).isEmpty();
      return moved;
    }

    private boolean move(NetmapPort from, NetmapPort to) {
      boolean some = from.firstRxRing() < from.endRxRing() && to.firstTxRing() < to.endTxRing();
      return some && move(from.rx(from.firstRxRing()), to.tx(to.firstTxRing()), drops);
    }

    /**
     * Whole packets, as many as there is room for.
     *
     * @param drops counts those that are longer than the whole ring
     */
    static boolean move(NetmapRing rx, NetmapRing tx, AtomicLong drops) {
      int from = rx.head();
      int to = tx.head();
      int space = tx.space();
      boolean full = false;
      while (from != rx.tail()) {
        int n = fragments(rx, from);
        if (n >= tx.numSlots()) {
          drops.incrementAndGet();
          for (; n > 0; n--) {
            from = rx.next(from);
          }
          continue;
        }
        if (n > space) {
          full = true;
          break;
        }
        space -= n;
        for (; n > 0; n--) {
          rx.swap(from, tx, to);
          tx.slotFlags(to, Netmap.NS_BUF_CHANGED | (n > 1 ? Netmap.NS_MOREFRAG : 0));
          from = rx.next(from);
          to = tx.next(to);
        }
      }
      boolean moved = from != rx.head();
      rx.advance(from);
      tx.advance(to);
      if (full) {
        tx.cur(tx.tail()); // POLLOUT waits for more room than there is
      }
      return moved;
    }

    private static int fragments(NetmapRing rx, int first) {
      int n = 1;
      int slot = first;
      while ((rx.slotFlags(slot) & Netmap.NS_MOREFRAG) != 0) {
        slot = rx.next(slot);
        n++;
      }
      return n;
    }

    void close() {
      try {
        port.close();
      } finally {
        nic.close();
      }
    }
  }

  /** A thread that moves the frames of some lanes. */
  private static final class Worker {
    private final List<Lane> lanes;
    private final boolean spins;
    private final NetmapPoll poll = new NetmapPoll();
    private final Thread thread;
    private volatile boolean stopped;

    /** Lanes whose NIC gives EIO. */
    private int out;

    Worker(String name, List<Lane> lanes, boolean spins) {
      this.lanes = lanes;
      this.spins = spins;
      this.thread = new Thread(this::run, "netmap4j-vale-" + name);
      thread.setDaemon(true);
      for (Lane lane : lanes) {
        lane.listened = false;
      }
      thread.start();
    }

    private void run() {
      try {
        while (!stopped) {
          boolean moved = false;
          int lost = 0;
          for (Lane lane : lanes) {
            moved |= lane.step();
            lost += lane.out ? 1 : 0;
          }
          if (lost != out) {
            out = lost;
            LOG.warn(
                "{}: {} of {} ring pairs are stopped or gone",
                thread.getName(),
                lost,
                lanes.size());
          }
          if (!moved) {
            pause();
          }
        }
      } catch (RuntimeException e) {
        LOG.error("{}: frames are not forwarded any more: {}", thread.getName(), e.getMessage());
      }
    }

    private void pause() {
      if (spins) {
        Thread.onSpinWait();
        return;
      }
      try {
        for (Lane lane : lanes) {
          listen(lane);
        }
        poll.poll(out > 0 ? RETRY_MILLIS : -1);
      } catch (NetmapException e) { // no descriptor for the sleep
        LockSupport.parkNanos(this, RETRY_MILLIS * 1_000_000L);
      }
    }

    /** A NIC that gives EIO would end each wait at once. */
    private void listen(Lane lane) {
      if (lane.listened && lane.out) {
        poll.remove(lane.nic).remove(lane.port);
      } else if (!lane.listened && !lane.out) {
        poll.add(lane.nic, NetmapPort.POLLIN).add(lane.port, NetmapPort.POLLIN);
      }
      lane.listened = !lane.out;
      if (lane.listened) {
        poll.events(lane.nic, NetmapPort.POLLIN | (lane.blocked ? NetmapPort.POLLOUT : 0));
        poll.events(lane.port, lane.blocked ? 0 : NetmapPort.POLLIN);
      }
    }

    void stop() {
      stopped = true;
      poll.wakeup();
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      poll.close();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Joins a device to a switch. Called with {@link Switches#LOCK} held, as the others.
   *
   * @param name valeX:NAME
   * @param hostRings also the device's host rings, as a port {@code valeX:NAME^}
   * @throws NetmapException what opening the device says; EBUSY when it is in use
   */
  static Attachment attach(String name, boolean hostRings, int memId) {
    Attachment made = new Attachment(name);
    try {
      made.join(name, Netmap.NR_REG_ALL_NIC, Netmap.NR_REG_ONE_NIC, memId);
      if (hostRings) {
        made.join(name + "^", Netmap.NR_REG_SW, Netmap.NR_REG_ONE_SW, memId);
      }
      made.inner.forEach(port -> port.busy = true);
      made.work();
      return made;
    } catch (RuntimeException e) {
      made.closeLanes();
      throw e;
    }
  }

  /**
   * Opens a device's rings, and a port of the switch with as many, pair by pair.
   *
   * @param portName of the port in the switch
   * @param all the mode that means all the rings, to learn how many there are
   * @param one the mode that means one pair of them
   */
  private void join(String portName, int all, int one, int memId) {
    String device = "netmap:" + Switches.portName(name);
    long none = Netmap.NR_RX_RINGS_ONLY | Netmap.NR_TX_RINGS_ONLY; // both together bind nothing
    NetmapPort.Request asked = NetmapPort.Request.DEFAULT.memId(memId);
    try (NetmapPort counts = Netmap.open(device, asked.mode(all, 0).addFlags(none))) {
      boolean host = all == Netmap.NR_REG_SW;
      int tx = host ? counts.nifp().hostTxRings() : counts.nifp().txRings();
      int rx = host ? counts.nifp().hostRxRings() : counts.nifp().rxRings();
      if (Math.max(tx, rx) > Batch.MAX_RINGS) {
        throw new NetmapException(
            Errno.EINVAL,
            device
                + " has more rings than a port of a switch can have: "
                + tx
                + " and "
                + rx
                + ", at most "
                + Batch.MAX_RINGS);
      }
      for (int i = 0; i < Math.max(tx, rx); i++) {
        long flags = i >= tx ? Netmap.NR_RX_RINGS_ONLY : i >= rx ? Netmap.NR_TX_RINGS_ONLY : 0;
        NetmapPort nic =
            Netmap.open(device, asked.mode(one, i).addFlags(flags | Netmap.NR_EXCLUSIVE));
        try {
          NetmapPort port = openInner(portName, i, tx, rx, nic);
          lanes.add(new Lane(nic, port, Switches.inSwitch(portName).deviceDrops));
        } catch (RuntimeException e) {
          nic.close();
          throw e;
        }
      }
    }
    inner.add(Switches.inSwitch(portName));
    rings = inner.size() == 1 ? lanes.size() : rings; // the host rings come second
  }

  /** What the device receives the port sends: its TX rings are the device's RX rings. */
  private static NetmapPort openInner(String portName, int ring, int tx, int rx, NetmapPort nic) {
    long flags = ring >= tx ? Netmap.NR_TX_RINGS_ONLY : ring >= rx ? Netmap.NR_RX_RINGS_ONLY : 0;
    opening = portName;
    try {
      return Netmap.open(
          Switches.bridgeName(portName) + ":" + INNER,
          NetmapPort.Request.DEFAULT
              .region(nic.memory())
              .mode(Netmap.NR_REG_ONE_NIC, ring)
              .addFlags(flags)
              .counts(RingCounts.DEFAULT.rings(rx, tx)));
    } finally {
      opening = null;
    }
  }

  /** One thread that sleeps, for every lane. */
  private void work() {
    workers.add(new Worker(name, lanes, false));
  }

  private void stopWorkers() {
    workers.forEach(Worker::stop);
    workers.clear();
  }

  /** RX rings of the device, host rings left aside. */
  int rings() {
    return rings;
  }

  boolean polled() {
    return polled;
  }

  /**
   * Threads that spin take over: one for all lanes, or one for each of some.
   *
   * @param first first ring pair with a thread of its own
   * @param count how many have one; 0 for one thread for all
   */
  void poll(int first, int count) {
    stopWorkers();
    polled = true;
    if (count == 0) {
      workers.add(new Worker(name, lanes, true));
      return;
    }
    List<Lane> others = new ArrayList<>(lanes);
    for (int i = first; i < first + count; i++) {
      workers.add(new Worker(name + "-" + i, List.of(lanes.get(i)), true));
      others.remove(lanes.get(i));
    }
    if (!others.isEmpty()) {
      workers.add(new Worker(name, others, false));
    }
  }

  void stopPolling() {
    stopWorkers();
    polled = false;
    work();
  }

  /** Frames on their way in the port's rings are lost. */
  void detach() {
    stopWorkers();
    closeLanes();
  }

  private void closeLanes() {
    inner.forEach(port -> port.busy = false);
    for (Lane lane : lanes) {
      lane.close();
    }
    lanes.clear();
  }
}

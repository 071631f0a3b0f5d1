package io.netmap4j;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicOptions;
import io.netmap4j.spi.RingSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open port: some rings of an adapter, an interface object of its own, extra buffers. {@link
 * Netmap#open} makes one.
 *
 * <p>A port is for one thread, or for one that sends and one that receives; several threads open
 * several ports, each on a ring of its own ({@code netmap:eth0-0}, {@code -1} ...). {@link #close}
 * is safe at any time from any thread: syncs in flight end first, later ones return EIO.
 */
public final class NetmapPort implements AutoCloseable {
  public static final int POLLIN = 1;
  public static final int POLLOUT = 4;
  public static final int POLLERR = 8;

  private static final Logger LOG = LoggerFactory.getLogger(NetmapPort.class);

  private final String name;
  private final RingSet rings;
  private final RingSet.Binding binding;
  private final NetmapMemory region;
  private final NetmapIf nifp;
  private final boolean noTxPoll;
  private final int extraBuffers;
  private final Kring[] tx;
  private final Kring[] rx;
  private final NetmapRing[] txRings;
  private final NetmapRing[] rxRings;
  private volatile boolean closed;

  /** The last {@link #poll} found something. A hint: the threads of a port share it. */
  private boolean busy;

  /**
   * What a program may ask for beside the name.
   *
   * @param region where rings and buffers live; null for {@link NetmapMemory#shared}
   * @param extraBuffers buffers beside those in the rings; fewer may be given
   * @param flags NR_NO_TX_POLL, NR_EXCLUSIVE, NR_RX_RINGS_ONLY, NR_TX_RINGS_ONLY
   * @param nic how to set a NIC up if this is its first port; null for what the configuration says
   */
  public record Request(NetmapMemory region, int extraBuffers, long flags, NicOptions nic) {
    public static final Request DEFAULT = new Request(null, 0, 0, null);

    public Request region(NetmapMemory memory) {
      return new Request(memory, extraBuffers, flags, nic);
    }

    public Request extraBuffers(int count) {
      return new Request(region, count, flags, nic);
    }

    public Request flags(long bits) {
      return new Request(region, extraBuffers, flags | bits, nic);
    }

    public Request nic(NicOptions options) {
      return new Request(region, extraBuffers, flags, options);
    }
  }

  /**
   * Makes the port. For providers.
   *
   * @param binding what {@link RingSet#bind} has bound; the port releases it when it closes, or
   *     here if this fails
   */
  public NetmapPort(String name, RingSet rings, RingSet.Binding binding, Request request) {
    Adapter.Rings n = rings.adapter().rings();
    this.name = name;
    this.rings = rings;
    this.binding = binding;
    this.region = rings.region();
    this.noTxPoll = (request.flags() & Netmap.NR_NO_TX_POLL) != 0;
    try {
      this.nifp =
          new NetmapIf(region.address() + region.allocateIf(NetmapIf.sizeFor(n.tx() + n.rx() + 2)));
    } catch (RuntimeException e) {
      rings.release(binding);
      throw e;
    }
    nifp.init(
        name, region == NetmapMemory.sharedIfMade() ? 0 : Netmap.NI_PRIV_MEM, n.tx(), 1, n.rx(), 1);
    rings.link(nifp, binding);
    this.tx = new Kring[n.tx()];
    this.rx = new Kring[n.rx()];
    this.txRings = new NetmapRing[n.tx()];
    this.rxRings = new NetmapRing[n.rx()];
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      tx[i] = rings.tx(i);
      txRings[i] = new NetmapRing(region, tx[i].ringOffset());
    }
    for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
      rx[i] = rings.rx(i);
      rxRings[i] = new NetmapRing(region, rx[i].ringOffset());
    }
    this.extraBuffers = takeExtraBuffers(request.extraBuffers());
  }

  /** Lists the buffers through their first word, last allocated first (netmap_extra_alloc). */
  private int takeExtraBuffers(int count) {
    int[] taken = count > 0 ? region.allocateBuffersUpTo(count) : new int[0];
    int head = 0;
    for (int index : taken) {
      Mem.putInt(region.bufAddress(index), head);
      head = index;
    }
    nifp.bufsHead(head);
    return taken.length;
  }

  public String name() {
    return name;
  }

  public NetmapIf nifp() {
    return nifp;
  }

  public NetmapMemory memory() {
    return region;
  }

  /** Extra buffers obtained, listed from {@link NetmapIf#bufsHead}. */
  public int extraBuffers() {
    return extraBuffers;
  }

  public int firstTxRing() {
    return binding.txFirst();
  }

  /** One past the last bound TX ring. */
  public int endTxRing() {
    return binding.txEnd();
  }

  public int firstRxRing() {
    return binding.rxFirst();
  }

  /** One past the last bound RX ring. */
  public int endRxRing() {
    return binding.rxEnd();
  }

  /** A bound TX ring, by its number in the adapter. */
  public NetmapRing tx(int i) {
    return bound(txRings, i, "tx");
  }

  /** A bound RX ring, by its number in the adapter. */
  public NetmapRing rx(int i) {
    return bound(rxRings, i, "rx");
  }

  private NetmapRing bound(NetmapRing[] of, int i, String what) {
    if (i < 0 || i >= of.length || of[i] == null) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              "%s: %s ring %d is not bound; bound are tx %d to %d and rx %d to %d (ends excluded)",
              name,
              what,
              i,
              binding.txFirst(),
              binding.txEnd(),
              binding.rxFirst(),
              binding.rxEnd()));
    }
    return of[i];
  }

  /**
   * NIOCTXSYNC: sends what the user gave on every bound TX ring, and looks for completions.
   *
   * @return 0; EIO when the port is closed or its device is gone; EINVAL when a ring had illegal
   *     indices and was repaired, or its last packet has no end (netmap's ioctl answers 0 to the
   *     former)
   */
  public int txSync() {
    int status = closed ? Libc.EIO : 0;
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      int s = tx[i].txSync(Adapter.FORCE_RECLAIM);
      status = s == 0 ? status : s;
    }
    return status;
  }

  /**
   * NIOCRXSYNC: takes in what has arrived on every bound RX ring, and gives released slots back.
   *
   * @return as {@link #txSync}
   */
  public int rxSync() {
    int status = closed ? Libc.EIO : 0;
    for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
      int s = rx[i].rxSync(0);
      status = s == 0 ? status : s;
    }
    return status;
  }

  /**
   * Waits until there is something beyond {@code cur}: a packet for POLLIN, a free slot for
   * POLLOUT. Sends pending packets first, also for POLLIN alone, unless opened with NR_NO_TX_POLL
   * (netmap_poll).
   *
   * @param events POLLIN, POLLOUT or both
   * @param timeoutMillis −1 waits for ever, 0 looks once
   * @return the events that are ready, with POLLERR when a ring is stopped or had illegal indices;
   *     0 on time-out
   */
  public int poll(int events, int timeoutMillis) {
    int ready = scan(events);
    if (ready == 0 && timeoutMillis != 0) {
      NetmapPoll poll = new NetmapPoll().add(this, events).busy(busy);
      poll.poll(timeoutMillis);
      ready = poll.ready(0);
    }
    busy = ready != 0;
    return ready;
  }

  /**
   * Longest frame that the port sends, in bytes without FCS: MTU + 18 for a NIC (Ethernet header,
   * VLAN tag), {@link Integer#MAX_VALUE} for a port without a limit of its own. A TX sync refuses a
   * longer one, over however many slots.
   */
  public int maxFrame() {
    return rings.adapter().maxFrame();
  }

  /** Shortest frame that the port sends, in bytes without padding: 14, an Ethernet header. */
  public int minFrame() {
    return rings.adapter().minFrame();
  }

  /**
   * Packets that TX syncs of the bound rings refused since the rings were started: a length outside
   * {@link #minFrame} to {@link #maxFrame}, an empty or impossible slot, too many slots. Nothing of
   * them went out; their slots came back as if sent. Other ports on the same rings count in it too.
   * Exact after a sync by the same thread.
   */
  public long unsent() {
    long sum = 0;
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      sum += tx[i].unsent;
    }
    return sum;
  }

  /** How waits for this port wait: {@code nic.NAME.wait} of the configuration. */
  public WaitMode waitMode() {
    return rings.adapter().waitMode();
  }

  /** What {@link #poll} returns, looking once. */
  int scan(int events) {
    if (closed) {
      return POLLERR;
    }
    int ready = 0;
    if (!noTxPoll || (events & POLLOUT) != 0) {
      for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
        ready |= scanTx(i, (events & ~ready & POLLOUT) != 0);
      }
    }
    if ((events & POLLIN) != 0) {
      for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
        Kring k = rx[i];
        int status = k.rxSync(0);
        ready |= (status != 0 ? POLLERR : 0) | (k.rCur != k.rTail ? POLLIN : 0);
      }
    }
    return ready;
  }

  /** A ring with nothing to flush is left alone unless room is wanted. */
  private int scanTx(int i, boolean wantRoom) {
    Kring k = tx[i];
    if (!wantRoom && txRings[i].head() == k.hwCur) {
      return 0;
    }
    int status = k.txSync(0);
    return (status != 0 ? POLLERR : 0) | (wantRoom && k.rCur != k.rTail ? POLLOUT : 0);
  }

  /** How many descriptors {@link #arm} fills in. */
  int rings() {
    return tx.length + rx.length;
  }

  /**
   * Asks for a wake-up when one of {@code events} may have come.
   *
   * @param fds takes what becomes readable then, from {@code at} on; −1 for none
   * @return false when only looking again helps
   */
  boolean arm(int events, int[] fds, int at) {
    Adapter adapter = rings.adapter();
    boolean all = true;
    java.util.Arrays.fill(fds, at, at + rings(), -1);
    for (int i = binding.rxFirst(); i < binding.rxEnd() && (events & POLLIN) != 0; i++) {
      fds[at + tx.length + i] = adapter.waitFd(rx[i]);
      all &= fds[at + tx.length + i] >= 0;
      adapter.arm(rx[i]);
    }
    for (int i = binding.txFirst(); i < binding.txEnd() && (events & POLLOUT) != 0; i++) {
      fds[at + i] = adapter.waitFd(tx[i]);
      all &= fds[at + i] >= 0;
      adapter.arm(tx[i]);
    }
    return all;
  }

  /** Takes {@link #arm} back. */
  void disarm(int events) {
    Adapter adapter = rings.adapter();
    for (int i = binding.rxFirst(); i < binding.rxEnd() && (events & POLLIN) != 0; i++) {
      adapter.disarm(rx[i]);
    }
    for (int i = binding.txFirst(); i < binding.txEnd() && (events & POLLOUT) != 0; i++) {
      adapter.disarm(tx[i]);
    }
  }

  /**
   * Syncs until everything given to the bound TX rings has left, or the time is over (no carrier).
   *
   * @return true when nothing is pending
   */
  public boolean drain(int timeoutMillis) {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000L;
    while (true) {
      if (closed) {
        return false;
      }
      boolean pending = txSync() != 0;
      for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
        pending |= txRings[i].txPending();
      }
      if (!pending) {
        return true;
      }
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      Thread.onSpinWait();
    }
  }

  public LinkState link() {
    return rings.adapter().link();
  }

  /** Waits for carrier. @return false when the time is over first */
  public boolean awaitLink(int timeoutMillis) {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000L;
    while (!closed && !link().up()) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      LockSupport.parkNanos(1_000_000);
    }
    return !closed;
  }

  /**
   * Monotonic totals since the device was opened: the hardware's, by register name, drops included;
   * and ours: {@code bad_slots} (slots that could not be sent or given back as they were), {@code
   * unsent} (packets of the bound TX rings that were refused, see {@link #unsent}) and {@code
   * ring_reinits}.
   */
  public Map<String, Long> counters() {
    Map<String, Long> all = new TreeMap<>(rings.adapter().counters());
    long bad = 0;
    long reinits = 0;
    for (Kring[] krings : new Kring[][] {tx, rx}) {
      for (Kring k : krings) {
        bad += k == null ? 0 : k.badSlots;
        reinits += k == null ? 0 : k.reinits();
      }
    }
    all.put("bad_slots", bad);
    all.put("unsent", unsent());
    all.put("ring_reinits", reinits);
    return all;
  }

  /** Settings of the NIC behind this port. @throws NetmapException EOPNOTSUPP when there is none */
  public NicControl nic() {
    NicControl control = rings.adapter().control();
    if (control == null) {
      throw new NetmapException(
          Libc.EOPNOTSUPP, name + " is not a NIC, so it has no such settings");
    }
    return control;
  }

  /**
   * Gives everything back. Frees the extra buffers listed from {@link NetmapIf#bufsHead} at this
   * moment; the list must be whole. The last port of a device stops it. Idempotent, from any
   * thread.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    freeExtraBuffers();
    region.freeIf(nifp.address() - region.address());
    rings.release(binding);
  }

  private void freeExtraBuffers() {
    int freed = 0;
    for (int index = nifp.bufsHead(); index != 0; ) {
      int next =
          index >= NetmapMemory.FIRST_BUFFER && index < region.bufTotal()
              ? Mem.getInt(region.bufAddress(index))
              : 0;
      if (!region.freeBuffer(index)) {
        LOG.warn(
            "{}: the list of extra buffers breaks at index {} after {} of {}; the rest is lost until every port of the"
                + " region is closed. Rewrite the links before close: received packets overwrite them",
            name,
            index,
            freed,
            extraBuffers);
        return;
      }
      freed++;
      index = next;
    }
  }
}

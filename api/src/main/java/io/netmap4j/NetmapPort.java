package io.netmap4j;

import io.netmap4j.common.Errno;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.common.WaitMode;
import io.netmap4j.layout.IfLayout;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Events;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
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
  /** Of {@link #poll}: a packet is there. As in poll(2). */
  public static final int POLLIN = 1;

  /** Of {@link #poll}: there is room for a packet. As in poll(2). */
  public static final int POLLOUT = 4;

  /** Result of {@link #poll}: the port has failed, or a sync has refused something. */
  public static final int POLLERR = 8;

  /** How long a sync waits for another thread's sync of the same ring. */
  private static final long TURN_NANOS = 1_000_000_000;

  private static final Logger LOG = LoggerFactory.getLogger(NetmapPort.class);

  private final String name;
  private final RingSet rings;
  private final RingSet.Binding binding;
  private final Runnable release;
  private final Region region;
  private final NetmapMemory memory;
  private final long ifOffset;
  private final NetmapIf nifp;
  private final int extraBuffers;
  private final Kring[] tx;
  private final Kring[] rx;
  private final NetmapRing[] txRings;
  private final NetmapRing[] rxRings;
  private final PortWaits waits;
  private final int rxFlags;
  private volatile boolean closed;

  /**
   * What a program may ask for beside the name.
   *
   * @param region where rings and buffers live; null for the region that the port's device is in,
   *     or the default of its kind: {@link NetmapMemory#shared} for a NIC
   * @param extraBuffers buffers beside those in the rings; fewer may be given
   * @param mode NR_REG_*, in place of what the name says; 0 for the name's
   * @param ringId the ring, for NR_REG_ONE_NIC and NR_REG_ONE_SW in {@code mode}
   * @param flags NR_* flags, beside those of the name (docs/netmap-abi.md 1.5)
   * @param memId nr_mem_id: the memory that the port must be in; 0 for any
   * @param counts rings and slots of a port that this makes
   * @param offsets headroom in each slot; null for none
   * @param nic how to set a NIC up if this is its first port; null for what the configuration says.
   *     EBUSY when it is open already with other options
   */
  public record Request(
      @Nullable NetmapMemory region,
      int extraBuffers,
      int mode,
      int ringId,
      long flags,
      int memId,
      RingCounts counts,
      @Nullable Offsets offsets,
      @Nullable NicOptions nic) {
    /** The name alone: no extra buffers, no flags, the port's own memory and counts. */
    public static final Request DEFAULT =
        new Request(null, 0, 0, 0, 0, 0, RingCounts.DEFAULT, null, null);

    /**
     * Checks the request.
     *
     * @throws NetmapException EINVAL for fewer than 0 extra buffers, a mode that is none of
     *     NR_REG_*, a ring or memory outside 0 to 65535
     */
    public Request {
      if (extraBuffers < 0) {
        throw new NetmapException(Errno.EINVAL, "invalid number of extra buffers: " + extraBuffers);
      }
      if (mode < 0 || mode > Netmap.NR_REG_ONE_SW) {
        throw new NetmapException(Errno.EINVAL, "invalid mode: " + mode);
      }
      if (((ringId | memId) & ~0xffff) != 0) {
        throw new NetmapException(
            Errno.EINVAL, "invalid ring or memory (0 to 65535): " + ringId + ", " + memId);
      }
      if (counts == null) {
        counts = RingCounts.DEFAULT;
      }
    }

    /** This request in another region; null for that of the device, as in the record. */
    public Request region(@Nullable NetmapMemory memory) {
      return new Request(memory, extraBuffers, mode, ringId, flags, memId, counts, offsets, nic);
    }

    /** This request with so many extra buffers, 0 or more. */
    public Request extraBuffers(int count) {
      return new Request(region, count, mode, ringId, flags, memId, counts, offsets, nic);
    }

    /** This request for other rings than the name says: NR_REG_* and, for one ring, which. */
    public Request mode(int regMode, int ring) {
      return new Request(region, extraBuffers, regMode, ring, flags, memId, counts, offsets, nic);
    }

    /** This request with more flags, beside those that it has. */
    public Request addFlags(long bits) {
      return new Request(
          region, extraBuffers, mode, ringId, flags | bits, memId, counts, offsets, nic);
    }

    /** This request in the memory with that nr_mem_id; 0 for any. */
    public Request memId(int id) {
      return new Request(region, extraBuffers, mode, ringId, flags, id, counts, offsets, nic);
    }

    /** This request with other rings and slots. */
    public Request counts(RingCounts other) {
      return new Request(region, extraBuffers, mode, ringId, flags, memId, other, offsets, nic);
    }

    /** This request with headroom in each slot; null for none. */
    public Request offsets(@Nullable Offsets other) {
      return new Request(region, extraBuffers, mode, ringId, flags, memId, counts, other, nic);
    }

    /** This request with other options of the NIC; null for what the configuration says. */
    public Request nic(@Nullable NicOptions options) {
      return new Request(
          region, extraBuffers, mode, ringId, flags, memId, counts, offsets, options);
    }
  }

  /** Makes the port, which releases the bound rings when it closes, or here if this fails. */
  NetmapPort(PortProvider.Opened opened, int extraBuffers) {
    this.name = opened.name();
    this.rings = opened.rings();
    this.binding = opened.binding();
    this.region = rings.region();
    this.memory = NetmapMemory.of(region);
    int txEnd = rings.txRings();
    int rxEnd = rings.rxRings();
    int hostTx = txEnd - rings.adapter().rings().tx();
    int hostRx = rxEnd - rings.adapter().rings().rx();
    this.tx = new Kring[txEnd];
    this.rx = new Kring[rxEnd];
    this.txRings = new NetmapRing[txEnd];
    this.rxRings = new NetmapRing[rxEnd];
    // A port without host rings has a place for one of each direction (docs/netmap-abi.md 4.2).
    int txPlaces = txEnd + (hostTx == 0 ? 1 : 0);
    int rxPlaces = rxEnd + (hostRx == 0 ? 1 : 0);
    try {
      this.ifOffset = region.allocateIf(IfLayout.sizeFor(txPlaces + rxPlaces));
    } catch (RuntimeException e) {
      opened.release().run();
      throw e;
    }
    int flags = region.isShared() ? 0 : Netmap.NI_PRIV_MEM;
    this.nifp =
        new NetmapIf(
            region.address() + ifOffset,
            name,
            flags,
            txEnd - hostTx,
            Math.max(1, hostTx),
            rxEnd - hostRx,
            Math.max(1, hostRx));
    // ring_ofs[]: TX, host TX, RX, host RX; bound rings only
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      tx[i] = rings.tx(i);
      txRings[i] = new NetmapRing(tx[i]);
      nifp.ringOfs(i, tx[i].ringOffset() - ifOffset);
    }
    for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
      rx[i] = rings.rx(i);
      rxRings[i] = new NetmapRing(rx[i]);
      nifp.ringOfs(txPlaces + i, rx[i].ringOffset() - ifOffset);
    }
    this.extraBuffers = takeExtraBuffers(extraBuffers);
    boolean noTxPoll = (opened.flags() & Netmap.NR_NO_TX_POLL) != 0;
    // Every TX ring of the device is bound (netmap_set_ringid), and there are host rings.
    boolean mayForward =
        hostRx > 0 && txEnd > hostTx && binding.txFirst() == 0 && binding.txEnd() >= txEnd - hostTx;
    this.rxFlags = mayForward ? Adapter.CAN_FORWARD_DOWN : 0;
    for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
      rxRings[i].syncFlags(rxFlags);
    }
    this.waits = new PortWaits(this, rings.adapter(), binding, noTxPoll, rxFlags, tx, rx, txRings);
    this.release = opened.release();
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

  /**
   * Whether the port is open. For any thread.
   *
   * @return false once {@link #close} has begun
   */
  public boolean isOpen() {
    return !closed;
  }

  /**
   * The port's name.
   *
   * @return the NAME in {@code netmap:NAME}, without ring and flags
   */
  public String name() {
    return name;
  }

  /**
   * The port's interface object. Stays safe to use after {@link #close}.
   *
   * @return the same one every time
   */
  public NetmapIf nifp() {
    return nifp;
  }

  /**
   * The region that the port's rings and buffers are in.
   *
   * @return the same one every time; the port does not own it
   */
  public NetmapMemory memory() {
    return memory;
  }

  /**
   * Extra buffers obtained, listed from {@link NetmapIf#bufsHead} (docs/netmap-abi.md 4.4).
   *
   * @return as many as were asked for, or as there were
   */
  public int extraBuffers() {
    return extraBuffers;
  }

  /**
   * The first bound TX ring.
   *
   * @return its number in the adapter; {@link #endTxRing} when none is bound
   */
  public int firstTxRing() {
    return binding.txFirst();
  }

  /**
   * One past the last bound TX ring.
   *
   * @return a number in the adapter
   */
  public int endTxRing() {
    return binding.txEnd();
  }

  /**
   * The first bound RX ring.
   *
   * @return its number in the adapter; {@link #endRxRing} when none is bound
   */
  public int firstRxRing() {
    return binding.rxFirst();
  }

  /**
   * One past the last bound RX ring.
   *
   * @return a number in the adapter
   */
  public int endRxRing() {
    return binding.rxEnd();
  }

  /**
   * A bound TX ring. Stays safe to use after {@link #close}.
   *
   * @param i its number in the adapter, {@link #firstTxRing} to {@link #endTxRing} − 1
   * @return the same object every time
   * @throws NetmapException EINVAL for a ring that this port has not bound
   */
  public NetmapRing tx(int i) {
    return bound(txRings, i, "tx");
  }

  /**
   * A bound RX ring. Stays safe to use after {@link #close}.
   *
   * @param i its number in the adapter, {@link #firstRxRing} to {@link #endRxRing} − 1
   * @return the same object every time
   * @throws NetmapException EINVAL for a ring that this port has not bound
   */
  public NetmapRing rx(int i) {
    return bound(rxRings, i, "rx");
  }

  private NetmapRing bound(NetmapRing[] of, int i, String what) {
    if (i < 0 || i >= of.length || of[i] == null) {
      throw new NetmapException(
          Errno.EINVAL,
          String.format(
              Locale.ROOT,
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
   * NIOCTXSYNC: sends what the user gave on every bound TX ring, and looks for completions
   * (docs/netmap-abi.md 5.2). Waits while another thread syncs the same ring: what was given before
   * the call is with the device after it. Does not throw.
   *
   * <p>A packet that cannot be sent (a length outside {@link #minFrame} to {@link #maxFrame}, a
   * slot that is empty or longer than a buffer, an invalid buf_idx, more than 40 slots) is refused:
   * nothing of it goes out, its slots come back as if sent, {@link #unsent} counts it. The others
   * of the batch go out.
   *
   * <p>NS_REPORT, NS_BUF_CHANGED and NS_MOREFRAG are cleared in the last slot of each packet, as in
   * netmap; all other flags stay.
   *
   * <p>After illegal indices nothing is sent, and the ring is repaired so that the next sync
   * accepts it: {@code head} and {@code cur} go back to the first slot that the device does not
   * have if {@code head} is out of range or among the device's slots; else {@code head} is
   * accepted, and {@code cur}, if that was illegal, is set to it (docs/netmap-abi.md 5.4).
   *
   * @return 0; EIO when the port is closed or its device is gone; EINVAL when packets were refused,
   *     when a ring had illegal indices and was repaired, or when the last slot has NS_MOREFRAG:
   *     then nothing of the batch is sent (netmap's ioctl returns 0 after illegal indices); EBUSY
   *     when another thread's sync does not end within a second
   */
  public int txSync() {
    int status = closed ? Errno.EIO : 0;
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      int s = tx[i].txSync(Adapter.FORCE_RECLAIM);
      if (s == Errno.EBUSY) {
        s = awaitTurn(tx[i], 0);
      }
      status = s == 0 ? status : s;
    }
    return status;
  }

  /**
   * NIOCRXSYNC: takes in what has arrived on every bound RX ring, and gives released slots back
   * (docs/netmap-abi.md 5.3). Stamps rings that have NR_TIMESTAMP ({@link
   * NetmapRing#timestampMicros}). Does not throw.
   *
   * <p>After illegal indices packets are taken in, nothing is given back, and the ring is repaired
   * as by {@link #txSync}: packets that {@code head} had passed may come up again. A released slot
   * with an invalid buf_idx is never given to the device: its buf_idx and len become 0, it and
   * those behind it stay the user's, and each sync returns EINVAL until the slot has a buffer.
   *
   * @return 0; EIO when the port is closed or its device is gone; EINVAL when a ring had illegal
   *     indices or a slot without a buffer; EBUSY as for {@link #txSync}
   */
  public int rxSync() {
    int status = closed ? Errno.EIO : 0;
    for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
      int s = rx[i].rxSync(rxFlags);
      if (s == Errno.EBUSY) {
        s = awaitTurn(rx[i], rxFlags);
      }
      status = s == 0 ? status : s;
    }
    return status;
  }

  /** Another thread is inside a sync of the ring: ours comes after it. */
  @SuppressWarnings("ThreadPriorityCheck") // the other one may need this processor
  static int awaitTurn(Kring k, int rxFlags) {
    long deadline = System.nanoTime() + TURN_NANOS;
    int status;
    do {
      Thread.yield();
      status = k.tx ? k.txSync(Adapter.FORCE_RECLAIM) : k.rxSync(rxFlags);
    } while (status == Errno.EBUSY && System.nanoTime() - deadline < 0);
    return status;
  }

  /**
   * Waits until there is something beyond {@code cur}: a packet for POLLIN, a free slot for
   * POLLOUT. Sends pending packets first, also for POLLIN alone, unless opened with NR_NO_TX_POLL
   * (docs/netmap-abi.md 7). One thread at a time waits for packets, and one for room.
   *
   * <p>TX rings without a free slot beyond {@code cur} are looked at for completions by every poll
   * (unless NR_NO_TX_POLL and no POLLOUT), also when another ring has room or only POLLIN is asked
   * for: no full ring stays full.
   *
   * @param events POLLIN, POLLOUT, both, or 0 for neither; other bits are ignored
   * @param timeoutMillis −1 (any negative one, as in poll(2)) waits for ever, 0 looks once
   * @return the events that are ready, with POLLERR when a ring is stopped, had illegal indices, or
   *     a packet was refused; 0 on time-out, after a {@link #wakeup}, and when the thread is
   *     interrupted (its flag stays set; while it is, nothing is waited for)
   * @throws NetmapException EMFILE or ENFILE when a sleep gets no descriptor
   */
  public int poll(int events, int timeoutMillis) {
    return waits.poll(events, timeoutMillis);
  }

  PortWaits waits() {
    return waits;
  }

  /**
   * Ends the waits that other threads are in with this port ({@link #poll}, {@link #drain}, {@link
   * #awaitLink}, {@link NetmapPoll#poll}): they return 0 or false. A wake-up is not lost: when no
   * {@code poll} for packets is in progress, the next one that finds no packet returns 0 at once;
   * likewise for room. Cheap while no thread sleeps. For any thread, at any time.
   */
  public void wakeup() {
    waits.wakeup();
  }

  /**
   * The longest frame that the port sends. A TX sync refuses a longer one, over however many slots.
   *
   * @return bytes without FCS: MTU + 18 for a NIC (Ethernet header, VLAN tag), {@link
   *     Integer#MAX_VALUE} for a port without a limit of its own
   */
  public int maxFrame() {
    return rings.adapter().maxFrame();
  }

  /**
   * The shortest frame that the port sends.
   *
   * @return bytes without padding: 14, an Ethernet header
   */
  public int minFrame() {
    return rings.adapter().minFrame();
  }

  /**
   * Most slots of a packet that the port sends, however short it is. A TX sync refuses one of more.
   *
   * @return 40 for a NIC, {@link Integer#MAX_VALUE} for a port without a limit of its own
   */
  public int maxSlots() {
    return rings.adapter().maxSlots();
  }

  /**
   * Packets that TX syncs of the bound rings refused since the rings were started: a length outside
   * {@link #minFrame} to {@link #maxFrame}, an empty or impossible slot, too many slots. Nothing of
   * them went out; their slots came back as if sent. Other ports on the same rings count in it too.
   *
   * @return packets; exact after a sync by the same thread
   */
  public long unsent() {
    long sum = 0;
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      sum += tx[i].unsent;
    }
    return sum;
  }

  /**
   * How waits for this port wait, unless {@link NetmapPoll#mode} says otherwise.
   *
   * @return {@code nic.NAME.wait} of the configuration, for a NIC
   */
  public WaitMode waitMode() {
    return rings.adapter().waitMode();
  }

  /**
   * Syncs until everything given to the bound TX rings has left, or the time is over (no carrier).
   * Sleeps where the port has interrupts. For the thread that sends.
   *
   * @param timeoutMillis −1 (any negative one) waits for ever, 0 syncs once
   * @return true when nothing is pending and these syncs have refused nothing ({@link #unsent});
   *     false on time-out, at once when the port is closed, its device is gone or the thread is
   *     interrupted, and after a {@link #wakeup} that comes meanwhile
   */
  public boolean drain(int timeoutMillis) {
    long refusedBefore = unsent();
    return waits.reached(PortWaits.DRAINED, timeoutMillis) && unsent() == refusedBefore;
  }

  /**
   * Carrier and speed. For a NIC a register read: not for a fast loop. For any thread.
   *
   * @return what it is now
   * @throws NetmapException ENXIO or EIO when the device is gone
   */
  public LinkState link() {
    try {
      return rings.adapter().link();
    } catch (LinuxException e) {
      throw Errors.of(e);
    }
  }

  /**
   * Waits for carrier.
   *
   * @param timeoutMillis −1 (any negative one) waits for ever, 0 looks once
   * @return true with carrier; false as for {@link #drain}
   * @throws NetmapException as {@link #link}
   */
  public boolean awaitLink(int timeoutMillis) {
    try {
      return waits.reached(PortWaits.LINKED, timeoutMillis);
    } catch (LinuxException e) {
      throw Errors.of(e);
    }
  }

  /**
   * Monotonic totals since the device was opened: the hardware's, by register name, drops included;
   * those of its host rings, if it has any: {@code host_tx}, {@code host_rx} and so on, see
   * docs/netmap-abi.md 9.1; and ours: {@code bad_slots} (slots that could not be sent or given back
   * as they were), {@code unsent} (packets of the bound TX rings that were refused, see {@link
   * #unsent}), {@code ring_reinits} (how often illegal indices made a ring be repaired), {@code
   * wait_sleeps} (how often a wait for this port slept) and {@code wait_wakeups} (after how many of
   * these sleeps it was ready). For any thread; not for a fast loop.
   *
   * @return a new map, sorted by name
   * @throws NetmapException as {@link #link}
   */
  public Map<String, Long> counters() {
    Map<String, Long> all;
    try {
      all = new TreeMap<>(rings.adapter().counters());
      Adapter host = rings.host();
      if (host != null) {
        all.putAll(host.counters());
      }
    } catch (LinuxException e) {
      throw Errors.of(e);
    }
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
    all.put("wait_sleeps", waits.sleeps());
    all.put("wait_wakeups", waits.wakeUps());
    return all;
  }

  /**
   * Settings of the NIC behind this port, which all its ports share.
   *
   * @return the same one every time, for any thread
   * @throws NetmapException EOPNOTSUPP when this port is not a NIC
   */
  public NicControl nic() {
    NicControl control = rings.adapter().control();
    if (control == null) {
      throw new NetmapException(
          Errno.EOPNOTSUPP, name + " is not a NIC, so it has no such settings");
    }
    return control;
  }

  /**
   * Gives everything back. Frees the extra buffers listed from {@link NetmapIf#bufsHead} at this
   * moment; the list must be whole. The last port of a device stops it. Rings and {@link #nifp}
   * that the program keeps refer to private copies from now on. Waits that other threads are in end
   * with an error. Idempotent, from any thread.
   *
   * @throws NetmapException when the device could not be stopped; the port is closed all the same,
   *     and its rings and buffers are given to nobody
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    Events.Lasting event = Events.portClose();
    waits.close();
    freeExtraBuffers();
    retireViews();
    region.freeIf(ifOffset);
    try {
      release.run();
    } catch (LinuxException e) {
      throw Errors.of(e);
    } finally {
      end(event);
    }
  }

  void end(Events.Lasting event) {
    event.end(name, binding.txEnd() - binding.txFirst(), binding.rxEnd() - binding.rxFirst());
  }

  /** Objects that the program keeps must not reach the rings of the next port. */
  private void retireViews() {
    for (int i = binding.txFirst(); i < binding.txEnd(); i++) {
      txRings[i].retire();
    }
    for (int i = binding.rxFirst(); i < binding.rxEnd(); i++) {
      rxRings[i].retire();
    }
    nifp.retire(region.toPlaceholder());
  }

  private void freeExtraBuffers() {
    int freed = 0;
    for (int index = nifp.bufsHead(); index != 0; ) {
      int next =
          index >= Region.FIRST_BUFFER && index < region.bufTotal()
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

package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Events;
import io.netmap4j.spi.Forwarding;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Device, rings and krings as one port: ring i is queue i. Bring-up and stop are here; {@link
 * IxgbeHousekeeping} has link, counters and the watchdog, {@link IxgbeInterrupts} the waits, {@link
 * IxgbeRingMemory} the memory that close gives back.
 */
final class IxgbeAdapter implements Adapter {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeAdapter.class);

  // What a sync must know of the device's state.
  private static final int CARRIER = 0;
  private static final int NO_CARRIER = 1;
  private static final int DEAD = 2;

  private final NicDevice nic;
  private final NicOptions options;
  private final IxgbeDevice device;
  private final IxgbeInterrupts interrupts;
  private final IxgbeRingMemory memory;
  private final IxgbeHousekeeping housekeeping;
  private final IxgbeControl control;
  private final IxgbeTxRing[] txRings;
  private final IxgbeRxRing[] rxRings;
  private Kring[] tx = {};
  private Kring[] rx = {};
  private boolean started;
  private boolean closed;

  /** Read once per sync, written by housekeeping. */
  private volatile int state = NO_CARRIER;

  private static final AtomicIntegerFieldUpdater<IxgbeAdapter> STATE =
      AtomicIntegerFieldUpdater.newUpdater(IxgbeAdapter.class, "state");

  IxgbeAdapter(NicDevice nic, Region region, NicOptions options) {
    IxgbeLimits.check(options, region, IxgbeId.of(nic.id().device()).chip());
    this.nic = nic;
    this.options = options;
    this.device = new IxgbeDevice(nic, options);
    this.interrupts = new IxgbeInterrupts(nic);
    this.txRings = new IxgbeTxRing[options.txRings()];
    this.rxRings = new IxgbeRxRing[options.rxRings()];
    this.housekeeping = new IxgbeHousekeeping(nic, device, this, txRings, rxRings);
    this.control = new IxgbeControl(this, device, housekeeping);
    this.memory = new IxgbeRingMemory(nic, region, options);
    try {
      device.reset();
    } catch (RuntimeException e) {
      throw memory.closeAfter(e);
    }
  }

  @Override
  public String name() {
    return nic.name();
  }

  @Override
  public Rings rings() {
    return new Rings(options.txRings(), options.rxRings(), options.txSlots(), options.rxSlots());
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    tx = txKrings;
    rx = rxKrings;
    started = true;
    for (int q = 0; q < tx.length; q++) {
      txRings[q] = new IxgbeTxRing(nic, q, tx[q], memory.txDescs[q], memory.buffers, options.mtu());
    }
    for (int q = 0; q < rx.length; q++) {
      rxRings[q] = new IxgbeRxRing(nic, q, rx[q], memory.rxDescs[q], memory.buffers);
    }
    housekeeping.discardCounters();
    startQueues();
    housekeeping.start();
    LOG.info(
        "{}: {} tx and {} rx rings of {} and {} slots, link {}",
        nic.name(),
        tx.length,
        rx.length,
        options.txSlots(),
        options.rxSlots(),
        device.link());
  }

  private void startQueues() {
    device.configure();
    for (int q = 0; q < tx.length; q++) {
      txRings[q].reset(tx[q]);
      device.startTxQueue(q, memory.txDescs[q], tx[q].numSlots);
    }
    for (int q = 0; q < rx.length; q++) {
      startRxQueue(q);
    }
    device.enableReceive();
    device.startLink();
  }

  private void startRxQueue(int q) {
    int tail = rxRings[q].reset(rx[q]);
    device.startRxQueue(q, memory.rxDescs[q], rx[q].numSlots, rxRings[q].bufferBytes(), tail);
  }

  @Override
  public boolean offsets() {
    return true;
  }

  /** SRRCTL counts in kilobytes. */
  @Override
  public int leastRxBytes() {
    return 1024;
  }

  /** A receive queue is stopped meanwhile: its descriptors and its buffer size change, too. */
  @Override
  public void change(Kring k, Runnable change) {
    synchronized (housekeeping) { // no reset meanwhile
      k.fence();
      try {
        if (k.tx || state == DEAD) {
          change.run();
        } else {
          device.stopRxQueue(k.ringId);
          change.run();
          startRxQueue(k.ringId);
        }
      } finally {
        k.unfence();
      }
    }
  }

  @Override
  public int txSync(Kring k, int flags) {
    int now = state;
    if (now != CARRIER) {
      return now == DEAD ? Libc.EIO : 0; // as netmap: without carrier slots stay pending
    }
    try {
      return txRings[k.ringId].sync(k, flags);
    } catch (NetmapException | InternalError e) {
      return deviceLost(e);
    }
  }

  @Override
  public int rxSync(Kring k, int flags) {
    if (state == DEAD) {
      return Libc.EIO;
    }
    try {
      return rxRings[k.ringId].sync(k);
    } catch (NetmapException | InternalError e) {
      return deviceLost(e);
    }
  }

  @Override
  public Forwarding forwarding(Kring from, Kring to) {
    boolean own = to.ringId < tx.length && tx[to.ringId] == to;
    if (!own && !(to.adapter() instanceof IxgbeAdapter)) {
      return null;
    }
    IxgbeAdapter other = own ? this : (IxgbeAdapter) to.adapter();
    return new IxgbeForward(this, from, rxRings[from.ringId], other, to, other.txRings[to.ringId]);
  }

  /**
   * An InternalError is what the JVM makes of a SIGBUS: the card's registers are mapped no more.
   */
  int deviceLost(Throwable e) {
    if (STATE.getAndSet(this, DEAD) != DEAD) { // several threads may find out at one time
      LOG.warn("{}: the device no longer answers: {}", nic.name(), message(nic, e));
      interrupts.wake();
    }
    return Libc.EIO;
  }

  /** The message of {@code e}, without the device's name if that stands before it. */
  static String message(NicDevice nic, Throwable e) {
    String text = String.valueOf(e.getMessage());
    String prefix = nic.name() + ": ";
    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
  }

  /** Sets the link state that syncs read. A dead device stays dead, whoever finds out first. */
  void linkState(boolean up) {
    int was = state;
    if (was != DEAD) {
      STATE.compareAndSet(this, was, up ? CARRIER : NO_CARRIER);
    }
  }

  boolean carrier() {
    return state == CARRIER;
  }

  @Override
  public LinkState link() {
    return housekeeping.link();
  }

  @Override
  public Map<String, Long> counters() {
    return housekeeping.totals();
  }

  @Override
  public boolean dead() {
    return state == DEAD;
  }

  @Override
  public NicControl control() {
    return control;
  }

  /** Called with housekeeping's monitor, while the port is open. */
  void resetDevice() {
    Events.Lasting event = Events.deviceReset();
    fence(true);
    try {
      if (state != DEAD) {
        housekeeping.lastCounters();
      }
      state = DEAD; // and stays so if a step fails: syncs say EIO, another reset may mend it
      device.reset();
      startQueues();
      interrupts.restart();
      state = NO_CARRIER;
      housekeeping.checkLink();
      event.end(nic.name(), tx.length, rx.length);
    } finally {
      fence(false);
    }
  }

  private void fence(boolean on) {
    for (Kring[] krings : new Kring[][] {tx, rx}) {
      for (Kring k : krings) {
        if (on) {
          k.fence();
        } else {
          k.unfence();
        }
      }
    }
  }

  @Override
  public int maxSlots() {
    return IxgbeTxRing.MAX_SEGMENTS;
  }

  @Override
  public int maxFrame() {
    return IxgbeTxRing.maxFrame(options.mtu());
  }

  @Override
  public int minFrame() {
    return IxgbeTxRing.MIN_FRAME;
  }

  @Override
  public WaitMode waitMode() {
    return options.waitMode();
  }

  @Override
  public int waitFd(Kring k) {
    if (k.tx && txRings[k.ringId].leavesUnreported(k)) {
      return -1;
    }
    try {
      return interrupts.fd(k.ringId, Math.max(tx.length, rx.length));
    } catch (NetmapException | LinuxException | InternalError e) {
      LOG.warn("{}: no interrupts, waits poll instead: {}", nic.name(), message(nic, e));
      interrupts.giveUp();
      return -1;
    }
  }

  @Override
  public void arm(Kring k, Runnable wake) {
    try {
      interrupts.arm(k.ringId, wake);
    } catch (NetmapException | InternalError e) {
      deviceLost(e);
    }
  }

  @Override
  public void disarm(Kring k, Runnable wake) {
    try {
      interrupts.disarm(k.ringId, wake);
    } catch (NetmapException | LinuxException | InternalError e) {
      deviceLost(e);
    }
  }

  @Override
  public void part() {
    nic.part();
  }

  @Override
  public void stop() {
    nic.part();
    housekeeping.stop();
    if (started) {
      stopDevice();
    }
  }

  /** No DMA after this, whatever state the card is in: others get its memory next. */
  private void stopDevice() {
    try {
      if (!device.gone()) {
        device.stop(tx.length, rx.length);
        housekeeping.lastCounters();
      }
    } catch (NetmapException | InternalError e) {
      logStopFailure(e);
    }
    try {
      device.stopMastering();
    } catch (NetmapException | InternalError e) {
      logStopFailure(e);
    }
  }

  /** Quietly for a dead device, which has been logged. */
  private void logStopFailure(Throwable e) {
    if (state == DEAD) {
      LOG.debug("{}: {}", nic.name(), message(nic, e));
    } else {
      LOG.warn("{}: {}", nic.name(), message(nic, e));
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      interrupts.close();
    } catch (NetmapException | LinuxException | InternalError e) {
      deviceLost(e);
    }
    try {
      memory.close();
    } finally {
      nic.close();
    }
  }
}

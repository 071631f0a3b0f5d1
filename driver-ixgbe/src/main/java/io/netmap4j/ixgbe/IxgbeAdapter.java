package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Threads;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Device, rings and krings as one port: ring i is queue i. */
final class IxgbeAdapter implements Adapter, NicControl {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeAdapter.class);

  /** What RSS reaches, and how many queues the counters tell apart. */
  private static final int MAX_RINGS = 16;

  private static final int MIN_SLOTS = 64;
  private static final int MAX_SLOTS = 4096;
  private static final int MAX_MTU = 9710;

  /** Often enough for 36-bit counters (55 s) and for a link that somebody waits for. */
  private static final long HOUSEKEEPING_MILLIS = 20;

  /** A look at the card that takes so long has met one that stood still. */
  private static final long STALL_NANOS = 500_000_000;

  // What a sync must know of the device's state.
  private static final int CARRIER = 0;
  private static final int NO_CARRIER = 1;
  private static final int DEAD = 2;

  private final NicDevice nic;
  private final Region region;
  private final NicOptions options;
  private final IxgbeDevice device;
  private final IxgbeCounters counters;
  private final IxgbeInterrupts interrupts;
  private final IxgbeWatchdog watchdog;
  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final DmaMapping mapping;
  private final IxgbeTxRing[] txRings;
  private final IxgbeRxRing[] rxRings;
  private final NicDevice.DmaBuffer[] txDescs;
  private final NicDevice.DmaBuffer[] rxDescs;
  private Kring[] tx = {};
  private Kring[] rx = {};
  private Thread housekeeper;
  private boolean started;
  private boolean running;
  private boolean closed;

  /** Read once per sync, written by housekeeping. */
  private volatile int carrier = NO_CARRIER;

  private static final AtomicIntegerFieldUpdater<IxgbeAdapter> STATE =
      AtomicIntegerFieldUpdater.newUpdater(IxgbeAdapter.class, "carrier");

  IxgbeAdapter(NicDevice nic, Region region, NicOptions options) {
    check(options, region);
    this.nic = nic;
    this.region = region;
    this.options = options;
    this.device = new IxgbeDevice(nic, options);
    this.counters = new IxgbeCounters(Math.max(options.txRings(), options.rxRings()));
    this.interrupts = new IxgbeInterrupts(nic);
    this.watchdog = new IxgbeWatchdog(nic.name(), device, options.txRings());
    this.txRings = new IxgbeTxRing[options.txRings()];
    this.rxRings = new IxgbeRxRing[options.rxRings()];
    this.txDescs = new NicDevice.DmaBuffer[options.txRings()];
    this.rxDescs = new NicDevice.DmaBuffer[options.rxRings()];
    try {
      this.mapping = nic.domain().map(region);
      undo.push(mapping::close);
      for (int q = 0; q < txDescs.length; q++) {
        txDescs[q] = allocate(options.txSlots());
      }
      for (int q = 0; q < rxDescs.length; q++) {
        rxDescs[q] = allocate(options.rxSlots());
      }
      device.reset();
    } catch (RuntimeException e) {
      try {
        unwind();
      } catch (NetmapException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private static void check(NicOptions o, Region region) {
    range("tx-rings", o.txRings(), 1, MAX_RINGS);
    range("rx-rings", o.rxRings(), 1, MAX_RINGS);
    range("mtu", o.mtu(), 68, MAX_MTU);
    range("tx-slots", o.txSlots(), MIN_SLOTS, MAX_SLOTS);
    range("rx-slots", o.rxSlots(), MIN_SLOTS, MAX_SLOTS);
    if (o.txSlots() % 8 != 0 || o.rxSlots() % 8 != 0) {
      throw new NetmapException(
          Libc.EINVAL,
          "tx-slots = " + o.txSlots() + ", rx-slots = " + o.rxSlots() + ": must be multiples of 8");
    }
    if (region.bufSize() < 1024) {
      throw new NetmapException(
          Libc.EINVAL,
          "buffers of "
              + region.bufSize()
              + " bytes: the card receives into whole kilobytes; set buf-size to 1024 or"
              + " more (2048 is usual)");
    }
  }

  private static void range(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new NetmapException(
          Libc.EINVAL, option + " = " + value + " is out of range: " + least + " to " + most);
    }
  }

  private NicDevice.DmaBuffer allocate(int descriptors) {
    NicDevice.DmaBuffer buffer = nic.allocateDma((long) descriptors * IxgbeRing.DESC_SIZE);
    undo.push(() -> nic.freeDma(buffer));
    return buffer;
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
      txRings[q] = new IxgbeTxRing(nic, q, tx[q], txDescs[q], mapping, options.mtu());
    }
    for (int q = 0; q < rx.length; q++) {
      rxRings[q] = new IxgbeRxRing(nic, q, rx[q], rxDescs[q], mapping);
    }
    counters.discard(nic);
    startQueues();
    running = true;
    look();
    housekeeper = new Thread(this::keepHouse, "netmap4j-housekeeping-" + nic.name());
    housekeeper.setDaemon(true);
    housekeeper.start();
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
      device.startTxQueue(q, txDescs[q], tx[q].numSlots);
    }
    for (int q = 0; q < rx.length; q++) {
      int tail = rxRings[q].reset(rx[q]);
      device.startRxQueue(
          q, rxDescs[q], rx[q].numSlots, IxgbeRxRing.bufferBytes(region.bufSize()), tail);
    }
    device.enableReceive();
  }

  @Override
  public int txSync(Kring k, int flags) {
    int now = carrier;
    if (now != CARRIER) {
      return now == DEAD ? Libc.EIO : 0; // as netmap: without carrier slots stay pending
    }
    try {
      return txRings[k.ringId].sync(k, flags);
    } catch (NetmapException | InternalError e) {
      return die(e);
    }
  }

  @Override
  public int rxSync(Kring k, int flags) {
    if (carrier == DEAD) {
      return Libc.EIO;
    }
    try {
      return rxRings[k.ringId].sync(k);
    } catch (NetmapException | InternalError e) {
      return die(e);
    }
  }

  /**
   * An InternalError is what the JVM makes of a SIGBUS: the card's registers are mapped no more.
   */
  private int die(Throwable e) {
    if (STATE.getAndSet(this, DEAD) != DEAD) { // several threads may find out at one time
      LOG.warn("{}: the device no longer answers: {}", nic.name(), reason(e));
      interrupts.wake();
    }
    return Libc.EIO;
  }

  /** What went wrong, without the name that stands before it already. */
  private String reason(Throwable e) {
    String text = String.valueOf(e.getMessage());
    String prefix = nic.name() + ": ";
    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
  }

  private void keepHouse() {
    int rounds = 0;
    while (true) {
      synchronized (this) {
        try {
          if (running) {
            wait(HOUSEKEEPING_MILLIS);
          }
        } catch (InterruptedException e) {
          LOG.debug("{}: housekeeping goes on until the port is closed", nic.name());
        }
        if (!running) {
          return;
        }
        try {
          long before = System.nanoTime();
          look();
          if (System.nanoTime() - before > STALL_NANOS) {
            watchdog.restart(); // what the card owes, it could not pay
          }
          if (carrier != DEAD && ++rounds % 50 == 0) {
            counters.read(nic);
            watchdog.watchBus();
          }
          watchdog.watchTransmit(txRings, carrier == CARRIER);
        } catch (NetmapException | InternalError e) {
          die(e);
        }
      }
    }
  }

  private void look() {
    if (device.gone()) {
      die(new NetmapException(Libc.ENXIO, "STATUS reads all ones"));
      return;
    }
    carry(device.link().up());
  }

  /** What is dead stays so, also when a sync finds out at this moment. */
  private void carry(boolean up) {
    int was = carrier;
    if (was != DEAD) {
      STATE.compareAndSet(this, was, up ? CARRIER : NO_CARRIER);
    }
  }

  @Override
  public LinkState link() {
    synchronized (this) {
      if (!running || carrier == DEAD) {
        return LinkState.DOWN;
      }
      try {
        LinkState link = device.link();
        carry(link.up());
        return link;
      } catch (NetmapException | InternalError e) {
        die(e);
        return LinkState.DOWN;
      }
    }
  }

  @Override
  public boolean dead() {
    return carrier == DEAD;
  }

  @Override
  public Map<String, Long> counters() {
    synchronized (this) {
      if (running && carrier != DEAD) {
        try {
          counters.read(nic);
          watchdog.watchBus();
        } catch (NetmapException | InternalError e) {
          die(e);
        }
      }
    }
    Map<String, Long> totals = counters.totals();
    long bad = 0;
    for (IxgbeRxRing ring : rxRings) {
      bad += ring == null ? 0 : ring.badWriteBacks();
    }
    totals.put("rx_bad_write_backs", bad);
    totals.put("tx_hangs", watchdog.hangs());
    totals.put("dma_refused", watchdog.refusals());
    return totals;
  }

  @Override
  public NicControl control() {
    return this;
  }

  @Override
  public synchronized byte[] macAddress() {
    return open().macAddress();
  }

  @Override
  public synchronized void promiscuous(boolean on) {
    open().promiscuous(on);
  }

  @Override
  public synchronized void allMulticast(boolean on) {
    open().allMulticast(on);
  }

  @Override
  public synchronized void addAddress(byte[] mac) {
    open().addAddress(mac);
  }

  @Override
  public synchronized void removeAddress(byte[] mac) {
    open().removeAddress(mac);
  }

  @Override
  public synchronized void rss(byte[] key, int[] table) {
    open().rss(key, table);
  }

  /** The card, while it may be touched. */
  private IxgbeDevice open() {
    if (!running) {
      throw new NetmapException(Libc.EIO, nic.name() + " is closed");
    }
    return device;
  }

  @Override
  public synchronized void reset() {
    open();
    fence(true);
    try {
      if (carrier != DEAD) {
        counters.read(nic);
      }
      carrier = DEAD; // and stays so if a step fails: syncs say EIO, another reset may mend it
      device.reset();
      startQueues();
      interrupts.restart();
      carrier = NO_CARRIER;
      look();
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
    try {
      return interrupts.fd(k.ringId, Math.max(tx.length, rx.length));
    } catch (NetmapException | LinuxException | InternalError e) {
      LOG.warn("{}: no interrupts, waits look again and again: {}", nic.name(), reason(e));
      interrupts.giveUp();
      return -1;
    }
  }

  @Override
  public void arm(Kring k, Runnable wake) {
    try {
      interrupts.arm(k.ringId, wake);
    } catch (NetmapException | InternalError e) {
      die(e);
    }
  }

  @Override
  public void disarm(Kring k, Runnable wake) {
    try {
      interrupts.disarm(k.ringId, wake);
    } catch (NetmapException | InternalError e) {
      die(e);
    }
  }

  @Override
  public void stop() {
    nic.part();
    Thread keeper;
    synchronized (this) {
      keeper = housekeeper;
      running = false;
      notifyAll();
    }
    if (keeper != null) {
      Threads.join(keeper);
    }
    if (started) {
      stopDevice();
    }
  }

  /**
   * No DMA after this, whatever state the card is in: what it was given is given to others next.
   */
  private void stopDevice() {
    try {
      if (!device.gone()) {
        device.stop(tx.length, rx.length);
        counters.read(nic);
      }
    } catch (NetmapException | InternalError e) {
      complain(e);
    }
    try {
      device.stopMastering();
    } catch (NetmapException | InternalError e) {
      complain(e);
    }
  }

  /** That a dead device is dead has been said. */
  private void complain(Throwable e) {
    if (carrier == DEAD) {
      LOG.debug("{}: {}", nic.name(), reason(e));
    } else {
      LOG.warn("{}: {}", nic.name(), reason(e));
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
      die(e);
    }
    try {
      unwind();
    } finally {
      nic.close();
    }
  }

  /**
   * Mappings and rings, in reverse order of taking them. @throws NetmapException at the end, when
   * one of them is not certain to be out of the device's reach
   */
  private void unwind() {
    RuntimeException first = null;
    while (!undo.isEmpty()) {
      try {
        undo.pop().run();
      } catch (NetmapException | LinuxException e) {
        LOG.debug("{}: {}", nic.name(), reason(e)); // the first is thrown, the others say the same
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }
}

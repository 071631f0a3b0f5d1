package io.netmap4j.compat.monitor;

import io.netmap4j.Netmap;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Monitors of ports of any other kind: {@code NAME/r}, {@code /t}, {@code /rt}, {@code /z}. Each
 * open makes one, which nobody else can find; it does not keep the port open.
 */
public final class MonitorPorts implements PortType {
  private static final int FLAGS =
      Netmap.NR_MONITOR_TX | Netmap.NR_MONITOR_RX | Netmap.NR_ZCOPY_MON;

  /** NM_MONITOR_MAXSLOTS. */
  private static final int MAX_SLOTS = 4096;

  /** What memory of a port's own has at least, as in netmap: room for extra buffers. */
  private static final int LEAST_RINGS = 4;

  private static final int LEAST_BUFFERS = 4098;

  private final Function<Registration, Hold> find;

  /**
   * Makes the type.
   *
   * @param find finds the rings of a port of any kind if it is open; else null
   */
  public MonitorPorts(Function<Registration, Hold> find) {
    this.find = find;
  }

  @Override
  public boolean claims(Registration r) {
    return r.has(FLAGS);
  }

  @Override
  public Hold hold(Registration r) {
    Hold parent = parent(r);
    try {
      return open(r, parent.rings());
    } finally {
      parent.release().run();
    }
  }

  /** A monitor is for who has opened it. */
  @Override
  public Hold find(Registration r) {
    return null;
  }

  @Override
  public boolean addHostRings(RingSet rings, Registration r) {
    Hold hold = parent(r);
    try {
      RingSet parent = hold.rings();
      int tx = parent.hostTxRings();
      int rx = parent.hostRxRings();
      if (tx + rx == 0) {
        throw new NetmapException(
            Libc.EINVAL,
            "the host rings of " + r.name() + " are not open: open them before their monitor");
      }
      Kring[] hostTx = krings(tx, i -> parent.tx(parent.txRings() - tx + i));
      Kring[] hostRx = krings(rx, i -> parent.rx(parent.rxRings() - rx + i));
      Adapter host = tx > 0 ? hostTx[0].adapter() : hostRx[0].adapter();
      MonitorAdapter.Watched watched =
          r.mode() == Netmap.NR_REG_ONE_SW
              ? MonitorAdapter.Watched.one(r.ringId())
              : MonitorAdapter.Watched.ALL;
      return rings.addHost(adapter(r, host, "host_monitor_", hostTx, hostRx, watched));
    } finally {
      hold.release().run();
    }
  }

  /** The open port that is monitored. */
  private Hold parent(Registration r) {
    Registration named =
        new Registration(
            r.spec(),
            r.mode(),
            r.ringId(),
            r.flags() & ~FLAGS,
            0,
            RingCounts.DEFAULT,
            null,
            null,
            null);
    Hold found = find.apply(named);
    if (found == null) {
      throw new NetmapException(Libc.EINVAL, r.name() + " is not open: open it before its monitor");
    }
    return found;
  }

  private static Hold open(Registration r, RingSet parent) {
    int tx = parent.adapter().rings().tx();
    int rx = parent.adapter().rings().rx();
    MonitorAdapter.Watched watched =
        switch (r.mode()) {
          case Netmap.NR_REG_SW, Netmap.NR_REG_ONE_SW -> MonitorAdapter.Watched.NONE;
          case Netmap.NR_REG_ONE_NIC -> MonitorAdapter.Watched.one(r.ringId());
          default -> MonitorAdapter.Watched.ALL;
        };
    MonitorAdapter adapter =
        adapter(
            r,
            parent.adapter(),
            "monitor_",
            krings(tx, parent::tx),
            krings(rx, parent::rx),
            watched);
    if (r.has(Netmap.NR_ZCOPY_MON)) {
      Memory.check(r, parent);
      return hold(RingSet.start(adapter, parent.region()), () -> {});
    }
    Region asked = Memory.asked(r);
    if (asked != null) {
      return hold(RingSet.start(adapter, asked), () -> {});
    }
    Region own = ownRegion(adapter.rings(), parent);
    try {
      return hold(RingSet.start(adapter, own), own::closeWithLastUse);
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
  }

  private static Hold hold(RingSet rings, Runnable afterwards) {
    rings.hold();
    return new Hold(
        rings,
        () -> {
          try {
            rings.release();
          } finally {
            afterwards.run();
          }
        });
  }

  /** Memory of a copying monitor's own, with buffers as large as the port's. */
  private static Region ownRegion(Adapter.Rings rings, RingSet parent) {
    int hostRx = Math.max(parent.hostTxRings(), parent.hostRxRings());
    int allRx = rings.rx() + hostRx;
    int tx = hostRx == 0 ? 1 : 2;
    long needed = 2L + (long) allRx * rings.rxSlots() + (long) tx * rings.txSlots();
    int bufSize = parent.region().bufSize();
    long buffers = Math.max(LEAST_BUFFERS, needed);
    long straddling = buffers * bufSize / HugePages.GRAIN + 2; // two pages: not handed out
    return Region.create(
        MemoryOptions.DEFAULT
            .rings(
                Math.max(LEAST_RINGS, allRx + tx),
                Math.max(512, RingLayout.sizeFor(Math.max(rings.rxSlots(), rings.txSlots()))))
            .buffers((int) (buffers + straddling), bufSize));
  }

  /** nm_bound_var: what is asked for, 0 for as many as the port's rings have. */
  private static int slots(int asked, Kring[] of) {
    int slots = asked != 0 ? asked : of.length > 0 ? of[0].numSlots : 1;
    return Math.min(slots, MAX_SLOTS);
  }

  private static Kring[] krings(int count, IntFunction<Kring> of) {
    return IntStream.range(0, count).mapToObj(of).toArray(Kring[]::new);
  }

  private static MonitorAdapter adapter(
      Registration r,
      Adapter parent,
      String counters,
      Kring[] tx,
      Kring[] rx,
      MonitorAdapter.Watched watched) {
    boolean zcopy = r.has(Netmap.NR_ZCOPY_MON);
    MonitorAdapter.Options options =
        new MonitorAdapter.Options(
            zcopy || r.has(Netmap.NR_MONITOR_TX),
            zcopy || r.has(Netmap.NR_MONITOR_RX),
            zcopy,
            counters);
    Adapter.Rings rings =
        new Adapter.Rings(
            1,
            Math.max(tx.length, rx.length),
            slots(r.counts().txSlots(), tx),
            slots(r.counts().rxSlots(), rx));
    return new MonitorAdapter(
        parent.name()
            + (zcopy ? "/z" : "/")
            + (options.rx() ? "r" : "")
            + (options.tx() ? "t" : ""),
        parent,
        tx,
        rx,
        rings,
        options,
        r.has(Netmap.NR_TX_RINGS_ONLY) ? MonitorAdapter.Watched.NONE : watched);
  }
}

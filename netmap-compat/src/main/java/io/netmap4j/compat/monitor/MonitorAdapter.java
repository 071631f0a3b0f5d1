package io.netmap4j.compat.monitor;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.WaitMode;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/**
 * A monitor of an adapter's rings, or of its host rings: RX ring i shows what passes through TX and
 * RX ring i of the port. The one TX ring cannot send.
 */
final class MonitorAdapter implements Adapter {
  /**
   * What is monitored.
   *
   * @param counters what the counters' names begin with
   */
  record Options(boolean tx, boolean rx, boolean zcopy, String counters) {}

  /** Which rings are monitored: all, one, or none. */
  record Watched(int first, int end) {
    static final Watched NONE = new Watched(0, 0);
    static final Watched ALL = new Watched(0, Integer.MAX_VALUE);

    static Watched one(int ring) {
      return new Watched(ring, ring + 1);
    }
  }

  private final String name;
  private final Adapter parent;
  private final Kring[] parentTx;
  private final Kring[] parentRx;
  private final Rings rings;
  private final Options options;
  private final Watched watched;

  /** By number; null for a ring that shows nothing. */
  private final MonitorRing[] shown;

  /** Ring number of RX ring 0: host rings come after the others. */
  private int firstId;

  private final Deque<Runnable> detach = new ArrayDeque<>();

  MonitorAdapter(
      String name,
      Adapter parent,
      Kring[] parentTx,
      Kring[] parentRx,
      Rings rings,
      Options options,
      Watched watched) {
    this.name = name;
    this.parent = parent;
    this.parentTx = parentTx;
    this.parentRx = parentRx;
    this.rings = rings;
    this.options = options;
    this.watched = watched;
    this.shown = new MonitorRing[rings.rx()];
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Rings rings() {
    return rings;
  }

  /** A monitor sends nothing. */
  @Override
  public int txSync(Kring kring, int flags) {
    return Libc.EIO;
  }

  @Override
  public int rxSync(Kring kring, int flags) {
    MonitorRing ring = ring(kring);
    if (ring == null) {
      kring.hwCur = kring.rHead;
      return 0;
    }
    return ring.rxSync();
  }

  /** Null for the TX ring, and for an RX ring that shows nothing. */
  private MonitorRing ring(Kring kring) {
    return kring.tx ? null : shown[kring.ringId - firstId];
  }

  @Override
  public void start(Kring[] tx, Kring[] rx) {
    firstId = rx.length > 0 ? rx[0].ringId : 0;
    for (int i = watched.first; i < Math.min(rx.length, watched.end); i++) {
      Kring fromTx = options.tx && i < parentTx.length ? parentTx[i] : null;
      Kring fromRx = options.rx && i < parentRx.length ? parentRx[i] : null;
      shown[i] = options.zcopy ? chain(rx[i], fromTx, fromRx) : copy(rx[i], fromTx, fromRx);
    }
  }

  private MonitorRing copy(Kring to, Kring fromTx, Kring fromRx) {
    CopyRing ring = new CopyRing(to, fromRx);
    if (fromTx != null) {
      attach(new Tap.Given(fromTx, ring));
    }
    if (fromRx != null) {
      attach(new Tap.Done(fromRx, ring));
    }
    return ring;
  }

  private void attach(Tap tap) {
    if (!tap.from.addTap(tap)) {
      throw new NetmapException(Libc.EINVAL, parent.name() + " was closed meanwhile");
    }
    detach.push(() -> tap.from.removeTap(tap));
  }

  private MonitorRing chain(Kring to, Kring fromTx, Kring fromRx) {
    ZcopyRing ring = new ZcopyRing(to);
    inheritOffsets(to, fromRx != null && fromRx.offsetMask != 0 ? fromRx : fromTx);
    ZcopyChain.Link link = new ZcopyChain.Link(ring, fromTx, fromRx);
    ZcopyChain.add(link);
    detach.push(() -> ZcopyChain.remove(link));
    return ring;
  }

  /** The packets that come have their offsets in the port's rings. */
  private static void inheritOffsets(Kring to, Kring from) {
    if (from != null && from.offsetMask != 0) {
      to.offsetMask = from.offsetMask;
      to.maxOffset = from.maxOffset;
      Mem.putLong(to.ring + RingLayout.OFFSET_MASK, from.offsetMask);
    }
  }

  /** No sync of a monitored ring comes here afterwards. */
  @Override
  public void stop() {
    while (!detach.isEmpty()) {
      detach.pop().run();
    }
  }

  @Override
  public void close() {
    stop();
  }

  @Override
  public boolean dead() {
    for (MonitorRing ring : shown) {
      if (ring != null && ring.gone()) {
        return true;
      }
    }
    return parent.dead();
  }

  /** The carrier of the port, which a monitor has no part in. */
  @Override
  public LinkState link() {
    return dead() ? LinkState.DOWN : parent.link();
  }

  @Override
  public Map<String, Long> counters() {
    long[] sum = new long[3];
    for (MonitorRing ring : shown) {
      long[] counts = ring == null ? new long[3] : ring.counts();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += counts[i];
      }
    }
    String prefix = options.counters;
    return Map.of(
        prefix + "packets", sum[0], prefix + "lost", sum[1], prefix + "unreadable", sum[2]);
  }

  /** As in netmap: buffers that are exchanged have the offsets of the port's slots. */
  @Override
  public boolean offsets() {
    return !options.zcopy;
  }

  @Override
  public void change(Kring kring, Runnable change) {
    MonitorRing ring = ring(kring);
    if (ring == null) {
      kring.betweenSyncs(change);
    } else if (!options.zcopy) {
      kring.betweenSyncs(() -> ring.restart(change));
    }
  }

  @Override
  public WaitMode waitMode() {
    return parent.waitMode();
  }

  @Override
  public int waitFd(Kring kring) {
    MonitorRing ring = ring(kring);
    return ring == null ? WAKES_BY_CALL : ring.waitFd();
  }

  @Override
  public void arm(Kring kring, Runnable wake) {
    MonitorRing ring = ring(kring);
    if (ring != null) {
      ring.sleepers.add(wake);
      ring.armArrivals(wake);
    }
  }

  @Override
  public void disarm(Kring kring, Runnable wake) {
    MonitorRing ring = ring(kring);
    if (ring != null) {
      ring.disarmArrivals(wake);
      ring.sleepers.remove(wake);
    }
  }
}

package io.netmap4j.compat.port;

import io.netmap4j.common.PortInfo;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;

/** A kind of port that a name can mean: how its rings are found or made. */
public interface PortType {
  /** Whether a registration means this kind. The provider asks the kinds in netmap's order. */
  boolean claims(Registration r);

  /**
   * Finds the rings that a registration means, or starts them, and keeps them open.
   *
   * @throws io.netmap4j.common.NetmapException with netmap's errno; nothing is left open then
   */
  Hold hold(Registration r);

  /** As {@link #hold}, of rings that are open already; null when they are not. */
  Hold find(Registration r);

  /**
   * What a port has, or would have, without binding a ring.
   *
   * @throws io.netmap4j.common.NetmapException as {@link #hold}
   */
  default PortProvider.Info info(Registration r) {
    Hold held = hold(r);
    try {
      return info(held.rings());
    } finally {
      held.release().run();
    }
  }

  /** What there is of open rings. */
  static PortProvider.Info info(RingSet rings) {
    Adapter.Rings own = rings.adapter().rings();
    Region region = rings.region();
    PortInfo port =
        new PortInfo(
            region.size(),
            own.txSlots(),
            own.rxSlots(),
            own.tx(),
            own.rx(),
            rings.hostTxRings(),
            rings.hostRxRings(),
            region.memId());
    return new PortProvider.Info(port, region);
  }

  /**
   * Adds host rings to rings that have none.
   *
   * @return false for a kind of port that has no host rings
   */
  default boolean addHostRings(RingSet rings, Registration r) {
    return false;
  }

  /**
   * Rings that stay open until they are released.
   *
   * @param release to be run once
   */
  record Hold(RingSet rings, Runnable release) {
    /** Of rings that a successful {@link RingSet#hold} keeps open. */
    public static Hold of(RingSet rings) {
      return new Hold(rings, rings::release);
    }
  }
}

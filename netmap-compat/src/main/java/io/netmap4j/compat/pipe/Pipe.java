package io.netmap4j.compat.pipe;

import io.netmap4j.common.Offsets;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.RingSet;

/**
 * A pipe: two ends, each with rings of its own, made and closed together. It lives as long as the
 * master's rings do, which every port of either end keeps open; they keep the slave's open.
 */
final class Pipe {
  private final PipeEnd master;
  private final PipeEnd slave;
  private final RingSet masterRings;
  private RingSet slaveRings;
  private Exchange[] down = {};
  private Exchange[] up = {};

  /**
   * Makes both ends. Nothing holds the master's rings yet.
   *
   * @param rings of the master; the slave has as many of the other direction
   * @param offsets of every ring; null for none
   * @throws io.netmap4j.common.NetmapException ENOMEM, EINVAL for the offsets; nothing is left then
   */
  Pipe(String parent, String id, Adapter.Rings rings, Offsets offsets, Region region) {
    this.master = new PipeEnd(parent + '{' + id, rings, this);
    Adapter.Rings swapped =
        new Adapter.Rings(rings.rx(), rings.tx(), rings.rxSlots(), rings.txSlots());
    this.slave = new PipeEnd(parent + '}' + id, swapped, this);
    this.masterRings = RingSet.start(master, region);
    try {
      this.slaveRings = RingSet.start(slave, region);
      slaveRings.hold();
      if (offsets != null) {
        masterRings.offsets(offsets);
        slaveRings.offsets(offsets);
      }
    } catch (RuntimeException e) {
      masterRings.hold();
      masterRings.release(); // the only holder: closes
      throw e;
    }
    this.down = PipeEnd.join(master, slave);
    this.up = PipeEnd.join(slave, master);
  }

  RingSet masterRings() {
    return masterRings;
  }

  RingSet slaveRings() {
    return slaveRings;
  }

  /** The master's syncs are over. Those of the slave must be, too, before any buffer is free. */
  void stop(PipeEnd end) {
    if (end == master) {
      slave.fence();
      for (Exchange exchange : down) {
        exchange.end();
      }
      for (Exchange exchange : up) {
        exchange.end();
      }
    }
  }

  void close(PipeEnd end) {
    if (end == master && slaveRings != null) {
      RingSet rings = slaveRings;
      slaveRings = null;
      rings.release();
    }
  }
}

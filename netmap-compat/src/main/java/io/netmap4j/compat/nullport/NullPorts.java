package io.netmap4j.compat.nullport;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.RingSet;

/**
 * Null ports, NR_REG_NULL: memory, rings and extra buffers without a device (netmap_get_null_na).
 * Each open makes one of its own, whatever its name.
 */
public final class NullPorts implements PortType {
  @Override
  public boolean claims(Registration r) {
    return r.mode() == Netmap.NR_REG_NULL;
  }

  @Override
  public Hold hold(Registration r) {
    Region region = Memory.asked(r);
    if (region == null) {
      throw new NetmapException(
          Libc.EINVAL,
          "a null port is opened in memory that is there: ask for a region, or for mem_id 1, the shared one");
    }
    RingCounts n = r.counts();
    Adapter.Rings rings = new Adapter.Rings(n.txRings(), n.rxRings(), n.txSlots(), n.rxSlots());
    RingSet set = RingSet.start(new NullAdapter("null:" + r.name(), rings), region);
    set.hold();
    return Hold.of(set);
  }

  /** Nobody finds another's null port. */
  @Override
  public Hold find(Registration r) {
    return null;
  }
}

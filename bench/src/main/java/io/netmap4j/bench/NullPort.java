package io.netmap4j.bench;

import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.ixgbe.IxgbeDriver;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;

/** The driver on a {@link NullDevice}. */
public final class NullPort {
  private NullPort() {}

  /** Memory for two ports with rings of that many slots. */
  public static Region region(int slots) {
    MemoryOptions usual = MemoryOptions.DEFAULT;
    return Region.create(
        usual
            .rings(usual.ringNum(), Math.max(usual.ringSize(), RingLayout.sizeFor(slots)))
            .buffers(Math.max(8192, 5 * slots), usual.bufSize()));
  }

  /** Rings of a device, which a port has not been opened on yet. */
  public static RingSet rings(NullDevice device, Region region, int slots) {
    return RingSet.start(
        new IxgbeDriver().attach(device, region, NicOptions.DEFAULT.slots(slots, slots)), region);
  }

  /** A port with one ring of each direction. */
  public static NetmapPort open(NullDevice device, Region region, int slots) {
    RingSet rings = rings(device, region, slots);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(all);
    return TestPorts.open(device.name(), rings, all, NetmapPort.Request.DEFAULT);
  }
}

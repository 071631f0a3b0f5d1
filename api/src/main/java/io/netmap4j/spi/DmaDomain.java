package io.netmap4j.spi;

import io.netmap4j.memory.Region;

/**
 * Who owns the mapping of a region for devices: a VFIO container, a socket, the machine's physical
 * memory. Two devices of one domain map a region once; two domains each map it.
 */
public interface DmaDomain {
  /**
   * Makes {@code region} reachable; the first call maps, later calls count.
   *
   * @throws io.netmap4j.common.NetmapException EINVAL when the region's backing does not suit,
   *     naming the option that does
   */
  DmaMapping map(Region region);
}

package io.netmap4j.spi;

import io.netmap4j.common.NicOptions;
import io.netmap4j.memory.Region;

/** Opens ports by name; found by {@link java.util.ServiceLoader}. */
public interface PortProvider {
  /**
   * Finds or starts the rings that a name means and binds them.
   *
   * @return what the port is made of, or null for a name with a prefix that is not this provider's
   * @throws io.netmap4j.common.NetmapException EINVAL invalid name, ENXIO no such port, EBUSY in
   *     use, ENOMEM the region is too small; what mends it is in the message
   */
  Opened open(String name, Request request);

  /**
   * True while any port of the device that a name means is open in this process; false for a name
   * that nothing has, or that is not this provider's.
   */
  boolean isOpen(String name);

  /**
   * What a program asks for beside the name.
   *
   * @param region where rings and buffers shall live; null for any
   * @param flags NR_* flags of a registration (nr_flags)
   * @param nic how to set a NIC up; null for what the configuration says
   */
  record Request(Region region, long flags, NicOptions nic) {}

  /**
   * What a port is made of.
   *
   * @param name of the port
   * @param rings of its adapter
   * @param binding the bound ones; the receiver gives them back with {@link RingSet#release}
   * @param flags the NR_* flags that hold: those of the request and of the name
   */
  record Opened(String name, RingSet rings, RingSet.Binding binding, long flags) {}
}

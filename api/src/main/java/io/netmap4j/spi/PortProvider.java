package io.netmap4j.spi;

import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.PortInfo;
import io.netmap4j.common.RingCounts;
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
   * What a port has, without binding a ring of it (docs/netmap-abi.md 11.3).
   *
   * @param name as for {@link #open}; "" for no port, only memory
   * @param memId nr_mem_id; 0 for any
   * @return null for a name with a prefix that is not this provider's
   * @throws io.netmap4j.common.NetmapException as {@link #open}
   */
  Info info(String name, int memId);

  /**
   * What {@link #info} finds.
   *
   * @param port null when there is none
   * @param region where it lives, or would
   */
  record Info(PortInfo port, Region region) {}

  /**
   * What a program asks for beside the name.
   *
   * @param region where rings and buffers shall live; null for any
   * @param mode NR_REG_*, in place of what the name says; 0 for the name's
   * @param ringId for NR_REG_ONE_NIC and NR_REG_ONE_SW in {@code mode}
   * @param flags NR_* flags of a registration (nr_flags), beside those of the name
   * @param memId nr_mem_id; 0 for any
   * @param counts rings and slots, in place of what the name says where they are not 0
   * @param offsets headroom in each slot; null for none
   * @param nic how to set a NIC up; null for what the configuration says
   */
  record Request(
      Region region,
      int mode,
      int ringId,
      long flags,
      int memId,
      RingCounts counts,
      Offsets offsets,
      NicOptions nic) {}

  /**
   * What a port is made of.
   *
   * @param name of the port
   * @param rings of its adapter
   * @param binding the bound ones
   * @param flags the NR_* flags that hold: those of the request and of the name
   * @param release gives the bound rings back, and what is kept open for them; the receiver runs it
   *     once
   */
  record Opened(
      String name, RingSet rings, RingSet.Binding binding, long flags, Runnable release) {}
}

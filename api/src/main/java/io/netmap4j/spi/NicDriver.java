package io.netmap4j.spi;

import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.PciId;
import io.netmap4j.memory.Region;

/** Makes a port of a device, chosen by PCI id; found by {@link java.util.ServiceLoader}. */
public interface NicDriver {
  /** A short name, as in {@code ixgbe}. */
  String name();

  /**
   * @return true when {@link #attach} should be asked, also for devices that it refuses with an
   *     explanation
   */
  boolean claims(PciId id);

  /**
   * Takes the device over: on success {@link Adapter#close} closes it; on failure it stays the
   * caller's to close.
   *
   * @param region where the buffers of this port live
   * @throws io.netmap4j.common.NetmapException EOPNOTSUPP for a device that is recognised and not
   *     supported
   */
  Adapter attach(NicDevice device, Region region, NicOptions options);
}

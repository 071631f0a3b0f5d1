package io.netmap4j.spi;

import io.netmap4j.NetmapPort;

/** Opens ports by name; found by {@link java.util.ServiceLoader}. */
public interface PortProvider {
  /**
   * @return the port, or null for a name with a prefix that is not this provider's
   * @throws io.netmap4j.NetmapException as {@link io.netmap4j.Netmap#open}
   */
  NetmapPort open(String name, NetmapPort.Request request);
}

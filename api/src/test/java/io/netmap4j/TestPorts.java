package io.netmap4j;

import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;

/** Ports on adapters that no provider knows, for tests and benchmarks. */
public final class TestPorts {
  private TestPorts() {}

  /** As {@link Netmap#open}, of rings that are bound already: the port releases them. */
  public static NetmapPort open(
      String name, RingSet rings, RingSet.Binding binding, NetmapPort.Request request) {
    return open(name, rings, binding, request, () -> {});
  }

  /** As above; {@code afterwards} is run when the rings have been released. */
  public static NetmapPort open(
      String name,
      RingSet rings,
      RingSet.Binding binding,
      NetmapPort.Request request,
      Runnable afterwards) {
    return new NetmapPort(
        new PortProvider.Opened(
            name,
            rings,
            binding,
            request.flags(),
            () -> {
              rings.release(binding);
              afterwards.run();
            }),
        request.extraBuffers());
  }
}

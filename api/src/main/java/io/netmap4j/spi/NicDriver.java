package io.netmap4j.spi;

import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.PciId;
import io.netmap4j.memory.Region;
import java.util.function.Consumer;
import java.util.function.Supplier;

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

  /**
   * Examines a device that nobody uses: what its registers say, what its link does, whether its
   * rings send and receive. Resets it. A fault of the device's is a finding, not an exception.
   *
   * @param open opens the device, as often as the driver asks; what is opened is closed here
   * @param region where the buffers of the test's frames live
   * @param linkSeconds how long to wait for a link
   * @param to called with each finding as it is made, by the calling thread
   */
  default void diagnose(
      Supplier<NicDevice> open, Region region, int linkSeconds, Consumer<Finding> to) {
    to.accept(Finding.warning("driver " + name(), "has no diagnosis", ""));
  }
}

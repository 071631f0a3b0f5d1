package io.netmap4j.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netmap4j.NetmapPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Meters of open ports and their rings, for a Micrometer registry: {@code new
 * PortMeters(port).bindTo(registry)}. docs/operations.md has them all.
 *
 * <p>Counters and link of a device are read once for all meters, and again when what was read is
 * older than {@value Device#MOST_AGE_MILLIS} ms: reading them takes registers of the card, which
 * costs microseconds to a millisecond, and no sync waits for it. Ring meters are read from shared
 * memory. Nothing is added to a sync.
 *
 * <p>Ports of one name are of one device, whose counters count once; what belongs to a port ({@code
 * unsent}, waits) is added up. The first {@link #refresh} after the last port of a name is closed
 * removes its meters; until then, and while a device is gone, counters stay what they were last,
 * the link is down, and the meters of closed rings are NaN. A port of the name that is added before
 * goes on from these counters. A registry that several of these are bound to has the meters of a
 * name from the last one of them; when that removes its own, from the one before.
 *
 * <p>For any thread. Keep the object: registries hold no reference to it that keeps it alive.
 */
public final class PortMeters implements MeterBinder, AutoCloseable {
  private final Map<String, Device> devices = new TreeMap<>();
  private final List<MeterRegistry> registries = new ArrayList<>();

  /**
   * Makes meters of some ports; {@link #bindTo} shows them to a registry.
   *
   * @param ports open ones, which stay the caller's to close
   */
  public PortMeters(NetmapPort... ports) {
    for (NetmapPort port : ports) {
      add(port);
    }
  }

  /**
   * Adds a port, also to the registries that the meters are bound to. One that is closed, or is
   * here already, changes nothing.
   *
   * @param port the caller's to close
   */
  public void add(NetmapPort port) {
    if (!port.isOpen()) {
      return;
    }
    Device device;
    List<MeterRegistry> bound;
    synchronized (this) {
      device = devices.computeIfAbsent(port.name(), Device::new);
      device.add(port);
      bound = List.copyOf(registries);
    }
    device.read();
    bound.forEach(device::register);
  }

  /**
   * Registers the meters, those of ports that are added later too.
   *
   * @param registry may be one of several
   */
  @Override
  public void bindTo(MeterRegistry registry) {
    List<Device> all;
    synchronized (this) {
      registries.add(registry);
      all = List.copyOf(devices.values());
    }
    all.forEach(device -> device.register(registry));
  }

  /**
   * Reads counters and links now, and removes the meters of closed ports. An end point that is
   * scraped calls this before each answer, so that all figures of it are of one moment. Waits for
   * the card, which may take long if that does not answer; when another thread is reading, returns
   * at once.
   */
  public void refresh() {
    List<Device> all;
    List<MeterRegistry> bound;
    synchronized (this) {
      all = new ArrayList<>(devices.values());
      bound = List.copyOf(registries);
    }
    for (Device device : all) {
      device.read();
      if (removeIfClosed(device)) {
        continue;
      }
      bound.forEach(device::register); // host rings bring counters of their own
    }
  }

  private synchronized boolean removeIfClosed(Device device) {
    if (device.isOpen()) {
      return false;
    }
    devices.remove(device.name(), device);
    device.unregister();
    return true;
  }

  /** Removes the meters from every registry. The ports stay open. Idempotent. */
  @Override
  public synchronized void close() {
    devices.values().forEach(Device::unregister);
    devices.clear();
    registries.clear();
  }
}

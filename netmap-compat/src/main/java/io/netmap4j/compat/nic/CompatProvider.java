package io.netmap4j.compat.nic;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens ports by netmap's names. Ports of one device share its rings, whatever alias they were
 * opened by; the first one sets the device up, the last one to close stops it.
 */
public final class CompatProvider implements PortProvider {
  private static final Logger LOG = LoggerFactory.getLogger(CompatProvider.class);
  private static final RingSet.Binding NO_RING = new RingSet.Binding(0, 0, 0, 0, false);
  private static final long MONITOR =
      Netmap.NR_MONITOR_TX | Netmap.NR_MONITOR_RX | Netmap.NR_ZCOPY_MON;
  private static final ConcurrentHashMap<String, Device> DEVICES = new ConcurrentHashMap<>();
  private static boolean memoryConfigured;

  /**
   * A device that is open, or was. Its lock is held while the device starts, so that of two threads
   * that open it one starts it and the other shares it.
   */
  private static final class Device {
    RingSet rings;
    NicOptions options;
  }

  @Override
  public Opened open(String name, Request request) {
    if (!PortSpec.isPortName(name)) {
      return null;
    }
    PortSpec spec = PortSpec.parse(name, CompatProvider::memIdOf);
    List<String> unavailable = spec.unavailable();
    if (!unavailable.isEmpty() || (request.flags() & MONITOR) != 0) {
      String what = unavailable.isEmpty() ? "monitors" : String.join(", ", unavailable);
      throw new NetmapException(Libc.EOPNOTSUPP, "not in this version of netmap4j: " + what);
    }
    return open(spec, request);
  }

  /** For {@code @share}: the memory that a port of that NAME lives in, or would. */
  private static int memIdOf(String name) {
    Config config = Config.load();
    Device device = DEVICES.get(Nics.find(name, config).key());
    if (device != null) {
      synchronized (device) {
        RingSet rings = device.rings;
        if (rings != null && rings.bind(NO_RING)) {
          int memId = rings.region().memId();
          rings.release(NO_RING);
          return memId;
        }
      }
    }
    return sharedRegion(config).memId();
  }

  private static Opened open(PortSpec spec, Request request) {
    Config config = Config.load();
    Nics.Named nic = Nics.find(spec.name(), config);
    Device device = DEVICES.computeIfAbsent(nic.key(), key -> new Device());
    synchronized (device) {
      RingSet open = device.rings;
      if (open != null && open.bind(NO_RING)) {
        checkRegion(open, request);
        checkOptions(open, device.options, request);
      } else {
        NicOptions options = request.nic() != null ? request.nic() : config.options(spec.name());
        Region region = request.region() != null ? request.region() : sharedRegion(config);
        open = RingSet.start(Nics.attach(nic, region, options), region);
        open.bind(NO_RING);
        device.rings = open;
        device.options = options;
      }
      // Until the port has its own rings this hold keeps the device; without a port, giving it back
      // closes it.
      try {
        checkMemId(spec, open.region());
        long flags = request.flags() | spec.flags();
        RingSet.Binding binding = rings(spec, flags, open.adapter());
        open.bind(binding);
        return new Opened(spec.name(), open, binding, flags);
      } finally {
        open.release(NO_RING);
      }
    }
  }

  @Override
  public boolean isOpen(String name) {
    if (!PortSpec.isPortName(name)) {
      return false;
    }
    Device device;
    try {
      device = DEVICES.get(Nics.find(PortSpec.parse(name).name(), Config.load()).key());
    } catch (NetmapException | LinuxException e) {
      return false;
    }
    if (device == null) {
      return false;
    }
    synchronized (device) {
      boolean open = device.rings != null && device.rings.bind(NO_RING);
      if (open) {
        device.rings.release(NO_RING);
      }
      return open;
    }
  }

  /** netmap_interp_ringid: which rings a mode and its flags mean, on a port with that many. */
  static RingSet.Binding rings(PortSpec spec, long flags, Adapter adapter) {
    Adapter.Rings has = adapter.rings();
    int txFirst = 0;
    int txEnd = has.tx();
    int rxFirst = 0;
    int rxEnd = has.rx();
    if (spec.mode() == Netmap.NR_REG_ONE_NIC) {
      int i = spec.ringId();
      if (i >= has.tx() && i >= has.rx()) {
        throw new NetmapException(
            Libc.EINVAL,
            "no ring "
                + i
                + ": there are "
                + has.tx()
                + " tx and "
                + has.rx()
                + " rx rings, from 0");
      }
      txFirst = i < has.tx() ? i : 0;
      txEnd = txFirst + 1;
      rxFirst = i < has.rx() ? i : 0;
      rxEnd = rxFirst + 1;
    }
    if ((flags & Netmap.NR_TX_RINGS_ONLY) != 0) {
      rxFirst = rxEnd = 0;
    }
    if ((flags & Netmap.NR_RX_RINGS_ONLY) != 0) {
      txFirst = txEnd = 0;
    }
    return new RingSet.Binding(txFirst, txEnd, rxFirst, rxEnd, (flags & Netmap.NR_EXCLUSIVE) != 0);
  }

  private static void checkRegion(RingSet open, Request request) {
    if (request.region() != null && request.region() != open.region()) {
      open.release(NO_RING);
      throw new NetmapException(
          Libc.EINVAL,
          open.adapter().name()
              + " is open in region "
              + open.region().memId()
              + ", so it cannot be opened in region "
              + request.region().memId());
    }
  }

  /** A device that is open is not set up again: another port's rings and frames depend on it. */
  private static void checkOptions(RingSet open, NicOptions has, Request request) {
    if (request.nic() != null && !request.nic().equals(has)) {
      open.release(NO_RING);
      throw new NetmapException(
          Libc.EBUSY,
          open.adapter().name()
              + " is open already, with "
              + has.differences(request.nic())
              + "; give the same settings or none, or close its ports first");
    }
  }

  /** A name may ask only for the memory that the port is in. */
  private static void checkMemId(PortSpec spec, Region region) {
    if (spec.memId() != 0 && spec.memId() != region.memId()) {
      throw new NetmapException(
          Libc.EINVAL,
          "mem_id " + spec.memId() + " was asked for, but this port is in " + region.memId());
    }
  }

  /** The shared region, sized by the configuration file unless it has been created already. */
  private static synchronized Region sharedRegion(Config config) {
    if (!memoryConfigured && config.memory() != null) {
      try {
        Region.configureShared(config.memory());
      } catch (NetmapException e) {
        LOG.info("{}: memory.* is not used: {}", config.source(), e.getMessage());
      }
    }
    memoryConfigured = true;
    return Region.shared();
  }
}

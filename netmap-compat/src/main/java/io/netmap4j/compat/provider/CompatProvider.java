package io.netmap4j.compat.provider;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.compat.monitor.MonitorPorts;
import io.netmap4j.compat.netdev.NetdevPorts;
import io.netmap4j.compat.nic.NicPorts;
import io.netmap4j.compat.nullport.NullPorts;
import io.netmap4j.compat.pipe.PipePorts;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.compat.vswitch.ValePorts;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;
import java.nio.file.Path;
import java.util.List;

/** Opens ports by netmap's names: finds the kind of port, and binds the rings that are meant. */
public final class CompatProvider implements PortProvider {
  /** In netmap's order (netmap_get_na): monitor, null, pipe, VALE, interface. */
  private static final List<PortType> TYPES =
      List.of(
          new MonitorPorts(CompatProvider::find),
          new NullPorts(),
          new PipePorts(CompatProvider::find),
          new ValePorts(),
          new NetdevPorts(),
          new NicPorts());

  @Override
  public Opened open(String name, Request request) {
    if (!PortSpec.isPortName(name)) {
      return null;
    }
    PortSpec spec = PortSpec.parse(name, CompatProvider::memIdOf);
    if (!spec.options().containsKey("extmem")) {
      return open(Registration.of(spec, request), request.region(), () -> {});
    }
    if (request.region() != null || spec.memId() != 0 || request.memId() != 0) {
      throw new NetmapException(Libc.EINVAL, "@extmem is the port's memory: ask for no other");
    }
    Path file = Path.of(spec.options().get("extmem").get("file"));
    Region.Use use = Region.openFile(file, spec.extmem());
    try {
      return open(Registration.of(spec, request), use.region(), use::close);
    } catch (RuntimeException e) {
      use.close();
      throw e;
    }
  }

  @Override
  public Info info(String name, int memId) {
    Request request = new Request(null, 0, 0, 0, memId, RingCounts.DEFAULT, null, null);
    if (name.isEmpty()) {
      return new Info(null, memId == 0 ? Memory.shared(Config.load()) : Region.find(memId));
    }
    if (!PortSpec.isPortName(name)) {
      return null;
    }
    Registration r = Registration.of(PortSpec.parse(name, CompatProvider::memIdOf), request);
    return type(r).info(r);
  }

  /** For {@code @share}: the memory that a port of that NAME lives in, or would. */
  private static int memIdOf(String name) {
    boolean vale = name.startsWith("vale") && name.indexOf(':') >= 0;
    Registration r = Registration.of(PortSpec.parse(vale ? name : "netmap:" + name));
    PortType.Hold open = find(r);
    if (open == null) {
      return Memory.shared(Config.load()).memId();
    }
    try {
      return open.rings().region().memId();
    } finally {
      open.release().run();
    }
  }

  /** The kind of port that a registration means. */
  static PortType type(Registration r) {
    for (PortType type : TYPES) {
      if (type.claims(r)) {
        return type;
      }
    }
    throw new NetmapException(Libc.ENXIO, "no such port: " + r.name());
  }

  /** Holds the rings that a registration means if they are open; else null. */
  private static PortType.Hold find(Registration r) {
    return type(r).find(r);
  }

  /**
   * @param release to be run with the last of it
   */
  private static Opened open(Registration asked, Region region, Runnable release) {
    Registration r = asked.in(region);
    PortType type = type(r);
    PortType.Hold hold = type.hold(r);
    RingSet rings = hold.rings();
    try {
      boolean host =
          r.mode() == Netmap.NR_REG_SW
              || r.mode() == Netmap.NR_REG_NIC_SW
              || r.mode() == Netmap.NR_REG_ONE_SW;
      if (host && rings.hostTxRings() == 0 && !type.addHostRings(rings, r)) {
        throw new NetmapException(Libc.EINVAL, "this kind of port has no host rings");
      }
      RingSet.Binding binding = Bindings.of(r, rings);
      rings.bind(binding, r.offsets());
      return new Opened(
          r.name(),
          rings,
          binding,
          r.flags(),
          () -> {
            try {
              rings.release(binding);
            } finally {
              try {
                hold.release().run();
              } finally {
                release.run();
              }
            }
          });
    } catch (RuntimeException e) {
      hold.release().run();
      throw e;
    }
  }

  @Override
  public boolean isOpen(String name) {
    if (!PortSpec.isPortName(name)) {
      return false;
    }
    try {
      Registration r = Registration.of(PortSpec.parse(name));
      PortType.Hold open = find(r);
      if (open != null) {
        open.release().run();
      }
      return open != null;
    } catch (NetmapException | LinuxException e) {
      return false;
    }
  }
}

package io.netmap4j.compat.netdev;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.nic.NicPorts;
import io.netmap4j.compat.nic.Nics;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.OpenPorts;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.NetInterface;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.RingSet;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Network interfaces of the kernel, in netmap's emulated mode: names that no card and no alias of
 * one has, and {@code nic.NAME = netdev:INTERFACE} in the configuration file. {@code
 * netdev:INTERFACE,qdisc-bypass} hands frames to the driver without the interface's queueing
 * discipline.
 *
 * <p>Interfaces are those of the network namespace of the thread that opens the port.
 */
public final class NetdevPorts implements PortType {
  /** In front of an interface's name, in the configuration file. */
  public static final String SCHEME = "netdev:";

  private static final Logger LOG = LoggerFactory.getLogger(NetdevPorts.class);
  private static final OpenPorts<NicOptions> OPEN = new OpenPorts<>();
  private static final String BYPASS = ",qdisc-bypass";

  /** netmap's generic_ringsize and generic_rings. */
  private static final NicOptions DEFAULT = NicOptions.DEFAULT.slots(1024, 1024);

  private static final int MOST_RINGS = 64;
  private static final int FEWEST_SLOTS = 2;

  @Override
  public boolean claims(Registration r) {
    return !r.spec().vale() && !r.spec().pipe() && isInterface(r.name());
  }

  /** Whether a NAME, of no pipe and no switch's port, means an interface of the kernel. */
  public static boolean isInterface(String name) {
    String alias = Config.load().aliases().get(name);
    return alias != null
        ? alias.startsWith(SCHEME)
        : NetInterface.indexOf(name) != 0 && !Nics.isCard(name);
  }

  /** How the port of that interface is set up. */
  public static NicOptions options(String name) {
    return Config.load().nics().getOrDefault(name, DEFAULT);
  }

  /**
   * Which interface a name means.
   *
   * @param index in the namespace of this thread
   */
  private record Target(String name, int index, boolean bypass) {
    static Target of(Registration r) {
      String alias = Config.load().aliases().getOrDefault(r.name(), SCHEME + r.name());
      String address = alias.substring(SCHEME.length());
      boolean bypass = address.endsWith(BYPASS);
      String name = bypass ? address.substring(0, address.length() - BYPASS.length()) : address;
      int index = NetInterface.indexOf(name);
      if (index == 0) {
        throw new NetmapException(
            Libc.ENXIO,
            "there is no network interface "
                + name
                + "; in this network namespace are: "
                + String.join(", ", NetInterface.names()));
      }
      return new Target(name, index, bypass);
    }

    String key() {
      return NetInterface.namespace() + " " + index;
    }
  }

  @Override
  public Hold hold(Registration r) {
    Target target = Target.of(r);
    return OPEN.hold(
        target.key(),
        open -> {
          Memory.check(r, open.rings());
          NicPorts.checkOptions(open.rings(), open.settings(), r);
        },
        () -> start(target, r));
  }

  private static OpenPorts.Started<NicOptions> start(Target target, Registration r) {
    NicOptions options = r.nic() != null ? r.nic() : options(r.name());
    Adapter.Rings rings = rings(r.counts(), options);
    Region region = Memory.askedOrShared(r);
    NetdevAdapter adapter =
        new NetdevAdapter(target.name, target.index, rings, options, target.bypass);
    int mtu = adapter.mtu();
    if (options.mtu() > mtu && options.mtu() != NicOptions.DEFAULT.mtu()) {
      adapter.close();
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "mtu = %d is asked for, and the interface %s has %d; 'sudo ip link set %s mtu %d' sets it",
              options.mtu(),
              target.name,
              mtu,
              target.name,
              options.mtu()));
    }
    RingSet set = RingSet.start(adapter, region);
    LOG.info(
        "{}: emulated mode, by packet sockets: copies each packet, and the kernel's stack sees"
            + " what is received too{}",
        target.name,
        Nics.takeAdvice(target.name));
    return new OpenPorts.Started<>(set, options);
  }

  private static Adapter.Rings rings(RingCounts asked, NicOptions options) {
    Adapter.Rings rings =
        new Adapter.Rings(
            first(asked.txRings(), options.txRings()),
            first(asked.rxRings(), options.rxRings()),
            first(asked.txSlots(), options.txSlots()),
            first(asked.rxSlots(), options.rxSlots()));
    if (Math.max(rings.tx(), rings.rx()) > MOST_RINGS
        || Math.min(rings.tx(), rings.rx()) < 1
        || Math.min(rings.txSlots(), rings.rxSlots()) < FEWEST_SLOTS) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "%d tx and %d rx rings of %d and %d slots were asked for; emulated mode has 1 to %d"
                  + " of at least %d",
              rings.tx(),
              rings.rx(),
              rings.txSlots(),
              rings.rxSlots(),
              MOST_RINGS,
              FEWEST_SLOTS));
    }
    return rings;
  }

  private static int first(int asked, int otherwise) {
    return asked != 0 ? asked : otherwise;
  }

  @Override
  public Hold find(Registration r) {
    return OPEN.find(Target.of(r).key());
  }

  @Override
  public boolean addHostRings(RingSet rings, Registration r) {
    throw new NetmapException(
        Libc.EOPNOTSUPP,
        rings.adapter().name()
            + ": no host rings in emulated mode, for the kernel's stack stays attached to the"
            + " interface: use netmap:"
            + r.name()
            + " without "
            + (r.mode() == Netmap.NR_REG_NIC_SW ? "'*'" : "'^'"));
  }
}

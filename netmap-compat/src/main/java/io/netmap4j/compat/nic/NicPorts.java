package io.netmap4j.compat.nic;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.PortInfo;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.host.HostRings;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.OpenPorts;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.PortProvider;
import io.netmap4j.spi.RingSet;

/**
 * Network cards. Ports of one card share its rings, whatever alias they were opened by; the first
 * one sets the card up, the last one to close stops it.
 */
public final class NicPorts implements PortType {
  private static final OpenPorts<NicOptions> OPEN = new OpenPorts<>();

  @Override
  public boolean claims(Registration r) {
    return !r.spec().vale() && !r.spec().pipe();
  }

  @Override
  public Hold hold(Registration r) {
    Config config = Config.load();
    Nics.Named nic = Nics.find(r.name(), config);
    return OPEN.hold(
        nic.key(),
        open -> {
          Memory.check(r, open.rings());
          checkOptions(open.rings(), open.settings(), r);
        },
        () -> {
          NicOptions options = r.nic() != null ? r.nic() : config.options(r.name());
          Region region = Memory.askedOrShared(r);
          RingSet rings = RingSet.start(Nics.attach(nic, region, options), region);
          return new OpenPorts.Started<>(rings, options);
        });
  }

  @Override
  public Hold find(Registration r) {
    return OPEN.find(Nics.find(r.name(), Config.load()).key());
  }

  @Override
  public boolean addHostRings(RingSet rings, Registration r) {
    return HostRings.add(rings, r, Config.load());
  }

  /** A card that is not open is not set up for this: what it would have is in its options. */
  @Override
  public PortProvider.Info info(Registration r) {
    Hold open = find(r);
    if (open != null) {
      try {
        Memory.check(r, open.rings());
        return withHostRings(PortType.info(open.rings()));
      } finally {
        open.release().run();
      }
    }
    NicOptions options = Config.load().options(r.name());
    Region region = Memory.askedOrShared(r);
    PortInfo port =
        new PortInfo(
            region.size(),
            options.txSlots(),
            options.rxSlots(),
            options.txRings(),
            options.rxRings(),
            0,
            0,
            region.memId());
    return withHostRings(new PortProvider.Info(port, region));
  }

  /** A card has one host ring of each direction unless the first who opens them asks for more. */
  private static PortProvider.Info withHostRings(PortProvider.Info info) {
    PortInfo p = info.port();
    return new PortProvider.Info(
        new PortInfo(
            p.memSize(),
            p.txSlots(),
            p.rxSlots(),
            p.txRings(),
            p.rxRings(),
            Math.max(1, p.hostTxRings()),
            Math.max(1, p.hostRxRings()),
            p.memId()),
        info.region());
  }

  /** A device that is open is not set up again: another port's rings and frames depend on it. */
  public static void checkOptions(RingSet open, NicOptions has, Registration r) {
    if (r.nic() != null && !r.nic().equals(has)) {
      throw new NetmapException(
          Libc.EBUSY,
          open.adapter().name()
              + " is open already, with "
              + has.differences(r.nic())
              + "; give the same settings or none, or close its ports first");
    }
  }
}

package io.netmap4j.compat.host;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.OnOff;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.TapDevice;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes host rings for a device that the kernel has no driver on (docs/netmap-abi.md 9): a TAP
 * interface takes the place of the device's own, with its MAC address and MTU. It is there while
 * the device is open, and gone with the process.
 */
public final class HostRings {
  private static final Logger LOG = LoggerFactory.getLogger(HostRings.class);

  /** netmap's setting {@code fwd}: forwards every released packet, on every ring. */
  private static final boolean FORWARD_ALL = OnOff.property("netmap4j.fwd", false);

  /** What a frame has beside an IP packet of MTU size: Ethernet header, VLAN tag. */
  private static final int FRAME_OVERHEAD = 18;

  private static final int LEAST_MTU = 68;
  private static final int MOST_MTU = 65521;

  private HostRings() {}

  /**
   * Adds host rings to a device's rings, unless it has some: as many as {@code r} asks for, by
   * default one of each direction, with as many slots as the device's.
   *
   * @param rings held by the caller
   * @param config says how the interface is called, if not as the port
   * @return true
   * @throws NetmapException EPERM, EBUSY and so on: the interface cannot be made; EINVAL for too
   *     many rings, or a name that no interface can have
   */
  public static synchronized boolean add(RingSet rings, Registration r, Config config) {
    if (rings.host() != null) {
      return true;
    }
    int tx = Math.max(1, r.counts().hostTxRings());
    int rx = Math.max(1, r.counts().hostRxRings());
    if (Math.max(tx, rx) > TapDevice.MOST_QUEUES) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "%d and %d host rings: an interface has at most %d queues",
              tx,
              rx,
              TapDevice.MOST_QUEUES));
    }
    NicControl control = rings.adapter().control();
    byte[] mac = control == null ? null : control.macAddress();
    int mtu = rings.adapter().maxFrame() - FRAME_OVERHEAD;
    mtu = Math.max(LEAST_MTU, Math.min(mtu, MOST_MTU));
    String name = config.tap(r.name());
    HostLink link;
    try {
      link = HostLink.Tap.open(name, rx, mac, mtu);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), "host rings: " + e.getMessage() + hint(e, r), e);
    }
    attach(rings, link, tx, rx, FORWARD_ALL);
    LOG.info(
        "{}: {} tx and {} rx host rings behind interface {}, mtu {}",
        rings.adapter().name(),
        tx,
        rx,
        link.name(),
        mtu);
    return true;
  }

  private static String hint(LinuxException e, Registration r) {
    return switch (e.errno()) {
      case Libc.EBUSY, Libc.EINVAL, Libc.ENAMETOOLONG ->
          "; the line nic." + r.name() + ".tap = IFNAME in netmap4j.properties gives it another";
      default -> "";
    };
  }

  /** Adds host rings; {@code link} is closed with them, or here when that fails. */
  static void attach(RingSet rings, HostLink link, int tx, int rx, boolean forwardAll) {
    Adapter device = rings.adapter();
    Kring[] deviceTx = new Kring[rings.txRings()];
    for (int i = 0; i < deviceTx.length; i++) {
      deviceTx[i] = rings.tx(i);
    }
    Adapter.Rings own = device.rings();
    HostAdapter host =
        new HostAdapter(
            link,
            device,
            new Adapter.Rings(tx, rx, own.txSlots(), own.rxSlots()),
            deviceTx,
            forwardAll);
    int deviceRx = rings.rxRings();
    if (rings.addHost(host)) {
      for (int i = 0; i < deviceRx; i++) {
        rings.rx(i).addFirstTap(host.up[i]); // a zero-copy monitor exchanges buffers
      }
    }
  }
}

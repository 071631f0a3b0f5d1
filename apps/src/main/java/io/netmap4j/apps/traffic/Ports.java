package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.compat.PortSpec;
import java.util.Collections;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** How the commands open their ports. */
public final class Ports {
  private Ports() {}

  /** Opens a port; {@code netmap:} may be left out, as in pkt-gen. */
  public static NetmapPort open(String name, long flags, NicOptions options) {
    return Netmap.open(full(name), NetmapPort.Request.DEFAULT.addFlags(flags).nic(options));
  }

  /** A port's name taken apart. @throws NetmapException EINVAL, with the name */
  static PortSpec spec(String name) {
    try {
      return PortSpec.parse(full(name));
    } catch (NetmapException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    }
  }

  static String full(String name) {
    return name.startsWith("netmap:") || name.startsWith("vale") ? name : "netmap:" + name;
  }

  /**
   * For who sends on one ring alone. The others, which always have room, no longer end a wait for
   * some.
   */
  public static NetmapRing firstTxRing(NetmapPort port) {
    for (int r = port.firstTxRing() + 1; r < port.endTxRing(); r++) {
      port.tx(r).cur(port.tx(r).tail());
    }
    return port.tx(port.firstTxRing());
  }

  /** Ends a loop whose port has failed. @param ready what poll said */
  public static void check(NetmapPort port, int ready) {
    if ((ready & NetmapPort.POLLERR) == 0) {
      return;
    }
    if (port.txSync() == Errno.EIO || port.rxSync() == Errno.EIO) {
      throw new NetmapException(
          Errno.EIO,
          port.name()
              + ": POLLERR: the device is gone"
              + unconfirmed(port)
              + "; 'netmap4j devices' lists what there is");
    }
    // A sync that refuses packets says so in the same way; they are counted, and the others go on.
    if (port.unsent() == 0) {
      throw new NetmapException(
          Errno.EINVAL,
          port.name() + ": POLLERR: a ring had illegal indices, or a packet with an invalid slot");
    }
  }

  /** Ends a loop whose port has failed. @param status what a sync said */
  public static void checkSync(NetmapPort port, int status) {
    if (status != 0) {
      check(port, NetmapPort.POLLERR);
    }
  }

  /** For who counts as sent only what the device has reported: what it reports no more. */
  private static String unconfirmed(NetmapPort port) {
    int slots = pending(port);
    return slots == 0
        ? ""
        : String.format(
            Locale.ROOT,
            "; %d TX slots were unconfirmed, so their packets are not counted, though some may have"
                + " been sent",
            slots);
  }

  /** Slots of the port's TX rings that were handed over and are not known to have left. */
  static int pending(NetmapPort port) {
    int pending = 0;
    for (int r = port.firstTxRing(); r < port.endTxRing(); r++) {
      NetmapRing ring = port.tx(r);
      int free = ring.tail() - ring.head();
      pending += ring.numSlots() - 1 - (free < 0 ? free + ring.numSlots() : free);
    }
    return pending;
  }

  /**
   * At a command's end, after its totals.
   *
   * @param refusedBefore {@link NetmapPort#unsent} when the command began
   * @throws NetmapException not everything has left, or some was refused
   */
  public static void requireAllSent(NetmapPort port, long refusedBefore) {
    int pending = pending(port);
    if (pending > 0) {
      throw new NetmapException(
          Errno.EIO,
          String.format(
              Locale.ROOT,
              "%s: not all packets were sent: %d slots of the TX rings are still pending, link %s",
              port.name(),
              pending,
              port.link()));
    }
    long refused = port.unsent() - refusedBefore;
    if (refused > 0) {
      throw new NetmapException(
          Errno.EIO,
          String.format(
              Locale.ROOT,
              "%s: %d packets were refused by the TX rings, so they were not sent",
              port.name(),
              refused));
    }
  }

  /** True when the two have a ring in common, by whatever names they were opened. */
  static boolean shareRings(NetmapPort a, NetmapPort b) {
    return !Collections.disjoint(addresses(a), addresses(b));
  }

  private static Set<Long> addresses(NetmapPort port) {
    Set<Long> rings = new HashSet<>();
    for (int r = port.firstTxRing(); r < port.endTxRing(); r++) {
      rings.add(port.tx(r).sem());
    }
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      rings.add(port.rx(r).sem());
    }
    return rings;
  }
}

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

/** Opening a port by its name, and the checks that every loop over a port makes. */
public final class Ports {
  private Ports() {}

  /** Opens a port; {@code netmap:} may be left out, as in pkt-gen. */
  public static NetmapPort open(String name, long flags, NicOptions options) {
    return Netmap.open(full(name), NetmapPort.Request.DEFAULT.addFlags(flags).nic(options));
  }

  /** Parses a port's name. @throws NetmapException EINVAL, with the name */
  static PortSpec spec(String name) {
    try {
      return PortSpec.parse(full(name));
    } catch (NetmapException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    }
  }

  /** The name with its prefix. */
  public static String full(String name) {
    return name.startsWith("netmap:") || name.startsWith("vale") ? name : "netmap:" + name;
  }

  /** As JSON has a port: what was given, without netmap: and what it shall be like. */
  public static String brief(String name) {
    return name.replaceFirst("^netmap:", "").replaceFirst("@.*", "");
  }

  /**
   * The TX ring of a program that sends on one ring only. Sets the cur of the others, which always
   * have room, to their tail, so that they do not wake a poll for POLLOUT.
   */
  public static NetmapRing firstTxRing(NetmapPort port) {
    for (int r = port.firstTxRing() + 1; r < port.endTxRing(); r++) {
      port.tx(r).cur(port.tx(r).tail());
    }
    return port.tx(port.firstTxRing());
  }

  /**
   * Checks what poll returned.
   *
   * @throws NetmapException EIO when the device is gone, EINVAL when a ring is in error; not for
   *     packets that a sync has refused, which are counted
   */
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

  /**
   * Checks what a sync returned.
   *
   * @throws NetmapException as {@link #check}
   */
  public static void checkSync(NetmapPort port, int status) {
    if (status != 0) {
      check(port, NetmapPort.POLLERR);
    }
  }

  /** What a device that is gone can no longer report as sent, for its error message. */
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

  /** Slots of the port's TX rings that were given to the driver and not reported as sent. */
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
   * Waits until everything given to the TX rings has left: a second and a half, and as long again
   * if some of it has (a card in software on a busy machine is slow). Shorter than the time that a
   * command has after Ctrl-C.
   */
  public static void drain(NetmapPort port) {
    int before = pending(port);
    if (!port.drain(1500) && pending(port) < before) {
      port.drain(1500);
    }
  }

  /**
   * Fails a command that did not send everything: called at its end, after its totals.
   *
   * @param refusedBefore {@link NetmapPort#unsent} when the command began
   * @throws NetmapException EIO: packets are still in the TX rings, or were refused
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

package io.netmap4j.apps;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.compat.CompatProvider;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.linux.Libc;
import java.util.Collections;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the commands open their ports. */
final class Ports {
  /** The rings that a command cannot do without. */
  enum Need {
    RX(true, false),
    TX(false, true),
    BOTH(true, true);

    final boolean rx;
    final boolean tx;

    Need(boolean rx, boolean tx) {
      this.rx = rx;
      this.tx = tx;
    }
  }

  private static final int LINK_STEP_NANOS = 20_000_000;
  private static final long QUIET_NANOS =
      500_000_000; // a link that comes this soon is not worth a line

  private Ports() {}

  /** The options that every command with a port has. */
  static final class Setup {
    @Option(
        names = "--nic",
        split = ",",
        paramLabel = "KEY=VALUE",
        description =
            "Settings of the NIC, which override the configuration file: rings, tx-rings, rx-rings, slots, tx-slots,"
                + " rx-slots, mtu, promiscuous, drop, wait. Applies only to the first port of a device.")
    Map<String, String> nic = Map.of();

    @Option(
        names = "--wait-link",
        paramLabel = "SECONDS",
        converter = Converters.Seconds.class,
        description = "How long to wait for carrier (default: 2).")
    int waitSeconds = 2; // not defaultValue, which would undo what -w has set

    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    /**
     * Opens a port that has the rings that the command needs.
     *
     * @throws ParameterException its name leaves them out, or --nic has what is not there
     */
    NetmapPort open(String name, Need need, long flags) {
      return open(name, need, flags, 0);
    }

    /**
     * For captures: frames up to that MTU at least, and nothing dropped by rings, unless the user
     * says otherwise.
     */
    NetmapPort open(String name, Need need, long flags, int mtu) {
      requireRings(name, need);
      return Ports.open(name, flags, options(name, mtu));
    }

    /** What {@link #open} checks of the name. */
    void requireRings(String name, Need need) {
      long only = spec(name).flags();
      boolean noTx = (only & Netmap.NR_RX_RINGS_ONLY) != 0;
      boolean noRx = (only & Netmap.NR_TX_RINGS_ONLY) != 0;
      if (need.tx && noTx || need.rx && noRx) {
        throw new ParameterException(
            command.commandLine(),
            String.format(
                Locale.ROOT,
                "%s needs %s rings, and %s has none: leave its suffix out",
                command.name(),
                need.tx && noTx ? "TX" : "RX",
                name));
      }
    }

    /** The largest IP packet of the NIC behind {@code name}, as it is configured. */
    int mtu(String name) {
      return options(name, 0).mtu();
    }

    private NicOptions options(String name, int mtu) {
      NicOptions options = Config.load().options(spec(name).name());
      if (mtu > 0) {
        options = options.mtu(Math.max(mtu, options.mtu())).dropWhenFull(false);
      }
      try {
        for (Map.Entry<String, String> e : nic.entrySet()) {
          options = options.with(e.getKey(), e.getValue());
        }
      } catch (NetmapException e) {
        throw new ParameterException(command.commandLine(), "--nic: " + e.getMessage(), e);
      }
      return options;
    }

    private String waitsFor(NetmapPort port, String peer) {
      return port.link().up()
          ? String.format(
              Locale.ROOT,
              "Wait %d secs until %s, the other end of %s, is opened",
              waitSeconds,
              peer,
              port.name())
          : String.format(Locale.ROOT, "Wait %d secs for link on %s", waitSeconds, port.name());
    }

    /** Waits for carrier, says so, and says what may help when none comes. */
    void awaitLink(NetmapPort port, Main main) {
      String peer = peerOf(port.name());
      if (linked(port, peer)) {
        return;
      }
      long begin = System.nanoTime();
      boolean said = false;
      for (long waited = 0;
          !main.stop.requested() && waited < TimeUnit.SECONDS.toNanos(waitSeconds); ) {
        LockSupport.parkNanos(LINK_STEP_NANOS);
        if (linked(port, peer)) {
          return;
        }
        waited = System.nanoTime() - begin;
        if (!said && waited > QUIET_NANOS) {
          main.err.println(waitsFor(port, peer));
          said = true;
        }
      }
      if (!main.stop.requested()) {
        main.err.println(hint(port.name(), peer));
      }
    }
  }

  /**
   * A modelled card always has carrier; what matters is whether anybody in this process has the
   * other one.
   */
  private static boolean linked(NetmapPort port, String peer) {
    return port.link().up() && (peer == null || CompatProvider.isOpen(peer));
  }

  /** The NAME at the other end of the modelled cable; null for other ports. */
  private static String peerOf(String name) {
    return name.equals("model0") ? "model1" : name.equals("model1") ? "model0" : null;
  }

  private static String hint(String name, String peer) {
    if (peer == null) {
      return "No link on " + name + ": frames wait until there is one.";
    }
    return String.format(
        Locale.ROOT,
        "%s is cabled to %s of the same process, which is not open: what %s sends is lost, and nothing"
            + " arrives. Run both ends in one process: netmap4j run \"pkt-gen -i %s -f rx\" \"pkt-gen -i %s -f tx\","
            + " or netmap4j demo. For two processes, serve a pair: netmap4j nic-model -s /tmp/a.sock -s /tmp/b.sock, with"
            + " nic.a = vfio-user:/tmp/a.sock and so on in netmap4j.properties.",
        name,
        peer,
        name,
        peer,
        name);
  }

  /** Opens a port; {@code netmap:} may be left out, as in pkt-gen. */
  static NetmapPort open(String name, long flags, NicOptions options) {
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
  static NetmapRing firstTxRing(NetmapPort port) {
    for (int r = port.firstTxRing() + 1; r < port.endTxRing(); r++) {
      port.tx(r).cur(port.tx(r).tail());
    }
    return port.tx(port.firstTxRing());
  }

  /** Ends a loop whose port has failed. @param ready what poll said */
  static void check(NetmapPort port, int ready) {
    if ((ready & NetmapPort.POLLERR) == 0) {
      return;
    }
    if (port.txSync() == Libc.EIO || port.rxSync() == Libc.EIO) {
      throw new NetmapException(
          Libc.EIO,
          port.name()
              + ": POLLERR: the device is gone"
              + unconfirmed(port)
              + "; 'netmap4j devices' lists what there is");
    }
    // A sync that refuses packets says so in the same way; they are counted, and the others go on.
    if (port.unsent() == 0) {
      throw new NetmapException(
          Libc.EINVAL,
          port.name() + ": POLLERR: a ring had illegal indices, or a packet with an invalid slot");
    }
  }

  /** Ends a loop whose port has failed. @param status what a sync said */
  static void checkSync(NetmapPort port, int status) {
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
  static void requireAllSent(NetmapPort port, long refusedBefore) {
    int pending = pending(port);
    if (pending > 0) {
      throw new NetmapException(
          Libc.EIO,
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
          Libc.EIO,
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

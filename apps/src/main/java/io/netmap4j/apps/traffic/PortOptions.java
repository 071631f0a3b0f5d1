package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.PortSpec;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options that every command with a port has, and how it opens its port by them; {@link
 * OnePort} and {@link WaitOption} have more.
 */
public class PortOptions {
  /** The rings that a command cannot do without. */
  public enum Need {
    /** Receive rings. */
    RX(true, false),
    /** Transmit rings. */
    TX(false, true),
    /** Rings of both directions. */
    BOTH(true, true);

    final boolean rx;
    final boolean tx;

    Need(boolean rx, boolean tx) {
      this.rx = rx;
      this.tx = tx;
    }
  }

  private static final int LINK_STEP_NANOS = 20_000_000;

  /** A link that comes this soon is not worth a line. */
  private static final long QUIET_NANOS = 500_000_000;

  @Option(
      names = "--nic",
      split = ",",
      paramLabel = "KEY=VALUE",
      description =
          "Settings of the NIC, which override the configuration file: rings, tx-rings, rx-rings, slots, tx-slots,"
              + " rx-slots, mtu, promiscuous, drop, wait, speed. Applies only to the first port of a device.")
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
  public NetmapPort open(String name, Need need, long flags) {
    return open(name, need, flags, 0);
  }

  /**
   * For captures: frames up to that MTU at least, and nothing dropped by rings, unless the user
   * says otherwise. An interface of the kernel keeps its MTU.
   */
  public NetmapPort open(String name, Need need, long flags, int mtu) {
    return open(name, need, NetmapPort.Request.DEFAULT.addFlags(flags), mtu);
  }

  /**
   * The same, of a request, whose {@link NetmapPort.Request#nic} is that of the configuration and
   * --nic then.
   */
  NetmapPort open(String name, Need need, NetmapPort.Request request) {
    return open(name, need, request, 0);
  }

  private NetmapPort open(String name, Need need, NetmapPort.Request request, int mtu) {
    requireRings(name, need);
    NetmapPort port;
    try {
      port = Netmap.open(Ports.full(name), request.nic(options(name, mtu)));
    } catch (NetmapException e) {
      throw ofNic(e)
          ? new ParameterException(command.commandLine(), "--nic: " + e.getMessage(), e)
          : e;
    }
    requireCounts(name, port);
    context().figures().port(port);
    return port;
  }

  /** A NIC has the rings and slots of its settings, whatever its name asks for. */
  private void requireCounts(String name, NetmapPort port) {
    PortSpec spec = Ports.spec(name);
    Map<String, String> asked = spec.options().getOrDefault("conf", Map.of());
    if (asked.isEmpty() || spec.vale() || spec.pipe()) {
      return;
    }
    Map<String, Integer> has = new LinkedHashMap<>();
    has.put("tx-rings", port.nifp().txRings());
    has.put("rx-rings", port.nifp().rxRings());
    if (port.firstTxRing() < port.endTxRing()) {
      has.put("tx-slots", port.tx(port.firstTxRing()).numSlots());
    }
    if (port.firstRxRing() < port.endRxRing()) {
      has.put("rx-slots", port.rx(port.firstRxRing()).numSlots());
    }
    has.forEach(
        (key, value) -> {
          String other = asked.getOrDefault(key, "0");
          if (!other.equals("0") && !other.equals(value.toString())) {
            port.close();
            throw new ParameterException(
                command.commandLine(),
                String.format(
                    Locale.ROOT,
                    "%s: %s has %s = %d; @conf is for pipes and ports of switches, and --nic %s=%s for a NIC",
                    name,
                    spec.name(),
                    key,
                    value,
                    key,
                    other));
          }
        });
  }

  /**
   * The driver refuses a value that --nic gave: its error is KEY = VALUE, of both directions or
   * one.
   */
  private boolean ofNic(NetmapException e) {
    return e.errno() == Errno.EINVAL
        && nic.keySet().stream()
            .map(key -> key.replaceFirst("^[tr]x-", "") + " = ")
            .anyMatch(e.getMessage()::contains);
  }

  private CommandContext context() {
    return ((PlainCommand) command.userObject()).context;
  }

  /** What {@link #open} checks of the name. */
  void requireRings(String name, Need need) {
    long only = Ports.spec(name).flags();
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
  public int mtu(String name) {
    return options(name, 0).mtu();
  }

  private NicOptions options(String name, int mtu) {
    PortSpec port = Ports.spec(name);
    NicOptions ofInterface =
        port.vale() || port.pipe() ? null : context().kernelInterface(port.name());
    boolean kernel = ofInterface != null;
    NicOptions options = kernel ? ofInterface : Config.load().options(port.name());
    if (mtu > 0 && !kernel) {
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
  public void awaitLink(NetmapPort port, CommandContext context) {
    String peer = peerOf(port.name());
    if (linked(port, peer)) {
      return;
    }
    long begin = System.nanoTime();
    boolean said = false;
    for (long waited = 0;
        !context.stop.requested() && waited < TimeUnit.SECONDS.toNanos(waitSeconds); ) {
      LockSupport.parkNanos(LINK_STEP_NANOS);
      if (linked(port, peer)) {
        return;
      }
      waited = System.nanoTime() - begin;
      if (!said && waited > QUIET_NANOS) {
        context.err.println(waitsFor(port, peer));
        said = true;
      }
    }
    if (!context.stop.requested()) {
      context.err.println(hint(port.name(), peer));
    }
  }

  /**
   * A modelled card always has carrier; what matters is whether anybody in this process has the
   * other one.
   */
  private static boolean linked(NetmapPort port, String peer) {
    return port.link().up() && (peer == null || Netmap.isOpen("netmap:" + peer));
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
}

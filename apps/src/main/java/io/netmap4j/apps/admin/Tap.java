package io.netmap4j.apps.admin;

import io.netmap4j.NetmapPort;
import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.Drops;
import io.netmap4j.apps.traffic.Figures;
import io.netmap4j.apps.traffic.JsonOption;
import io.netmap4j.apps.traffic.MetricsOption;
import io.netmap4j.apps.traffic.OnePort;
import io.netmap4j.apps.traffic.PortOptions;
import io.netmap4j.apps.traffic.Ports;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.apps.traffic.WaitOption;
import io.netmap4j.common.NetmapException;
import io.netmap4j.frames.MacAddress;
import io.netmap4j.linux.TapDevice;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Makes a TAP interface and has {@link TapForwarder} join it to a port. */
@Command(
    name = "tap",
    description =
        "Makes an interface of the Linux kernel and forwards between it and a port, both ways: the card behind the"
            + " port becomes the kernel's.",
    footer = {
      "",
      "The interface has the card's MAC address, is down at first and gone at the end; it may be moved to a network"
          + " namespace meanwhile. A line that begins with \"ready\" is printed when it is there. It needs root. Frames"
          + " from the kernel wait in the interface while the TX ring is full. Ctrl-C ends it with the totals; the exit"
          + " code is then 130.",
      "",
      "Examples:",
      "  netmap4j tap -i netmap:eth0 -t tap0       and, when it is ready:",
      "  ip addr add 192.0.2.1/24 dev tap0; ip link set tap0 up",
      "  netmap4j run \"tap -i netmap:model0 -t ta\" \"tap -i netmap:model1 -t tb\"",
    })
public final class Tap extends SubCommand {
  @Mixin OnePort setup;
  @Mixin MetricsOption metrics;
  @Mixin JsonOption json;
  @Mixin WaitOption wait;

  @Option(
      names = "-t",
      required = true,
      paramLabel = "NAME",
      converter = Converters.InterfaceName.class,
      description = "The interface to be made, 1 to 15 bytes.")
  String tapName;

  @Option(
      names = "--mtu",
      paramLabel = "BYTES",
      description = "MTU of the interface (default: that of the port's NIC).")
  Integer mtu;

  @Override
  public Integer call() {
    int longest = setup.mtu(setup.name);
    int packets = mtu == null ? longest : mtu;
    if (packets < 68 || packets > longest) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(
              Locale.ROOT,
              "--mtu %d is out of range: 68 to %d, the mtu of %s's NIC; for more: --nic mtu=%d",
              packets,
              longest,
              setup.name,
              packets));
    }
    try (NetmapPort port = setup.open(setup.name, PortOptions.Need.BOTH, 0)) {
      try (TapDevice tap = TapDevice.create(tapName);
          TapForwarder forwarder = new TapForwarder(port, tap)) {
        String mac = configure(tap, port, packets);
        context.out.printf(
            Locale.ROOT,
            "ready %s: MAC %s, MTU %d, on %s; next: ip link set %s up%n",
            tap.name(),
            mac,
            packets,
            setup.name,
            tap.name());
        context.ready();
        setup.awaitLink(port, context);
        show("to " + tap.name(), forwarder::framesToKernel);
        show("from " + tap.name(), forwarder::framesFromKernel);
        forward(forwarder, port, tap);
      }
    }
    return CommandContext.OK;
  }

  private void show(String loop, LongSupplier frames) {
    context
        .figures()
        .counter(
            new Figures.Counter(
                "netmap4j.command.packets",
                "packets",
                "Packets that a command has moved",
                List.of("command", "tap", "loop", loop)),
            frames);
  }

  /** Makes the interface look like the card. @return its MAC address */
  private static String configure(TapDevice tap, NetmapPort port, int mtu) {
    tap.mtu(mtu);
    MacAddress mac;
    try {
      mac = MacAddress.of(port.nic().macAddress());
    } catch (NetmapException e) {
      return "of the kernel's choice"; // not a NIC
    }
    tap.mac(mac.bits());
    return mac.toString();
  }

  /** Prints the totals also when the interface or the card goes away meanwhile. */
  private void forward(TapForwarder forwarder, NetmapPort port, TapDevice tap) {
    long refused = port.unsent();
    Drops drops = new Drops(port);
    try {
      forwarder.run(context.stop);
    } finally {
      context.out.println(setup.name + " -> " + tap.name() + ": " + forwarder.toKernel());
      context.out.println(tap.name() + " -> " + setup.name + ": " + forwarder.fromKernel());
      drops.print(context.out);
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("port", Ports.brief(setup.name));
      all.put("tap", tap.name());
      all.putAll(forwarder.figures());
      all.put("drops", drops.figures());
      context.json("totals", all);
    }
    Ports.drain(port);
    forwarder.requireNoneTooLong();
    Ports.requireAllSent(port, refused);
  }
}

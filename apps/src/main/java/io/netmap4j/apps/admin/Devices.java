package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.JsonOption;
import io.netmap4j.apps.traffic.Ports;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.netdev.NetdevPorts;
import io.netmap4j.compat.nic.Nics;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.NetInterface;
import io.netmap4j.linux.PacketSocket;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDriver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what can be opened, by what name, and what is missing where something is. */
@Command(
    name = "devices",
    description =
        "Lists every device that can be opened, or could be: the port name, the PCI id, netmap4j's driver for it, the kernel driver that has it, and what is missing. Interfaces of the kernel come last: any of them can be opened in emulated mode.",
    footer = {
      "",
      "Names without a PCI address come from the backends or from the configuration file: NETMAP4J_CONFIG, else"
          + " ./netmap4j.properties, else /etc/netmap4j.properties.",
      "",
      "Example:",
      "  netmap4j devices",
    })
public final class Devices extends SubCommand {
  @Mixin JsonOption json;

  @Override
  public Integer call() {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"PORT", "DEVICE", "ID", "DRIVER", "BOUND TO", "NOTE"});
    List<String> missing = new ArrayList<>();
    for (NicBackend backend : Nics.backends()) {
      for (NicBackend.Function f : Nics.functions(backend)) {
        String port = "netmap:" + Nics.nameOf(backend, f);
        String device = backend.scheme() + ":" + f.address();
        String driver = Nics.driverOf(f.id()).map(NicDriver::name).orElse("none");
        String owner = f.boundTo().isEmpty() ? "-" : f.boundTo();
        rows.add(new String[] {port, device, f.id().toString(), driver, owner, f.note()});
        f.missing().forEach(m -> missing.add(device + ": " + m));
      }
    }
    addInterfaces(rows, missing);
    Config config = Config.load();
    for (Map.Entry<String, String> alias : config.aliases().entrySet()) {
      rows.add(
          new String[] {
            "netmap:" + alias.getKey(),
            alias.getValue(),
            "-",
            "-",
            "-",
            "alias in " + config.source()
          });
    }
    print(rows);
    rows.stream().skip(1).forEach(row -> context.json("device", figures(row)));
    missing.forEach(m -> context.json("missing", Map.of("text", m)));
    if (!missing.isEmpty()) {
      context.out.println();
      context.out.println("Missing:");
      missing.forEach(m -> context.out.println("  " + m));
    }
    return CommandContext.OK;
  }

  private static Map<String, Object> figures(String[] row) {
    Map<String, Object> all = new LinkedHashMap<>();
    String[] names = {"port", "device", "id", "driver", "bound_to", "note"};
    for (int i = 0; i < names.length; i++) {
      if (!row[i].equals("-") && !row[i].isEmpty()) {
        all.put(names[i], i == 0 ? Ports.brief(row[i]) : row[i]);
      }
    }
    return all;
  }

  /** Interfaces of the kernel, for emulated mode. */
  private static void addInterfaces(List<String[]> rows, List<String> missing) {
    String why = "";
    for (String name : NetInterface.names()) {
      boolean plain = name.chars().noneMatch(c -> "-*^{}/@".indexOf(c) >= 0);
      String port = plain ? "netmap:" + name : "(nic.NAME = " + NetdevPorts.SCHEME + name + ")";
      String note = "emulated mode: packets are copied, the kernel's stack sees them too";
      rows.add(new String[] {port, NetdevPorts.SCHEME + name, "-", "packet socket", "-", note});
      try {
        PacketSocket.open(name, NetInterface.indexOf(name)).close();
      } catch (LinuxException e) {
        why = NetdevPorts.SCHEME + name + ": " + e.getMessage();
      }
    }
    if (!why.isEmpty()) {
      missing.add(why);
    }
  }

  private void print(List<String[]> rows) {
    int[] width = new int[rows.get(0).length];
    for (String[] row : rows) {
      for (int c = 0; c < width.length; c++) {
        width[c] = Math.max(width[c], row[c].length());
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < width.length; c++) {
        line.append(row[c]).append(" ".repeat(width[c] - row[c].length() + 2));
      }
      context.out.println(line.toString().stripTrailing());
    }
  }
}

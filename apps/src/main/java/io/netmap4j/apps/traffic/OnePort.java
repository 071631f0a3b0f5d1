package io.netmap4j.apps.traffic;

import io.netmap4j.compat.PortSpec;
import java.util.Set;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of a command with one port. */
public class OnePort extends PortOptions {
  /** The port's name, as the user gave it. */
  @Option(
      names = "-i",
      required = true,
      paramLabel = "PORT",
      description = "The port: netmap:NAME, a pipe netmap:NAME{ID, or valeS:NAME.")
  public String name;

  @Override
  void requireRings(String of, Need need) {
    super.requireRings(of, need);
    PortSpec port = Ports.spec(of);
    // The MTU is also that of tap's interface.
    if ((port.vale() || port.pipe()) && !Set.of("mtu").containsAll(nic.keySet())) {
      throw new ParameterException(
          command.commandLine(),
          "--nic: "
              + of
              + " is no NIC; "
              + Ports.full(port.name())
              + "@conf:rings=...,slots=... says how many rings and slots it has");
    }
  }
}

package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.model.ModelBackend;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.wire.TapWire;
import io.netmap4j.model.wire.WireEnd;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** bridge with one port: the kernel's stack in one namespace works through a modelled card. */
@Timeout(60)
class BridgeHostTest {
  private final String near = Namespaces.name("c");
  private final String far = Namespaces.name("d");
  private final Namespaces namespaces = new Namespaces();
  private final Nic82599 card = ModelBackend.pair(902).card(0);
  private TapWire wire;

  @TempDir Path folder;

  @BeforeEach
  void needsRoot() throws Exception {
    Namespaces.require("ip=iproute2", "ping=iputils-ping");
    Path config = folder.resolve("netmap4j.properties");
    Files.writeString(config, "nic." + near + " = model:902\nnic." + near + ".drop = false\n");
    System.setProperty("netmap4j.config", config.toString());
    wire = TapWire.open(TapWire.Options.named(far));
    card.attach(wire, WireEnd.A);
  }

  @AfterEach
  void removeAll() throws Exception {
    System.clearProperty("netmap4j.config");
    namespaces.close();
    if (wire != null) {
      card.attach(null, null);
      wire.close();
    }
  }

  @Test
  void pingsPassBetweenTheCardAndItsHostRings() throws Exception {
    RunningCommand bridge = RunningCommand.start("bridge -i " + near + " -w 0 -v");
    assertThat(bridge.ended()).as("it has ended").isFalse();
    namespaces.place(near);
    namespaces.place(far);
    namespaces.in(near, "ip addr add 192.0.2.1/24 dev " + near);
    namespaces.in(far, "ip addr add 192.0.2.2/24 dev " + far);
    // The interface's carrier follows the card's, which follows that of the other end.
    namespaces.in(
        near, "until ip link show dev " + near + " | grep -q LOWER_UP; do sleep 0.02; done");
    namespaces.in(far, "ping -n -q -c 20 -i 0.01 -W 5 192.0.2.1");
    namespaces.in(near, "ping -n -q -c 20 -i 0.01 -W 5 -s 1472 -M do 192.0.2.2");
    Command end = bridge.stop();
    assertThat(end.err()).doesNotContain("netmap4j:");
    assertThat(end.code()).isZero();
    assertThat(end.out())
        .containsPattern(near + " -> netmap:" + near + "\\^: ([4-9]\\d|\\d{3}) packets")
        .containsPattern("netmap:" + near + "\\^ -> " + near + ": ([4-9]\\d|\\d{3}) packets");
  }
}

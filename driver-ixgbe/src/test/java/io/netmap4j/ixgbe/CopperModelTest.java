package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.assertDmaStaysInBuffers;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.receive;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.NicOptions;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.SharedChip;
import io.netmap4j.model.peripherals.Copper;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** X540 and X550 in software, which somebody else transcribed: two of them on a cable. */
@Timeout(60)
@Tag("once")
class CopperModelTest {
  private static final int X540 = 0x1528;
  private static final int X550 = 0x1563;

  private static ModelRig.Setup setup(int id, NicOptions nic, String phy) {
    return ModelRig.Setup.DEFAULT
        .nic(nic)
        .card(card -> card.deviceId(id).copper(phy.isEmpty() ? Copper.WELL : Copper.parse(phy)));
  }

  private static void exchange(ModelRig rig) {
    for (int i = 0; i < 50; i++) {
      byte[] frame = frame(i, 60 + 29 * i);
      put(rig.a.tx(0), frame);
      assertEquals(0, rig.a.txSync());
      assertArrayEquals(frame, receive(rig, rig.b));
      put(rig.b.tx(0), frame);
      assertEquals(0, rig.b.txSync());
      assertArrayEquals(frame, receive(rig, rig.a));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {X540, X550})
  void framesBothWaysAndAReset(int id) {
    try (ModelRig rig = new ModelRig(setup(id, NIC.dropWhenFull(false), "lowpower"))) {
      assertEquals(10_000, rig.a.link().mbps());
      exchange(rig);
      rig.a.nic().reset();
      assertTrue(rig.a.awaitLink(5000) && rig.b.awaitLink(5000));
      exchange(rig);
      assertNoViolations(rig);
      assertDmaStaysInBuffers(rig);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {X540, X550})
  void rssOverFourQueues(int id) {
    try (ModelRig rig = new ModelRig(setup(id, NIC.rings(4, 4).dropWhenFull(false), ""))) {
      assertThat(queues(rig)).contains(0, 1, 2, 3);
      int[] table = new int[id == X550 ? 512 : 128];
      Arrays.setAll(table, i -> i < table.length / 4 ? 0 : 1 + i % 3); // ERETA on an X550
      byte[] key = new byte[40];
      new Random(1).nextBytes(key);
      rig.b.nic().rss(key, table);
      assertThat(queues(rig)).contains(0, 1, 2, 3);
      Arrays.fill(table, 0, table.length / 4, 3);
      Arrays.fill(table, table.length / 4, table.length, 2);
      rig.b.nic().rss(key, table);
      assertThat(queues(rig)).containsOnly(2, 3);
      assertNoViolations(rig);
    }
  }

  /** The rings on which 64 flows arrive. */
  private static Set<Integer> queues(ModelRig rig) {
    Set<Integer> rings = new TreeSet<>();
    for (int flow = 0; flow < 64; flow++) {
      rings.add(queue(rig, flow));
    }
    return rings;
  }

  /** The ring on which a packet of the flow arrives. */
  private static int queue(ModelRig rig, int flow) {
    put(rig.a.tx(0), Flows.udp(flow, flow));
    rig.a.txSync();
    int[] found = {-1};
    until(
        rig,
        "flow " + flow,
        () -> {
          rig.b.rxSync();
          for (int r = 0; r < 4 && found[0] < 0; r++) {
            if (!rig.b.rx(r).isEmpty()) {
              found[0] = r;
            }
          }
          return found[0] >= 0;
        });
    NetmapPort b = rig.b;
    assertEquals(flow, Flows.flow(b.rx(found[0]).buffer(b.rx(found[0]).head())));
    b.rx(found[0]).advance(b.rx(found[0]).tail());
    return found[0];
  }

  @ParameterizedTest
  @CsvSource({
    "0x1528, '', 0, 10000",
    "0x1528, partner=1g+100m, 0, 1000",
    "0x1563, partner=2.5g+100m, 0, 100",
    "0x1563, partner=5g+2.5g, 2500, 2500",
    "0x1563, delay=100, 0, 10000"
  })
  void speeds(String id, String phy, int wanted, int mbits) {
    try (ModelRig rig = new ModelRig(setup(Integer.decode(id), NIC.speed(wanted), phy))) {
      assertEquals(mbits, rig.a.link().mbps());
      assertNoViolations(rig);
    }
  }

  @Test
  void absentPhy() {
    assertThatThrownBy(() -> new ModelRig(setup(X540, NIC, "absent")).close())
        .hasMessageContaining("no PHY answers");
  }

  @ParameterizedTest
  @ValueSource(ints = {X540, X550})
  void overTemperature(int id) {
    try (ModelRig rig = new ModelRig(setup(id, NIC, ""))) {
      rig.cards[0].setHot(true);
      until(rig, "the link to go", () -> !rig.a.link().up());
      rig.cards[0].setHot(false);
      for (int i = 0; i < 20; i++) {
        assertFalse(rig.a.link().up(), "it stays down");
        rig.run();
      }
      rig.a.nic().reset();
      assertTrue(rig.a.awaitLink(5000) && rig.b.awaitLink(5000));
      exchange(rig);
      assertNoViolations(rig);
    }
  }

  /** Two ports of one chip, opened at once: the semaphores are contended. */
  @ParameterizedTest
  @ValueSource(ints = {X540, X550})
  void bothPortsOfAChipAtOnce(int id) throws InterruptedException {
    SharedChip chip = new SharedChip();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      CardOptions options = CardOptions.port(i).deviceId(id).onChip(chip);
      threads.add(new Thread(() -> openAndClose(options)));
    }
    threads.forEach(t -> t.setUncaughtExceptionHandler((thread, e) -> failures.add(e)));
    threads.forEach(Thread::start);
    for (Thread t : threads) {
      t.join();
    }
    assertThat(failures).isEmpty();
  }

  private static void openAndClose(CardOptions options) {
    try (Nic82599 card = new Nic82599(options);
        ModelRunner runner = new ModelRunner(card);
        Region region = Region.create(ModelRig.Setup.DEFAULT.memory())) {
      runner.start();
      NicDevice device = ModelDevice.open(card, ModelDomain.scattered(7), "model");
      RingSet rings = RingSet.start(new IxgbeDriver().attach(device, region, NIC), region);
      RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
      rings.bind(all);
      TestPorts.open("model", rings, all, NetmapPort.Request.DEFAULT).close();
      assertThat(card.violations()).isEmpty();
    }
  }

  @Test
  void whatAKilledProcessHeld() {
    ModelRig.Setup setup = setup(X540, NIC, "").link("left=smbi+gssr:2");
    try (ModelRig rig = new ModelRig(setup)) {
      exchange(rig);
      assertNoViolations(rig);
    }
  }
}

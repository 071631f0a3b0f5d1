package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.setup;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Opening and closing a card. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
class OpenCloseTest {
  @Test
  void closeUnmapsTheRegion() {
    long faults;
    long first;
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      try (DmaMapping mapping = rig.domain.map(rig.region)) {
        first = mapping.iova(0);
      }
      rig.a.close();
      rig.b.close();
      try (DmaMapping mapping = rig.domain.map(rig.region)) {
        assertThat(mapping.iova(0))
            .as("mapped anew, since close unmapped the old mapping")
            .isNotEqualTo(first);
      }
      faults = rig.cards[0].memory().faults();
    }
    assertEquals(0, faults);
  }

  @Test
  void aCardHasOneDriverAtATime() {
    try (ModelRig rig = new ModelRig(ModelRig.Setup.DEFAULT)) {
      assertThatThrownBy(() -> ModelDevice.open(rig.cards[0], rig.domain, "again"))
          .isInstanceOfSatisfying(NetmapException.class, e -> assertEquals(Libc.EBUSY, e.errno()));
    }
  }

  /** What a killed process left in the card must not be followed. */
  @Test
  void busMasteringIsOffUntilTheReset() {
    int command = 4;
    int memoryAndMaster = 6;
    List<Integer> atReset = new ArrayList<>();
    try (Nic82599 card = new Nic82599(CardOptions.port(0));
        ModelRunner runner = new ModelRunner(card);
        Region region = Region.create(ModelRig.Setup.DEFAULT.memory())) {
      runner.start();
      ModelDevice device = ModelDevice.open(card, ModelDomain.scattered(7), "model:0");
      device.writeConfig(command, 2, 0); // as UIO leaves it
      NicDevice watched =
          (NicDevice)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {NicDevice.class},
                  (proxy, method, args) -> {
                    if (method.getName().equals("write32")
                        && (int) args[0] == Reg.CTRL
                        && ((int) args[1] & (Reg.CTRL_RST | Reg.CTRL_LRST)) != 0) {
                      atReset.add(device.readConfig(command, 2) & memoryAndMaster);
                    }
                    return method.invoke(device, args);
                  });
      Adapter adapter = new IxgbeDriver().attach(watched, region, NIC);
      assertThat(device.readConfig(command, 2) & memoryAndMaster).isEqualTo(memoryAndMaster);
      adapter.close();
    }
    assertThat(atReset).isNotEmpty().allMatch(c -> c == 2);
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    refused(NIC.rings(17, 1), "tx-rings = 17 is out of range: 1 to 16");
    refused(NIC.slots(60, 64), "tx-slots = 60");
    refused(NIC.slots(100, 64), "multiples of 8");
    refused(NIC.slots(64, 4104), "rx-slots = 4104 is out of range: 64 to 4096");
    refused(NIC.mtu(9711), "mtu = 9711 is out of range: 68 to 9710");
  }

  private static void refused(NicOptions nic, String why) {
    ModelRig.Setup setup = ModelRig.Setup.DEFAULT.nic(nic);
    assertThatThrownBy(() -> new ModelRig(setup).close()).hasMessageContaining(why);
  }
}

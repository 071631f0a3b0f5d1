package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A card that its last driver left in D3hot. */
@Timeout(30)
class PciPowerTest {
  private static final int PMCSR = 0x44;
  private static final int COMMAND = 4;
  private static final int BAR0 = 0x10;
  private static final int DEVICE_CONTROL = 0xa8;

  /** Stands before a modelled card: no registers while asleep, and amnesia on waking. */
  private static final class Asleep {
    final Map<Integer, Integer> config = new HashMap<>();
    final NicDevice device;
    private int state = 3;

    Asleep(NicDevice real, boolean forGood) {
      config.put(BAR0, 0xfe00_000c);
      config.put(BAR0 + 4, 0x12);
      config.put(DEVICE_CONTROL, 0x2850);
      device =
          (NicDevice)
              Proxy.newProxyInstance(
                  PciPowerTest.class.getClassLoader(),
                  new Class<?>[] {NicDevice.class},
                  (proxy, method, args) -> {
                    int at = args != null && args[0] instanceof Integer n ? n : -1;
                    switch (method.getName()) {
                      case "changeConfig" -> {
                        NicDevice self = (NicDevice) proxy;
                        int old = self.readConfig(at, (int) args[1]);
                        self.writeConfig(at, (int) args[1], old & ~(int) args[2] | (int) args[3]);
                        return null;
                      }
                      case "readConfig" -> {
                        if (at == PMCSR) {
                          return 0x2000 | state;
                        }
                        if (config.containsKey(at)) {
                          return config.get(at);
                        }
                      }
                      case "writeConfig" -> {
                        if (at == PMCSR && ((int) args[2] & 3) == 0 && state != 0 && !forGood) {
                          state = 0;
                          config.replaceAll((k, v) -> 0);
                          real.writeConfig(COMMAND, 2, 0);
                          return null;
                        }
                        if (config.containsKey(at)) {
                          config.put(at, (int) args[2]);
                          return null;
                        }
                      }
                      case "read32" -> {
                        if (state != 0 || config.get(BAR0) != 0xfe00_000c) {
                          return IxgbeDevice.ALL_ONES;
                        }
                      }
                      default -> {}
                    }
                    return method.invoke(real, args);
                  });
    }
  }

  private static void withCard(boolean forGood, java.util.function.Consumer<Asleep> test) {
    try (Nic82599 card = new Nic82599(CardOptions.port(0));
        ModelRunner runner = new ModelRunner(card)) {
      runner.start();
      NicDevice real = ModelDevice.open(card, ModelDomain.scattered(7), "model:0");
      Asleep asleep = new Asleep(real, forGood);
      try {
        test.accept(asleep);
      } finally {
        real.close();
      }
    }
  }

  @Test
  void itIsWokenAndKeepsItsConfiguration() {
    withCard(
        false,
        asleep -> {
          try (Region region = Region.create(ModelRig.Setup.DEFAULT.memory())) {
            new IxgbeDriver().attach(asleep.device, region, NicOptions.DEFAULT).close();
          }
          assertThat(asleep.config)
              .isEqualTo(Map.of(BAR0, 0xfe00_000c, BAR0 + 4, 0x12, DEVICE_CONTROL, 0x2850));
        });
  }

  @Test
  void oneThatDoesNotWakeIsNamed() {
    withCard(
        true,
        asleep ->
            assertThatThrownBy(() -> PciPower.wake(asleep.device))
                .isInstanceOfSatisfying(
                    NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENXIO))
                .hasMessage(
                    "model:0: the card is in power state D3 and does not wake up; power-cycle the"
                        + " machine"));
  }
}

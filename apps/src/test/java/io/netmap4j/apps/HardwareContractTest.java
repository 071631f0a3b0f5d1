package io.netmap4j.apps;

import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.common.NicOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The contract of ports, on two cards. */
@Tag("hardware")
@EnabledIfSystemProperty(
    named = HardwarePair.PROPERTY,
    matches = ".+",
    disabledReason = HardwarePair.WANTED)
class HardwareContractTest extends PortContract {
  @Override
  protected Pair open() {
    HardwarePair cards =
        new HardwarePair(
            NicOptions.DEFAULT.slots(SLOTS, SLOTS).mtu(9000).dropWhenFull(false), EXTRA);
    try {
      cards.awaitLink();
    } catch (AssertionError e) {
      cards.close();
      throw e;
    }
    return new Pair() {
      @Override
      public NetmapPort a() {
        return cards.port(0);
      }

      @Override
      public NetmapPort b() {
        return cards.port(1);
      }

      @Override
      public void run() {
        Thread.yield();
      }

      @Override
      public void close() {
        cards.close();
      }
    };
  }
}

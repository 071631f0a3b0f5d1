package io.netmap4j.compat.vswitch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.MixedSlots;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The contract on two ports of a switch. A switch has no back-pressure, so the receivers' rings are
 * long enough for what the tests send ahead.
 */
@Tag(SuiteRunner.TAG)
class ValeContractTest extends PortContract {
  @Override
  protected Pair open() {
    return open(null);
  }

  @Override
  protected Pair open(Offsets offsets) {
    NetmapPort.Request asked =
        NetmapPort.Request.DEFAULT
            .extraBuffers(EXTRA)
            .offsets(offsets)
            .counts(RingCounts.DEFAULT.slots(SLOTS, 21 * SLOTS));
    return new Ports(Netmap.open("valeC:a", asked), Netmap.open("valeC:b", asked));
  }

  /** A switch drops instead, and holds nobody up: what got through came in order. */
  @Override
  @Test
  protected void aFullRingTakesNoMoreAndLosesNothing() {
    try (Pair pair = open()) {
      int room = 21 * SLOTS - 1;
      for (int i = 0; i < room + 100; i++) {
        send(pair, pair.a(), frame(i, 60));
      }
      for (int i = 0; i < room; i++) {
        assertArrayEquals(frame(i, 60), receive(pair, pair.b()));
      }
      assertEquals(0, pair.b().rxSync());
      assertTrue(pair.b().rx(0).isEmpty());
      assertEquals(100, pair.b().counters().get("rx_drops"));
      send(pair, pair.a(), frame(7, 60));
      assertArrayEquals(frame(7, 60), receive(pair, pair.b()));
    }
  }

  /** They name the destination. */
  @Override
  protected int steering() {
    return Netmap.NS_PORT_MASK;
  }

  @Override
  protected MixedSlots.Rules rules() {
    return new MixedSlots.Rules(0, Batch.MAX_FRAGMENTS, false, MixedSlots.Unfinished.IS_DROPPED);
  }

  private record Ports(NetmapPort a, NetmapPort b) implements Pair {
    @Override
    public void run() {
      // The switch works within the sender's sync.
    }

    @Override
    public void close() {
      a.close();
      b.close();
    }
  }
}

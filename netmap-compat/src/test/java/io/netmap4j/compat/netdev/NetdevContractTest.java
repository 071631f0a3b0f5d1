package io.netmap4j.compat.netdev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.MixedSlots;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.PortContract;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract on the two ends of a virtual cable. */
@Tag(SuiteRunner.TAG)
class NetdevContractTest extends PortContract {
  @Override
  protected Pair open() {
    return open(NetmapPort.Request.DEFAULT);
  }

  @Override
  protected Pair open(Offsets offsets) {
    return open(NetmapPort.Request.DEFAULT.offsets(offsets));
  }

  private static Pair open(NetmapPort.Request base) {
    Veth veth = Veth.pair(9000);
    NetmapPort.Request request =
        base.nic(NicOptions.DEFAULT.slots(SLOTS, SLOTS).mtu(9000)).extraBuffers(EXTRA);
    NetmapPort a = Veth.open("netmap:va", request);
    NetmapPort b = Veth.open("netmap:vb", request);
    return new Pair() {
      @Override
      public NetmapPort a() {
        return a;
      }

      @Override
      public NetmapPort b() {
        return b;
      }

      @Override
      public void run() {}

      @Override
      public void close() {
        a.close();
        b.close();
        veth.close();
      }
    };
  }

  /** A virtual cable has no shortest frame. */
  @Override
  protected MixedSlots.Rules rules() {
    return new MixedSlots.Rules(
        0, NetdevTxRing.MOST_SLOTS, false, MixedSlots.Unfinished.KEEPS_BATCH);
  }

  /** Nothing holds a sender up for a receiver that is slow: the others are counted. */
  @Override
  @Test
  protected void aFullRingTakesNoMoreAndLosesNothing() {
    try (Pair pair = open()) {
      NetmapRing tx = pair.a().tx(0);
      NetmapRing rx = pair.b().rx(0);
      int total = 2000;
      for (int sent = 0; sent < total; sent++) {
        if (tx.space() == 0) {
          until(pair, "room", () -> pair.a().txSync() == 0 && tx.space() > 0);
        }
        put(tx, frame(sent, 1514), 2048);
      }
      until(pair, "the last one", () -> pair.a().txSync() == 0 && !tx.txPending());
      long lost = pair.b().counters().get("tp_drops");
      assertThat(lost).isBetween(1L, total - SLOTS + 1L);
      for (int i = 0; i < total - lost; i++) {
        assertArrayEquals(frame(i, 1514), receive(pair, pair.b()), "frame " + i);
      }
      assertEquals(0, pair.b().rxSync());
      assertEquals(0, rx.space());
      assertEquals(lost, pair.b().counters().get("tp_drops"), "counts add up");
      assertEquals(total - lost, pair.b().counters().get("rx_packets"));
    }
  }
}

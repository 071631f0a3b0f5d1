package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DropsTest {
  private static final int SLOTS = 64;
  private static final int FRAMES = 1000;

  @Test
  void whatAReaderThatDoesNotReadLosesIsInTheTotals() {
    NicOptions nic = NicOptions.DEFAULT.slots(SLOTS, SLOTS).dropWhenFull(true);
    NetmapPort.Request request = NetmapPort.Request.DEFAULT.nic(nic);
    try (NetmapPort a = Netmap.open("netmap:model0", request);
        NetmapPort b = Netmap.open("netmap:model1", request)) {
      assertTrue(a.awaitLink(10_000) && b.awaitLink(10_000));
      Drops drops = new Drops(b);
      assertThat(printed(drops)).isEmpty();
      NetmapRing tx = a.tx(0);
      for (int i = 0; i < FRAMES; i++) {
        while (tx.space() == 0) {
          a.poll(NetmapPort.POLLOUT, 100);
        }
        tx.put(tx.head(), new byte[60]);
        tx.advance(tx.next(tx.head()));
      }
      assertTrue(a.drain(10_000));
      int most = FRAMES - (SLOTS - 1);
      String all =
          String.format(
              "model1: the card dropped %d packets: %d for full rings (QPRDC), 0 for a full packet buffer"
                  + " (RXMPC)%n",
              most, most);
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (!printed(drops).equals(all) && System.nanoTime() < deadline) {
        Thread.yield(); // frames may be on their way to the packet buffer
      }
      assertThat(printed(drops)).isEqualTo(all);
      assertThat(printed(new Drops(b))).as("since then").isEmpty();
    }
  }

  private static String printed(Drops drops) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    drops.print(new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }
}

package io.netmap4j.ixgbe;

import static io.netmap4j.spi.Finding.failure;
import static io.netmap4j.spi.Finding.ok;
import static io.netmap4j.spi.Finding.warning;

import io.netmap4j.common.LinkState;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.util.function.Consumer;

/** What is between the MAC and the line, and the link as a port brings it up. */
final class IxgbeLinkDiagnosis {
  /** How long the link is watched once it is up. */
  private static final int STEADY_MILLIS = 300;

  /** Mbit/s, of every card here. */
  private static final int FASTEST = 10_000;

  private final Region region;
  private final Consumer<Finding> to;

  IxgbeLinkDiagnosis(Region region, Consumer<Finding> to) {
    this.region = region;
    this.to = to;
  }

  void bringUp(NicDevice nic, int linkSeconds) {
    IxgbeAdapter adapter = new IxgbeAdapter(nic, region, IxgbeDiagnosis.ONE_RING);
    RingSet rings = RingSet.start(adapter, region);
    rings.hold();
    try {
      long start = System.nanoTime();
      LinkState link = adapter.link();
      while (!link.up() && System.nanoTime() - start < linkSeconds * 1_000_000_000L) {
        RegisterWait.sleepMicros(10_000);
        link = adapter.link();
      }
      long millis = (System.nanoTime() - start) / 1_000_000;
      if (link.up()) {
        steady(adapter, link, millis);
      } else {
        to.accept(failure("link", "down for " + millis + " ms", whyDown(nic)));
      }
    } finally {
      rings.release();
    }
  }

  private void steady(IxgbeAdapter adapter, LinkState link, long millis) {
    int losses = 0;
    boolean up = true;
    long start = System.nanoTime();
    while (System.nanoTime() - start < STEADY_MILLIS * 1_000_000L) {
      RegisterWait.sleepMicros(5000);
      boolean now = adapter.link().up();
      losses += up && !now ? 1 : 0;
      up = now;
    }
    String value = link.mbps() + " Mbit/s after " + millis + " ms";
    long crc = adapter.counters().get("CRCERRS");
    if (losses > 0 || !up) {
      to.accept(
          warning(
              "link",
              value + ", then lost " + losses + " times in " + STEADY_MILLIS + " ms",
              "the partner's port goes up and down, or the signal is weak: cable, module, partner"));
    } else if (crc > 0) {
      to.accept(
          warning(
              "link",
              value + ", " + crc + " frames with CRC errors in " + STEADY_MILLIS + " ms",
              "the signal is weak, or the module was not set up: cable, module, the NVM's words for"
                  + " it"));
    } else if (link.mbps() < FASTEST) {
      to.accept(
          warning(
              "link",
              value + ", the card can " + FASTEST,
              "the partner offers no more, or the module or cable can no more: see the partner's port"
                  + " (ethtool there), the module above"));
    } else {
      to.accept(ok("link", value));
    }
  }

  private String whyDown(NicDevice nic) {
    return "no cable, a partner that is off, or one of another speed";
  }
}

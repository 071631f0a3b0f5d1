package io.netmap4j.ixgbe;

import static io.netmap4j.spi.Finding.failure;
import static io.netmap4j.spi.Finding.ok;
import static io.netmap4j.spi.Finding.warning;

import io.netmap4j.memory.Region;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Whether the rings of a card send and receive, and whether its interrupts arrive. */
final class IxgbeRingDiagnosis {
  /** Each length from 60 to 1514 once. */
  private static final int FRAMES = 1455;

  private final Region region;
  private final Consumer<Finding> to;

  IxgbeRingDiagnosis(Region region, Consumer<Finding> to) {
    this.region = region;
    this.to = to;
  }

  /** Resets the card before and after. */
  void look(NicDevice nic) {
    IxgbeLoopback card = new IxgbeLoopback(nic, region, IxgbeDiagnosis.ONE_RING);
    RingSet rings = RingSet.start(card, region);
    rings.hold();
    try {
      IxgbeFrameTest test = new IxgbeFrameTest(rings, card.macAddress());
      long start = System.nanoTime();
      test.run(FRAMES);
      long micros = (System.nanoTime() - start) / 1000;
      report(test, micros, card.counters());
      if (test.received() == test.sent()) {
        wakeUp(nic, card, rings, test);
      }
    } finally {
      rings.release();
    }
  }

  private void report(IxgbeFrameTest test, long micros, Map<String, Long> all) {
    Map<String, Long> counts = new TreeMap<>(all);
    counts.values().removeIf(n -> n == 0);
    String value =
        String.format(
            Locale.ROOT,
            "ring 0: %d frames of 60 to 1514 bytes sent, %d received in %d us",
            test.sent(),
            test.received(),
            micros);
    if (!test.damage().isEmpty()) {
      to.accept(
          failure(
              "loopback",
              value + "; " + test.damage(),
              "frames are damaged on their way through the card or through DMA: send this report in"));
    } else if (test.received() < test.sent() || test.error() != 0) {
      to.accept(failure("loopback", value, why(test, all)));
    } else {
      to.accept(ok("loopback", value));
    }
    to.accept(ok("counters", counts.toString()));
  }

  /** Where the frames got lost, by the card's own counts. */
  private static String why(IxgbeFrameTest test, Map<String, Long> counts) {
    if (test.error() != 0) {
      return "a sync failed with errno " + test.error() + ": the device is gone, or its driver is";
    }
    if (counts.get("GPTC") == 0) {
      return "the card sent nothing: it does not reach descriptors or buffers; bus mastering, or an"
          + " IOMMU that refuses its DMA: see dmesg for DMAR or AMD-Vi faults";
    }
    if (counts.get("GPTC") < test.sent()) {
      return "the card stopped after " + counts.get("GPTC") + " frames: send this report in";
    }
    if (counts.get("GPRC") == 0) {
      return "the card sent frames and received none: its MAC did not take up the loopback";
    }
    return "the card received frames and did not store them: see RXMPC and QPRDC in its counters";
  }

  private void wakeUp(NicDevice nic, IxgbeLoopback card, RingSet rings, IxgbeFrameTest test) {
    int fd = card.waitFd(rings.rx(0));
    String kind = nic.irqMessages() ? "MSI-X, " + nic.irqVectors() + " vectors" : "INTx";
    if (fd < 0) {
      to.accept(warning("interrupts", "none reach this process", "waits poll: wait = spin"));
      return;
    }
    long micros = test.wakeUp(card, fd);
    if (micros < 0) {
      to.accept(
          warning(
              "interrupts",
              kind + ": a received frame woke nobody within 5 s",
              "the machine does not deliver the card's interrupts: dmesg; with wait = spin a port works"
                  + " without"));
    } else {
      to.accept(ok("interrupts", kind + ": a received frame woke a sleeper"));
    }
  }
}

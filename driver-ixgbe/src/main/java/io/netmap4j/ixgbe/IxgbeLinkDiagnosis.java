package io.netmap4j.ixgbe;

import static io.netmap4j.spi.Finding.failure;
import static io.netmap4j.spi.Finding.ok;
import static io.netmap4j.spi.Finding.warning;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.util.Locale;
import java.util.function.Consumer;

/** What is between the MAC and the line, and the link as a port brings it up. */
final class IxgbeLinkDiagnosis {
  /** How long the link is watched once it is up. */
  private static final int STEADY_MILLIS = 300;

  /** Mbit/s, of every card here. */
  private static final int FASTEST = 10_000;

  private final Region region;
  private final Consumer<Finding> to;

  /** Why the link can't come up; "" for no reason seen. */
  private String cause = "";

  /** Why it can't be at full speed. */
  private String slow = "the partner offers no more";

  IxgbeLinkDiagnosis(Region region, Consumer<Finding> to) {
    this.region = region;
    this.to = to;
  }

  /** What the card was found with, after a reset and before a port brings the link up. */
  void examine(NicDevice nic, IxgbeId id, IxgbeSemaphores semaphores, IxgbeNvm nvm) {
    if ((nic.read32(Reg.MMNGC) & Reg.MMNGC_MNG_VETO) != 0) {
      blame("the firmware forbids to restart the link, which the NVM sets up otherwise");
      to.accept(
          warning(
              "management",
              "MMNGC.MNG_VETO is 1: the firmware forbids to restart the link",
              "a management controller (BMC) has a session over this port: let it use another one"));
    }
    if (id.chip().copper()) {
      phy(nic, new CopperLink(nic, id.chip(), semaphores, 0));
    }
  }

  private void phy(NicDevice nic, CopperLink copper) {
    CopperLink.Status phy;
    try {
      phy = copper.status();
    } catch (NetmapException e) {
      blame("no PHY answers");
      to.accept(
          failure(
              "PHY",
              IxgbeAdapter.message(nic, e),
              "switch the machine off and on; if that does not help, load the card's firmware anew"));
      return;
    }
    String value =
        String.format(
            Locale.ROOT,
            "id 0x%08x at MDIO address %d, %s",
            phy.id(),
            phy.address(),
            phy.link() ? "link" : phy.negotiated() ? "negotiated" : "no link yet");
    if (phy.overTemperature()) {
      blame("the PHY is too hot and has shut down");
      to.accept(
          failure(
              "PHY",
              value + ", over temperature: it has shut down",
              "let the card cool, and see to its airflow; then open the port again"));
    } else if (phy.lowPower()) {
      to.accept(
          warning(
              "PHY",
              value + ", in low power",
              "the driver before put it to sleep, as DPDK does when it stops; netmap4j wakes it when a"
                  + " port is opened"));
    } else {
      to.accept(ok("PHY", value));
    }
  }

  /** Remembers the most likely reason for a link that stays down: the first one that is found. */
  private void blame(String reason) {
    cause = cause.isEmpty() ? reason : cause;
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
        to.accept(
            failure(
                "link", "down for " + millis + " ms", whyDown(nic, IxgbeId.of(nic.id().device()))));
      }
    } finally {
      rings.release();
    }
  }

  private void steady(IxgbeAdapter adapter, LinkState link, long millis) {
    long before = adapter.counters().get("CRCERRS"); // from before the module was set up
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
    long crc = adapter.counters().get("CRCERRS") - before;
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
              slow + ": see the partner's port (ethtool there), cable and module"));
    } else {
      to.accept(ok("link", value));
    }
  }

  private String whyDown(NicDevice nic, IxgbeId id) {
    if (!cause.isEmpty()) {
      return cause;
    }
    if (id.chip().copper()) {
      return "no cable, a partner that is off, or one that offers no speed of this card's";
    }
    return "no signal: the cable, fibres that are crossed, a partner that is off";
  }
}

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
  /** How long the link is watched once it is up. Tests hurry. */
  static volatile int steadyMillis = 300;

  /** In ESDP: with an SFP+ cage, loss of signal (docs/82599.md 2.1). */
  private static final int SDP1 = 1 << 1;

  // NVM words
  private static final int SEQUENCES = 0x2b;
  private static final int CAPABILITIES = 0x2c;
  private static final int ANY_MODULE = 1;
  private static final int NO_WORD = 0xffff;

  /** Mbit/s, of every card here. */
  private static final int FASTEST = 10_000;

  private final Region region;
  private final Consumer<Finding> to;

  /** Why the link can't come up; "" for no reason seen. */
  private String cause = "";

  /** A module that tells the loss of a signal. */
  private boolean optical;

  /** Whether the NVM has them for modules. */
  private boolean analogWords = true;

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
    } else {
      if (id.medium() == IxgbeId.Medium.FIBRE) {
        module(nic, semaphores, nvm);
      }
      settings(nic, id);
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

  private void module(NicDevice nic, IxgbeSemaphores semaphores, IxgbeNvm nvm) {
    boolean full = (nic.read32(Reg.ESDP) & Reg.ESDP_SDP2) != 0;
    SfpModule module = SfpModule.read(nic, semaphores);
    if (module == null && full) {
      to.accept(
          warning(
              "module",
              "there is one (ESDP.SDP2), which does not answer on I2C",
              "not seated, or broken: take it out and put it in again; the link is used as the NVM"
                  + " sets it up"));
    } else if (module == null) {
      blame("there is no module in the cage");
      to.accept(
          failure(
              "module",
              "none: ESDP.SDP2 is 0, nobody answers on I2C",
              "put an SFP+ module or a direct-attach cable into the cage"));
    } else if (module.kind() == SfpModule.Kind.UNKNOWN) {
      blame("the module is none that the card can use");
      to.accept(
          failure(
              "module",
              module.toString(),
              "use a 10GBASE-SR or -LR module, a direct-attach cable, or a 1G SFP"));
    } else {
      known(module, nvm);
    }
  }

  private void known(SfpModule module, IxgbeNvm nvm) {
    SfpModule.Kind kind = module.kind();
    optical = kind != SfpModule.Kind.DIRECT_ATTACH && kind != SfpModule.Kind.ACTIVE_ATTACH;
    boolean anyModule = (nvm.word(CAPABILITIES) & ANY_MODULE) != 0;
    int sequences = nvm.word(SEQUENCES);
    analogWords = sequences != 0 && sequences != NO_WORD;
    if (!anyModule && !module.qualified()) {
      to.accept(
          warning(
              "module",
              module + ": not one of Intel's, which this card's NVM asks for",
              "netmap4j uses it, Linux wants ixgbe.allow_unsupported_sfp=1; with CRC errors or a link"
                  + " that comes and goes, try a qualified one"));
    } else if (!analogWords) {
      to.accept(
          warning(
              "module",
              module + ": the NVM has no analog words for modules (word 0x2b)",
              "an old NVM: update the card's firmware (Intel's nvmupdate), above all with CRC errors"));
    } else if (!module.kind().tenGigabit()) {
      slow = "the module can no more";
      to.accept(warning("module", module.toString(), "for 10 Gbit/s, put in a module that can it"));
    } else {
      to.accept(ok("module", module.toString()));
    }
  }

  /** AUTOC and AUTOC2 as the reset has loaded them. */
  private void settings(NicDevice nic, IxgbeId id) {
    int autoc = nic.read32(Reg.AUTOC);
    int autoc2 = nic.read32(Reg.AUTOC2);
    String value = IxgbeDiagnosis.hex("AUTOC", autoc) + ", " + IxgbeDiagnosis.hex("AUTOC2", autoc2);
    boolean disabled = (autoc2 & Reg.AUTOC2_LINK_DISABLE) != 0;
    boolean otherMode =
        id.medium() == IxgbeId.Medium.FIBRE
            && ((autoc & Reg.AUTOC_LMS) != Reg.AUTOC_LMS_10G_SERIAL
                || (autoc2 & Reg.AUTOC2_SERIAL) != Reg.AUTOC2_SERIAL_SFI);
    if (!disabled && !otherMode) {
      to.accept(ok("link settings", value));
      return;
    }
    to.accept(
        warning(
            "link settings",
            value
                + (disabled ? ": the NVM has the link disabled (AUTOC2[30:28])" : "")
                + (otherMode
                    ? ": the NVM's link mode (LMS "
                        + ((autoc & Reg.AUTOC_LMS) >>> 13)
                        + ") is not SFI's"
                    : ""),
            "netmap4j sets it right when a port is opened; a driver that takes the NVM's word has no"
                + " link"));
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
    while (System.nanoTime() - start < steadyMillis * 1_000_000L) {
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
              value + ", then lost " + losses + " times in " + steadyMillis + " ms",
              "the partner's port goes up and down, or the signal is weak: cable, module, partner"));
    } else if (crc > 0) {
      to.accept(
          warning(
              "link",
              value + ", " + crc + " frames with CRC errors in " + steadyMillis + " ms",
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
      return "no cable, a partner that is off, or one that offers none of 10G, 1G and 100M"
          + (id.chip().x550() ? "; 2.5G and 5G are offered on request: nic.NAME.speed = 2500" : "");
    }
    boolean signal = (nic.read32(Reg.ESDP) & SDP1) == 0;
    if (!analogWords && (signal || !optical)) {
      return "the card's analog part is not set up for this module, since the NVM has no words for"
          + " it: update the card's firmware (Intel's nvmupdate)";
    }
    if (optical && signal) {
      return "the module receives a signal (SDP1), and no link comes of it: the partner is likely of"
          + " another speed, 1 Gbit/s only; then a 1G or dual-rate module, or nic.NAME.speed = 1000";
    }
    return "no signal: the cable, fibres that are crossed, a partner that is off";
  }
}

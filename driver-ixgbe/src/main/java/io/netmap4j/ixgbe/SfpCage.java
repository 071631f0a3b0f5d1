package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.spi.NicDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An SFP+ cage: which module is in it, and its pins (ESDP): SDP2 says that there is one, SDP3
 * switches its laser, SDP5 selects its rate. A module that is put in or taken out is noticed while
 * the link is down. docs/link.md 3, 5. Not thread safe.
 */
final class SfpCage {
  private static final Logger LOG = LoggerFactory.getLogger(SfpCage.class);

  /** How often a cage without a known module is looked at: at first, and later as Linux does. */
  static volatile long soonNanos = 100_000_000;

  static volatile long laterNanos = 2_000_000_000L;

  private static final int SOON_TRIES = 10;

  /** A module that is known is gone when it has not answered so often. */
  private static final int SILENT_TRIES = 2;

  private static final int CAPABILITIES = 0x2c;
  private static final int ANY_MODULE = 1;
  private static final int NO_CROSSTALK = 1 << 7;
  private static final int DARK_MICROS = 100;

  private final NicDevice nic;
  private final int speed;
  private final IxgbeSemaphores semaphores;
  private final IxgbeNvm nvm;
  private final IxgbeAutoc autoc;

  private SfpModule module;
  private boolean fresh;
  private String refusal;
  private boolean anyModule = true;
  private boolean crosstalk;
  private boolean known;
  private boolean wasFull;
  private int tries;
  private int silent;
  private long nextLook;

  SfpCage(NicDevice nic, int speed, IxgbeSemaphores semaphores, IxgbeNvm nvm, IxgbeAutoc autoc) {
    this.nic = nic;
    this.speed = speed;
    this.semaphores = semaphores;
    this.nvm = nvm;
    this.autoc = autoc;
  }

  /** Looks once; a module that answers late is found by {@link #watch}. */
  void afterReset() {
    if (!known) {
      readCapabilities();
      known = true;
    }
    fresh = false;
    tries = 0;
    wasFull = full();
    look();
  }

  private void readCapabilities() {
    try {
      int capabilities = nvm.word(CAPABILITIES);
      anyModule = (capabilities & ANY_MODULE) != 0;
      crosstalk = (capabilities & NO_CROSSTALK) == 0;
    } catch (NetmapException e) {
      LOG.warn("{}: {}", nic.name(), IxgbeAdapter.message(nic, e));
    }
  }

  /** Whether the last look found a module that was not there before, and was set up. */
  boolean fresh() {
    return fresh;
  }

  /** Whether what is in the cage is not to be used: the laser is off, and there is no link. */
  boolean refused() {
    return refusal != null;
  }

  /** Of the module; null when none answers. */
  SfpModule.Kind kind() {
    return module == null ? null : module.kind();
  }

  /** Whether LINKS is not to be believed while the cage is empty (NVM word 0x2C bit 7). */
  boolean crosstalk() {
    return crosstalk;
  }

  boolean full() {
    return (nic.read32(Reg.ESDP) & Reg.ESDP_SDP2) != 0;
  }

  /**
   * Looks at the cage when it is time to.
   *
   * @param up with a link nothing can have been taken out
   * @param back it was down since the last look: there may be another module
   * @return whether there is another module now, or none any more
   */
  boolean watch(boolean up, boolean back) {
    long now = System.nanoTime();
    if (up && back) {
      return look();
    }
    if (up && (module != null || tries >= SOON_TRIES)) {
      return false;
    }
    boolean full = full();
    if (full && !wasFull) {
      tries = 0; // put in just now
      nextLook = now + soonNanos;
    }
    boolean pulled = !full && wasFull;
    wasFull = full;
    if (!pulled && now - nextLook < 0) {
      return false;
    }
    return look();
  }

  private boolean look() {
    tries++;
    nextLook = System.nanoTime() + (tries < SOON_TRIES ? soonNanos : laterNanos);
    SfpModule found = SfpModule.read(nic, semaphores);
    fresh = false;
    if (found == null) {
      return nobodyAnswers();
    }
    silent = 0;
    if (found.equals(module)) {
      tries = SOON_TRIES;
      return false;
    }
    if (found.kind() == SfpModule.Kind.UNKNOWN && tries < SOON_TRIES) {
      return false; // Linux, DPDK: some modules answer before they know what they are
    }
    module = found;
    tries = SOON_TRIES;
    accept();
    fresh = true;
    return true;
  }

  private boolean nobodyAnswers() {
    if (module != null) {
      if (full() && ++silent < SILENT_TRIES) {
        return false;
      }
      LOG.warn("{}: {} was taken out; no link until one is put in", nic.name(), module);
      module = null;
      refusal = null;
      silent = 0;
      return true;
    }
    if (tries == SOON_TRIES) {
      if (full()) {
        LOG.info(
            "{}: no module answers on I2C, though the cage is not empty (ESDP.SDP2); the link is"
                + " used as the NVM sets it up",
            nic.name());
      } else {
        LOG.warn(
            "{}: no module in the SFP+ cage (ESDP.SDP2 is 0, nobody answers on I2C): put one in; it"
                + " is looked for all the time",
            nic.name());
      }
    }
    return false;
  }

  private void accept() {
    SfpModule.Kind kind = module.kind();
    refusal = refusal(kind);
    if (refusal != null) {
      LOG.warn("{}: {}: not used, and its laser is off: {}", nic.name(), module, refusal);
      return;
    }
    if (!anyModule && !module.qualified()) {
      LOG.warn(
          "{}: {} is not of Intel's, which this card's NVM asks for (word 0x2c bit 0); used as DPDK"
              + " does, while Linux wants its option allow_unsupported_sfp; if the link flaps or"
              + " CRC errors are counted, try a qualified one",
          nic.name(),
          module);
    }
    String fault =
        autoc.loadSequence(kind.sequence(semaphores.phy() == IxgbeSemaphores.PHY0 ? 0 : 1));
    if (fault != null) {
      LOG.warn(
          "{}: {}: {}; its analog part stays as it is, so watch for CRC errors",
          nic.name(),
          module,
          fault);
    } else {
      LOG.info("{}: {} is set up", nic.name(), module);
    }
  }

  private String refusal(SfpModule.Kind kind) {
    if (kind == SfpModule.Kind.UNKNOWN) {
      return "use an SFP+ module 10GBASE-SR or -LR, a direct-attach cable, or a 1G SFP";
    }
    boolean able =
        speed == 0 || speed == 10_000 && kind.tenGigabit() || speed == 1_000 && kind.oneGigabit();
    return able
        ? null
        : "speed = "
            + speed
            + " was asked for, and it can't do that: set speed = auto, or put in another";
  }

  /**
   * Linux ixgbe_enable_tx_laser_multispeed_fiber and its opposite: it is dark after 100 us. Not
   * while the firmware uses the link itself (ixgbe_init_mac_link_ops_82599).
   */
  void laser(boolean on) {
    if (managed() || !on && autoc.vetoed()) {
      return;
    }
    int esdp = nic.read32(Reg.ESDP);
    nic.write32(Reg.ESDP, on ? esdp & ~Reg.ESDP_SDP3 : esdp | Reg.ESDP_SDP3);
    if (!on) {
      RegisterWait.sleepMicros(DARK_MICROS);
    }
  }

  /** Linux ixgbe_mng_enabled: the firmware passes frames through to a management controller. */
  private boolean managed() {
    return (nic.read32(Reg.FWSM) & Reg.FWSM_MODE) == Reg.FWSM_MODE_PT
        && (nic.read32(Reg.MANC) & Reg.MANC_RCV_TCO_EN) != 0
        && (nic.read32(Reg.FACTPS) & Reg.FACTPS_MNGCG) == 0;
  }

  /** Linux ixgbe_flap_tx_laser_multispeed_fiber: the partner sees a loss of signal. */
  void flapLaser() {
    if (!autoc.vetoed()) {
      laser(false);
      laser(true);
    }
  }

  /** The rate of a module that has two, in Mbit/s: Linux ixgbe_set_hard_rate_select_speed. */
  void rate(int mbits) {
    int esdp = nic.read32(Reg.ESDP) | Reg.ESDP_SDP5_DIR;
    nic.write32(Reg.ESDP, mbits == 10_000 ? esdp | Reg.ESDP_SDP5 : esdp & ~Reg.ESDP_SDP5);
  }
}

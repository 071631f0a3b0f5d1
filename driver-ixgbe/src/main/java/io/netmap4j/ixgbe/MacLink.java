package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The link of an 82599 without a PHY: SFP+ cage, backplane, CX4. From a reset to carrier as Linux,
 * DPDK and FreeBSD do it; docs/link.md has the steps. {@link IxgbeAutoc} has the link mode, {@link
 * SfpCage} the module. What takes time goes on in {@link #watch}, so that opening a port doesn't
 * wait for a partner. Not thread safe: called with the adapter's lock.
 */
final class MacLink implements IxgbeLink {
  private static final Logger LOG = LoggerFactory.getLogger(MacLink.class);

  /** How long a link may stay down before it is started anew; doubles up to eightfold. */
  static volatile long retryNanos = 2_000_000_000L;

  /**
   * For 1G on a module that has both; 10G gets twice as long, so that two ends that search meet
   * there. Linux ixgbe_setup_mac_link_multispeed_fiber: 1 s and 100 ms.
   */
  static volatile long dualRateNanos = 1_100_000_000L;

  /** Linux ixgbe_setup_mac_link_smartspeed: 3 times 500 ms with KR, then 600 ms without. */
  private static final long BACKPLANE_NANOS = 1_500_000_000L;

  private static final int MOST_DOUBLINGS = 3;

  /** Linux: a module needs 40 ms from the rate's pin to the MAC's start. */
  private static final long RATE_NANOS = 40_000_000;

  private static final int SPURIOUS_MICROS = 5_000;
  private static final int FIRMWARE_POINTER = 0x0f;
  private static final int LESM_POINTER = 2;
  private static final int LESM_ON = 1 << 15;
  private static final int NO_WORD = 0xffff;

  private final NicDevice nic;
  private final IxgbeChip chip;
  private final int speed;
  private final IxgbeNvm nvm;
  private final IxgbeAutoc autoc;
  private final SfpCage cage;

  /** What is tried in turn while there is no carrier. */
  private List<Mode> modes = List.of();

  private int trying;
  private int rounds;
  private long due;
  private boolean rateSet;
  private boolean up;

  /** It was down since {@link #watch} has seen it up. */
  private boolean lost;

  /** A link mode, and for how long it is given a chance. */
  private record Mode(int autoc, int mbits, long nanos) {}

  /**
   * @param speed the only one wanted, in Mbit/s, or 0
   */
  MacLink(NicDevice nic, IxgbeId id, int speed, IxgbeSemaphores semaphores, IxgbeNvm nvm) {
    this.nic = nic;
    this.chip = id.chip();
    this.speed = speed;
    this.nvm = nvm;
    this.autoc = new IxgbeAutoc(nic, semaphores, nvm);
    this.cage =
        id.medium() == IxgbeId.Medium.FIBRE
            ? new SfpCage(nic, speed, semaphores, nvm, autoc)
            : null;
  }

  /**
   * Linux ixgbe_reset_hw_82599: a link that is down is started from the beginning; one that is up
   * may carry the firmware's traffic, and stays.
   */
  @Override
  public int resetBits() {
    return chip.link(nic).up() || autoc.vetoed() ? Reg.CTRL_RST : Reg.CTRL_LRST;
  }

  @Override
  public void bringUp() {
    autoc.afterReset();
    up = false;
    if (cage == null) {
      modes = backplane();
      autoc.set(modes.get(0).autoc);
      trying = 0;
      rounds = 0;
      due = System.nanoTime() + dwell();
    } else {
      autoc.serialIsSfi();
      cage.afterReset();
      use(cage.fresh());
    }
  }

  /** Without the semaphores the search pauses; a port that has a link is not touched by that. */
  @Override
  public void watch() {
    try {
      search();
    } catch (NetmapException e) {
      if (e.errno() != Libc.EBUSY) {
        throw e;
      }
      LOG.warn("{}: link: {}", nic.name(), IxgbeAdapter.message(nic, e));
      due = System.nanoTime() + dwell();
    }
  }

  private void search() {
    boolean another = cage != null && cage.watch(up, lost);
    lost &= !up;
    if (another) {
      use(true);
    }
    long now = System.nanoTime();
    if (up || modes.isEmpty()) {
      due = now + dwell();
      rounds = up ? 0 : rounds;
    } else if (now - due > 0) {
      next(now);
    }
  }

  /** The module is another, or was seen for the first time since the reset. */
  private void use(boolean start) {
    modes = fibre();
    trying = 0;
    rounds = 0;
    rateSet = false;
    cage.laser(!modes.isEmpty());
    due = System.nanoTime() + dwell();
    if (dualRate() && !modes.isEmpty()) { // as if the last one had been tried in vain
      trying = modes.size() - 1;
      rounds = -1;
      due = System.nanoTime();
    } else if (start && !modes.isEmpty()) {
      autoc.start(modes.get(0).autoc);
    } else if (!modes.isEmpty()) {
      autoc.set(modes.get(0).autoc);
    }
  }

  private boolean dualRate() {
    return cage != null && cage.kind() == SfpModule.Kind.DUAL_RATE;
  }

  /** One step of the search for a link. */
  private void next(long now) {
    int coming = (trying + 1) % modes.size();
    Mode mode = modes.get(coming);
    if (dualRate() && !rateSet) {
      cage.rate(mode.mbits);
      rateSet = true;
      due = now + RATE_NANOS;
      return;
    }
    rateSet = false;
    trying = coming;
    rounds += coming == 0 ? 1 : 0;
    autoc.start(mode.autoc);
    if (dualRate()) {
      cage.flapLaser(); // tells the partner to try anew, too
    }
    due = System.nanoTime() + dwell();
  }

  private long dwell() {
    int doublings = Math.max(0, Math.min(rounds, MOST_DOUBLINGS));
    return modes.isEmpty() ? retryNanos : modes.get(trying).nanos << doublings;
  }

  /** Modes for what is in the cage; none when it is held dark. */
  private List<Mode> fibre() {
    if (cage.refused()) {
      return List.of();
    }
    Mode ten = new Mode(mode(Reg.AUTOC_LMS_10G_SERIAL), 10_000, retryNanos);
    Mode one = new Mode(mode(Reg.AUTOC_LMS_1G_AN) & ~Reg.AUTOC_1G_PMA, 1_000, retryNanos);
    SfpModule.Kind kind = cage.kind();
    if (kind == SfpModule.Kind.DUAL_RATE && speed == 0) {
      return List.of(
          new Mode(ten.autoc, 10_000, 2 * dualRateNanos),
          new Mode(one.autoc, 1_000, dualRateNanos));
    }
    boolean gigabit = speed == 1_000 || kind != null && !kind.tenGigabit();
    return List.of(gigabit ? one : ten);
  }

  private int mode(int lms) {
    return autoc.original() & ~Reg.AUTOC_LMS | lms;
  }

  /**
   * What the NVM offers, less what isn't wanted, and no pauses; without KR in turn, as
   * ixgbe_setup_mac_link_smartspeed, unless the firmware does that (LESM).
   */
  private List<Mode> backplane() {
    int nvmMode = autoc.original();
    int lms = nvmMode & Reg.AUTOC_LMS;
    boolean negotiates =
        lms == Reg.AUTOC_LMS_KX4_KX_KR
            || lms == Reg.AUTOC_LMS_KX4_KX_KR_1G_AN
            || lms == Reg.AUTOC_LMS_KX4_KX_KR_SGMII;
    if (!negotiates) {
      return List.of(new Mode(nvmMode, 0, retryNanos));
    }
    int all = nvmMode & ~Reg.AUTOC_PAUSE;
    if (speed == 10_000) {
      all &= ~Reg.AUTOC_KX;
    } else if (speed == 1_000) {
      all &= ~(Reg.AUTOC_KX4 | Reg.AUTOC_KR);
    }
    boolean several = (all & Reg.AUTOC_KR) != 0 && (all & (Reg.AUTOC_KX | Reg.AUTOC_KX4)) != 0;
    if (!several || firmwareChooses()) {
      return List.of(new Mode(all, 0, retryNanos));
    }
    return List.of(
        new Mode(all, 0, BACKPLANE_NANOS), new Mode(all & ~Reg.AUTOC_KR, 0, BACKPLANE_NANOS));
  }

  /** Linux ixgbe_verify_lesm_fw_enabled_82599. */
  private boolean firmwareChooses() {
    int firmware = nvm.word(FIRMWARE_POINTER);
    if (firmware == 0 || firmware == NO_WORD) {
      return false;
    }
    int lesm = nvm.word(firmware + LESM_POINTER);
    return lesm != 0 && lesm != NO_WORD && (nvm.word(lesm + 1) & LESM_ON) != 0;
  }

  /**
   * Where the NVM asks for it, an empty cage has no link, whatever it picks up from its neighbours,
   * and a new link is looked at twice (ixgbe_check_mac_link_generic).
   */
  @Override
  public LinkState state() {
    boolean was = up;
    up = false;
    lost |= !was;
    if (cage != null && (cage.refused() || cage.crosstalk() && !cage.full())) {
      return LinkState.DOWN;
    }
    LinkState state = chip.link(nic);
    if (!was && state.up() && cage != null && cage.crosstalk()) {
      RegisterWait.sleepMicros(SPURIOUS_MICROS);
      state = chip.link(nic);
    }
    up = state.up();
    return state;
  }

  /** The laser stays as it is: what is still on its way out would be lost (docs/link.md 5). */
  @Override
  public void stop() {}
}

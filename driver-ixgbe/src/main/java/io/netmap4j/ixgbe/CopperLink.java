package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The link of an X540 or X550: a PHY behind MDIO that is woken, told what to advertise, and made to
 * negotiate anew; it does the rest by itself, and LINKS says what came of it. docs/x540.md 7.
 */
final class CopperLink implements IxgbeLink {
  private static final Logger LOG = LoggerFactory.getLogger(CopperLink.class);

  // The PHY's devices and their registers
  private static final int PMA = 1;
  private static final int PHY_ID_HIGH = 2;
  private static final int PHY_ID_LOW = 3;
  private static final int AN = 7;
  private static final int AN_CONTROL = 0;
  private static final int AN_RESTART = 1 << 9;
  private static final int AN_STATUS = 1;
  private static final int AN_COMPLETE = 1 << 5;
  private static final int AN_LINK = 1 << 2;
  private static final int AN_ADVERTISE = 0x10;
  private static final int ADVERTISE_100_HALF = 1 << 7;
  private static final int ADVERTISE_100 = 1 << 8;
  private static final int ADVERTISE_PAUSE = 3 << 10;
  private static final int AN_10G = 0x20;
  private static final int ADVERTISE_10G = 1 << 12;
  private static final int AN_PROVISIONING = 0xc400;
  private static final int ADVERTISE_2_5G = 1 << 10;
  private static final int ADVERTISE_5G = 1 << 11;
  private static final int ADVERTISE_1G = 1 << 15;
  private static final int GLOBAL = 30;
  private static final int GLOBAL_CONTROL = 0;
  private static final int LOW_POWER = 1 << 11;
  private static final int GLOBAL_ALARMS = 0xcc00;
  private static final int ALARM_DEVICE_FAULT = 1 << 4;
  private static final int ALARM_TEMPERATURE = 1 << 14;
  private static final int GLOBAL_FAULT = 0xc850;
  private static final int FAULT_TEMPERATURE = 0x8007;

  private final NicDevice nic;
  private final IxgbeChip chip;
  private final IxgbeSemaphores semaphores;
  private final IxgbeMdio mdio;
  private final int speed;
  private int phy = -1;
  private boolean up;
  private boolean overheated;

  /**
   * @param speed what to advertise alone, in Mbit/s; 0: 10G, 1G and 100M. 2.5G and 5G only on
   *     request, since switches were found that cannot bear the offer (Linux
   *     ixgbe_non_sfp_link_config)
   */
  CopperLink(NicDevice nic, IxgbeChip chip, IxgbeSemaphores semaphores, int speed) {
    this.nic = nic;
    this.chip = chip;
    this.semaphores = semaphores;
    this.mdio = new IxgbeMdio(nic);
    this.speed = speed;
  }

  @Override
  public int resetBits() {
    return Reg.CTRL_RST;
  }

  @Override
  public void bringUp() {
    semaphores.with(semaphores.phy(), this::setUp);
  }

  private void setUp() {
    find();
    overheated = false;
    if (hot()) {
      overheated();
      return;
    }
    boolean changed = wake() | advertise();
    // A reset of the MAC leaves the PHY's link alone: it costs seconds to make a new one for
    // nothing.
    if (changed || !readLink().up()) {
      restart();
    }
  }

  private void find() {
    for (int address = 0; phy < 0 && address < IxgbeMdio.PHYS; address++) {
      int high = mdio.read(address, PMA, PHY_ID_HIGH);
      if (high != 0 && high != 0xffff) {
        phy = address;
      }
    }
    if (phy < 0) {
      throw new NetmapException(
          Libc.ENODEV,
          nic.name()
              + ": no PHY answers at MDIO addresses 0 to 31, so there can be no link: its firmware"
              + " has not started; switch the machine off and on, and if that does not help, load"
              + " the card's firmware anew (Intel's nvmupdate)");
    }
  }

  /** Whoever had the card before may have put the PHY to sleep: DPDK does so when it stops. */
  private boolean wake() {
    return set(GLOBAL, GLOBAL_CONTROL, LOW_POWER, 0);
  }

  private boolean advertise() {
    boolean changed = set(AN, AN_10G, ADVERTISE_10G, offer(10_000, ADVERTISE_10G));
    int provisioning = offer(1_000, ADVERTISE_1G);
    int mask = ADVERTISE_1G;
    if (chip.x550()) {
      provisioning |= offer(5_000, ADVERTISE_5G) | offer(2_500, ADVERTISE_2_5G);
      mask |= ADVERTISE_5G | ADVERTISE_2_5G;
    }
    changed |= set(AN, AN_PROVISIONING, mask, provisioning);
    // No pauses: they would be ignored (docs/82599.md 2.6, MFLCN).
    int more = ADVERTISE_100 | ADVERTISE_100_HALF | ADVERTISE_PAUSE;
    return changed | set(AN, AN_ADVERTISE, more, offer(100, ADVERTISE_100));
  }

  private int offer(int mbits, int bit) {
    boolean byDefault = mbits != 2_500 && mbits != 5_000;
    return speed == mbits || speed == 0 && byDefault ? bit : 0;
  }

  /** Changes bits of a PHY's register; whether it had to be written. */
  private boolean set(int mmd, int register, int mask, int bits) {
    int old = mdio.read(phy, mmd, register);
    int now = old & ~mask | bits;
    if (now != old) {
      mdio.write(phy, mmd, register, now);
    }
    return now != old;
  }

  private void restart() {
    if ((nic.read32(Reg.MMNGC) & Reg.MMNGC_MNG_VETO) != 0) {
      LOG.warn(
          "{}: the firmware forbids a restart of the link (MMNGC.MNG_VETO), a management controller"
              + " is using it; going on with the link as it is",
          nic.name());
      return;
    }
    mdio.write(phy, AN, AN_CONTROL, mdio.read(phy, AN, AN_CONTROL) | AN_RESTART);
  }

  /** Linux ixgbe_get_lasi_ext_t_x550em has these registers. */
  private boolean hot() {
    int alarms = mdio.read(phy, GLOBAL, GLOBAL_ALARMS);
    return (alarms & ALARM_TEMPERATURE) != 0
        || (alarms & ALARM_DEVICE_FAULT) != 0
            && mdio.read(phy, GLOBAL, GLOBAL_FAULT) == FAULT_TEMPERATURE;
  }

  private void overheated() {
    overheated = true;
    LOG.error(
        "{}: the PHY is over temperature and has shut down; the port stays down until it is reset"
            + " or opened again. Let the card cool and see to its airflow; if there is no link"
            + " then, switch the machine off and on",
        nic.name());
  }

  @Override
  public void watch() {
    state();
  }

  /** The PHY shuts down when it gets too hot, so only a link that is gone is a reason to look. */
  @Override
  public LinkState state() {
    boolean was = up;
    LinkState now = readLink();
    if (!up && !overheated && nic.read32(Reg.STATUS) != IxgbeDevice.ALL_ONES) {
      if (sensorRaised() || was && foundHot()) {
        overheated();
      }
    }
    return overheated ? LinkState.DOWN : now;
  }

  private boolean foundHot() {
    try {
      return semaphores.with(semaphores.phy(), this::hot);
    } catch (NetmapException e) {
      LOG.warn("{}; the link is gone, and the PHY's temperature is not known", e.getMessage());
      return false;
    }
  }

  /** EICS shows what EICR has and clears nothing. */
  private boolean sensorRaised() {
    return (nic.read32(Reg.FWSM) & Reg.FWSM_TS_ENABLED) != 0
        && (nic.read32(Reg.EICS) & Reg.EICR_TS) != 0;
  }

  private LinkState readLink() {
    LinkState now = chip.link(nic);
    up = now.up();
    return now;
  }

  /** Nothing: the PHY keeps its link for the next user. */
  @Override
  public void stop() {}

  /**
   * What the PHY says of itself, for a diagnosis; changes nothing.
   *
   * @param address on the MDIO bus
   * @param id 0x0154020r: X540; 0x0154022r: X550; r: revision
   * @param negotiated whether autonegotiation has ended
   */
  record Status(
      int address,
      int id,
      boolean lowPower,
      boolean overTemperature,
      boolean negotiated,
      boolean link) {}

  /**
   * @throws NetmapException ENODEV when there is no PHY
   */
  Status status() {
    return semaphores.with(
        semaphores.phy(),
        () -> {
          find();
          int id = mdio.read(phy, PMA, PHY_ID_HIGH) << 16 | mdio.read(phy, PMA, PHY_ID_LOW);
          boolean low = (mdio.read(phy, GLOBAL, GLOBAL_CONTROL) & LOW_POWER) != 0;
          mdio.read(phy, AN, AN_STATUS); // latches a loss of the link
          int an = mdio.read(phy, AN, AN_STATUS);
          return new Status(phy, id, low, hot(), (an & AN_COMPLETE) != 0, (an & AN_LINK) != 0);
        });
  }
}

package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciRegs;
import io.netmap4j.spi.NicDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes a function from D3hot, where its last driver may have left it: it then answers to
 * configuration accesses only, and on its way to D0 forgets what was configured (docs/82599.md
 * 1.3), so that is kept and written back, as Linux does (pci_set_power_state, pci_restore_state).
 */
final class PciPower {
  private static final Logger LOG = LoggerFactory.getLogger(PciPower.class);

  private static final int STATUS = 0x06;
  private static final int STATUS_CAPABILITIES = 1 << 4;
  private static final int CAPABILITIES = 0x34;
  private static final int FIRST_CAPABILITY = 0x40;
  private static final int MOST_CAPABILITIES = 48;
  private static final int POWER_MANAGEMENT = 0x01;
  private static final int PCIE = 0x10;

  private static final int PMCSR = 4;
  private static final int STATE = 3;

  /** What PCI gives a function from D3hot to D0. */
  private static final int WAKE_MICROS = 10_000;

  private static final int BARS = 6;
  private static final int CACHE_LINE = 0x0c;
  private static final int INTERRUPT_LINE = 0x3c;

  /** Device, link and second device control of PCI Express. */
  private static final int[] PCIE_CONTROLS = {0x08, 0x10, 0x28};

  private PciPower() {}

  /**
   * Returns with the function in D0.
   *
   * @throws NetmapException ENXIO when it stays in D3
   */
  static void wake(NicDevice nic) {
    int pm = capability(nic, POWER_MANAGEMENT);
    if (pm == 0 || (nic.readConfig(pm + PMCSR, 2) & STATE) == 0) {
      return;
    }
    int state = nic.readConfig(pm + PMCSR, 2) & STATE;
    int[] bars = new int[BARS];
    for (int i = 0; i < BARS; i++) {
      bars[i] = nic.readConfig(PciRegs.BASE_ADDRESS_0 + 4 * i, 4);
    }
    int command = nic.readConfig(PciRegs.COMMAND, 2);
    int cacheLine = nic.readConfig(CACHE_LINE, 1);
    int interruptLine = nic.readConfig(INTERRUPT_LINE, 1);
    int pcie = capability(nic, PCIE);
    int[] controls = new int[PCIE_CONTROLS.length];
    for (int i = 0; i < controls.length; i++) {
      controls[i] = pcie == 0 ? 0 : nic.readConfig(pcie + PCIE_CONTROLS[i], 2);
    }
    nic.changeConfig(pm + PMCSR, 2, STATE, 0);
    RegisterWait.sleepMicros(WAKE_MICROS);
    if ((nic.readConfig(pm + PMCSR, 2) & STATE) != 0) {
      throw new NetmapException(
          Libc.ENXIO,
          nic.name()
              + ": the card is in power state D"
              + state
              + " and does not wake up; power-cycle the machine");
    }
    for (int i = 0; i < BARS; i++) {
      nic.writeConfig(PciRegs.BASE_ADDRESS_0 + 4 * i, 4, bars[i]);
    }
    nic.writeConfig(CACHE_LINE, 1, cacheLine);
    nic.writeConfig(INTERRUPT_LINE, 1, interruptLine);
    for (int i = 0; i < controls.length; i++) {
      if (pcie != 0) {
        nic.writeConfig(pcie + PCIE_CONTROLS[i], 2, controls[i]);
      }
    }
    nic.writeConfig(PciRegs.COMMAND, 2, command & ~PciRegs.COMMAND_MASTER);
    LOG.info("{}: woken from power state D{}", nic.name(), state);
  }

  /** Where a capability is, or 0. */
  private static int capability(NicDevice nic, int id) {
    if ((nic.readConfig(STATUS, 2) & STATUS_CAPABILITIES) == 0) {
      return 0;
    }
    int at = nic.readConfig(CAPABILITIES, 1) & ~3;
    for (int i = 0; i < MOST_CAPABILITIES && at >= FIRST_CAPABILITY; i++) {
      if (nic.readConfig(at, 1) == id) {
        return at;
      }
      at = nic.readConfig(at + 1, 1) & ~3;
    }
    return 0;
  }
}

package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciRegs;
import io.netmap4j.spi.NicDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The card as a whole: reset, bring-up, queues, link, stop. Cold path. The order is that of
 * docs/82599.md 3.1; whole register values are written where a reset value is not certain, and
 * read-modify-write is kept for registers that others own bits of. Not thread safe: the adapter
 * calls it under its own lock.
 */
final class IxgbeDevice {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeDevice.class);
  private static final int PCI_STATUS = 0x06;
  private static final int RECEIVED_MASTER_ABORT = 1 << 13;
  private static final int QUEUES = 128;

  /** Tests on modelled cards, which are ready at once, shorten the wait. Never for silicon. */
  private static final int LONGEST_RESET_MILLIS =
      Integer.getInteger("netmap4j.longest-reset-millis", Integer.MAX_VALUE);

  /** What a read of a device that is gone gives. */
  static final int ALL_ONES = -1;

  private static final int TX_BUFFER_KB = 160;

  /** Ethernet header and CRC; a VLAN tag is allowed for by the hardware. */
  private static final int FRAME_OVERHEAD = 18;

  private final NicDevice nic;
  private final NicOptions options;
  private final IxgbeChip chip;
  private final IxgbeSemaphores semaphores;
  private final IxgbeNvm nvm;
  private final IxgbeHostInterface firmware;
  private final IxgbeLink link;
  private final Rss rss;
  private final IxgbeFilters filters;
  private final RegisterWait wait;
  private boolean refused;
  private boolean nvmChecked;

  IxgbeDevice(NicDevice nic, NicOptions options) {
    this.nic = nic;
    this.options = options;
    IxgbeId id = IxgbeId.of(nic.id().device());
    this.chip = id.chip();
    this.semaphores = new IxgbeSemaphores(nic, chip);
    this.nvm = new IxgbeNvm(nic, chip, semaphores);
    this.firmware = new IxgbeHostInterface(nic, semaphores);
    this.link =
        chip.copper()
            ? new CopperLink(nic, chip, semaphores, options.speed())
            : new MacLink(nic, id, options.speed(), semaphores, nvm);
    this.filters = new IxgbeFilters(nic, options.promiscuous());
    this.wait = new RegisterWait(nic);
    this.rss = new Rss(options.rxRings(), chip.rssTable);
  }

  /**
   * From whatever state the last user left to an idle card: no DMA, no interrupts, registers at
   * their defaults.
   */
  void reset() {
    PciPower.wake(nic);
    nic.changeConfig(PciRegs.COMMAND, 2, 0, PciRegs.COMMAND_MEMORY);
    if (nic.read32(Reg.STATUS) == ALL_ONES) {
      throw new NetmapException(
          Libc.ENXIO, nic.name() + ": STATUS reads all ones; the device is gone or has no power");
    }
    maskInterrupts();
    stopDma();
    resetOnce(link.resetBits());
    // Not before: a killed process may have left addresses in the card that are somebody else's
    // now.
    nic.changeConfig(PciRegs.COMMAND, 2, 0, PciRegs.COMMAND_MASTER);
    maskInterrupts();
    awaitReady("NVM auto-load (EEC.ARD)", Reg.EEC, Reg.EEC_ARD);
    awaitReady("DMA initialisation (RDRXCTL.DMAIDONE)", Reg.RDRXCTL, Reg.RDRXCTL_DMAIDONE);
    wasRefused(); // clears what happened under the last user
    checkFirmware();
    if (chip.copper() && !nvmChecked) {
      nvm.check();
      nvmChecked = true;
    }
    LOG.debug("{}: reset done", nic.name());
  }

  /** X540's and X550's bits are the same, but no other driver there waits for them. */
  private void awaitReady(String what, int register, int bit) {
    if (!chip.copper()) {
      wait.await(what, register, bit, bit);
    } else if (!wait.poll(register, bit, bit, 1000)) {
      LOG.warn("{}: waited 1 s for {}; going on without", nic.name(), what);
    }
  }

  private void checkFirmware() {
    int fwsm = nic.read32(Reg.FWSM);
    if (chip.x550() && (fwsm & Reg.FWSM_RECOVERY) != 0) {
      throw new NetmapException(
          Libc.EIO,
          nic.name()
              + ": the card's firmware is in recovery mode (FWSM is 0x"
              + Integer.toHexString(fwsm)
              + "): its NVM is damaged; load it anew (Intel's nvmupdate)");
    }
    if ((fwsm & Reg.FWSM_FW_VALID) == 0 || (fwsm & Reg.FWSM_EXT_ERR) != 0) {
      LOG.warn(
          "{}: firmware reports an error, FWSM is 0x{}", nic.name(), Integer.toHexString(fwsm));
    }
  }

  /**
   * Whether a read of the card's was refused since the last call; an IOMMU does that to an address
   * that is not mapped. A refused write is not told to the card. Where the kernel does not let us
   * clear the bit (VFIO), only the first is noticed.
   */
  boolean wasRefused() {
    boolean now = (nic.readConfig(PCI_STATUS, 2) & RECEIVED_MASTER_ABORT) != 0;
    boolean fresh = now && !refused;
    refused = now;
    if (fresh) {
      nic.writeConfig(PCI_STATUS, 2, RECEIVED_MASTER_ABORT);
      refused = (nic.readConfig(PCI_STATUS, 2) & RECEIVED_MASTER_ABORT) != 0;
    }
    return fresh;
  }

  /**
   * Linux ixgbe_stop_adapter_generic and ixgbe_disable_pcie_primary; the double reset is 82599's
   * way out.
   */
  private void stopDma() {
    disableReceive();
    for (int q = 0; q < QUEUES; q++) {
      nic.write32(Reg.txdctl(q), Reg.TXDCTL_SWFLSH);
      int rxdctl = nic.read32(Reg.rxdctl(q));
      if ((rxdctl & Reg.RXDCTL_ENABLE) != 0) {
        nic.write32(Reg.rxdctl(q), rxdctl & ~Reg.RXDCTL_ENABLE);
      }
    }
    RegisterWait.sleepMicros(1000);
    nic.write32(Reg.CTRL, Reg.CTRL_GIO_DIS);
    if (!wait.poll(Reg.STATUS, Reg.STATUS_GIO, 0, 100)) {
      LOG.warn("{}: requests are still under way (STATUS.GIO); resetting twice", nic.name());
      nic.write32(Reg.HLREG0, nic.read32(Reg.HLREG0) | Reg.HLREG0_LPBK);
      nic.write32(Reg.GCR_EXT, nic.read32(Reg.GCR_EXT) | Reg.GCR_EXT_BUFFERS_CLEAR);
      RegisterWait.sleepMicros(20);
      nic.write32(Reg.HLREG0, nic.read32(Reg.HLREG0) & ~Reg.HLREG0_LPBK);
      nic.write32(Reg.GCR_EXT, nic.read32(Reg.GCR_EXT) & ~Reg.GCR_EXT_BUFFERS_CLEAR);
      resetOnce(Reg.CTRL_RST);
    }
  }

  /**
   * Linux ixgbe_reset_hw_82599, ixgbe_reset_hw_X540: 1 ms before the first access; X540 and X550
   * want the PHY's semaphore for the write.
   */
  private void resetOnce(int bits) {
    if (chip.copper()) {
      semaphores.with(semaphores.phy(), () -> writeReset(bits));
    } else {
      writeReset(bits);
    }
    RegisterWait.sleepMicros(1000);
    wait.await("reset (CTRL.RST, LRST)", Reg.CTRL, Reg.CTRL_RST | Reg.CTRL_LRST, 0);
    RegisterWait.sleepMicros(1000L * (Math.min(chip.resetMillis, LONGEST_RESET_MILLIS) - 1));
  }

  private void writeReset(int bits) {
    nic.write32(Reg.CTRL, nic.read32(Reg.CTRL) | bits);
  }

  private void maskInterrupts() {
    nic.write32(Reg.EIMC, 0x7fffffff);
    nic.write32(Reg.eimcEx(0), ALL_ONES);
    nic.write32(Reg.eimcEx(1), ALL_ONES);
    nic.read32(Reg.EICR);
  }

  /**
   * Everything that is the card's and not one queue's, between {@link #reset} and the first queue.
   */
  void configure() {
    filters.clear();
    configureReceive();
    configureTransmit();
    mapCounters();
    rss.write(nic);
    filters.write();
    nic.write32(
        Reg.CTRL_EXT, nic.read32(Reg.CTRL_EXT) | Reg.CTRL_EXT_NS_DIS | Reg.CTRL_EXT_DRV_LOAD);
  }

  /** The rings are ready: module, link mode, laser. Doesn't wait for carrier. */
  void startLink() {
    link.bringUp();
  }

  /** What the link needs now and then while the port is open. */
  void watchLink() {
    link.watch();
  }

  private void configureReceive() {
    int hlreg0 =
        nic.read32(Reg.HLREG0) | Reg.HLREG0_TXCRCEN | Reg.HLREG0_RXCRCSTRP | Reg.HLREG0_TXPADEN;
    boolean jumbo = options.mtu() > 1500;
    nic.write32(Reg.HLREG0, jumbo ? hlreg0 | Reg.HLREG0_JUMBOEN : hlreg0 & ~Reg.HLREG0_JUMBOEN);
    nic.write32(Reg.MAXFRS, options.mtu() + FRAME_OVERHEAD << 16);
    int rdrxctl = nic.read32(Reg.RDRXCTL) & ~Reg.RDRXCTL_RSCFRSTSIZE;
    if (chip.x550()) { // it stops queues of virtual functions, of which we have none
      rdrxctl &= ~(Reg.RDRXCTL_MDP_EN | Reg.RDRXCTL_MBINTEN);
    }
    nic.write32(
        Reg.RDRXCTL, rdrxctl | Reg.RDRXCTL_CRCSTRIP | Reg.RDRXCTL_RSCACKC | Reg.RDRXCTL_FCOE_WRFIX);
    nic.write32(Reg.RFCTL, Reg.RFCTL_RSC_DIS | Reg.RFCTL_NFSW_DIS | Reg.RFCTL_NFSR_DIS);
    nic.write32(Reg.RXCSUM, Reg.RXCSUM_PCSD);
    nic.write32(Reg.RTRUP2TC, 0);
    for (int i = 0; i < 8; i++) {
      nic.write32(Reg.rxpbsize(i), i == 0 ? chip.rxBufferKb << 10 : 0);
      nic.write32(Reg.fcrtl(i), 0);
      nic.write32(Reg.fcrth(i), i == 0 ? (chip.rxBufferKb << 10) - 0x6000 : 0);
    }
    for (int i = 0; i < 4; i++) {
      nic.write32(Reg.fcttv(i), 0);
    }
    nic.write32(Reg.FCRTV, 0);
    nic.write32(Reg.FCCFG, 0);
    // Pauses are neither obeyed nor shown to a program. Linux and DPDK set DPF without RFCE, too;
    // that
    // it works then, as we want, no source says: manuals of Intel's 1 GbE cards tie it to RFCE.
    nic.write32(Reg.MFLCN, Reg.MFLCN_DPF);
  }

  private void configureTransmit() {
    nic.write32(Reg.RTTDCS, nic.read32(Reg.RTTDCS) | Reg.RTTDCS_ARBDIS);
    nic.write32(Reg.DTXMXSZRQ, 0xfff);
    nic.write32(Reg.MTQC, 0);
    for (int i = 0; i < 8; i++) {
      nic.write32(Reg.txpbsize(i), i == 0 ? TX_BUFFER_KB << 10 : 0);
      nic.write32(Reg.txpbthresh(i), i == 0 ? TX_BUFFER_KB - 10 : 0); // room for a frame of 10 KB
    }
    nic.write32(Reg.RTTDCS, nic.read32(Reg.RTTDCS) & ~Reg.RTTDCS_ARBDIS);
    for (int q = 0; q < QUEUES; q++) {
      nic.write32(Reg.RTTDQSEL, q);
      nic.write32(Reg.RTTDT1C, 0);
      nic.write32(Reg.RTTBCNRC, 0); // no rate limit (ixgbe_start_hw_gen2)
    }
    int dmatxctl = nic.read32(Reg.DMATXCTL);
    if (chip.x550()) {
      dmatxctl &= ~(Reg.DMATXCTL_MDP_EN | Reg.DMATXCTL_MBINTEN);
    }
    nic.write32(Reg.DMATXCTL, dmatxctl | Reg.DMATXCTL_TE);
  }

  /** Queue i counts in counter i; by default every queue counts in 0 (docs/82599.md 7). */
  private void mapCounters() {
    for (int n = 0; n < IxgbeCounters.PER_QUEUE / 4; n++) {
      int map = 4 * n | 4 * n + 1 << 8 | 4 * n + 2 << 16 | 4 * n + 3 << 24;
      nic.write32(Reg.rqsmr(n), map);
      nic.write32(Reg.tqsm(n), map);
    }
  }

  /** DPDK ixgbe_dev_tx_queue_start: ring, thresholds, enable, poll. */
  void startTxQueue(int q, NicDevice.DmaBuffer ring, int descriptors) {
    nic.write32(Reg.tdbal(q), (int) ring.iova());
    nic.write32(Reg.tdbah(q), (int) (ring.iova() >>> 32));
    nic.write32(Reg.tdlen(q), descriptors * IxgbeRing.DESC_SIZE);
    nic.write32(Reg.tdwbal(q), 0);
    nic.write32(Reg.dcaTxctrl(q), nic.read32(Reg.dcaTxctrl(q)) & ~Reg.DCA_TXCTRL_WRO);
    nic.write32(Reg.tdh(q), 0);
    nic.write32(Reg.tdt(q), 0);
    final int pthresh = 32; // WTHRESH 0: each report is written back at once
    nic.write32(Reg.txdctl(q), pthresh | Reg.TXDCTL_ENABLE);
    wait.await(
        "TXDCTL[" + q + "].ENABLE to set", Reg.txdctl(q), Reg.TXDCTL_ENABLE, Reg.TXDCTL_ENABLE);
  }

  /** Linux ixgbe_configure_rx_ring: ring, buffers, enable, poll, only then the tail. */
  void startRxQueue(int q, NicDevice.DmaBuffer ring, int descriptors, int bufferBytes, int tail) {
    nic.write32(Reg.rdbal(q), (int) ring.iova());
    nic.write32(Reg.rdbah(q), (int) (ring.iova() >>> 32));
    nic.write32(Reg.rdlen(q), descriptors * IxgbeRing.DESC_SIZE);
    nic.write32(Reg.rdh(q), 0);
    nic.write32(Reg.rdt(q), 0);
    int drop = options.dropWhenFull() ? Reg.SRRCTL_DROP_EN : 0;
    nic.write32(Reg.srrctl(q), bufferBytes >> 10 | Reg.SRRCTL_DESCTYPE_ADV_ONEBUF | drop);
    nic.write32(Reg.rscctl(q), 0);
    int relaxed = Reg.DCA_RXCTRL_DATA_WRO | Reg.DCA_RXCTRL_HEAD_WRO; // off: DPDK start_hw_gen2
    nic.write32(
        Reg.dcaRxctrl(q), nic.read32(Reg.dcaRxctrl(q)) & ~(Reg.DCA_RXCTRL_RESERVED | relaxed));
    nic.write32(Reg.rxdctl(q), Reg.RXDCTL_ENABLE);
    wait.await(
        "RXDCTL[" + q + "].ENABLE to set", Reg.rxdctl(q), Reg.RXDCTL_ENABLE, Reg.RXDCTL_ENABLE);
    nic.write32(Reg.rdt(q), tail);
  }

  /** Linux ixgbe_enable_rx_dma_82599: RXEN changes while the security block holds frames back. */
  void enableReceive() {
    holdReceive(true);
    nic.write32(Reg.RXCTRL, Reg.RXCTRL_RXEN);
    holdReceive(false);
  }

  /** The firmware of an X550 shares the receiver, and is asked first (ixgbe_disable_rx_x550). */
  private void disableReceive() {
    if (chip.x550() && (nic.read32(Reg.RXCTRL) & Reg.RXCTRL_RXEN) != 0) {
      try {
        firmware.disableReceive(semaphores.phy() == IxgbeSemaphores.PHY0 ? 0 : 1);
      } catch (NetmapException e) {
        LOG.warn("{}; stopping the receiver without the firmware", e.getMessage());
      }
    }
    nic.write32(Reg.RXCTRL, 0);
  }

  private void holdReceive(boolean hold) {
    int secrxctrl = nic.read32(Reg.SECRXCTRL);
    nic.write32(
        Reg.SECRXCTRL, hold ? secrxctrl | Reg.SECRXCTRL_RX_DIS : secrxctrl & ~Reg.SECRXCTRL_RX_DIS);
    if (hold) {
      wait.await("SECRXSTAT.RDY", Reg.SECRXSTAT, Reg.SECRXSTAT_RDY, Reg.SECRXSTAT_RDY);
    }
  }

  /** No DMA after this returns. Bus mastering goes last, with the device. */
  void stop(int txQueues, int rxQueues) {
    disableReceive();
    for (int q = 0; q < txQueues; q++) {
      nic.write32(Reg.txdctl(q), Reg.TXDCTL_SWFLSH);
      wait.await("TXDCTL[" + q + "].ENABLE to clear", Reg.txdctl(q), Reg.TXDCTL_ENABLE, 0);
    }
    for (int q = 0; q < rxQueues; q++) {
      stopRxQueue(q);
    }
    maskInterrupts();
    link.stop();
    nic.write32(Reg.CTRL, Reg.CTRL_GIO_DIS);
    if (!wait.poll(Reg.STATUS, Reg.STATUS_GIO, 0, 100)) {
      LOG.warn("{}: requests are still under way after stop (STATUS.GIO)", nic.name());
    }
    // The firmware has the card again; Linux and DPDK reset it, which says the same.
    nic.write32(Reg.CTRL_EXT, nic.read32(Reg.CTRL_EXT) & ~Reg.CTRL_EXT_DRV_LOAD);
    LOG.debug("{}: stopped", nic.name());
  }

  /** No DMA of that queue after this returns (Linux ixgbe_disable_rxr_hw). */
  void stopRxQueue(int q) {
    nic.write32(Reg.rxdctl(q), 0);
    wait.await("RXDCTL[" + q + "].ENABLE to clear", Reg.rxdctl(q), Reg.RXDCTL_ENABLE, 0);
  }

  /** The last resort against DMA: works on a card whose registers no longer do. */
  void stopMastering() {
    nic.changeConfig(PciRegs.COMMAND, 2, PciRegs.COMMAND_MASTER, 0);
  }

  LinkState link() {
    return link.state();
  }

  IxgbeFilters filters() {
    return filters;
  }

  boolean gone() {
    return nic.read32(Reg.STATUS) == ALL_ONES;
  }

  void rss(byte[] key, int[] table) {
    rss.set(key, table);
    rss.write(nic);
  }
}

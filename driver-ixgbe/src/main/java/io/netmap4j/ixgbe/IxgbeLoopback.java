package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NicOptions;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.NicDevice;
import java.util.Map;

/**
 * Ring 0 of each direction with the MAC in loopback: what is sent is received, without a cable, a
 * module or a partner. No housekeeping, so nothing tries to bring up the link meanwhile. As Linux's
 * self test does it (ixgbe_setup_loopback_test): HLREG0.LPBK, and the link forced up.
 */
final class IxgbeLoopback implements Adapter {
  /** Of X540 and X550 only (docs/82599.md 2.6). */
  private static final int MACC = 0x04330;

  private static final int MACC_FLU = 1;

  private final NicDevice nic;
  private final NicOptions options;
  private final IxgbeDevice device;
  private final IxgbeInterrupts interrupts;
  private final IxgbeRingMemory memory;
  private final IxgbeCounters counters = new IxgbeCounters(1);
  private IxgbeTxRing tx;
  private IxgbeRxRing rx;

  private final IxgbeChip chip;

  private boolean closed;

  /**
   * Resets the card.
   *
   * @param nic closed by {@link #close}; when this constructor throws it stays the caller's
   * @param options one ring of each direction
   */
  IxgbeLoopback(NicDevice nic, Region region, NicOptions options) {
    this.chip = IxgbeId.of(nic.id().device()).chip();
    IxgbeLimits.check(options, region, chip);
    this.nic = nic;
    this.options = options;
    this.device = new IxgbeDevice(nic, options);
    this.interrupts = new IxgbeInterrupts(nic);
    this.memory = new IxgbeRingMemory(nic, region, options);
    try {
      device.reset();
    } catch (RuntimeException e) {
      throw memory.closeAfter(e);
    }
  }

  @Override
  public String name() {
    return nic.name();
  }

  @Override
  public Rings rings() {
    return new Rings(1, 1, options.txSlots(), options.rxSlots());
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    tx = new IxgbeTxRing(nic, 0, txKrings[0], memory.txDescs[0], memory.buffers, options.mtu());
    rx = new IxgbeRxRing(nic, 0, rxKrings[0], memory.rxDescs[0], memory.buffers);
    counters.discard(nic);
    device.configure();
    loopBack();
    tx.reset(txKrings[0]);
    device.startTxQueue(0, memory.txDescs[0], txKrings[0].numSlots);
    int tail = rx.reset(rxKrings[0]);
    device.startRxQueue(0, memory.rxDescs[0], rxKrings[0].numSlots, rx.bufferBytes(), tail);
    device.enableReceive();
  }

  private void loopBack() {
    nic.write32(Reg.HLREG0, nic.read32(Reg.HLREG0) | Reg.HLREG0_LPBK);
    if (chip.copper()) {
      nic.write32(MACC, nic.read32(MACC) | MACC_FLU);
    } else { // the firmware may write AUTOC, too (ixgbe_setup_loopback_test,
      // prot_autoc_write_82599)
      new IxgbeSemaphores(nic, chip)
          .with(
              IxgbeSemaphores.MAC_CSR,
              () -> nic.write32(Reg.AUTOC, nic.read32(Reg.AUTOC) | Reg.AUTOC_FLU));
    }
    RegisterWait.sleepMicros(10_000);
  }

  @Override
  public int txSync(Kring k, int flags) {
    return tx.sync(k, flags);
  }

  @Override
  public int rxSync(Kring k, int flags) {
    return rx.sync(k);
  }

  /** Forced up. */
  @Override
  public LinkState link() {
    return device.link();
  }

  @Override
  public Map<String, Long> counters() {
    counters.read(nic);
    return counters.totals();
  }

  /** The station's own address: frames to it are received. */
  byte[] macAddress() {
    return device.filters().macAddress();
  }

  @Override
  public int waitFd(Kring k) {
    return interrupts.fd(0, 1);
  }

  @Override
  public void arm(Kring k, Runnable wake) {
    interrupts.arm(0, wake);
  }

  @Override
  public void disarm(Kring k, Runnable wake) {
    interrupts.disarm(0, wake);
  }

  /** No DMA after this; the loopback ends with a reset, which loads the NVM's link again. */
  @Override
  public void stop() {
    try {
      if (tx != null && !device.gone()) {
        device.stop(1, 1);
        device.reset();
      }
    } finally {
      device.stopMastering();
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      interrupts.close();
    } finally {
      try {
        memory.close();
      } finally {
        nic.close();
      }
    }
  }
}

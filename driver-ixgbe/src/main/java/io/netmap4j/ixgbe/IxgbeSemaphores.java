package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.Locale;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the two ports of a chip, other drivers and the firmware share: taken as a bit of SW_FW_SYNC,
 * which is only touched under SWSM.SMBI (between drivers) and a second lock (against the firmware:
 * SWESMBI, or REGSMP on X540 and X550). docs/82599.md 3.6, docs/x540.md 3. Whoever was killed while
 * holding something leaves it set; it is taken over when it has been held for longer than any
 * honest owner needs. Not thread safe, as {@link IxgbeDevice}.
 */
final class IxgbeSemaphores {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeSemaphores.class);

  /** The NVM. */
  static final int EEP = 1;

  static final int PHY0 = 1 << 1;
  static final int PHY1 = 1 << 2;

  /** AUTOC and CORECTL of the 82599. */
  static final int MAC_CSR = 1 << 3;

  private static final int FLASH = 1 << 4;

  /** The host interface of the firmware. */
  static final int SW_MNG = 1 << 10;

  /** Bits that the firmware has too, five places higher. */
  private static final int WITH_FIRMWARE = EEP | PHY0 | PHY1 | MAC_CSR;

  private static final int FIRMWARE_SHIFT = 5;

  /** Linux: 2000 times 50 us for the locks, 200 times 5 ms for the bits. */
  private static final int LOCK_MILLIS = 100;

  /** Tests shorten it. */
  static volatile int tries = 200;

  private final NicDevice nic;
  private final IxgbeChip chip;
  private final RegisterWait wait;

  IxgbeSemaphores(NicDevice nic, IxgbeChip chip) {
    this.nic = nic;
    this.chip = chip;
    this.wait = new RegisterWait(nic);
  }

  /** The PHY bit of this port: that of its LAN id, which a swap of the ports doesn't change. */
  int phy() {
    return (nic.read32(Reg.STATUS) >>> Reg.STATUS_LAN_ID_SHIFT & 3) == 0 ? PHY0 : PHY1;
  }

  /**
   * Does something while holding {@code bits}.
   *
   * @throws NetmapException EBUSY when the locks cannot be had
   */
  void with(int bits, Runnable work) {
    with(
        bits,
        () -> {
          work.run();
          return null;
        });
  }

  /** As {@link #with(int, Runnable)}, with a result. */
  <T> T with(int bits, Supplier<T> work) {
    acquire(bits);
    try {
      return work.get();
    } finally {
      release(bits);
    }
  }

  private void acquire(int bits) {
    int busy = bits | (bits & WITH_FIRMWARE) << FIRMWARE_SHIFT;
    if (chip.copper() && (bits & EEP) != 0) {
      busy |= FLASH;
    }
    // Two ports that wait for a dead process: the second must not take from the first what that has
    // just taken over.
    int patience = phy() == PHY0 ? tries : tries + tries / 2;
    for (int i = 0; i < patience; i++) {
      if (tryAcquire(bits, busy)) {
        return;
      }
      RegisterWait.sleepMicros(5000);
    }
    // Linux: who doesn't let go for so long, malfunctions.
    lock();
    int sync = nic.read32(Reg.GSSR);
    LOG.warn(
        "{}: took over a semaphore that was not let go for 1 s: SW_FW_SYNC is 0x{}, wanted 0x{};"
            + " a driver of this card was killed, or its firmware hangs",
        nic.name(),
        Integer.toHexString(sync),
        Integer.toHexString(bits));
    nic.write32(Reg.GSSR, sync | bits);
    unlock();
  }

  private boolean tryAcquire(int bits, int busy) {
    lock();
    int sync = nic.read32(Reg.GSSR);
    boolean free = (sync & busy) == 0;
    if (free) {
      nic.write32(Reg.GSSR, sync | bits);
    }
    unlock();
    return free;
  }

  private void release(int bits) {
    lock();
    nic.write32(Reg.GSSR, nic.read32(Reg.GSSR) & ~bits);
    unlock();
  }

  /** Both locks; those of somebody who was killed are broken once. */
  private void lock() {
    if (tryLock()) {
      return;
    }
    LOG.warn(
        "{}: a driver of this card was killed while it held SWSM or SW_FW_SYNC; freeing them",
        nic.name());
    unlock();
    if (!tryLock()) {
      int swsm = nic.read32(Reg.SWSM);
      int sync = nic.read32(Reg.GSSR);
      throw new NetmapException(
          Libc.EBUSY,
          String.format(
              Locale.ROOT,
              "%s: the card's semaphores are not to be had: SWSM is 0x%08x, SW_FW_SYNC 0x%08x%s",
              nic.name(),
              swsm,
              sync,
              swsm == IxgbeDevice.ALL_ONES
                  ? "; the device is gone"
                  : "; another driver or the firmware holds them: end the other, or power-cycle"
                      + " the machine"));
    }
  }

  private boolean tryLock() {
    // A read that finds SMBI clear has taken it.
    if (!wait.poll(Reg.SWSM, Reg.SWSM_SMBI, 0, LOCK_MILLIS)) {
      return false;
    }
    if (chip.copper() ? lockOutFirmware() : lockOutFirmwareOf82599()) {
      return true;
    }
    nic.write32(Reg.SWSM, nic.read32(Reg.SWSM) & ~(Reg.SWSM_SMBI | Reg.SWSM_SWESMBI));
    return false;
  }

  /** A read that finds REGSMP clear has taken it, too. */
  private boolean lockOutFirmware() {
    return wait.poll(Reg.GSSR, Reg.GSSR_REGSMP, 0, LOCK_MILLIS);
  }

  /** SWESMBI keeps a 1 only while the firmware is out. */
  private boolean lockOutFirmwareOf82599() {
    long deadline = System.nanoTime() + LOCK_MILLIS * 1_000_000L;
    while (true) {
      nic.write32(Reg.SWSM, nic.read32(Reg.SWSM) | Reg.SWSM_SWESMBI);
      if ((nic.read32(Reg.SWSM) & Reg.SWSM_SWESMBI) != 0) {
        return true;
      }
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      RegisterWait.sleepMicros(50);
    }
  }

  private void unlock() {
    if (chip.copper()) {
      nic.write32(Reg.GSSR, nic.read32(Reg.GSSR) & ~Reg.GSSR_REGSMP);
    }
    nic.write32(Reg.SWSM, nic.read32(Reg.SWSM) & ~(Reg.SWSM_SMBI | Reg.SWSM_SWESMBI));
  }
}

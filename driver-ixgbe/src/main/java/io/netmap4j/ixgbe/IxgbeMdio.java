package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.Locale;

/**
 * The registers of a PHY, by clause 45: first the address of the register, then a read or a write
 * of it, each a command in MSCA (Linux ixgbe_read_phy_reg_mdi, ixgbe_write_phy_reg_mdi). The caller
 * holds the PHY's semaphore.
 */
final class IxgbeMdio {
  /** Addresses on the bus. */
  static final int PHYS = 32;

  /** Ten times what the foreign drivers grant. */
  private static final int LIMIT_MILLIS = 10;

  private final NicDevice nic;
  private final RegisterWait wait;

  IxgbeMdio(NicDevice nic) {
    this.nic = nic;
    this.wait = new RegisterWait(nic);
  }

  /**
   * @param phy 0 to 31
   * @param mmd the PHY's device, 1 to 31
   * @return 16 bits; 0xffff where nobody answers
   * @throws NetmapException EIO when a command doesn't end
   */
  int read(int phy, int mmd, int register) {
    command(phy, mmd, register, Reg.MSCA_ADDRESS);
    command(phy, mmd, register, Reg.MSCA_READ);
    return nic.read32(Reg.MSRWD) >>> Reg.MSRWD_READ_SHIFT;
  }

  /** Writes 16 bits; else as {@link #read}. */
  void write(int phy, int mmd, int register, int value) {
    nic.write32(Reg.MSRWD, value);
    command(phy, mmd, register, Reg.MSCA_ADDRESS);
    command(phy, mmd, register, Reg.MSCA_WRITE);
  }

  private void command(int phy, int mmd, int register, int operation) {
    nic.write32(
        Reg.MSCA,
        register
            | mmd << Reg.MSCA_MMD_SHIFT
            | phy << Reg.MSCA_PHY_SHIFT
            | operation
            | Reg.MSCA_MDI_COMMAND);
    if (!wait.poll(Reg.MSCA, Reg.MSCA_MDI_COMMAND, 0, LIMIT_MILLIS)) {
      throw new NetmapException(
          Libc.EIO,
          String.format(
              Locale.ROOT,
              "%s: the PHY's bus does not answer: MSCA is 0x%08x after %d ms (PHY %d, register"
                  + " %d.0x%x); power-cycle the machine",
              nic.name(),
              nic.read32(Reg.MSCA),
              LIMIT_MILLIS,
              phy,
              mmd,
              register));
    }
  }
}

package io.netmap4j.ixgbe;

import io.netmap4j.spi.NicDevice;

/**
 * Commands to the firmware of an X550: a block of words at FLEX_MNG, HICR.C to send it, its answer
 * in the same place (Linux ixgbe_hic_unlocked). docs/x540.md 6.
 */
final class IxgbeHostInterface {
  private static final int READ_SHADOW_RAM = 0x31;
  private static final int READ_SHADOW_RAM_LENGTH = 6;
  private static final int DISABLE_RXEN = 0xde;
  private static final int DISABLE_RXEN_LENGTH = 1;

  /** The firmware ignores a checksum of this value. */
  private static final int NO_CHECKSUM = 0xff << 24;

  private static final int LIMIT_MILLIS = 500;

  /** Words of the answer before the NVM's. */
  private static final int DATA = 3;

  /** The most NVM words of one answer. */
  static final int MOST_WORDS = 512;

  private final NicDevice nic;
  private final IxgbeSemaphores semaphores;
  private final RegisterWait wait;

  IxgbeHostInterface(NicDevice nic, IxgbeSemaphores semaphores) {
    this.nic = nic;
    this.semaphores = semaphores;
    this.wait = new RegisterWait(nic);
  }

  /**
   * Reads NVM words into {@code to}, at {@code from} and on.
   *
   * @param count at most {@link #MOST_WORDS}
   * @return false when the firmware refuses or doesn't answer
   */
  boolean readNvm(int offset, int count, int[] to, int from) {
    int[] command = {
      READ_SHADOW_RAM | READ_SHADOW_RAM_LENGTH << 16 | NO_CHECKSUM,
      Integer.reverseBytes(2 * offset), // the firmware takes bytes, highest first
      Short.reverseBytes((short) (2 * count)) & 0xffff,
      0
    };
    return semaphores.with(
        IxgbeSemaphores.SW_MNG | IxgbeSemaphores.EEP,
        () -> {
          boolean done = send(command);
          for (int i = 0; done && i < count; i++) {
            int pair = nic.read32(Reg.flexMng(DATA + i / 2));
            to[from + i] = (i % 2 == 0 ? pair : pair >>> 16) & 0xffff;
          }
          return done;
        });
  }

  /**
   * Asks the firmware to stop the receiver, which it shares.
   *
   * @return false when the firmware refuses or doesn't answer
   */
  boolean disableReceive(int port) {
    int[] command = {DISABLE_RXEN | DISABLE_RXEN_LENGTH << 8 | NO_CHECKSUM, port};
    return semaphores.with(IxgbeSemaphores.SW_MNG, () -> send(command));
  }

  private boolean send(int[] command) {
    nic.write32(Reg.FWSTS, nic.read32(Reg.FWSTS) | Reg.FWSTS_FWRI);
    int hicr = nic.read32(Reg.HICR);
    if ((hicr & Reg.HICR_EN) == 0) {
      return false;
    }
    for (int i = 0; i < command.length; i++) {
      nic.write32(Reg.flexMng(i), command[i]);
    }
    nic.write32(Reg.HICR, hicr | Reg.HICR_C);
    return wait.poll(Reg.HICR, Reg.HICR_C, 0, LIMIT_MILLIS)
        && (nic.read32(Reg.HICR) & Reg.HICR_SV) != 0;
  }
}

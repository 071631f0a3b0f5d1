package io.netmap4j.linux;

/** Offsets and bits of PCI configuration space, with the names of linux/pci_regs.h. */
public final class PciRegs {
  /** The command register, 16 bits. */
  public static final int COMMAND = 0x04;

  /** The function answers at its memory BARs. */
  public static final int COMMAND_MEMORY = 1 << 1;

  /** Bus mastering: the function may do DMA and send MSI and MSI-X. */
  public static final int COMMAND_MASTER = 1 << 2;

  /** The function keeps its INTx line quiet. */
  public static final int COMMAND_INTX_DISABLE = 1 << 10;

  private PciRegs() {}
}

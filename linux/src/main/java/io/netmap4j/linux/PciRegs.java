package io.netmap4j.linux;

/** Offsets and bits of PCI configuration space, with the names of linux/pci_regs.h. */
public final class PciRegs {
  /** The command register, 16 bits. */
  public static final int COMMAND = 0x04;

  /** The function answers at its I/O BARs. */
  public static final int COMMAND_IO = 1;

  /** The function answers at its memory BARs. */
  public static final int COMMAND_MEMORY = 1 << 1;

  /** Bus mastering: the function may do DMA and send MSI and MSI-X. */
  public static final int COMMAND_MASTER = 1 << 2;

  /** The function keeps its INTx line quiet. */
  public static final int COMMAND_INTX_DISABLE = 1 << 10;

  /** The first of six base address registers, 32 bits each. */
  public static final int BASE_ADDRESS_0 = 0x10;

  /** In a base address register: it is an I/O BAR. */
  public static final int BASE_ADDRESS_SPACE_IO = 1;

  private PciRegs() {}
}

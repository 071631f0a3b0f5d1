package io.netmap4j.vfio;

/**
 * What VFIO offers for one PCI function, provided by the kernel or by another process that speaks
 * vfio-user. Names and numbers are those of linux/vfio.h.
 *
 * <p>Thread safe. Every call ends; when the other side is gone, too slow or breaks the protocol, it
 * and all later calls throw {@link io.netmap4j.common.NetmapException} with ENXIO or EIO.
 */
interface Vfio extends AutoCloseable {
  // Region indices, then interrupt indices.
  int BAR0 = 0;
  int CONFIG = 7;
  int INTX = 0;
  int MSIX = 2;

  int IRQ_DATA_NONE = 1;
  int IRQ_DATA_EVENTFD = 1 << 2;
  int IRQ_ACTION_UNMASK = 1 << 4;
  int IRQ_ACTION_TRIGGER = 1 << 5;

  int DEVICE_RESET = 1;
  int DEVICE_PCI = 1 << 1;

  /**
   * @param flags {@link #DEVICE_RESET}, {@link #DEVICE_PCI}
   * @param regions how many region indices there are: BAR 0 to 5, ROM, config space, VGA
   * @param irqs how many interrupt indices there are: INTx, MSI, MSI-X, error, request
   */
  record DeviceInfo(int flags, int regions, int irqs) {}

  /** Asked once, when this is opened. */
  DeviceInfo info();

  /** Bytes of a region, 0 where there is none. */
  long regionSize(int region);

  /** How many vectors an interrupt index has, 0 for none. */
  int irqCount(int index);

  /** Reads 1, 2 or 4 bytes in one access, zero extended. */
  int read(int region, long offset, int bytes);

  /** Writes 1, 2 or 4 bytes in one access; done, or refused, when this returns. */
  void write(int region, long offset, int bytes, int value);

  /**
   * Writes 4 bytes as a PCIe memory write does: in order with every other access, but perhaps not
   * done yet when this returns.
   */
  void post(int region, long offset, int value);

  /**
   * The address of a mapped region, for loads and stores while this is open; 0 for a region that
   * only {@link #read}, {@link #write} and {@link #post} reach.
   */
  long mapped(int region);

  /**
   * Connects one eventfd to each of the vectors 0 to n − 1 of an interrupt index; an empty array
   * disables the interrupts.
   */
  void setIrqs(int index, int[] eventFds);

  /** Unmasks INTx, which is masked each time it is delivered. */
  void unmaskIntx();

  /**
   * Shortens the waits for the other side from now on, also those under way: this is about to be
   * closed. Never blocks.
   */
  default void part() {}

  /** Resets the function, if {@link DeviceInfo#flags} says that it can be. */
  void reset();

  @Override
  void close();
}

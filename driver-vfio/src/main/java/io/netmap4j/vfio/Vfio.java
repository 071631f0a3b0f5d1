package io.netmap4j.vfio;

/**
 * What VFIO offers of one PCI function, whoever stands behind it: the kernel, or another process
 * that speaks vfio-user. Names and numbers are those of linux/vfio.h.
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

  /** Of this function; asked once. */
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
   * Where loads and stores reach a region directly, for as long as this is open; 0 where only the
   * calls do.
   */
  long mapped(int region);

  /** Lets eventfds hear the vectors 0 to n − 1 of an interrupt index; none switches it off. */
  void setIrqs(int index, int[] eventFds);

  /** Lets the INTx line fire again: whoever delivers it masks it each time. */
  void unmaskIntx();

  /**
   * Nobody waits long for the other side from now on, as this is closed next. Never blocks, and is
   * heard by calls that wait.
   */
  default void part() {}

  /** Resets the function, if {@link DeviceInfo#flags} says that it can be. */
  void reset();

  @Override
  void close();
}

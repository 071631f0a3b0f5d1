package io.netmap4j.spi;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciId;
import java.util.Locale;

/**
 * One PCI function, as a driver sees it: registers, configuration space, private DMA memory,
 * interrupt vectors. UIO, VFIO, vfio-user and the software model each implement exactly this.
 *
 * <p>Register access is thread safe; everything else is for one thread at a time. When the device
 * or the process that serves it is gone, each call throws {@link NetmapException} with ENXIO or
 * EIO: never zeros, never a hang.
 */
public interface NicDevice extends AutoCloseable {
  /** Scheme and address, as in {@code vfio:0000:03:00.0}. */
  String name();

  PciId id();

  /** Reads one 32-bit register of BAR 0, exactly once. */
  int read32(int register);

  /**
   * Writes one 32-bit register of BAR 0. Every store that this thread made to DMA memory is visible
   * to the device before the register changes.
   */
  void write32(int register, int value);

  /**
   * The address at which a release store reaches the register directly, with the ordering promise
   * of {@link #write32}, or 0 where only {@link #write32} reaches it. For doorbells: resolved once,
   * stored to on every sync.
   */
  long mappedRegister(int register);

  /** Reads 1, 2 or 4 bytes of configuration space, zero extended. */
  int readConfig(int offset, int bytes);

  /** Writes 1, 2 or 4 bytes of configuration space. */
  void writeConfig(int offset, int bytes, int value);

  /**
   * For devices.
   *
   * @param bytes the size of BAR 0
   * @throws NetmapException EINVAL when the register is no word of it
   */
  static void checkRegister(String device, int register, long bytes) {
    if (register < 0 || register > bytes - 4 || (register & 3) != 0) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "%s: register 0x%x is outside BAR 0 of %d bytes",
              device,
              register,
              bytes));
    }
  }

  /**
   * The function's I/O BAR: an older way to registers, which only a diagnosis uses.
   *
   * @return null where the function has none, or nothing reaches it; valid until {@link #close}
   * @throws NetmapException EIO, EACCES when it is there and cannot be opened
   */
  default IoPorts ioPorts() {
    return null;
  }

  /** Ports of an I/O BAR. An access is one instruction of 32 bits, by the kernel or a server. */
  interface IoPorts {
    /** Bytes of the BAR. */
    long size();

    /** Reads the port at an offset into the BAR, a multiple of 4. */
    int read32(int offset);

    /** Writes it. */
    void write32(int offset, int value);

    /**
     * @throws NetmapException EINVAL when the offset is no port of 32 bits of a BAR of {@code size}
     *     bytes
     */
    static void check(String device, int offset, long size) {
      if (offset < 0 || offset > size - 4 || (offset & 3) != 0) {
        throw new NetmapException(
            Libc.EINVAL,
            device + ": no port at " + offset + " of an I/O BAR of " + size + " bytes");
      }
    }
  }

  /** Changes some bits, in one step as far as other threads of this process are concerned. */
  default void changeConfig(int offset, int bytes, int clear, int set) {
    synchronized (this) {
      writeConfig(offset, bytes, readConfig(offset, bytes) & ~clear | set);
    }
  }

  /**
   * Zeroed memory for descriptor rings, contiguous for the device and out of the user's reach.
   *
   * @param bytes size; the address and the device address are aligned to 4096
   */
  DmaBuffer allocateDma(long bytes);

  /**
   * Gives {@code buffer} back; the device must not use it any more. {@link #close} gives back what
   * is left.
   */
  void freeDma(DmaBuffer buffer);

  /** Who owns the mappings through which this device reaches a region. */
  DmaDomain domain();

  /**
   * Interrupt vectors that can be armed: MSI-X vectors, else 1; 0 where interrupts do not reach us.
   */
  int irqVectors();

  /**
   * Routes vectors 0 to {@code count} − 1 to descriptors that become readable; {@code count} 0
   * switches interrupts off.
   *
   * @return the descriptors, owned by the device, to be emptied by {@link #rearmIrq} only, valid
   *     until the next call or {@link #close}
   */
  int[] enableIrqs(int count);

  /**
   * Whether vectors are messages of their own (MSI-X). Else there is one, the INTx line: it is
   * level-triggered, and does not fire again before {@link #rearmIrq}.
   */
  boolean irqMessages();

  /** Empties a vector's descriptor and lets the vector fire again: before each sleep. */
  void rearmIrq(int vector);

  /** Function-level reset where the function has one. @return false where it has none */
  boolean resetFunction();

  /**
   * The device is closed next: from now on calls don't wait long for one that does not answer.
   * Never blocks, and is heard by calls that wait already. For any thread.
   */
  default void part() {}

  /**
   * Stops bus mastering, drops mappings, closes descriptors, in reverse order of opening.
   * Idempotent.
   */
  @Override
  void close();

  /** Memory of the device's own: where we see it, where the device sees it, its size in bytes. */
  record DmaBuffer(long address, long iova, long size) {}
}

package io.netmap4j.linux;

import java.util.Locale;

/**
 * What differs between processors: numbers of Linux's interface, and whether stores reach a device
 * in order. The values are those of Linux's asm/fcntl.h and asm/ioctl.h; what is the same on all of
 * these processors is a constant of {@link Libc}.
 *
 * <p>All tests run on x86-64 only. On the others a program that needs no device's registers may
 * start; {@link #requireDeviceStores} refuses those that do. Any other processor, and a big-endian
 * one, is refused by the first system call: shared memory and descriptors are little-endian.
 */
enum Arch {
  X86_64(0200000, 0, 1, 14, true),
  ARM64(040000, 0, 1, 14, false),
  PPC64LE(040000, 1, 4, 13, false);

  /** Bits of an ioctl's number below its size: 8 for the command, 8 for its type. */
  private static final int IOC_SIZE_SHIFT = 16;

  private final int directoryFlag;
  private final int iocNone;
  private final int iocWrite;
  private final int iocSizeBits;
  private final boolean ordersDeviceStores;

  Arch(int directoryFlag, int iocNone, int iocWrite, int iocSizeBits, boolean ordersDeviceStores) {
    this.directoryFlag = directoryFlag;
    this.iocNone = iocNone;
    this.iocWrite = iocWrite;
    this.iocSizeBits = iocSizeBits;
    this.ordersDeviceStores = ordersDeviceStores;
  }

  /**
   * The processor of that name.
   *
   * @param osArch the system property {@code os.arch} @throws UnsatisfiedLinkError it is not one of
   *     these, in one line
   */
  static Arch of(String osArch) {
    return switch (osArch) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64" -> ARM64;
      case "ppc64le" -> PPC64LE;
      default ->
          throw new UnsatisfiedLinkError(
              "the processor is not supported: os.arch is "
                  + osArch
                  + "; x86-64 (amd64) is, with a 64-bit Java");
    };
  }

  /**
   * The processor of this machine.
   *
   * @throws UnsatisfiedLinkError as {@link #of}
   */
  static Arch current() {
    return of(System.getProperty("os.arch"));
  }

  /** O_TMPFILE, which has O_DIRECTORY in it. */
  int tmpFile() {
    return 020000000 | directoryFlag;
  }

  /**
   * {@code _IO(type, number)}: an ioctl that passes no structure, or one of which it says no size.
   */
  int io(char type, int number) {
    return request(iocNone, type, number, 0);
  }

  /** {@code _IOW(type, number, size)}: an ioctl by which the kernel reads {@code size} bytes. */
  int iow(char type, int number, int size) {
    return request(iocWrite, type, number, size);
  }

  private int request(int direction, char type, int number, int size) {
    return direction << IOC_SIZE_SHIFT + iocSizeBits | size << IOC_SIZE_SHIFT | type << 8 | number;
  }

  /**
   * {@link Mem#putIntToDevice} keeps descriptors ahead of a doorbell on x86-64 only: Java has no
   * barrier that is certain to order a store to memory before one to a device elsewhere.
   *
   * @throws LinuxException EOPNOTSUPP on a processor where that is so
   */
  void requireDeviceStores() {
    if (!ordersDeviceStores) {
      throw new LinuxException(
          Libc.EOPNOTSUPP,
          "the registers of a device are supported on x86-64 only, this processor is "
              + name().toLowerCase(Locale.ROOT)
              + ": its barriers between memory and devices are missing; vfio-user: and model: do"
              + " without");
    }
  }
}

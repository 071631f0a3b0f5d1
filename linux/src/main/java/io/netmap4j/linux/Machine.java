package io.netmap4j.linux;

/**
 * Properties of the machine that this process runs on. The first use throws {@link
 * UnsatisfiedLinkError}, in one line, on a processor that is not supported. Any thread.
 */
public final class Machine {
  private static final Arch ARCH = Arch.current();

  /** Bytes of a page of memory, a power of two: 4096 on x86-64, up to 65536 elsewhere. */
  public static final int PAGE_SIZE = Libc.pageSize();

  private Machine() {}

  /**
   * The number of an ioctl that Linux defines with {@code _IO}: it passes no structure, or one of
   * which the number says no size.
   *
   * @param type the character that the header has
   * @param number 0 to 255
   */
  public static int io(char type, int number) {
    return ARCH.io(type, number);
  }

  /**
   * The number of an ioctl that Linux defines with {@code _IOW}.
   *
   * @param type the character that the header has
   * @param number 0 to 255
   * @param size bytes of the structure that the kernel reads
   */
  public static int iow(char type, int number, int size) {
    return ARCH.iow(type, number, size);
  }

  /** The number of the ioctl TIOCGWINSZ, which asks a terminal how large it is. */
  static int ioTerminalSize() {
    return ARCH.terminalSize();
  }

  /**
   * Whether a device may be given the processor's addresses when no IOMMU says otherwise. On POWER
   * it may not: every host bridge there translates, or wants a bit of its own set (TVE 1).
   */
  public static boolean devicesSeePhysicalAddresses() {
    return ARCH != Arch.PPC64LE;
  }

  /**
   * Whether the processor has I/O ports. Elsewhere a bridge may make them from memory, or not: an
   * access then stops the machine, so that sysfs files of I/O BARs are let alone.
   */
  public static boolean hasIoPorts() {
    return ARCH == Arch.X86_64;
  }
}

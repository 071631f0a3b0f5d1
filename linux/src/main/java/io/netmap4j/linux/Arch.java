package io.netmap4j.linux;

import java.util.Set;

/**
 * What differs between processors in the numbers of Linux's interface; {@link Order} has what
 * differs in the order of memory and devices. The values are those of Linux's asm/fcntl.h and
 * asm/ioctl.h and asm/ioctls.h; what is the same on all of these processors is a constant of {@link
 * Libc}.
 *
 * <p>Any other processor, and a big-endian one, is refused by the first system call: shared memory
 * and descriptors are little-endian.
 */
enum Arch {
  X86_64(0200000, 0, 1, 14),
  ARM64(040000, 0, 1, 14),
  PPC64LE(040000, 1, 4, 13);

  /** Bits of an ioctl's number below its size: 8 for the command, 8 for its type. */
  private static final int IOC_SIZE_SHIFT = 16;

  /** Java's names of processors of 64 bits that lack only the right order of bytes. */
  private static final Set<String> BIG_ENDIAN = Set.of("ppc64", "s390x");

  private final int directoryFlag;
  private final int iocNone;
  private final int iocWrite;
  private final int iocSizeBits;

  Arch(int directoryFlag, int iocNone, int iocWrite, int iocSizeBits) {
    this.directoryFlag = directoryFlag;
    this.iocNone = iocNone;
    this.iocWrite = iocWrite;
    this.iocSizeBits = iocSizeBits;
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
                  + "; amd64 (x86-64), aarch64 and ppc64le are"
                  + (BIG_ENDIAN.contains(osArch)
                      ? ": rings and descriptors are little-endian"
                      : ", with a 64-bit Java"));
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

  /**
   * TIOCGWINSZ: {@code _IOR('t', 104, struct winsize)} on POWER, older than such numbers elsewhere.
   */
  int terminalSize() {
    return this == PPC64LE ? 0x40087468 : 0x5413;
  }

  private int request(int direction, char type, int number, int size) {
    return direction << IOC_SIZE_SHIFT + iocSizeBits | size << IOC_SIZE_SHIFT | type << 8 | number;
  }
}

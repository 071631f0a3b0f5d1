package io.netmap4j.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

/**
 * The libc calls that we use, bound once by JNA direct mapping. Not for a driver's hot path: a call
 * costs about 100 ns. The wires of modelled cards may read and write by it.
 *
 * <p>Every public method tests the return value before it looks at errno, and throws {@link
 * LinuxException} with the caller's hint. Those whose names begin with {@code try} return −errno
 * instead: what an error means is the caller's to say.
 */
public final class Libc {
  public static final int O_RDONLY = 0;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;
  public static final int O_NONBLOCK = 04000;
  public static final int O_CLOEXEC = 02000000;
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 1;
  public static final int MAP_PRIVATE = 2;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MFD_CLOEXEC = 1;
  public static final int EFD_NONBLOCK = 04000;
  public static final int EFD_CLOEXEC = 02000000;
  public static final short POLLIN = 1;
  public static final short POLLOUT = 4;
  public static final short POLLERR = 8;
  public static final int EPERM = 1;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ENXIO = 6;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EBUSY = 16;
  public static final int ENODEV = 19;
  public static final int EINVAL = 22;
  public static final int ENAMETOOLONG = 36;
  public static final int EOPNOTSUPP = 95;

  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 02000000;

  static {
    Native.register(Libc.class, "c");
  }

  private Libc() {}

  private static native int open(String path, int flags, int mode);

  private static native int close(int fd);

  private static native long mmap(
      long address, long length, int prot, int flags, int fd, long offset);

  private static native int munmap(long address, long length);

  private static native int ftruncate(int fd, long length);

  private static native int memfd_create(String name, int flags);

  private static native int eventfd(int initial, int flags);

  private static native int poll(long fds, long count, int timeoutMillis);

  private static native long read(int fd, long buffer, long count);

  private static native long write(int fd, long buffer, long count);

  private static native int ioctl(int fd, long request, long argument);

  private static native int socket(int domain, int type, int protocol);

  private static native Pointer strerror(int errno);

  /** A file descriptor, closed on exec. */
  public static int open(String path, int flags, int mode, String hint) {
    int fd = open(path, flags | O_CLOEXEC, mode);
    if (fd < 0) {
      throw new LinuxException("open " + path, Native.getLastError(), hint);
    }
    return fd;
  }

  public static void closeFd(int fd) {
    close(fd);
  }

  /** Maps {@code length} bytes of {@code fd} and returns the address. */
  public static long mmap(long length, int prot, int flags, int fd, long offset, String hint) {
    long address = mmap(0, length, prot, flags, fd, offset);
    if (address == -1) {
      throw new LinuxException(
          "mmap of " + length + " bytes at offset " + offset + " of descriptor " + fd,
          Native.getLastError(),
          hint);
    }
    return address;
  }

  public static void unmap(long address, long length) {
    if (munmap(address, length) != 0) {
      throw new LinuxException("munmap 0x" + Long.toHexString(address), Native.getLastError(), "");
    }
  }

  public static void truncate(int fd, long length, String hint) {
    if (ftruncate(fd, length) != 0) {
      throw new LinuxException("ftruncate to " + length + " bytes", Native.getLastError(), hint);
    }
  }

  /** Anonymous shared memory that can be passed to another process. */
  public static int memfd(String name) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) {
      throw new LinuxException(
          "memfd_create " + name, Native.getLastError(), "Linux 3.17 or newer has it");
    }
    return fd;
  }

  /** A non-blocking eventfd, counter 0. */
  public static int eventFd() {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
      throw new LinuxException(
          "eventfd", Native.getLastError(), "raise the limit of open files: ulimit -n");
    }
    return fd;
  }

  /** Adds 1 to an eventfd: whoever polls it wakes. */
  public static void signal(int eventFd) {
    long one = Mem.allocate(8);
    try {
      Mem.putLong(one, 1);
      write(eventFd, one, 8);
    } finally {
      Mem.free(one);
    }
  }

  /** Empties an eventfd. @return its counter, 0 when nobody signalled */
  public static long drain(int eventFd) {
    long value = Mem.allocate(8);
    try {
      return read(eventFd, value, 8) == 8 ? Mem.getLong(value) : 0;
    } finally {
      Mem.free(value);
    }
  }

  /**
   * Waits until one of {@code fds} is readable. Negative descriptors are ignored.
   *
   * @param timeoutMillis −1 waits for ever, 0 returns at once
   * @return how many are ready; 0 on time-out or when a signal interrupted
   */
  public static int pollIn(int[] fds, int timeoutMillis) {
    long array = Mem.allocate(8L * Math.max(1, fds.length));
    try {
      for (int i = 0; i < fds.length; i++) {
        Mem.putInt(array + 8L * i, fds[i]);
        Mem.putShort(array + 8L * i + 4, POLLIN);
      }
      int ready = poll(array, fds.length, timeoutMillis);
      if (ready < 0 && Native.getLastError() != EINTR) {
        throw new LinuxException(
            "poll of " + fds.length + " descriptors", Native.getLastError(), "");
      }
      return Math.max(0, ready);
    } finally {
      Mem.free(array);
    }
  }

  /**
   * What has happened to one descriptor, without waiting.
   *
   * @param events {@link #POLLIN}, {@link #POLLOUT}
   * @return those of {@code events} that hold, and POLLERR and the like; 0 when none does
   */
  public static int pollNow(int fd, int events) {
    long array = Mem.allocate(8);
    try {
      Mem.putInt(array, fd);
      Mem.putShort(array + 4, (short) events);
      return poll(array, 1, 0) == 1 ? Mem.getShort(array + 6) : 0;
    } finally {
      Mem.free(array);
    }
  }

  /** Reads without allocating. @return bytes, 0 at the end of a file, or −errno */
  public static long tryRead(int fd, long address, long bytes) {
    long done = read(fd, address, bytes);
    return done < 0 ? -Native.getLastError() : done;
  }

  /** Writes without allocating. @return bytes, or −errno */
  public static long tryWrite(int fd, long address, long bytes) {
    long done = write(fd, address, bytes);
    return done < 0 ? -Native.getLastError() : done;
  }

  /** An ioctl whose argument is the address of a structure. @return what it returned, or −errno */
  public static int tryIoctl(int fd, long request, long address) {
    int done = ioctl(fd, request, address);
    return done < 0 ? -Native.getLastError() : done;
  }

  /**
   * A socket that carries no data: for the ioctls that configure network interfaces, netdevice(7).
   */
  public static int netdeviceSocket() {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw new LinuxException(
          "socket for netdevice(7)",
          Native.getLastError(),
          "raise the limit of open files: ulimit -n");
    }
    return fd;
  }

  static String errorText(int errno) {
    return strerror(errno).getString(0);
  }
}

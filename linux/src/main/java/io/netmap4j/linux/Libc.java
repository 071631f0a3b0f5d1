package io.netmap4j.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The libc calls that we use, bound once by JNA direct mapping. Not for a driver's hot path: a call
 * costs about 100 ns. The wires of modelled cards read and write through it.
 *
 * <p>Every public method tests the return value before it looks at errno, and throws {@link
 * LinuxException} with the caller's hint. Those whose names begin with {@code try} return −errno
 * instead, when the caller decides what an error means.
 */
public final class Libc {
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_TRUNC = 01000;
  public static final int O_NONBLOCK = 04000;
  public static final int O_SYNC = 04010000;
  private static final int O_CLOEXEC = 02000000;

  /** Differs between processors: {@link Arch#tmpFile}. */
  public static final int O_TMPFILE;

  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 1;
  private static final int MAP_FIXED = 0x10;
  private static final int MFD_CLOEXEC = 1;
  private static final int EFD_NONBLOCK = 04000;
  private static final int EFD_CLOEXEC = 02000000;
  public static final short POLLIN = 1;
  public static final short POLLOUT = 4;
  public static final short POLLERR = 8;
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ENXIO = 6;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EFAULT = 14;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EISDIR = 21;
  public static final int EINVAL = 22;
  public static final int ERANGE = 34;
  public static final int ENAMETOOLONG = 36;
  public static final int ENOSPC = 28;
  public static final int EROFS = 30;
  public static final int EPIPE = 32;
  public static final int EBADFD = 77;
  public static final int EMSGSIZE = 90;
  public static final int ENOPROTOOPT = 92;
  public static final int EOPNOTSUPP = 95;
  public static final int ENETDOWN = 100;
  public static final int ECONNRESET = 104;
  public static final int ENOBUFS = 105;
  public static final int ETIMEDOUT = 110;

  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int O_ACCMODE = 3;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC = 0x7FF;
  private static final int STATX_SIZE = 256;
  private static final int RWF_NOWAIT = 8;
  private static final int LOCK_EX_NB = 2 | 4;
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_FOLLOW = 0x400;

  static {
    O_TMPFILE = Arch.current().tmpFile();
    JnaLibrary.bind(Libc.class);
  }

  /** What {@link #signal} writes. */
  private static final long ONE = Mem.allocate(8);

  static {
    Mem.putLong(ONE, 1);
  }

  private Libc() {}

  private static native int open(String path, int flags, int mode);

  private static native int close(int fd);

  private static native long mmap(
      long address, long length, int prot, int flags, int fd, long offset);

  private static native int getpagesize();

  private static native int munmap(long address, long length);

  private static native int ftruncate(int fd, long length);

  private static native int memfd_create(String name, int flags);

  private static native int mkfifo(String path, int mode);

  private static native int eventfd(int initial, int flags);

  private static native int poll(long fds, long count, int timeoutMillis);

  private static native long read(int fd, long buffer, long count);

  private static native long write(int fd, long buffer, long count);

  private static native long readv(int fd, long iov, int count);

  private static native long writev(int fd, long iov, int count);

  private static native Pointer strerror(int errno);

  private static native int ioctl(int fd, long request, long argument);

  private static native long pread(int fd, long buffer, long count, long offset);

  private static native long pwrite(int fd, long buffer, long count, long offset);

  private static native int statx(int folder, String path, int flags, int mask, long buffer);

  private static native int fcntl(int fd, int command, long argument);

  private static native long preadv2(int fd, long iov, int count, long offset, int flags);

  private static native int flock(int fd, int operation);

  private static native int mlock(long address, long length);

  private static native int sched_setaffinity(int thread, long bytes, long mask);

  private static native int sched_getaffinity(int thread, long bytes, long mask);

  private static native int linkat(int fromFolder, String from, int toFolder, String to, int flags);

  // For UnixSocket, which knows their structures.

  static native int socket(int domain, int type, int protocol);

  static native int bind(int fd, long address, int length);

  static native int listen(int fd, int backlog);

  static native int accept4(int fd, long address, long length, int flags);

  static native int connect(int fd, long address, int length);

  static native int shutdown(int fd, int how);

  static native int fchmod(int fd, int mode);

  static native long sendmsg(int fd, long message, int flags);

  static native long recvmsg(int fd, long message, int flags);

  // For PacketSocket and NetInterface.

  static native int setsockopt(int fd, int level, int option, long value, int length);

  static native int getsockopt(int fd, int level, int option, long value, long length);

  static native int sendmmsg(int fd, long messages, int count, int flags);

  static native long recv(int fd, long buffer, long length, int flags);

  static native int epoll_create1(int flags);

  static native int epoll_ctl(int epoll, int operation, int fd, long event);

  /**
   * Opens a file, closed on exec.
   *
   * @param flags O_RDONLY, O_WRONLY or O_RDWR, and others
   * @param mode permissions of a file that this makes
   * @return its descriptor, the caller's to close
   * @throws LinuxException the errno of open(2)
   */
  public static int open(String path, int flags, int mode, String hint) {
    int fd = open(path, flags | O_CLOEXEC, mode);
    if (fd < 0) {
      throw LinuxException.ofCall("open " + path, Native.getLastError(), hint);
    }
    return fd;
  }

  /** Opens a file, closed on exec. @return its descriptor, or −errno */
  public static int tryOpen(String path, int flags, int mode) {
    int fd = open(path, flags | O_CLOEXEC, mode);
    return fd < 0 ? -Native.getLastError() : fd;
  }

  /** Closes a descriptor. Errors are ignored: the descriptor is gone in any case. */
  public static void closeFd(int fd) {
    close(fd);
  }

  /**
   * Maps a file.
   *
   * @param length bytes
   * @param offset in the file, a multiple of {@link Machine#PAGE_SIZE}
   * @return the address; {@link #unmap} is the caller's. The mapping outlives the descriptor
   * @throws LinuxException the errno of mmap(2)
   */
  public static long mmap(long length, int prot, int flags, int fd, long offset, String hint) {
    long address = mmap(0, length, prot, flags, fd, offset);
    if (address == -1) {
      throw LinuxException.ofCall(
          "mmap of " + length + " bytes at offset " + offset + " of descriptor " + fd,
          Native.getLastError(),
          hint);
    }
    return address;
  }

  /** Maps {@code fd} over an existing mapping, in one step. */
  public static void remap(long address, long length, int prot, int flags, int fd, String hint) {
    if (mmap(address, length, prot, flags | MAP_FIXED, fd, 0) != address) {
      throw LinuxException.ofCall(
          "mmap of " + length + " bytes at 0x" + Long.toHexString(address),
          Native.getLastError(),
          hint);
    }
  }

  /** Bytes of a page of memory; {@link Machine#PAGE_SIZE} holds it. */
  static int pageSize() {
    return getpagesize();
  }

  /**
   * Removes a mapping. A later access is a SIGSEGV, or reaches what has been mapped there since.
   */
  public static void unmap(long address, long length) {
    if (munmap(address, length) != 0) {
      throw LinuxException.ofCall(
          "munmap 0x" + Long.toHexString(address), Native.getLastError(), "");
    }
  }

  /** ftruncate(2). @return 0 or −errno */
  public static int tryTruncate(int fd, long length) {
    return ftruncate(fd, length) == 0 ? 0 : -Native.getLastError();
  }

  /** Gives a file a size in bytes; new ones are zero. */
  public static void truncate(int fd, long length, String hint) {
    if (ftruncate(fd, length) != 0) {
      throw LinuxException.ofCall("ftruncate to " + length + " bytes", Native.getLastError(), hint);
    }
  }

  /**
   * An ioctl.
   *
   * @param request its number
   * @param argument a number or an address, as the request wants
   * @param call its name, for the message
   * @return what the call returns, not negative
   * @throws LinuxException the errno that it left
   */
  public static int ioctl(int fd, long request, long argument, String call, String hint) {
    int result = ioctl(fd, request, argument);
    if (result < 0) {
      throw LinuxException.ofCall(call, Native.getLastError(), hint);
    }
    return result;
  }

  /**
   * Reads exactly {@code count} bytes in one call.
   *
   * @throws LinuxException the errno of pread(2); EIO when fewer came
   */
  public static void readAt(int fd, long buffer, int count, long offset, String call) {
    long n = pread(fd, buffer, count, offset);
    if (n != count) {
      throw LinuxException.ofCall(call, n < 0 ? Native.getLastError() : EIO, "is the device gone?");
    }
  }

  /**
   * Writes exactly {@code count} bytes in one call.
   *
   * @throws LinuxException the errno of pwrite(2); EIO when fewer were taken
   */
  public static void writeAt(int fd, long buffer, int count, long offset, String call) {
    long n = pwrite(fd, buffer, count, offset);
    if (n != count) {
      throw LinuxException.ofCall(call, n < 0 ? Native.getLastError() : EIO, "is the device gone?");
    }
  }

  /**
   * Locks an open file until its last descriptor is closed, at the latest by the end of the
   * process.
   *
   * @return false when it is locked already, by this process or another
   */
  public static boolean tryLock(int fd) {
    return flock(fd, LOCK_EX_NB) == 0;
  }

  /** Brings memory in, and locks it until it is unmapped. */
  public static void lockPages(long address, long length, String hint) {
    if (mlock(address, length) != 0) {
      throw LinuxException.ofCall("mlock of " + length + " bytes", Native.getLastError(), hint);
    }
  }

  /** Gives a file that was opened with O_TMPFILE a name; it may have several. */
  public static void nameFile(int fd, String path, String hint) {
    if (linkat(AT_FDCWD, "/proc/self/fd/" + fd, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0) {
      throw LinuxException.ofCall("linkat " + path, Native.getLastError(), hint);
    }
  }

  /** Makes a FIFO, mkfifo(3). */
  public static void makeFifo(String path, int mode) {
    if (mkfifo(path, mode) != 0) {
      throw LinuxException.ofCall("mkfifo " + path, Native.getLastError(), "");
    }
  }

  /**
   * Anonymous shared memory, empty, that can be passed to another process. The caller closes it.
   */
  public static int memfd(String name) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) {
      throw LinuxException.ofCall(
          "memfd_create " + name, Native.getLastError(), "Linux 3.17 or newer has it");
    }
    return fd;
  }

  /** A new non-blocking eventfd, counter 0. The caller closes it. */
  public static int eventFd() {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
      throw LinuxException.ofCall(
          "eventfd", Native.getLastError(), "raise the limit of open files: ulimit -n");
    }
    return fd;
  }

  /** Adds 1 to an eventfd: whoever polls it wakes. */
  public static void signal(int eventFd) {
    write(eventFd, ONE, 8);
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
   * Empties an eventfd that another process shares, and may make a blocking one at any time. Does
   * not wait; where RWF_NOWAIT is unknown (Linux before 5.8, qemu-user), unless that process
   * empties it at the same moment.
   *
   * @return its counter, 0 when nobody signalled
   */
  public static long drainForeign(int eventFd) {
    long iov = Mem.allocate(24);
    try {
      Mem.putLong(iov, iov + 16);
      Mem.putLong(iov + 8, 8);
      long bytes = preadv2(eventFd, iov, 1, -1, RWF_NOWAIT);
      if (bytes < 0 && Native.getLastError() == EOPNOTSUPP && pollIn(new int[] {eventFd}, 0) > 0) {
        bytes = readv(eventFd, iov, 1);
      }
      return bytes == 8 ? Mem.getLong(iov + 16) : 0;
    } finally {
      Mem.free(iov);
    }
  }

  /** True for an eventfd: {@link #signal} would change the contents of another file. */
  public static boolean isEventFd(int fd) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd))
          .toString()
          .equals("anon_inode:[eventfd]");
    } catch (IOException e) {
      return false;
    }
  }

  /** Sets O_NONBLOCK, for all processes that share the open file. */
  public static void nonBlocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
  }

  /** True when the descriptor was opened for reading and writing. */
  public static boolean writable(int fd) {
    return (fcntl(fd, F_GETFL, 0) & O_ACCMODE) == O_RDWR;
  }

  /**
   * What a descriptor refers to.
   *
   * @param device major number in the upper 32 bits, minor in the lower
   * @param mode type and permissions, as in st_mode
   * @param size bytes
   * @param blockSize of its file system; in hugetlbfs, the size of a page
   */
  public record FileState(long device, long inode, int mode, long size, int blockSize) {
    private static final int TYPE = 0170000;
    private static final int REGULAR = 0100000;

    /** Also true of memfds and of files in hugetlbfs. */
    public boolean regular() {
      return (mode & TYPE) == REGULAR;
    }
  }

  /** What {@code fd} refers to, at this moment. */
  public static FileState stat(int fd) {
    long buffer = Mem.allocate(STATX_SIZE);
    try {
      if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC, buffer) != 0) {
        throw LinuxException.ofCall("statx of descriptor " + fd, Native.getLastError(), "");
      }
      return new FileState(
          (long) Mem.getInt(buffer + 136) << 32 | Mem.getInt(buffer + 140) & 0xFFFFFFFFL,
          Mem.getLong(buffer + 32),
          Mem.getShort(buffer + 28) & 0xFFFF,
          Mem.getLong(buffer + 40),
          Mem.getInt(buffer + 4));
    } finally {
      Mem.free(buffer);
    }
  }

  /**
   * Waits until one of {@code fds} is readable. Negative descriptors are ignored.
   *
   * @param timeoutMillis −1 waits for ever, 0 returns at once
   * @return how many are ready; 0 on time-out or when a signal interrupted
   */
  public static int pollIn(int[] fds, int timeoutMillis) {
    return poll(fds, POLLIN, timeoutMillis);
  }

  /** True when a write to the descriptor would not wait. */
  public static boolean pollOut(int fd) {
    return poll(new int[] {fd}, POLLOUT, 0) > 0;
  }

  /** True when the other side of a socket or a pipe is gone. */
  public static boolean hungUp(int socket) {
    return poll(new int[] {socket}, (short) 0, 0) > 0;
  }

  /** As {@link #pollIn}, for any events. */
  static int poll(int[] fds, short events, int timeoutMillis) {
    long array = Mem.allocate(8L * Math.max(1, fds.length));
    try {
      for (int i = 0; i < fds.length; i++) {
        Mem.putInt(array + 8L * i, fds[i]);
        Mem.putShort(array + 8L * i + 4, events);
      }
      int ready = poll(array, fds.length, timeoutMillis);
      if (ready < 0 && Native.getLastError() != EINTR) {
        throw LinuxException.ofCall(
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

  /** As {@link #tryRead}, into {@code count} pieces of memory: {@code iov} as for readv(2). */
  public static long tryReadv(int fd, long iov, int count) {
    long done = readv(fd, iov, count);
    return done < 0 ? -Native.getLastError() : done;
  }

  /** As {@link #tryWrite}, from {@code count} pieces of memory: {@code iov} as for writev(2). */
  public static long tryWritev(int fd, long iov, int count) {
    long done = writev(fd, iov, count);
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
      throw LinuxException.ofCall(
          "socket for netdevice(7)",
          Native.getLastError(),
          "raise the limit of open files: ulimit -n");
    }
    return fd;
  }

  /**
   * sched_setaffinity(2) of the calling thread.
   *
   * @param cpus CPUs, by number
   * @param most more than any of them
   * @return 0 or an errno
   */
  static int setAffinity(BitSet cpus, int most) {
    long mask = Mem.allocate(most / Byte.SIZE);
    try {
      byte[] bytes = Arrays.copyOf(cpus.toByteArray(), most / Byte.SIZE);
      Mem.copyIn(bytes, 0, mask, bytes.length);
      return sched_setaffinity(0, most / Byte.SIZE, mask) == 0 ? 0 : Native.getLastError();
    } finally {
      Mem.free(mask);
    }
  }

  /** sched_getaffinity(2) of the calling thread. */
  static BitSet affinity(int most) {
    byte[] bytes = new byte[most / Byte.SIZE];
    long mask = Mem.allocate(bytes.length);
    try {
      Mem.copyIn(bytes, 0, mask, bytes.length);
      if (sched_getaffinity(0, bytes.length, mask) != 0) {
        throw LinuxException.ofCall("sched_getaffinity", Native.getLastError(), "");
      }
      Mem.copyOut(mask, bytes, 0, bytes.length);
      return BitSet.valueOf(bytes);
    } finally {
      Mem.free(mask);
    }
  }

  /** What the C library calls an errno: "No such file or directory". */
  public static String errorText(int errno) {
    return strerror(errno).getString(0);
  }
}

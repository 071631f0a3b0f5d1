package io.netmap4j.linux;

import com.sun.jna.Native;

/** A set of descriptors that is one itself: readable while one of them is. For one thread. */
public final class Epoll implements AutoCloseable {
  private static final int CLOEXEC = 02000000;
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int EPOLLIN = 1;

  /** struct epoll_event, which is 12 or 16 bytes long: EPOLLIN, and no data. */
  private static final long EVENT = Mem.allocate(16);

  static {
    JnaLibrary.bind(Epoll.class);
    Mem.putInt(EVENT, EPOLLIN);
  }

  private final int fd;

  private static native int epoll_create1(int flags);

  private static native int epoll_ctl(int epoll, int operation, int fd, long event);

  /**
   * Makes an empty set.
   *
   * @throws LinuxException EMFILE, ENFILE
   */
  public Epoll() {
    fd = epoll_create1(CLOEXEC);
    if (fd < 0) {
      throw LinuxException.ofCall(
          "epoll_create1", Native.getLastError(), "raise the limit of open files: ulimit -n");
    }
  }

  /** The set's own descriptor, valid until {@link #close}. */
  public int fd() {
    return fd;
  }

  /**
   * Adds an open descriptor; one that is here already stays.
   *
   * @throws LinuxException EBADF for a closed one, EPERM for a file that cannot be waited for
   */
  public void add(int added) {
    if (epoll_ctl(fd, ADD, added, EVENT) != 0 && Native.getLastError() != Libc.EEXIST) {
      throw LinuxException.ofCall(
          "epoll_ctl: descriptor " + added,
          Native.getLastError(),
          "only open sockets, pipes, eventfds and the like can be waited for");
    }
  }

  /** Removes a descriptor; one that is not here, or was closed, changes nothing. */
  public void remove(int removed) {
    epoll_ctl(fd, DELETE, removed, EVENT);
  }

  @Override
  public void close() {
    Libc.closeFd(fd);
  }
}

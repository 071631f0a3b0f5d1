package io.netmap4j.linux;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** A socket file that listens. One thread accepts; {@link #shutdown} wakes it. */
public final class UnixListener implements AutoCloseable {
  private static final int EADDRINUSE = 98;
  private static final int ECONNABORTED = 103;
  private static final int ECONNREFUSED = 111;

  /** The kernel's default limit: every client is accepted, and then served or refused. */
  private static final int BACKLOG = 4096;

  private final Path path;
  private final int fd;
  private boolean closed;

  private UnixListener(Path path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  /**
   * Makes the socket file, for its owner only (0600), and listens. A file that a dead server left
   * is replaced.
   *
   * @throws LinuxException EADDRINUSE somebody listens there, or the file is not a socket
   */
  public static UnixListener listen(Path path) {
    removeStale(path);
    int fd = UnixSocket.open(path, 0);
    // Under another name until it listens: whoever sees the file can connect.
    String name = path.getFileName() + "~";
    boolean fits = UnixSocket.fits(path.resolveSibling(name));
    Path unready = path.resolveSibling(fits ? name : name.substring(1));
    removeStale(unready);
    long address = UnixSocket.address(unready);
    try {
      // The mode of an unbound socket becomes that of the file: it is never open to others.
      check(Libc.fchmod(fd, 0600), "fchmod " + path, "");
      check(
          Libc.bind(fd, address, UnixSocket.ADDRESS_SIZE),
          "bind " + path,
          "is the folder missing or not writable, or is another server starting? ls -l " + path);
      try {
        check(Libc.listen(fd, BACKLOG), "listen " + path, "");
        show(unready, path);
      } catch (LinuxException e) {
        unready.toFile().delete();
        throw e;
      }
      return new UnixListener(path, fd);
    } catch (LinuxException e) {
      Libc.closeFd(fd);
      throw e;
    } finally {
      Mem.free(address);
    }
  }

  private static void show(Path unready, Path path) {
    try {
      Files.move(unready, path);
    } catch (IOException e) {
      throw LinuxException.ofCall(
          "bind " + path, EADDRINUSE, "another server has it, or it is no socket: ls -l " + path);
    }
  }

  private static void check(int result, String call, String hint) {
    if (result != 0) {
      throw LinuxException.ofCall(call, Native.getLastError(), hint);
    }
  }

  /** Nobody answers on a socket file whose server is dead: only then is it removed. */
  private static void removeStale(Path path) {
    if (!isSocket(path)) {
      return;
    }
    try (UnixSocket living = UnixSocket.connect(path, System.nanoTime())) {
      living.shutdown();
    } catch (LinuxException e) {
      if (e.errno() == ECONNREFUSED) {
        path.toFile().delete();
      }
    }
  }

  private static boolean isSocket(Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther();
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Waits until {@link #accept} would not wait.
   *
   * @return false when the time is over first
   */
  public boolean await(int millis) {
    return Libc.pollIn(new int[] {fd}, millis) > 0;
  }

  /** Waits for a connection. @return null after {@link #shutdown} */
  public UnixSocket accept() {
    while (true) {
      int peer = Libc.accept4(fd, 0, 0, UnixSocket.SOCK_CLOEXEC);
      if (peer >= 0) {
        return new UnixSocket(peer);
      }
      int errno = Native.getLastError();
      if (errno == Libc.EINVAL) {
        return null;
      }
      if (errno != Libc.EINTR && errno != ECONNABORTED) {
        throw LinuxException.ofCall(
            "accept on " + path, errno, "too many open files? raise ulimit -n");
      }
    }
  }

  /** Wakes {@link #accept} for good. */
  public void shutdown() {
    Libc.shutdown(fd, UnixSocket.SHUT_RDWR);
  }

  /** Removes the socket file. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      path.toFile().delete();
      Libc.closeFd(fd);
    }
  }
}

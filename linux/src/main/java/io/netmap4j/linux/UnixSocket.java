package io.netmap4j.linux;

import com.sun.jna.Native;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Deque;

/**
 * A connected Unix stream socket that carries file descriptors beside its bytes (SCM_RIGHTS).
 *
 * <p>One thread may send while another receives; {@link #shutdown} is for any thread and wakes
 * both. {@link #close} is for when neither is inside.
 */
public final class UnixSocket implements AutoCloseable {
  /** Most descriptors sent or received with one piece of the stream. */
  public static final int MOST_FDS = 16;

  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  static final int SOCK_CLOEXEC = 02000000;
  private static final int SOCK_NONBLOCK = 04000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SHUT_RD = 0;
  private static final int SHUT_WR = 1;
  static final int SHUT_RDWR = 2;

  /** Bytes of struct sockaddr_un. */
  static final int ADDRESS_SIZE = 110;

  private static final int LONGEST_PATH = 107;
  private static final int CONNECT_STEP_MILLIS = 20;

  // struct msghdr, its iovec and its control buffer, one after the other (LP64).
  private static final int IOV = 56;
  private static final int CONTROL = 72;
  private static final int CONTROL_HEADER = 16;
  private static final int CONTROL_SIZE = CONTROL_HEADER + 4 * MOST_FDS;
  private static final int SCRATCH = CONTROL + CONTROL_SIZE;

  private static final int[] NO_FDS = {};

  private final int fd;
  private final long sending = Mem.allocate(SCRATCH);
  private final long receiving = Mem.allocate(SCRATCH);
  private boolean closed;

  UnixSocket(int fd) {
    this.fd = fd;
  }

  /**
   * Connects to a listening socket. Waits while the server accepts none and its queue of
   * connections is full.
   *
   * @param deadline of {@link System#nanoTime}
   * @throws LinuxException ENOENT no such socket, ECONNREFUSED no server listens, EACCES no
   *     permission; EAGAIN the queue is still full
   */
  public static UnixSocket connect(Path path, long deadline) {
    int fd = open(path, SOCK_NONBLOCK);
    long address = address(path);
    try {
      while (Libc.connect(fd, address, ADDRESS_SIZE) != 0) {
        int errno = Native.getLastError();
        if (errno == Libc.EAGAIN && deadline - System.nanoTime() > 0) {
          Libc.pollIn(NO_FDS, CONNECT_STEP_MILLIS); // no event tells when there is room
        } else if (errno != Libc.EINTR) {
          Libc.closeFd(fd);
          throw LinuxException.ofCall(
              "connect " + path,
              errno,
              errno == Libc.EAGAIN
                  ? "its server accepts no connections: is it stopped? kill -CONT PID resumes it"
                  : "its server is not running, or this user may not write to the socket");
        }
      }
    } finally {
      Mem.free(address);
    }
    return new UnixSocket(fd);
  }

  /** As {@link #connect(Path, long)}, within a second. */
  public static UnixSocket connect(Path path) {
    return connect(path, System.nanoTime() + 1_000_000_000L);
  }

  /**
   * A socket that is neither bound nor connected.
   *
   * @param path what it is for; its length is checked, and errors name it
   * @param flags more flags of its type: SOCK_NONBLOCK
   */
  static int open(Path path, int flags) {
    if (!fits(path)) {
      throw LinuxException.ofCall(
          "socket " + path,
          Libc.ENAMETOOLONG,
          "a socket's path has at most " + LONGEST_PATH + " bytes");
    }
    int fd = Libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) {
      throw LinuxException.ofCall(
          "socket " + path, Native.getLastError(), "raise the limit of open files: ulimit -n");
    }
    return fd;
  }

  /** Whether a socket can have that path. */
  static boolean fits(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_PATH;
  }

  /** The struct sockaddr_un of a path, to be freed. */
  static long address(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    long address = Mem.allocate(ADDRESS_SIZE);
    Mem.putShort(address, (short) AF_UNIX);
    Mem.copyIn(name, 0, address + 2, name.length);
    return address;
  }

  /** The descriptor, for {@code poll} only; this closes it. */
  public int fd() {
    return fd;
  }

  /**
   * Sends all bytes, with {@code fds} beside the first of them. The descriptors stay the caller's.
   *
   * @param deadline of {@link System#nanoTime}
   * @throws LinuxException EPIPE or ECONNRESET the other side is gone, ETIMEDOUT it takes nothing
   */
  public void send(long address, int length, int[] fds, long deadline) {
    for (int sent = 0; sent < length; ) {
      int n = trySend(address + sent, length - sent, sent == 0 ? fds : NO_FDS);
      if (n == 0) {
        await(Libc.POLLOUT, "sendmsg of " + length + " bytes", deadline);
      }
      sent += n;
    }
  }

  /**
   * Sends what the socket takes now, without waiting.
   *
   * @param fds go with the first byte; they stay the caller's
   * @return how many bytes; 0 when the socket is full
   * @throws LinuxException EPIPE or ECONNRESET the other side is gone
   */
  public int trySend(long address, int length, int[] fds) {
    prepare(sending, address, length);
    if (fds.length > 0) {
      attach(fds);
    }
    int n = (int) Libc.sendmsg(fd, sending, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      checkTransient("sendmsg of " + length + " bytes");
    }
    return Math.max(n, 0);
  }

  private void attach(int[] fds) {
    if (fds.length > MOST_FDS) {
      throw new IllegalArgumentException(fds.length + " descriptors, at most " + MOST_FDS);
    }
    long control = sending + CONTROL;
    Mem.putLong(control, CONTROL_HEADER + 4L * fds.length);
    Mem.putInt(control + 8, SOL_SOCKET);
    Mem.putInt(control + 12, SCM_RIGHTS);
    for (int i = 0; i < fds.length; i++) {
      Mem.putInt(control + CONTROL_HEADER + 4L * i, fds[i]);
    }
    Mem.putLong(sending + 32, control);
    Mem.putLong(sending + 40, CONTROL_HEADER + (4L * fds.length + 7 & ~7L));
  }

  private static void prepare(long scratch, long address, int length) {
    Mem.set(scratch, CONTROL, (byte) 0);
    Mem.putLong(scratch + IOV, address);
    Mem.putLong(scratch + IOV + 8, length);
    Mem.putLong(scratch + 16, scratch + IOV);
    Mem.putLong(scratch + 24, 1);
  }

  /**
   * Receives what is there, at least one byte.
   *
   * @param fds takes the descriptors that came with it, which are the caller's to close from now on
   *     (close-on-exec), also when this throws
   * @param deadline of {@link System#nanoTime}; {@link Long#MAX_VALUE} waits for ever
   * @return how many bytes; 0 when the other side has closed
   * @throws LinuxException ETIMEDOUT; ECONNRESET; EMSGSIZE more than {@link #MOST_FDS} descriptors
   *     at once
   */
  public int receive(long address, int most, Deque<Integer> fds, long deadline) {
    int n = tryReceive(address, most, fds);
    while (n < 0) {
      await(Libc.POLLIN, "recvmsg of " + most + " bytes", deadline);
      n = tryReceive(address, most, fds);
    }
    return n;
  }

  /**
   * Receives what is there now, without waiting; the rest as {@link #receive}.
   *
   * @return how many bytes; 0 when the other side has closed, −1 when nothing is there
   */
  public int tryReceive(long address, int most, Deque<Integer> fds) {
    prepare(receiving, address, most);
    Mem.putLong(receiving + 32, receiving + CONTROL);
    Mem.putLong(receiving + 40, CONTROL_SIZE);
    int n = (int) Libc.recvmsg(fd, receiving, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) {
      checkTransient("recvmsg of " + most + " bytes");
      return -1;
    }
    takeFds(fds);
    return n;
  }

  private void takeFds(Deque<Integer> fds) {
    long control = receiving + CONTROL;
    long end = control + Mem.getLong(receiving + 40);
    while (control + CONTROL_HEADER <= end) {
      long size = Mem.getLong(control);
      if (size < CONTROL_HEADER || size > end - control) {
        break;
      }
      boolean rights =
          Mem.getInt(control + 8) == SOL_SOCKET && Mem.getInt(control + 12) == SCM_RIGHTS;
      for (long at = CONTROL_HEADER; rights && at + 4 <= size; at += 4) {
        fds.add(Mem.getInt(control + at));
      }
      control += size + 7 & ~7L;
    }
    if ((Mem.getInt(receiving + 48) & MSG_CTRUNC) != 0) {
      throw LinuxException.ofCall(
          "recvmsg",
          Libc.EMSGSIZE,
          "more than " + MOST_FDS + " descriptors at once, or too many open files");
    }
  }

  /** Receives exactly {@code length} bytes. @throws LinuxException as {@link #receive} */
  public void receiveFully(long address, int length, Deque<Integer> fds, long deadline) {
    for (int got = 0; got < length; ) {
      int n = receive(address + got, length - got, fds, deadline);
      if (n == 0) {
        throw LinuxException.ofCall(
            "recvmsg of " + length + " bytes, " + got + " came",
            Libc.ECONNRESET,
            "the other side has closed the connection");
      }
      got += n;
    }
  }

  private static void checkTransient(String call) {
    int errno = Native.getLastError();
    if (errno != Libc.EINTR && errno != Libc.EAGAIN) {
      throw LinuxException.ofCall(call, errno, "the other side is gone");
    }
  }

  private void await(short event, String call, long deadline) {
    long millis = -1;
    if (deadline != Long.MAX_VALUE) {
      millis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
      if (millis <= 0) {
        throw LinuxException.ofCall(call, Libc.ETIMEDOUT, "the other side does not answer");
      }
    }
    ready(event, (int) Math.min(millis, Integer.MAX_VALUE));
  }

  /**
   * Waits until there is something to receive or the other side is gone ({@link Libc#POLLIN}), or
   * until something can be sent ({@link Libc#POLLOUT}).
   *
   * @param millis −1 waits for ever, 0 looks once
   * @return false when the time is over first, or a signal interrupted
   */
  public boolean ready(short event, int millis) {
    return Libc.poll(new int[] {fd}, event, millis) > 0;
  }

  /** Ends the connection both ways: whoever is inside {@link #receive} gets 0. */
  public void shutdown() {
    Libc.shutdown(fd, SHUT_RDWR);
  }

  /** Nothing more is sent: the other side gets 0, and may still answer. */
  public void shutdownOutput() {
    Libc.shutdown(fd, SHUT_WR);
  }

  /**
   * Ends the receiving half only: whoever is inside {@link #receive} here gets 0, and the other
   * side does not see the end yet.
   */
  public void shutdownInput() {
    Libc.shutdown(fd, SHUT_RD);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.closeFd(fd);
      Mem.free(sending);
      Mem.free(receiving);
    }
  }
}

package io.netmap4j.vfio;

import io.netmap4j.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's end of a vfio-user socket: messages, not what they mean.
 *
 * <p>One request at a time, answered in time. What is not a reply to it ends the conversation, and
 * every later call says why. For one thread at a time.
 */
final class VfioUserConnection {
  private static final Logger LOG = LoggerFactory.getLogger(VfioUserConnection.class);
  private static final int DMA_READ = 11;
  private static final int DMA_WRITE = 12;

  private static final int TYPE_MASK = 0xf;
  private static final int TYPE_REPLY = 1;
  private static final int NO_REPLY = 1 << 4;
  private static final int ERROR = 1 << 5;

  /** Message id, command, size, flags, error: 16 bytes before every payload. */
  private static final int HEADER = 16;

  private static final int BUFFER = 8192;
  private static final int[] NO_FDS = {};

  final String name;
  private final UnixSocket socket;
  private final int patienceMillis;
  private final long out = Mem.allocate(BUFFER);
  private final long in = Mem.allocate(BUFFER);
  private final Deque<Integer> fds = new ArrayDeque<>();
  private int lastId;
  private NetmapException broken;
  private Boolean released;
  private boolean closed;

  /**
   * @param socket closed by {@link #close}
   * @param patienceMillis how long the server may take for an answer
   */
  VfioUserConnection(String name, UnixSocket socket, int patienceMillis) {
    this.name = name;
    this.socket = socket;
    this.patienceMillis = patienceMillis;
  }

  /** Where a request is written, while requests are possible. */
  long payload() {
    checkUsable();
    return out + HEADER;
  }

  /** Where the last reply's payload is. */
  long answer() {
    return in + HEADER;
  }

  private long deadline() {
    return System.nanoTime() + patienceMillis * 1_000_000L;
  }

  /** Sends what stands at {@link #payload} and waits for the reply. @return its payload's size */
  int request(int command, int size, int... with) {
    long deadline = deadline();
    send(command, size, 0, with, deadline);
    try {
      int replySize = receiveMessage(deadline);
      while ((Mem.getInt(in + 8) & TYPE_MASK) != TYPE_REPLY) {
        refuse(deadline);
        replySize = receiveMessage(deadline);
      }
      return checkReply(command, replySize);
    } catch (LinuxException e) {
      throw fail(e);
    } finally {
      closeFds(); // none is ever wanted
    }
  }

  /** Sends what stands at {@link #payload}; nobody answers. */
  void post(int command, int size) {
    send(command, size, NO_REPLY, NO_FDS, deadline());
  }

  private void send(int command, int size, int flags, int[] with, long deadline) {
    checkUsable();
    lastId = lastId + 1 & 0xffff;
    putHeader(lastId, command, HEADER + size, flags, 0);
    try {
      socket.send(out, HEADER + size, with, deadline);
    } catch (LinuxException e) {
      throw fail(e);
    }
  }

  private void putHeader(int id, int command, int size, int flags, int error) {
    Mem.putShort(out, (short) id);
    Mem.putShort(out + 2, (short) command);
    Mem.putInt(out + 4, size);
    Mem.putInt(out + 8, flags);
    Mem.putInt(out + 12, error);
  }

  /**
   * @return the size of the payload
   */
  private int receiveMessage(long deadline) {
    socket.receiveFully(in, HEADER, fds, deadline);
    int size = Mem.getInt(in + 4);
    check(
        size >= HEADER && size <= BUFFER, "a message of %s bytes", Integer.toUnsignedString(size));
    socket.receiveFully(answer(), size - HEADER, fds, deadline);
    return size - HEADER;
  }

  /**
   * The server asks something of us. All our memory is passed by descriptor: an access that asks is
   * one that found none.
   */
  private void refuse(long deadline) {
    int flags = Mem.getInt(in + 8);
    check((flags & TYPE_MASK) == 0, "a message of unknown type %d", flags & TYPE_MASK);
    int command = Mem.getShort(in + 2) & 0xffff;
    boolean dma = command == DMA_READ || command == DMA_WRITE;
    if (dma && Mem.getInt(in + 4) >= HEADER + 16) {
      LOG.error(
          "{}: the card was refused {} of {} bytes at 0x{}: this process has not mapped that for it",
          name,
          command == DMA_READ ? "a read" : "a write",
          Long.toUnsignedString(Mem.getLong(answer() + 8)),
          Long.toHexString(Mem.getLong(answer())));
    }
    if ((flags & NO_REPLY) == 0) {
      int errno = dma ? Libc.EFAULT : Libc.EOPNOTSUPP;
      putHeader(Mem.getShort(in) & 0xffff, command, HEADER, TYPE_REPLY | ERROR, errno);
      socket.send(out, HEADER, NO_FDS, deadline);
    }
  }

  private int checkReply(int command, int size) {
    int id = Mem.getShort(in) & 0xffff;
    int answered = Mem.getShort(in + 2) & 0xffff;
    check(
        id == lastId && answered == command,
        "reply %d to command %d when %d to %d was due",
        id,
        answered,
        lastId,
        command);
    if ((Mem.getInt(in + 8) & ERROR) != 0) {
      int errno = Mem.getInt(in + 12);
      throw new NetmapException(
          errno == Libc.EBUSY ? Libc.EBUSY : Libc.EIO,
          name
              + ": the server refuses command "
              + command
              + ": "
              + new LinuxException("error", errno, "").getMessage());
    }
    return size;
  }

  private void checkUsable() {
    if (closed) {
      throw new NetmapException(Libc.ENXIO, name + " is closed");
    }
    if (broken != null) {
      throw new NetmapException(broken.errno(), broken.getMessage(), broken);
    }
  }

  /**
   * @param what for {@link String#format}: what the server sent when it is not {@code good}
   * @throws NetmapException EIO; the conversation has ended
   */
  void check(boolean good, String what, Object... values) {
    if (!good) {
      throw fail(Libc.EIO, "the server sent " + String.format(Locale.ROOT, what, values), null);
    }
  }

  private NetmapException fail(LinuxException e) {
    return fail(
        e.errno() == Libc.ETIMEDOUT ? Libc.EIO : Libc.ENXIO,
        e.errno() == Libc.ETIMEDOUT
            ? "the server has not answered for " + patienceMillis + " ms: is it stopped?"
            : "the server is gone: " + e.getMessage(),
        e);
  }

  /** Ends the conversation; what is mapped stays mapped until {@link #released}. */
  NetmapException fail(int errno, String what, Throwable cause) {
    broken = new NetmapException(errno, name + ": " + what, cause);
    socket.shutdownOutput();
    return broken;
  }

  private void closeFds() {
    while (!fds.isEmpty()) {
      Libc.closeFd(fds.poll());
    }
  }

  /**
   * A server that has closed its end has no mapping any more: one that is dead has none, and one
   * that lives takes them back first. Asked once, waits up to a second.
   */
  boolean released() {
    if (released == null && closed) {
      return false;
    }
    if (released == null) {
      socket.shutdownOutput();
      long deadline = deadline();
      try {
        while (socket.receive(in, BUFFER, fds, deadline) > 0) {
          closeFds();
        }
        released = true;
      } catch (LinuxException e) {
        released = e.errno() == Libc.ECONNRESET;
      }
      closeFds();
    }
    return released;
  }

  boolean usable() {
    return !closed && broken == null;
  }

  NetmapException broken() {
    return broken;
  }

  /** Ends the conversation as far as we are concerned; the server is still there. */
  void broken(NetmapException why) {
    broken = why;
  }

  /** Waits for the server's end, so that it is free for the next client. */
  void close() {
    if (!closed) {
      if (broken == null) {
        released();
      }
      closed = true;
      socket.close();
      closeFds();
      Mem.free(out);
      Mem.free(in);
    }
  }
}

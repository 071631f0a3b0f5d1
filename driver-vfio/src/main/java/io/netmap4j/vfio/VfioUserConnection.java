package io.netmap4j.vfio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;
import io.netmap4j.spi.Events;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's end of a vfio-user connection: sends requests and checks replies. {@link VfioUser}
 * knows their contents.
 *
 * <p>One request at a time. A server whose socket is open and that does not answer is stalled
 * (stopped, in a debugger, short of processors): a warning is logged once, and the request waits up
 * to the time limit, as no data is lost. A message that is not a reply to the request ends the
 * connection, as does a closed socket, and every later call says why.
 *
 * <p>Requests are for one thread at a time; {@link #post} is for any, beside them.
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
  private static final int POST_BUFFER = 64;
  private static final int VERSION = 1;

  /** After so long without an answer a warning is logged. */
  private static final int STALL_MILLIS = 1000;

  /** While this is being closed: how long the server may take to answer and to unmap our memory. */
  private static final int PARTING_MILLIS = 900;

  /** How often a wait checks its time limit, which {@link #part} shortens. */
  private static final int STEP_MILLIS = 100;

  final String name;
  private final UnixSocket socket;
  private final VfioUserOutput output;
  private final int patienceMillis;
  private final long out = Mem.allocate(BUFFER);
  private final long in = Mem.allocate(BUFFER);
  private final Deque<Integer> fds = new ArrayDeque<>();
  private final AtomicInteger ids = new AtomicInteger();
  private final Object posting = new Object();
  private final long posted = Mem.allocate(POST_BUFFER);
  private int lastId;
  private Boolean released;
  private volatile NetmapException broken;
  private volatile boolean closed;
  private volatile boolean parting;

  /**
   * @param socket closed by {@link #close}
   * @param patienceMillis how long the server may take for an answer
   */
  VfioUserConnection(String name, UnixSocket socket, int patienceMillis) {
    this.name = name;
    this.socket = socket;
    this.output = new VfioUserOutput(socket);
    this.patienceMillis = patienceMillis;
  }

  /** Where the payload of a request is written. @throws NetmapException the connection has ended */
  long payload() {
    checkUsable();
    return out + HEADER;
  }

  /** The payload of the last reply. */
  long answer() {
    return in + HEADER;
  }

  /**
   * Sends the request at {@link #payload} and waits for the reply. @return the size of its payload
   */
  int request(int command, int size, int... with) {
    try {
      return exchange(command, size, with);
    } finally {
      closeFds(); // this reply carries none that we use
    }
  }

  /** As {@link #request}, for a reply that may carry a descriptor: {@link #takeFd} has it. */
  int requestFd(int command, int size) {
    return exchange(command, size, NO_FDS);
  }

  /** The descriptor of the last reply, the caller's to close; −1 for none. */
  int takeFd() {
    int fd = fds.isEmpty() ? -1 : fds.poll();
    closeFds();
    return fd;
  }

  /** Notices a server that is gone, without asking it. @throws NetmapException it is */
  void checkAlive() {
    checkUsable();
    if (Libc.hungUp(socket.fd())) {
      throw fail(LinuxException.ofCall("poll", Libc.ECONNRESET, ""));
    }
  }

  private int exchange(int command, int size, int[] with) {
    checkUsable();
    Patience patience = new Patience();
    lastId = ids.incrementAndGet() & 0xffff;
    putHeader(out, lastId, command, HEADER + size, 0, 0);
    try {
      while (!output.send(out, HEADER + size, with)) {
        patience.await(Libc.POLLOUT);
      }
      int replySize = receiveMessage(patience);
      while ((Mem.getInt(in + 8) & TYPE_MASK) != TYPE_REPLY) {
        refuse();
        replySize = receiveMessage(patience);
      }
      patience.answered();
      output.flush();
      return checkReply(command, replySize);
    } catch (LinuxException e) {
      throw fail(e);
    }
  }

  /**
   * Sends a payload of one 64-bit word and three 32-bit words, without a reply. What the socket
   * does not take is queued; this waits while {@link VfioUserOutput#MOST_KEPT} bytes are queued.
   */
  void post(int command, long first, int second, int third, int fourth) {
    synchronized (posting) { // failures, too: the socket is not closed meanwhile
      checkUsable();
      int size = HEADER + 20;
      putHeader(posted, ids.incrementAndGet() & 0xffff, command, size, NO_REPLY, 0);
      Mem.putLong(posted + HEADER, first);
      Mem.putInt(posted + HEADER + 8, second);
      Mem.putInt(posted + HEADER + 12, third);
      Mem.putInt(posted + HEADER + 16, fourth);
      try {
        Patience patience = null;
        while (!output.send(posted, size, NO_FDS)) {
          patience = patience == null ? new Patience() : patience;
          patience.await(Libc.POLLOUT);
        }
        if (patience != null) {
          patience.answered();
        }
      } catch (LinuxException e) {
        throw fail(e);
      }
    }
  }

  private static void putHeader(long at, int id, int command, int size, int flags, int error) {
    Mem.putShort(at, (short) id);
    Mem.putShort(at + 2, (short) command);
    Mem.putInt(at + 4, size);
    Mem.putInt(at + 8, flags);
    Mem.putInt(at + 12, error);
  }

  /** Measures and limits the wait for one reply. */
  private final class Patience {
    private final long begin = System.nanoTime();
    private boolean warned;

    /** Waits a step. @throws NetmapException the time is over; the connection has ended */
    void await(short event) {
      short kept = output.flush() ? 0 : Libc.POLLOUT;
      if (socket.ready((short) (event | kept), STEP_MILLIS)) {
        return;
      }
      long waited = waited();
      int limit = parting ? Math.min(PARTING_MILLIS, patienceMillis) : patienceMillis;
      if (waited >= limit) {
        throw fail(
            Libc.EIO,
            "the server has not answered for "
                + waited
                + " ms: is it stopped? kill -CONT PID resumes it",
            null);
      }
      if (waited >= STALL_MILLIS && !warned) {
        warned = true;
        Events.stall(name, "vfio-user server", waited);
        LOG.warn(
            "{}: the server has not answered for {} ms, but its connection is open: it is stopped (kill -CONT PID resumes"
                + " it) or overloaded; waiting up to {} ms (-D{})",
            name,
            waited,
            patienceMillis,
            VfioUser.PATIENCE_PROPERTY);
      }
    }

    private long waited() {
      return (System.nanoTime() - begin) / 1_000_000;
    }

    void answered() {
      if (warned) {
        LOG.warn("{}: the server answers again, after {} ms", name, waited());
      }
    }
  }

  /**
   * @return the size of the payload
   */
  private int receiveMessage(Patience patience) {
    receiveFully(in, HEADER, patience);
    int size = Mem.getInt(in + 4);
    check(
        size >= HEADER && size <= BUFFER, "a message of %s bytes", Integer.toUnsignedString(size));
    receiveFully(answer(), size - HEADER, patience);
    return size - HEADER;
  }

  private void receiveFully(long to, int size, Patience patience) {
    for (int got = 0; got < size; ) {
      int n = socket.tryReceive(to + got, size - got, fds);
      if (n < 0) {
        patience.await(Libc.POLLIN);
      } else if (n == 0) {
        throw LinuxException.ofCall(
            "recvmsg", Libc.ECONNRESET, "the other side has closed the connection");
      } else {
        got += n;
      }
    }
  }

  /**
   * Refuses a request of the server. It accesses our memory by descriptor: it asks only when it has
   * found no mapping.
   */
  private void refuse() {
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
      putHeader(out, Mem.getShort(in) & 0xffff, command, HEADER, TYPE_REPLY | ERROR, errno);
      check(output.send(out, HEADER, NO_FDS), "requests faster than it takes the replies");
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
      if (command == VERSION && errno == Libc.EBUSY) {
        throw new NetmapException(
            Libc.EBUSY,
            name
                + ": another client has this card, and it is for one at a time: end that program (ss -xp shows who is"
                + " connected), or serve one more card: netmap4j nic-model -s PATH");
      }
      throw new NetmapException(
          errno == Libc.EBUSY ? Libc.EBUSY : Libc.EIO,
          name
              + ": the server refuses command "
              + command
              + ": "
              + LinuxException.ofCall("error", errno, "").getMessage());
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
   * @throws NetmapException EIO; the connection has ended
   */
  void check(boolean good, String what, Object... values) {
    if (!good) {
      throw fail(Libc.EIO, "the server sent " + String.format(Locale.ROOT, what, values), null);
    }
  }

  private NetmapException fail(LinuxException e) {
    return fail(Libc.ENXIO, "the server is gone: " + e.getMessage(), e);
  }

  /** Ends the connection; what is mapped stays mapped until {@link #released}. */
  NetmapException fail(int errno, String what, Throwable cause) {
    NetmapException why = broken;
    if (why == null) {
      why = new NetmapException(errno, name + ": " + what, cause);
      broken = why;
      socket.shutdownOutput();
    }
    return why;
  }

  private void closeFds() {
    while (!fds.isEmpty()) {
      Libc.closeFd(fds.poll());
    }
  }

  /**
   * Whether the server has unmapped all memory: it does so before it closes its end, and a dead
   * server has no mappings. Found out once, which waits up to a second.
   */
  boolean released() {
    if (released == null && closed) {
      return false;
    }
    if (released == null) {
      socket.shutdownOutput();
      long deadline = System.nanoTime() + Math.min(PARTING_MILLIS, patienceMillis) * 1_000_000L;
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

  /** Limits all waits to {@link #PARTING_MILLIS} from now on. Any thread. */
  void part() {
    parting = true;
  }

  boolean usable() {
    return !closed && broken == null;
  }

  NetmapException broken() {
    return broken;
  }

  /** Marks the connection as unusable, without closing it. */
  void broken(NetmapException why) {
    broken = why;
  }

  /** Waits until the server has closed its end, so that the next client can connect. */
  void close() {
    if (!closed) {
      if (broken == null) {
        released();
      }
      synchronized (posting) {
        closed = true;
      }
      output.close();
      socket.close();
      closeFds();
      Mem.free(out);
      Mem.free(in);
      Mem.free(posted);
    }
  }
}

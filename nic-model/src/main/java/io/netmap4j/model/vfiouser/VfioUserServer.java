package io.netmap4j.model.vfiouser;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Threads;
import io.netmap4j.linux.UnixListener;
import io.netmap4j.linux.UnixSocket;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a card to other processes on a Unix socket, by the vfio-user protocol: to our own driver,
 * and to QEMU (10.1 or newer), which puts the card on a virtual machine's PCI bus.
 *
 * <p>One client at a time. When it goes, however it goes, the function is reset and its memory is
 * unmapped before its connection is closed; then the next one is served. Another client that
 * connects meanwhile gets EBUSY. A {@link ModelRunner} must run the card's engines.
 */
public final class VfioUserServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VfioUserServer.class);

  /** How long a client that connects while another is served has for its first message. */
  private static final long REFUSAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How many of them are answered at once; the connections of others are closed. */
  private static final int MOST_REFUSED_AT_ONCE = 64;

  private static final int WATCH_MILLIS = 100;
  private static final int MOST_GREETING = 4096;

  /** A client that has gone is cleaned up after in this time. */
  private static final long MOST_CLEANUP_MILLIS = 5000;

  private final Nic82599 card;
  private final Path path;
  private final MappedBar bar;
  private final UnixListener listener;
  private final Thread acceptor;
  private final Warnings warnings;
  private final AtomicInteger refusals = new AtomicInteger();

  // Under this object's lock.
  private VfioUserSession current;
  private Thread serving;
  private boolean closed;

  private VfioUserServer(Nic82599 card, Path path, MappedBar bar) {
    this.card = card;
    this.bar = bar;
    this.path = path;
    this.warnings = new Warnings(LOG, path.toString());
    this.listener = UnixListener.listen(path);
    this.acceptor = new Thread(this::accept, "vfio-user " + path);
    acceptor.setDaemon(true);
  }

  /**
   * Listens on {@code path}, which becomes a socket for its owner only.
   *
   * @throws NetmapException EBUSY: the card is in use in this process
   * @throws LinuxException the socket can't be made
   */
  public static VfioUserServer serve(Nic82599 card, Path path) {
    return serve(card, path, null);
  }

  /**
   * As {@link #serve(Nic82599, Path)}, with BAR 0 for the client to map.
   *
   * @param bar null: every access to BAR 0 is a message
   */
  public static VfioUserServer serve(Nic82599 card, Path path, MappedBar bar) {
    if (!card.claim()) {
      throw new NetmapException(Libc.EBUSY, "the card for " + path + " is in use in this process");
    }
    try {
      VfioUserServer server = new VfioUserServer(card, path, bar);
      server.acceptor.start();
      return server;
    } catch (RuntimeException e) {
      card.release();
      throw e;
    }
  }

  public Path path() {
    return path;
  }

  private void accept() {
    do {
      UnixSocket socket = null;
      try {
        if (!listener.await(WATCH_MILLIS)) {
          watch();
          continue;
        }
        socket = listener.accept();
        if (socket != null && !start(socket)) {
          refuseAside(socket);
        }
      } catch (LinuxException | OutOfMemoryError e) {
        // Too many open files, or too many threads: the next client may have more luck.
        warnings.warn("a client could not be served: " + e);
        if (socket != null) {
          socket.close();
        }
        pause();
      }
    } while (!stopped());
  }

  private synchronized boolean stopped() {
    return closed;
  }

  private synchronized void watch() {
    if (current != null) {
      current.watch();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      LOG.debug("{} goes on until the server is closed", Thread.currentThread().getName());
    }
  }

  /**
   * @return false when another client has the card
   */
  private synchronized boolean start(UnixSocket socket) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MOST_CLEANUP_MILLIS);
    while (current != null && current.hungUp() && System.nanoTime() - deadline < 0) {
      current.watch();
      try {
        wait(WATCH_MILLIS);
      } catch (InterruptedException e) {
        LOG.debug("{}: the wait for the last client's end goes on", path);
      }
    }
    if (current != null || closed) {
      return false;
    }
    VfioUserSession session = new VfioUserSession(card, bar, warnings, socket);
    Thread thread = new Thread(() -> run(session), "vfio-user client " + path);
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError e) {
      session.end();
      throw e;
    }
    current = session;
    serving = thread;
    return true;
  }

  private void run(VfioUserSession session) {
    LOG.debug("{}: a client has connected", path);
    try {
      session.serve();
    } finally {
      try {
        session.end();
      } finally {
        ended(session);
      }
      LOG.debug("{}: the client has gone", path);
    }
  }

  private synchronized void ended(VfioUserSession session) {
    if (current == session) {
      current = null;
    }
    notifyAll();
  }

  /** On a thread of its own: a client that sends nothing must not keep others waiting. */
  private void refuseAside(UnixSocket socket) {
    if (refusals.incrementAndGet() > MOST_REFUSED_AT_ONCE) {
      refusals.decrementAndGet();
      socket.close();
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                refuse(socket);
              } finally {
                refusals.decrementAndGet();
              }
            },
            "vfio-user refusal " + path);
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError e) {
      refusals.decrementAndGet();
      throw e; // and the caller closes the socket
    }
  }

  /** Answers the first message with EBUSY, so that the client can say why. */
  private void refuse(UnixSocket socket) {
    ArrayDeque<Integer> fds = new ArrayDeque<>();
    long header = Mem.allocate(MOST_GREETING);
    try {
      long deadline = System.nanoTime() + REFUSAL_NANOS;
      socket.receiveFully(header, VfioUser.HEADER, fds, deadline);
      int rest = Mem.getInt(header + VfioUser.SIZE_AT) - VfioUser.HEADER;
      if (rest < 0 || rest > MOST_GREETING - VfioUser.HEADER) {
        return;
      }
      // What is left unread at the close would be an ECONNRESET to the client.
      socket.receiveFully(header + VfioUser.HEADER, rest, fds, deadline);
      Mem.putInt(header + VfioUser.SIZE_AT, VfioUser.HEADER);
      Mem.putInt(header + VfioUser.FLAGS_AT, VfioUser.REPLY | VfioUser.ERROR);
      Mem.putInt(header + VfioUser.ERROR_AT, Libc.EBUSY);
      socket.send(header, VfioUser.HEADER, new int[0], deadline);
      warnings.warn("another client was refused: the card is for one at a time, and has one");
    } catch (LinuxException e) {
      LOG.debug("a client that came while another was served: {}", e.getMessage());
    } finally {
      fds.forEach(Libc::closeFd);
      socket.close();
      Mem.free(header);
    }
  }

  /** Disconnects the client, removes the socket file and releases the card. Idempotent. */
  @Override
  public void close() {
    Thread client;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      client = serving;
      if (current != null) {
        current.shutdown();
      }
    }
    listener.shutdown();
    Threads.join(acceptor);
    if (client != null) {
      Threads.join(client);
    }
    listener.close();
    card.release();
  }
}

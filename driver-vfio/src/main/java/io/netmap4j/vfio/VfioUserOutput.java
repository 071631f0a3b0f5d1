package io.netmap4j.vfio;

import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;

/**
 * Sends messages to the server, and queues what the socket does not take, as while the server is
 * stopped. Never waits. Thread safe.
 *
 * <p>Queued bytes go out before the next message; who waits for a reply calls {@link #flush}.
 */
final class VfioUserOutput {
  /**
   * The limit of the queue in bytes: some 30,000 register writes, far more than rings have slots.
   */
  static final int MOST_KEPT = 1 << 20;

  private static final int LEAST_KEPT = 1 << 12;
  private static final int[] NO_FDS = {};

  private final UnixSocket socket;
  private long kept;
  private int capacity;
  private int begin;
  private int end;
  private boolean closed;

  VfioUserOutput(UnixSocket socket) {
    this.socket = socket;
  }

  /**
   * @param fds go with it
   * @return false when it was not taken: with descriptors, which cannot be queued, when the socket
   *     is full; without, when {@link #MOST_KEPT} bytes are queued already
   * @throws LinuxException EPIPE or ECONNRESET: the server is gone
   */
  synchronized boolean send(long message, int size, int[] fds) {
    int sent = flush() ? socket.trySend(message, size, fds) : 0;
    if (sent == 0 && fds.length > 0) {
      return false;
    }
    return sent == size || keep(message + sent, size - sent);
  }

  /**
   * Sends queued bytes, as many as the socket takes.
   *
   * @return true when nothing is queued
   * @throws LinuxException as {@link #send}
   */
  synchronized boolean flush() {
    while (begin < end) {
      int sent = socket.trySend(kept + begin, end - begin, NO_FDS);
      if (sent == 0) {
        return false;
      }
      begin += sent;
    }
    begin = end = 0;
    return !closed;
  }

  private boolean keep(long bytes, int count) {
    if (closed || end - begin + count > MOST_KEPT) {
      return false;
    }
    if (end + count > capacity) {
      int more = Math.max(LEAST_KEPT, 2 * (end - begin + count));
      long moved = Mem.allocate(more);
      Mem.copy(kept + begin, moved, end - begin);
      Mem.free(kept);
      kept = moved;
      capacity = more;
      end -= begin;
      begin = 0;
    }
    Mem.copy(bytes, kept + end, count);
    end += count;
    return true;
  }

  /** Drops the queue; nothing is sent from now on. */
  synchronized void close() {
    closed = true;
    begin = end = 0;
    capacity = 0;
    Mem.free(kept);
    kept = 0;
  }
}

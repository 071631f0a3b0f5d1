package io.netmap4j.compat.host;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/**
 * A network stack of the test's own. What host rings send is in {@link #received}, or in the queue
 * of another one that this is joined to; what {@link #send} says, host rings receive.
 */
final class FakeStack implements HostLink {
  private static final int WAITING = 200;
  private static final int LEAST_ON_WIRE = 60;

  final List<byte[]> received = new ArrayList<>();
  final List<Boolean> carriers = new ArrayList<>();

  /** What every write returns instead of taking the frame; 0 takes it. */
  volatile long refusal;

  /** What every read returns when there is no frame. */
  long nothing = -Libc.EAGAIN;

  /** Called before each look for a frame. */
  Runnable between = () -> {};

  boolean closed;

  /** Takes frames without keeping them, and gives them without an end. */
  boolean endless;

  private final List<Queue<byte[]>> queues = new ArrayList<>();
  private final int[] fds;
  private FakeStack other;

  FakeStack(int queueCount) {
    fds = new int[queueCount];
    for (int q = 0; q < queueCount; q++) {
      fds[q] = Libc.eventFd();
      queues.add(new ArrayDeque<>());
    }
  }

  /** Joins two of one queue each, as a wire would: short frames are padded. */
  static FakeStack[] joined() {
    FakeStack[] both = {new FakeStack(1), new FakeStack(1)};
    both[0].other = both[1];
    both[1].other = both[0];
    return both;
  }

  void send(int queue, byte[] frame) {
    synchronized (queues) {
      queues.get(queue).add(frame);
      Libc.signal(fds[queue]);
    }
  }

  int queues() {
    return fds.length;
  }

  int waiting(int queue) {
    synchronized (queues) {
      return queues.get(queue).size();
    }
  }

  @Override
  public String name() {
    return "stack";
  }

  @Override
  public int fd(int queue) {
    return fds[queue];
  }

  @Override
  public long read(int queue, long iov, int pieces) {
    between.run();
    if (endless) {
      return 60;
    }
    byte[] frame;
    synchronized (queues) {
      frame = queues.get(queue).poll();
      if (frame == null) {
        return nothing;
      }
      if (queues.get(queue).isEmpty()) {
        Libc.drain(fds[queue]);
      }
    }
    int at = 0;
    for (int i = 0; i < pieces && at < frame.length; i++) {
      int n = (int) Math.min(Mem.getLong(iov + 16L * i + 8), frame.length - at);
      Mem.copyIn(frame, at, Mem.getLong(iov + 16L * i), n);
      at += n;
    }
    return frame.length;
  }

  @Override
  public long write(int queue, long iov, int pieces) {
    if (endless) {
      return 60;
    }
    if (refusal != 0) {
      return refusal;
    }
    if (other != null && other.waiting(0) >= WAITING) {
      return -Libc.EAGAIN;
    }
    byte[] frame = {};
    for (int i = 0; i < pieces; i++) {
      int n = (int) Mem.getLong(iov + 16L * i + 8);
      int at = frame.length;
      frame = Arrays.copyOf(frame, at + n);
      Mem.copyOut(Mem.getLong(iov + 16L * i), frame, at, n);
    }
    if (other == null) {
      received.add(frame);
    } else {
      other.send(0, Arrays.copyOf(frame, Math.max(frame.length, LEAST_ON_WIRE)));
    }
    return frame.length;
  }

  @Override
  public void carrier(boolean on) {
    synchronized (carriers) {
      carriers.add(on);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (int fd : fds) {
        Libc.closeFd(fd);
      }
    }
  }
}

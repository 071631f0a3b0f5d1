package io.netmap4j.ixgbe;

import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Wake-ups: masked except while somebody sleeps. Nothing of this is touched until the first
 * sleeper. With MSI-X, vector i is for rings i of both directions, and automatic clear and mask
 * (EIAC, EIAM) make one message one wake-up (docs/82599.md 6.2). Without, every ring is cause 0 of
 * the one line, which is held until EICR is read (6.3).
 */
final class IxgbeInterrupts {
  private static final int MAX_VECTORS = 16;

  /** Nobody sleeps for longer without looking up (NetmapPoll). */
  private static final long LONGEST_SLEEP_NANOS = 1_200_000_000;

  /** At most 20,000 wake-ups a second and vector: Linux's IXGBE_20K_ITR. */
  private static final int EITR_20K = 200;

  private final NicDevice nic;
  private final boolean messages;

  /** By vector: what wakes each sleeper, as often as it has armed a ring of that vector. */
  private final List<List<Runnable>> sleepers =
      Stream.<List<Runnable>>generate(ArrayList::new).limit(MAX_VECTORS).toList();

  private int[] fds;
  private boolean closed;

  IxgbeInterrupts(NicDevice nic) {
    this.nic = nic;
    this.messages = nic.irqMessages();
  }

  /** The descriptor of ring {@code ring}, or −1 when the device cannot interrupt us. */
  synchronized int fd(int ring, int rings) {
    if (closed) {
      return -1;
    }
    if (fds == null) {
      int vectors = Math.min(nic.irqVectors(), Math.min(rings, MAX_VECTORS));
      fds = vectors == 0 ? new int[0] : nic.enableIrqs(vectors);
      restart();
    }
    return fds.length == 0 ? -1 : fds[vector(ring)];
  }

  /** Programs the causes, also after a reset of the card. */
  synchronized void restart() {
    if (!working()) {
      return;
    }
    nic.write32(
        Reg.GPIE,
        messages ? Reg.GPIE_MSIX_MODE | Reg.GPIE_PBA_SUPPORT | Reg.GPIE_OCD | Reg.GPIE_EIAME : 0);
    for (int n = 0; n < MAX_VECTORS / 2; n++) {
      int even = vector(2 * n) | Reg.IVAR_VALID;
      int odd = vector(2 * n + 1) | Reg.IVAR_VALID;
      nic.write32(Reg.ivar(n), even | even << 8 | odd << 16 | odd << 24);
    }
    for (int v = 0; v < fds.length; v++) {
      nic.write32(Reg.eitr(v), EITR_20K);
    }
    nic.write32(Reg.EIAC, messages ? Reg.QUEUE_CAUSES : 0);
    nic.write32(Reg.EIAM, Reg.QUEUE_CAUSES);
    if (messages) {
      nic.write32(Reg.eiamEx(0), Reg.QUEUE_CAUSES);
    }
    for (int v = 0; v < fds.length; v++) {
      if (!sleepers.get(v).isEmpty()) {
        unmask(v);
      }
    }
  }

  private void unmask(int vector) {
    nic.write32(messages ? Reg.eimsEx(0) : Reg.EIMS, 1 << vector);
  }

  /**
   * The first sleeper of a vector forgets what came before: it looks once more after this. Later
   * ones leave alone what may be on its way to the first.
   */
  synchronized void arm(int ring, Runnable wake) {
    if (fds == null || fds.length == 0) {
      return;
    }
    int vector = vector(ring);
    sleepers.get(vector).add(wake);
    if (!closed && sleepers.get(vector).size() == 1) {
      rearm(vector);
    }
  }

  /** Takes the interrupt and lets the vector fire again. */
  private void rearm(int vector) {
    if (!messages) {
      nic.read32(Reg.EICR);
    }
    nic.rearmIrq(vector);
    unmask(vector);
  }

  /**
   * Rings share vectors: who takes an interrupt while others sleep wakes them. If nobody took it
   * before the last one has left, two threads that wait by turns would find the descriptor readable
   * for ever and never sleep.
   */
  synchronized void disarm(int ring, Runnable wake) {
    if (fds == null || fds.length == 0) {
      return;
    }
    int vector = vector(ring);
    List<Runnable> left = sleepers.get(vector);
    left.remove(wake);
    notifyAll();
    if (closed) {
      return;
    }
    if (left.isEmpty()) {
      nic.write32(messages ? Reg.eimcEx(0) : Reg.EIMC, 1 << vector);
      return;
    }
    // A sleeper with several rings of the vector disarms them one by one.
    List<Runnable> others = left.stream().filter(other -> other != wake).toList();
    if (!others.isEmpty() && Libc.pollIn(new int[] {fds[vector]}, 0) > 0) {
      rearm(vector);
      others.forEach(Runnable::run);
    }
  }

  /**
   * Wakes the sleepers and waits until they are up: whoever is inside poll(2) keeps the kernel's
   * file open, and its late release would switch bus mastering off under the next user (uio_release
   * of uio_pci_generic).
   */
  synchronized void close() {
    boolean was = working();
    closed = true;
    if (was) {
      try {
        wakeSleepers();
      } finally {
        nic.enableIrqs(0);
      }
    }
  }

  private void wakeSleepers() {
    long deadline = System.nanoTime() + LONGEST_SLEEP_NANOS;
    for (int v = 0; v < fds.length; v++) {
      boolean asleep = !sleepers.get(v).isEmpty();
      if (asleep && messages) {
        Libc.signal(fds[v]); // the card is stopped: without bus mastering it sends no message
      } else if (asleep) {
        unmask(v);
        nic.write32(Reg.EICS, 1 << v);
      }
    }
    boolean interrupted = false;
    for (long left = 1; left > 0 && !sleepers.stream().allMatch(List::isEmpty); ) {
      try {
        left = deadline - System.nanoTime();
        wait(Math.max(1, left / 1_000_000));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Ends the sleeps on vectors of their own, as a dead card ends none. A sleep on the line ends by
   * itself.
   */
  synchronized void wake() {
    for (int v = 0; working() && messages && v < fds.length; v++) {
      if (!sleepers.get(v).isEmpty()) {
        Libc.signal(fds[v]);
      }
    }
  }

  /** No wake-ups from now on: waits poll instead. */
  synchronized void giveUp() {
    fds = new int[0];
  }

  private boolean working() {
    return !closed && fds != null && fds.length > 0;
  }

  private int vector(int ring) {
    return ring % fds.length;
  }
}

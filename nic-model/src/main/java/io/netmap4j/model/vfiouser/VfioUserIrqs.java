package io.netmap4j.model.vfiouser;

import static io.netmap4j.model.vfiouser.VfioUser.*;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.pci.InterruptSink;
import io.netmap4j.model.pci.MsixTable;
import java.util.Arrays;
import java.util.Deque;

/**
 * What a client's SET_IRQS messages ask for, and where the card's interrupts go. One of INTx, MSI
 * and MSI-X is in use at a time, as with the kernel's vfio-pci; whoever sets an eventfd for it
 * switches it on in configuration space, too.
 *
 * <p>An MSI-X entry is unmasked when it gets an eventfd and masked when it loses it: what happens
 * meanwhile is pending, which the PBA shows. Between the two its mask bit is the client's, by BAR 4
 * or by MASK and UNMASK.
 *
 * <p>The card calls {@link #fire} and {@link #intx} under its lock, so nothing here calls the card
 * while it holds this object's.
 */
final class VfioUserIrqs implements InterruptSink {
  private static final int MSI_CONTROL = 0x52;
  private static final int MSI_ENABLE = 1;
  private static final int MSIX_CONTROL = 0x72;
  private static final int MSIX_ENABLE = 1 << 15;
  private static final int NONE_IN_USE = -1;
  private static final int ACTIONS = ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER;
  private static final int DATA = DATA_NONE | DATA_BOOL | DATA_EVENTFD;
  private static final int[] COUNTS = {1, 1, MsixTable.VECTORS, 1, 1};

  private final Nic82599 card;

  // Written by the session's thread, under this object's lock where the card's threads look.
  private final int[][] fds = new int[IRQS][];
  private int inUse = NONE_IN_USE;
  private boolean line;
  private boolean lineMasked;
  private boolean lineTold;
  private boolean msiMasked;
  private boolean msiPending;
  private int unmaskFd = -1;

  // For the watch, which takes no lock: the eventfd that is being signalled, and how many were.
  private volatile int signalling = -1;
  private volatile int signalled;
  private int seen;
  private boolean waited;

  VfioUserIrqs(Nic82599 card) {
    this.card = card;
    for (int i = 0; i < IRQS; i++) {
      fds[i] = new int[COUNTS[i]];
      Arrays.fill(fds[i], -1);
    }
    card.connectInterrupts(this, 0);
  }

  static int count(int index) {
    return COUNTS[index];
  }

  /** As vfio-pci has it: only MSI-X can change its number of vectors while it is on. */
  static int flags(int index) {
    return switch (index) {
      case INTX -> IRQ_EVENTFD | IRQ_MASKABLE | IRQ_AUTOMASKED;
      case MSIX -> IRQ_EVENTFD;
      default -> IRQ_EVENTFD | IRQ_NORESIZE;
    };
  }

  /** The eventfd whose signals unmask INTx, or −1. */
  int unmaskFd() {
    return unmaskFd;
  }

  // From the card.

  @Override
  public synchronized void fire(int vector) {
    if (inUse == MSIX) {
      signal(fds[MSIX][vector]);
    } else if (inUse == MSI && vector == 0) {
      if (msiMasked) {
        msiPending = true;
      } else {
        signal(fds[MSI][0]);
      }
    }
  }

  @Override
  public synchronized void intx(boolean asserted) {
    line = asserted;
    tellLine();
  }

  /** Once for each time that it is unmasked. */
  private void tellLine() {
    if (line && !lineMasked && inUse == INTX && fds[INTX][0] >= 0) {
      lineMasked = true;
      lineTold = true;
      signal(fds[INTX][0]);
    }
  }

  /**
   * The client has been told that the line is up, and keeps it so until it unmasks; the card may
   * have let go meanwhile. Its status says "pending" as long: a guest's uio_pci_generic would
   * otherwise find that the line, still up, is not this card's, and be called again for ever.
   */
  synchronized boolean lineHeld() {
    return lineTold;
  }

  /** With this object's lock. */
  @SuppressWarnings("NonAtomicOperationOnVolatileField")
  private void signal(int fd) {
    if (fd >= 0) {
      signalling = fd;
      Libc.signal(fd);
      signalling = -1;
      signalled++;
    }
  }

  /**
   * A client can make its eventfd a blocking one and fill it, and the card would wait in it for
   * ever. To be called now and then, always by the same thread.
   *
   * @return true when a signal has waited since the last call; it is released
   */
  boolean unblock() {
    int fd = signalling;
    int number = signalled;
    boolean stuck = fd >= 0 && waited && number == seen && !Libc.pollOut(fd);
    waited = fd >= 0;
    seen = number;
    if (stuck) {
      Libc.drainForeign(fd);
    }
    return stuck;
  }

  // From the client.

  /**
   * One SET_IRQS message.
   *
   * @param bools address of the data of DATA_BOOL
   * @param boolBytes how much there is
   * @param passed descriptors that came with it; those that are kept are taken out
   * @return 0 or a negative errno
   */
  int set(
      int flags,
      int index,
      int start,
      int count,
      long bools,
      int boolBytes,
      Deque<Integer> passed) {
    int action = flags & ACTIONS;
    int data = flags & DATA;
    if (Integer.bitCount(action) != 1
        || Integer.bitCount(data) != 1
        || (flags & ~(ACTIONS | DATA)) != 0
        || index < 0
        || index >= IRQS
        || start < 0
        || count < 0
        || start > COUNTS[index] - count
        || (data == DATA_BOOL && boolBytes < count)
        || (data != DATA_EVENTFD && !passed.isEmpty())
        || (!passed.isEmpty() && passed.size() != count)) {
      return -Libc.EINVAL;
    }
    if (count == 0) {
      if (start != 0 || flags != (DATA_NONE | ACTION_TRIGGER)) {
        return -Libc.EINVAL;
      }
      disable(index);
      return 0;
    }
    if (action == ACTION_TRIGGER) {
      return data == DATA_EVENTFD
          ? assign(index, start, count, passed)
          : trigger(index, start, count, data == DATA_BOOL ? bools : 0);
    }
    if (index <= MSIX && inUse != index) {
      return -Libc.EINVAL;
    }
    if (data == DATA_EVENTFD) {
      return index == INTX && action == ACTION_UNMASK ? assignUnmask(passed) : -Libc.EOPNOTSUPP;
    }
    for (int i = 0; i < count; i++) {
      if ((data == DATA_NONE || Mem.getByte(bools + i) != 0)
          && !mask(index, start + i, action == ACTION_MASK)) {
        return -Libc.EOPNOTSUPP;
      }
    }
    return 0;
  }

  private int assign(int index, int start, int count, Deque<Integer> passed) {
    boolean exclusive = index <= MSIX;
    if (exclusive && inUse != index && inUse != NONE_IN_USE) {
      return -Libc.EINVAL;
    }
    for (int fd : passed) {
      if (!Libc.isEventFd(fd)) {
        return -Libc.EINVAL;
      }
      Libc.nonBlocking(fd);
    }
    boolean first = exclusive && inUse == NONE_IN_USE;
    synchronized (this) {
      if (exclusive) {
        inUse = index;
      }
      for (int i = start; i < start + count; i++) {
        close(fds[index][i]);
        fds[index][i] = passed.isEmpty() ? -1 : passed.removeFirst();
      }
      if (index == INTX) {
        lineMasked = lineTold = false;
        tellLine();
      }
    }
    if (index == MSIX) {
      for (int i = start; i < start + count; i++) {
        maskEntry(i, fds[MSIX][i] < 0);
      }
    }
    if (first) {
      enable(index, true);
    }
    return 0;
  }

  private void maskEntry(int vector, boolean masked) {
    card.writeMsix(16 * vector + 12, masked ? 1 : 0);
  }

  private void enable(int index, boolean on) {
    int at = index == MSI ? MSI_CONTROL : MSIX_CONTROL;
    int bit = index == MSI ? MSI_ENABLE : MSIX_ENABLE;
    if (index == MSI || index == MSIX) {
      int control = card.readConfig(at, 2);
      if ((control & bit) != 0 != on) {
        card.writeConfig(at, 2, control ^ bit);
      }
    }
  }

  private static void close(int fd) {
    if (fd >= 0) {
      Libc.closeFd(fd);
    }
  }

  private void disable(int index) {
    if (index <= MSIX && inUse == index) {
      enable(index, false);
    }
    synchronized (this) {
      if (inUse == index) {
        inUse = NONE_IN_USE;
      }
      for (int i = 0; i < fds[index].length; i++) {
        close(fds[index][i]);
        fds[index][i] = -1;
      }
      if (index == INTX) {
        lineMasked = lineTold = false;
        close(unmaskFd);
        unmaskFd = -1;
      } else if (index == MSI) {
        msiMasked = msiPending = false;
      }
    }
    if (index == MSIX) {
      for (int i = 0; i < MsixTable.VECTORS; i++) {
        maskEntry(i, true);
      }
    }
  }

  /** As if the device had: the loopback of DATA_NONE and DATA_BOOL. */
  private int trigger(int index, int start, int count, long bools) {
    if (index <= MSIX && inUse != index) {
      return -Libc.EINVAL;
    }
    synchronized (this) {
      for (int i = 0; i < count; i++) {
        if (bools == 0 || Mem.getByte(bools + i) != 0) {
          signal(fds[index][start + i]);
        }
      }
    }
    return 0;
  }

  private int assignUnmask(Deque<Integer> passed) {
    if (!passed.isEmpty() && !Libc.isEventFd(passed.getFirst())) {
      return -Libc.EINVAL;
    }
    close(unmaskFd);
    unmaskFd = passed.isEmpty() ? -1 : passed.removeFirst();
    return 0;
  }

  /**
   * @return false where there is no such thing
   */
  private boolean mask(int index, int vector, boolean on) {
    if (index == MSIX) {
      maskEntry(vector, on);
      return true;
    }
    synchronized (this) {
      if (index == INTX) {
        lineMasked = on;
        lineTold &= on;
        tellLine();
      } else if (index == MSI) {
        msiMasked = on;
        if (!on && msiPending) {
          msiPending = false;
          signal(fds[MSI][0]);
        }
      }
    }
    return index == INTX || index == MSI;
  }

  /** The unmask eventfd was signalled. */
  void unmaskLine() {
    if (Libc.drainForeign(unmaskFd) != 0) {
      mask(INTX, 0, false);
    }
  }

  /** The function has been reset, which masked the MSI-X table: the eventfds stay in use. */
  void restore() {
    synchronized (this) {
      lineMasked = lineTold = false;
      msiPending = false;
    }
    for (int i = 0; i < MsixTable.VECTORS; i++) {
      if (fds[MSIX][i] >= 0) {
        maskEntry(i, false);
      }
    }
  }

  /** Releases the eventfds: no signal from now on. */
  void close() {
    card.connectInterrupts(InterruptSink.NONE, 0);
    for (int i = 0; i < IRQS; i++) {
      disable(i);
    }
  }
}

package io.netmap4j.model.registerfile;

import static io.netmap4j.model.registerfile.PolledRegisters.*;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.pci.PciConfig;
import io.netmap4j.model.registers.RegisterMap82599;
import io.netmap4j.model.vfiouser.MappedBar;
import java.util.concurrent.locks.LockSupport;

/**
 * A card whose registers and configuration space are files. A driver writes words of a file; what
 * it wrote is what differs from a copy of the file as the card left it last. For the one thread
 * that polls, except where noted.
 */
final class PolledCard implements MappedBar, AutoCloseable {
  /** docs/82599.md 1.2: what lies behind the registers reads as it was written. */
  static final long BAR0_BYTES = 512 << 10;

  private static final int COMMAND = 0x04;
  private static final int MASTER = 0x4;

  private static final long REFRESH_NANOS = 20_000;

  /** CTRL.RST and LRST. */
  private static final int RESETS = 1 << 26 | 1 << 3;

  private final Nic82599 card;
  private final SharedFile registers;
  private final SharedFile config;
  private final long bar;
  private final long space;
  private final long shadow = Mem.allocate(RegisterMap82599.SIZE);
  private final long spaceShadow = Mem.allocate(PciConfig.SIZE);

  // Tails of the enabled queues.
  private final int[] tails = new int[2 * QUEUES];
  private int rxTails;
  private int tailCount;

  private long rxDoorbells;
  private long txDoorbells;
  private volatile boolean masterOff;
  private volatile boolean stale;
  private volatile boolean closed;

  /**
   * Shows {@code card} as it is.
   *
   * @param registers BAR 0, {@link #BAR0_BYTES}
   * @param config configuration space; null: it is reached in another way
   */
  PolledCard(Nic82599 card, SharedFile registers, SharedFile config) {
    this.card = card;
    this.registers = registers;
    this.config = config;
    this.bar = registers.address();
    this.space = config == null ? 0 : config.address();
    showAll();
  }

  Nic82599 card() {
    return card;
  }

  SharedFile registers() {
    return registers;
  }

  /** Writes of RDT that were seen. Several between two polls are one. */
  long rxDoorbells() {
    return rxDoorbells;
  }

  /** Writes of TDT that were seen. */
  long txDoorbells() {
    return txDoorbells;
  }

  /** The driver's process has ended: bus mastering goes off, as the kernel does it. Any thread. */
  void masterOff() {
    masterOff = true;
  }

  @Override
  public int fd() {
    return registers.fd();
  }

  /** The card was reset or written to in another way: what the file holds is not to be taken in. */
  @Override
  public void refresh() {
    stale = true;
    while (stale && !closed) {
      LockSupport.parkNanos(REFRESH_NANOS);
    }
  }

  private int word(int offset) {
    return Mem.getIntVolatile(bar + offset);
  }

  private boolean changed(int offset) {
    return word(offset) != Mem.getInt(shadow + offset);
  }

  /**
   * Takes in doorbells.
   *
   * @return true when a register has changed that a driver waits for: {@link #scan} is due
   */
  boolean doorbells() {
    if (stale) {
      showAll();
      findTails();
      stale = false;
    }
    for (int i = 0; i < tailCount; i++) {
      int offset = tails[i];
      if (changed(offset)) {
        ring(offset, i < rxTails);
      }
    }
    boolean waiting = masterOff;
    for (int offset : PROMPT) {
      waiting |= changed(offset);
    }
    return waiting;
  }

  private void ring(int offset, boolean rx) {
    int value = word(offset);
    Mem.putInt(shadow + offset, value);
    card.write(offset, value);
    if (rx) {
      rxDoorbells++;
    } else {
      txDoorbells++;
    }
  }

  /**
   * Takes in whatever has changed.
   *
   * @return false when nothing had
   */
  boolean scan() {
    boolean entered = card.memory().enter();
    try {
      boolean found = control() | configuration();
      for (int offset : ORDER) {
        if (changed(offset)) {
          take(offset);
          found = true;
        }
      }
      if (found) {
        findTails();
        show();
      }
      return idleTails() || found;
    } finally {
      if (entered) {
        card.memory().exit();
      }
    }
  }

  /** CTRL. A reset makes void what was written before it. */
  private boolean control() {
    int offset = changed(CTRL) ? CTRL : CTRL_ALIAS;
    if (!changed(offset)) {
      return false;
    }
    int value = word(offset);
    card.write(offset, value);
    if ((value & RESETS) != 0) {
      showAll();
    } else {
      Mem.putInt(shadow + offset, value);
      show(CTRL);
      show(CTRL_ALIAS);
    }
    return true;
  }

  private boolean configuration() {
    if (config == null) {
      return false;
    }
    boolean found = masterOff;
    if (masterOff) {
      masterOff = false;
      card.writeConfig(COMMAND, 2, card.readConfig(COMMAND, 2) & ~MASTER);
    }
    for (int at = 0; at < PciConfig.SIZE; at += 4) {
      int value = Mem.getIntVolatile(space + at);
      int difference = value ^ Mem.getInt(spaceShadow + at);
      if (difference != 0) {
        Mem.putInt(spaceShadow + at, value);
        // By halves: command and status share a word, and ones clear bits of the status.
        if ((difference & 0xFFFF) != 0) {
          card.writeConfig(at, 2, value & 0xFFFF);
        }
        if (difference >>> 16 != 0) {
          card.writeConfig(at + 2, 2, value >>> 16);
        }
        found = true;
      }
    }
    if (found) {
      showConfig();
    }
    return found;
  }

  /** As if the driver had reset the card. */
  void reset() {
    Mem.putIntRelease(bar + CTRL, RESETS);
  }

  private void take(int offset) {
    int value = word(offset);
    Mem.putInt(shadow + offset, value);
    card.write(offset, value);
    show(offset);
  }

  /** Tails of queues that were not enabled when {@link #doorbells} looked. */
  private boolean idleTails() {
    boolean found = false;
    for (int i = 0; i < TAILS.length; i++) {
      if (changed(TAILS[i])) {
        ring(TAILS[i], i < QUEUES);
        found = true;
      }
    }
    return found;
  }

  private void findTails() {
    tailCount = 0;
    for (int i = 0; i < TAILS.length; i++) {
      if ((card.peek(CONTROLS[i]) & ENABLE) != 0) {
        tails[tailCount++] = TAILS[i];
      }
      if (i == QUEUES - 1) {
        rxTails = tailCount;
      }
    }
  }

  private int visible(int offset) {
    return hidden(offset) ? 0 : card.peek(offset);
  }

  /** Shows what the card has changed itself: heads, link, timers. */
  void show() {
    boolean entered = card.memory().enter();
    try {
      show(CTRL);
      show(CTRL_ALIAS);
      for (int offset : TAILS) {
        show(offset);
      }
      for (int offset : ORDER) {
        show(offset);
      }
    } finally {
      if (entered) {
        card.memory().exit();
      }
    }
  }

  /** A word that the driver writes at this moment is left to the next scan. */
  private void show(int offset) {
    int value = visible(offset);
    int before = Mem.getInt(shadow + offset);
    if (value != before && Mem.compareAndSetInt(bar + offset, before, value)) {
      Mem.putInt(shadow + offset, value);
    }
  }

  /** After a reset: every register, whatever the driver wrote meanwhile; those it polls last. */
  private void showAll() {
    boolean entered = card.memory().enter();
    try {
      for (int offset : TAILS) {
        put(offset);
      }
      for (int offset : ORDER) {
        put(offset);
      }
      showConfig();
      tailCount = 0;
      rxTails = 0;
      put(CTRL_ALIAS);
      put(CTRL);
    } finally {
      if (entered) {
        card.memory().exit();
      }
    }
  }

  private void put(int offset) {
    int value = visible(offset);
    Mem.putInt(shadow + offset, value);
    Mem.putIntRelease(bar + offset, value);
  }

  private void showConfig() {
    if (config == null) {
      return;
    }
    for (int at = 0; at < PciConfig.SIZE; at += 4) {
      int value = card.readConfig(at, 4);
      int before = Mem.getInt(spaceShadow + at);
      if (value != before && Mem.compareAndSetInt(space + at, before, value)) {
        Mem.putInt(spaceShadow + at, value);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    registers.close();
    if (config != null) {
      config.close();
    }
    Mem.free(shadow);
    Mem.free(spaceShadow);
  }
}

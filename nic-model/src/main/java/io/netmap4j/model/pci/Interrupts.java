package io.netmap4j.model.pci;

import io.netmap4j.model.registers.Register;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.LongSupplier;

/**
 * Causes, masks and messages (docs/82599.md 6, and 10.6 item 2 where the sources are silent). For
 * who holds the card's lock.
 *
 * <p>Bits 0 to 63 of {@code causes} are the queue vectors, of which 0 to 15 are EICR's; {@code
 * other} holds EICR bits 16 to 31. {@code due} has the vectors with a cause newer than their last
 * message, so that a cause that stays makes one message. Messages are sent by {@link #deliver},
 * once for a batch of work.
 */
public final class Interrupts {
  public static final int LSC = 1 << 20;

  /** The thermal sensor, on an X540 and an X550: LX and FreeBSD IXGBE_EICR_TS. */
  public static final int TS = 1 << 23;

  private static final int QUEUE_BITS = 0xFFFF;
  private static final int TCP_TIMER = 1 << 30;
  private static final int OTHER = 1 << 31;
  private static final int ROUSING = 0x3FFF0000;
  private static final int MSIX_MODE = 1 << 4;
  private static final int OCD = 1 << 5;
  private static final int EIAME = 1 << 30;
  private static final int VALID = 0x80;

  private static final int EIAC = RegisterMap82599.find("EIAC").offset();
  private static final int EIAM = RegisterMap82599.find("EIAM").offset();
  private static final Register EIAM_EX = RegisterMap82599.find("EIAM_EX");
  private static final Register EITR = RegisterMap82599.find("EITR");
  private static final int GPIE = RegisterMap82599.find("GPIE").offset();
  private static final Register IVAR = RegisterMap82599.find("IVAR");
  private static final int IVAR_MISC = RegisterMap82599.find("IVAR_MISC").offset();

  private final RegisterFile registers;
  private final PciConfig config;
  private final MsixTable table;
  private final LongSupplier clock;
  private final long[] quietUntil = new long[MsixTable.VECTORS];
  private long throttled;
  private InterruptSink sink = InterruptSink.NONE;
  private long causes;
  private long mask;
  private long due;
  private int other;
  private int otherMask;
  private int otherDue;
  private boolean line;

  public Interrupts(RegisterFile registers, PciConfig config, MsixTable table, LongSupplier clock) {
    this.registers = registers;
    this.config = config;
    this.table = table;
    this.clock = clock;
    registers.onRead("EICR", i -> readAndClear());
    registers.onWrite("EICR", (i, value) -> clear(value));
    registers.onRead("EICS", i -> eicr());
    registers.onWrite("EICS", (i, value) -> set(value));
    registers.onRead("EIMS", i -> eims());
    registers.onWrite("EIMS", (i, value) -> enable(value & QUEUE_BITS, value & ~QUEUE_BITS));
    registers.onRead("EIMC", i -> 0);
    registers.onWrite("EIMC", (i, value) -> disable(value & QUEUE_BITS, value & ~QUEUE_BITS));
    registers.onRead("EICS_EX", i -> (int) (causes >>> 32 * i));
    registers.onWrite("EICS_EX", (i, value) -> setQueues(wide(i, value)));
    registers.onRead("EIMS_EX", i -> (int) (mask >>> 32 * i));
    registers.onWrite("EIMS_EX", (i, value) -> enable(wide(i, value), 0));
    registers.onRead("EIMC_EX", i -> 0);
    registers.onWrite("EIMC_EX", (i, value) -> disable(wide(i, value), 0));
  }

  public void sink(InterruptSink newSink) {
    sink = newSink;
    line = false;
  }

  /** What a reset leaves: no cause, no mask. */
  public void reset() {
    causes = 0;
    mask = 0;
    due = 0;
    other = 0;
    otherMask = 0;
    otherDue = 0;
    throttled = 0;
    deliver();
  }

  public void rx(int queue) {
    queueCause(registers.get(IVAR.offset(queue >> 1)) >>> 16 * (queue & 1));
  }

  public void tx(int queue) {
    queueCause(registers.get(IVAR.offset(queue >> 1)) >>> 16 * (queue & 1) + 8);
  }

  private void queueCause(int ivar) {
    if ((ivar & VALID) != 0) {
      // Without MSI-X, IVAR names one of EICR's 16 queue bits.
      long bit = 1L << (ivar & (multiple() ? 0x3F : 0xF));
      causes |= bit;
      due |= bit;
    }
  }

  /** One of EICR's bits 16 to 30 happened. */
  public void raise(int bits) {
    other |= bits;
    otherDue |= bits;
  }

  private boolean multiple() {
    return (registers.get(GPIE) & MSIX_MODE) != 0;
  }

  private static long wide(int index, int value) {
    return (value & 0xFFFFFFFFL) << 32 * index;
  }

  private int eicr() {
    return (int) (causes & QUEUE_BITS) | other | ((other & ROUSING) != 0 ? OTHER : 0);
  }

  private int eims() {
    return (int) (mask & QUEUE_BITS) | otherMask;
  }

  private int readAndClear() {
    int value = eicr();
    autoMaskOnAccess(value);
    // OCD: a read leaves the queues' bits to EIAC and to a write of ones (docs/82599.md 10.6 item
    // 2).
    clear((registers.get(GPIE) & OCD) != 0 ? ROUSING : -1);
    return value;
  }

  private void clear(int bits) {
    causes &= ~(bits & QUEUE_BITS);
    other &= ~bits;
    if ((other & ROUSING) == 0) {
      other &= ~OTHER;
    }
  }

  /** Without EIAME the mask of EIAM is applied when EICR is read (docs/82599.md 6.2). */
  private void autoMaskOnAccess(int seen) {
    if ((registers.get(GPIE) & EIAME) == 0 && seen != 0) {
      int automatic = registers.get(EIAM);
      disable(automatic & QUEUE_BITS, automatic & ~QUEUE_BITS);
    }
  }

  private void set(int bits) {
    int automatic = registers.get(EIAM);
    enable(bits & automatic & QUEUE_BITS, bits & automatic & ~QUEUE_BITS);
    setQueues(bits & QUEUE_BITS);
    raise(bits & ~QUEUE_BITS);
  }

  private void setQueues(long bits) {
    mask |= bits & eiamEx();
    causes |= bits;
    due |= bits;
  }

  private long eiamEx() {
    return wide(0, registers.get(EIAM_EX.offset(0)) | (registers.get(EIAM) & QUEUE_BITS))
        | wide(1, registers.get(EIAM_EX.offset(1)));
  }

  /** A cause that waited for its mask makes a message now. */
  private void enable(long queues, int others) {
    mask |= queues;
    otherMask |= others;
    due |= queues & causes;
    otherDue |= others & other;
  }

  private void disable(long queues, int others) {
    mask &= ~queues;
    otherMask &= ~others;
  }

  /** Sends what is due and not masked or throttled. Cheap when nothing is. */
  public void deliver() {
    due &= causes;
    otherDue &= other;
    if (multiple() && config.msixEnabled()) {
      if ((due & mask) != 0) {
        deliverQueues();
      }
      if ((otherDue & otherMask) != 0) {
        deliverOthers();
      }
      releasePending();
    } else {
      deliverSingle();
    }
  }

  private void deliverQueues() {
    for (long left = due & mask; left != 0; left &= left - 1) {
      int vector = Long.numberOfTrailingZeros(left);
      if (message(vector)) {
        long bit = 1L << vector;
        due &= ~bit;
        // Vectors from 16 on have no EICR bit to clear by hand.
        boolean automatic = vector > 15 || (registers.get(EIAC) & (int) bit) != 0;
        causes &= automatic ? ~bit : -1L;
        if ((registers.get(GPIE) & EIAME) != 0) {
          mask &= ~(bit & eiamEx());
        }
      }
    }
  }

  private void deliverOthers() {
    int misc = registers.get(IVAR_MISC);
    deliverOther(otherDue & otherMask & TCP_TIMER, misc);
    deliverOther(otherDue & otherMask & ~TCP_TIMER, misc >>> 8);
  }

  private void deliverOther(int bits, int ivar) {
    if (bits != 0 && (ivar & VALID) != 0 && message(ivar & 0x3F)) {
      otherDue &= ~bits;
      other &= ~(bits & registers.get(EIAC));
      if ((registers.get(GPIE) & EIAME) != 0) {
        otherMask &= ~(bits & registers.get(EIAM));
      }
    }
  }

  /** An MSI, or the INTx line: all causes share it. MSI-X without MSIX_MODE uses vector 0. */
  private void deliverSingle() {
    boolean active = (eicr() & eims()) != 0;
    boolean intx = active && !config.messageSignalled() && !config.intxDisabled();
    config.interruptStatus(active);
    if (intx != line) {
      line = intx;
      sink.intx(intx);
    }
    boolean fresh = (due & mask & QUEUE_BITS) != 0 || (otherDue & otherMask) != 0;
    if (config.messageSignalled() && active && fresh && message(0)) {
      due = 0;
      otherDue = 0;
    }
    if (config.msixEnabled()) {
      releasePending();
    }
  }

  /**
   * Sends a message or makes it pending.
   *
   * @return false while EITR holds it back, or bus mastering is off: a message is a memory write
   */
  private boolean message(int vector) {
    if (!config.busMaster()) {
      return false;
    }
    long now = clock.getAsLong();
    if ((throttled >>> vector & 1) != 0 && now - quietUntil[vector] < 0) {
      return false;
    }
    // [11:3] in units of 2 us (docs/82599.md 2.2).
    long interval = (registers.get(EITR.offset(vector)) >> 3 & 0x1FF) * 2000L;
    quietUntil[vector] = now + interval;
    throttled = interval == 0 ? throttled & ~(1L << vector) : throttled | 1L << vector;
    if (!config.msixEnabled()) {
      sink.fire(vector);
    } else if (config.msixMasked() || table.masked(vector)) {
      table.setPending(vector);
    } else {
      sink.fire(vector);
    }
    return true;
  }

  private void releasePending() {
    if (config.busMaster() && !config.msixMasked()) {
      for (long left = table.takeUnmasked(); left != 0; left &= left - 1) {
        sink.fire(Long.numberOfTrailingZeros(left));
      }
    }
  }
}

package io.netmap4j.model.registers;

/**
 * What a driver may do to the queue registers and when: tails, heads, rings, enables (docs/82599.md
 * 3.1 steps 11 and 12, 4.7). One object for each direction. Everything but {@link #checkTail} is
 * for who holds the card's lock.
 */
public final class QueueRules {
  private static final int ENABLE = 1 << 25;
  private static final int SWFLSH = 1 << 26;
  private static final int DESCRIPTOR_SHIFT = 4;

  /** Hears of a queue's software flush. */
  public interface OnFlush {
    void flush(int queue);
  }

  private final RegisterFile registers;
  private final String name;
  private final Register length;
  private final Register head;
  private final Register tail;
  private final Register control;

  /**
   * @param letter R or T
   */
  public QueueRules(RegisterFile registers, char letter, OnFlush onFlush) {
    this.registers = registers;
    this.name = letter == 'R' ? "RX" : "TX";
    this.length = row(letter + "DLEN");
    this.head = row(letter + "DH");
    this.tail = row(letter + "DT");
    this.control = row(name + "DCTL");
    for (String base : new String[] {letter + "DBAL", letter + "DBAH", letter + "DLEN"}) {
      Register row = row(base);
      registers.onWrite(base, (queue, value) -> ring(row, queue, value));
    }
    registers.onWrite(letter + "DH", this::writeHead);
    registers.onWrite(name + "DCTL", (queue, value) -> writeControl(queue, value, onFlush));
  }

  private static Register row(String name) {
    return RegisterMap82599.find(name);
  }

  private int get(Register row, int queue) {
    return registers.get(row.offset(queue));
  }

  private boolean enabled(int queue) {
    return (get(control, queue) & ENABLE) != 0;
  }

  private void ring(Register row, int queue, int value) {
    if (enabled(queue) && value != get(row, queue)) {
      registers.refuse(row.offset(queue), value, "the queue is enabled: its ring cannot move");
    }
    registers.store(row.offset(queue), value);
  }

  /** ixy and DPDK write 0 over a 0 after ENABLE: that changes nothing and is fine. */
  private void writeHead(int queue, int value) {
    if (enabled(queue) && value != get(head, queue)) {
      registers.refuse(head.offset(queue), value, "the queue is enabled: the head is the card's");
    }
    registers.store(head.offset(queue), value);
  }

  private void writeControl(int queue, int value, OnFlush onFlush) {
    if ((value & ENABLE) != 0 && !enabled(queue)) {
      checkEnable(queue, value);
    }
    registers.store(control.offset(queue), value);
    if ((value & SWFLSH) != 0) {
      onFlush.flush(queue);
    }
  }

  private void checkEnable(int queue, int value) {
    int at = control.offset(queue);
    if (get(length, queue) == 0) {
      registers.refuse(at, value, "enabled with a ring of length 0: set " + length + " first");
    }
    int entries = get(length, queue) >>> DESCRIPTOR_SHIFT;
    if (entries != 0
        && (outside(get(head, queue), entries) || outside(get(tail, queue), entries))) {
      registers.refuse(at, value, "enabled with head or tail outside a ring of " + entries);
    }
    if (control.name().equals("RXDCTL")) {
      checkReceive(queue, at, value);
    } else if ((registers.get(row("DMATXCTL").offset()) & 1) == 0) {
      // iPXE intelx_open does so, and has worked for years. LX ixgbe_configure_tx's comment and
      // docs/82599.md 3.1 have it the other way.
      registers.warn(
          at,
          value,
          "DMATXCTL.TE should be set before a queue is enabled: it sends once TE is set "
              + "(docs/82599.md 3.1)");
    }
  }

  private void checkReceive(int queue, int at, int value) {
    int srrctl = get(row("SRRCTL"), queue);
    int kilobytes = srrctl & 0x1F;
    if (kilobytes < 1 || kilobytes > 16) {
      registers.refuse(
          at, value, "SRRCTL.BSIZEPACKET is " + kilobytes + " KB, not 1 to 16 (docs/82599.md 4.5)");
    }
    if ((srrctl >>> 25 & 7) > 1) {
      registers.refuse(
          at,
          value,
          "SRRCTL.DESCTYPE splits headers, which the 82599 must not do " + "(docs/82599.md 4.10)");
    }
  }

  private static boolean outside(int index, int entries) {
    return index < 0 || index >= entries;
  }

  /**
   * Checks a doorbell, without the card's lock.
   *
   * @param busMaster the card may read memory
   * @return null, or the rule that it breaks
   */
  public String checkTail(int queue, int value, boolean busMaster) {
    if (!enabled(queue)) {
      return value == 0
          ? null
          : "the queue is not enabled: poll ENABLE = 1 first " + "(docs/82599.md 3.1)";
    }
    int entries = get(length, queue) >>> DESCRIPTOR_SHIFT;
    if (outside(value, entries)) {
      return "the tail is outside a ring of " + entries;
    }
    int old = get(tail, queue);
    int card = get(head, queue);
    int added = value - old < 0 ? value - old + entries : value - old;
    int room = card - old - 1 < 0 ? card - old - 1 + entries : card - old - 1;
    if (added > room) {
      return "the tail passes the head, " + card + ": at most " + room + " may be added";
    }
    return added == 0 || busMaster ? null : "bus mastering is off (docs/82599.md 1.4)";
  }
}

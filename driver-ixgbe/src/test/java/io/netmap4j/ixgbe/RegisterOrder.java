package io.netmap4j.ixgbe;

import io.netmap4j.ixgbe.RegisterTrace.Access;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Orders of accesses that Linux and DPDK keep and a card may count on. Follows a trace from its
 * first access and tells which rules it breaks.
 */
final class RegisterOrder {
  static final String MASKED = "all causes are masked before a reset";
  static final String QUIET = "GIO_DIS is set and STATUS read before a running card is reset";
  static final String RESET_DONE = "after a reset nothing is written until CTRL has been read back";
  static final String RING_FIRST = "a queue has a ring before it is enabled";
  static final String TX_ENGINE = "DMATXCTL.TE is set before a TXDCTL.ENABLE";
  static final String POLLED = "ENABLE has been read back before the tail moves";
  static final String ARBITER = "MTQC is written while RTTDCS.ARBDIS is set";
  static final String HELD = "RXEN is set while RX_DIS is set and SECRXSTAT was ready";
  static final String RXEN_LAST = "no RX queue is enabled for the first time after RXEN";
  static final String CRC = "HLREG0.RXCRCSTRP and RDRXCTL.CRCSTRIP are equal when RXEN is set";
  static final String RXEN_OFF_FIRST = "RXEN is off before an RX queue is disabled";
  static final String VECTORS = "GPIE and IVAR are written before a queue's cause is unmasked";
  static final String ADDRESS = "RAL does not change while RAH.AV is set";

  private static final int ENABLE = 1 << 25;
  private static final int ALL_CAUSES = 0x7fffffff;
  private static final int QUEUE_CAUSES = 0xffff;
  private static final int RESETS = 1 << 26 | 1 << 3;
  private static final int PHY_SEMAPHORES = 3 << 1;

  /** To the firmware of an X550. */
  private static final int STOP_RECEIVER = 0xDE;

  private final Map<String, Integer> held = new HashMap<>();
  private final Set<String> polled = new HashSet<>();
  private final Set<String> broken = new TreeSet<>();
  private boolean masked;
  private boolean running;
  private boolean quiet;
  private boolean resetting;
  private boolean underSemaphore;

  private RegisterOrder() {}

  static Set<String> broken(List<Access> trace) {
    RegisterOrder order = new RegisterOrder();
    trace.forEach(order::follow);
    return order.broken;
  }

  private void rule(String rule, boolean kept) {
    if (!kept) {
      broken.add(rule);
    }
  }

  /** What the card holds, as far as the trace has shown. */
  private int held(String register, int index) {
    return held.getOrDefault(register + index, 0);
  }

  private int held(String register) {
    return held(register, -1);
  }

  private static boolean on(int value, int bits) {
    return (value & bits) == bits;
  }

  private void follow(Access a) {
    if (a.write()) {
      rule(RESET_DONE, !resetting || letsGo(a));
      write(a);
    } else {
      read(a);
    }
    held.put(a.register() + a.index(), a.value());
    if (a.write() && a.register().equals("CTRL") && (a.value() & RESETS) != 0) {
      reset();
    }
  }

  /** Who resets under the PHY's semaphore lets go of that first. */
  private boolean letsGo(Access a) {
    return underSemaphore && (a.register().equals("GSSR") || a.register().equals("SWSM"));
  }

  private void reset() {
    underSemaphore = (held("GSSR") & PHY_SEMAPHORES) != 0;
    held.clear();
    polled.clear();
    resetting = true;
    running = false;
  }

  private void read(Access a) {
    switch (a.register()) {
      case "CTRL" -> resetting &= (a.value() & RESETS) != 0;
      case "STATUS" -> quiet |= on(held("CTRL"), Reg.CTRL_GIO_DIS);
      case "RXDCTL", "TXDCTL" -> {
        if (on(a.value(), ENABLE)) {
          polled.add(a.register() + a.index());
        }
      }
      case "SECRXSTAT" -> {
        if (on(a.value(), 1) && on(held("SECRXCTRL"), 2)) {
          polled.add(a.register());
        }
      }
      default -> {}
    }
  }

  private void write(Access a) {
    int value = a.value();
    int i = a.index();
    switch (a.register()) {
      case "CTRL" -> {
        rule(MASKED, (value & RESETS) == 0 || masked);
        rule(QUIET, (value & RESETS) == 0 || quiet || !running);
      }
      case "EIMC" -> masked |= on(value, ALL_CAUSES);
      case "EIMS", "EIMS_EX" -> unmask(value);
      case "RXDCTL", "TXDCTL" -> control(a.register().substring(0, 1), i, value);
      case "RDT", "TDT" -> {
        String name = a.register().charAt(0) + "XDCTL";
        rule(POLLED, value == 0 || polled.contains(name + i));
      }
      case "MTQC" -> rule(ARBITER, on(held("RTTDCS"), 1 << 6));
      case "RXCTRL" -> receive(on(value, 1));
      case "COMMAND" -> {
        if (value == STOP_RECEIVER) {
          held.put("RXCTRL-1", 0);
        }
      }
      case "SECRXCTRL" -> polled.remove("SECRXSTAT");
      case "RAL" -> rule(ADDRESS, held("RAH", i) >= 0 || held("RAL", i) == value);
      default -> {}
    }
  }

  private void unmask(int causes) {
    masked &= causes == 0;
    rule(
        VECTORS,
        (causes & QUEUE_CAUSES) == 0 || held.containsKey("GPIE-1") && held.containsKey("IVAR0"));
  }

  private void control(String letter, int queue, int value) {
    boolean enables = on(value, ENABLE);
    boolean enabled = on(held(letter + "XDCTL", queue), ENABLE);
    if (enables && !enabled) {
      running = true;
      quiet = false;
      rule(RING_FIRST, held(letter + "DLEN", queue) != 0);
      rule(TX_ENGINE, letter.equals("R") || on(held("DMATXCTL"), 1));
      rule(RXEN_LAST, letter.equals("T") || !on(held("RXCTRL"), 1));
    }
    if (!enables) {
      polled.remove(letter + "XDCTL" + queue);
      rule(RXEN_OFF_FIRST, !enabled || letter.equals("T") || !on(held("RXCTRL"), 1));
    }
  }

  private void receive(boolean on) {
    if (on) {
      rule(HELD, polled.contains("SECRXSTAT") && on(held("SECRXCTRL"), 2));
      rule(CRC, on(held("HLREG0"), 2) == on(held("RDRXCTL"), 2));
    }
  }
}

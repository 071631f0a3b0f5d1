package io.netmap4j.model.registerfile;

import io.netmap4j.model.registers.Register;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which registers a polled card looks at, and in which order it applies what it finds changed. The
 * order in which a driver wrote them cannot be seen: this one is right for every driver that sets a
 * queue up before it enables it.
 */
final class PolledRegisters {
  static final int CTRL = RegisterMap82599.find("CTRL").offset();
  static final int CTRL_ALIAS = CTRL + 4;
  static final int QUEUES = RegisterMap82599.find("RDT").count();

  /** RDT of each queue, then TDT of each. */
  static final int[] TAILS = ofQueues("RDT", "TDT");

  /** RXDCTL of each queue, then TXDCTL of each. */
  static final int[] CONTROLS = ofQueues("RXDCTL", "TXDCTL");

  static final int ENABLE = 1 << 25;

  /** Drivers wait for an answer of these: looked at as often as doorbells. */
  static final int[] PROMPT = {
    CTRL,
    CTRL_ALIAS,
    RegisterMap82599.find("EERD").offset(),
    RegisterMap82599.find("MSCA").offset(),
    RegisterMap82599.find("I2CCTL").offset()
  };

  /**
   * Every defined word but CTRL and the tails, by address; then the queues' control registers, then
   * RXCTRL.
   */
  static final int[] ORDER = order();

  /** What a read would clear, by word: shown as 0. */
  private static final boolean[] HIDDEN = hidden();

  private PolledRegisters() {}

  private static int[] ofQueues(String receive, String transmit) {
    int[] offsets = new int[2 * QUEUES];
    for (int queue = 0; queue < QUEUES; queue++) {
      offsets[queue] = RegisterMap82599.find(receive).offset(queue);
      offsets[QUEUES + queue] = RegisterMap82599.find(transmit).offset(queue);
    }
    return offsets;
  }

  private static int[] order() {
    Set<String> tails = Set.of("RDT", "TDT", "CTRL");
    Set<String> controls = Set.of("RXDCTL", "TXDCTL");
    List<Integer> order = new ArrayList<>();
    List<Integer> last = new ArrayList<>();
    for (int offset = 0; offset < RegisterMap82599.SIZE; offset += 4) {
      Register row = RegisterMap82599.map().row(offset >> 2);
      if (row != null && !tails.contains(row.name()) && !row.name().equals("RXCTRL")) {
        (controls.contains(row.name()) ? last : order).add(offset);
      }
    }
    order.addAll(last);
    order.add(RegisterMap82599.find("RXCTRL").offset());
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private static boolean[] hidden() {
    boolean[] hidden = new boolean[RegisterMap82599.SIZE / 4];
    for (int word = 0; word < hidden.length; word++) {
      Register row = RegisterMap82599.map().row(word);
      hidden[word] =
          row != null && (row.access() == Register.Access.RC || row.name().equals("EICR"));
    }
    return hidden;
  }

  /** A counter that a read clears, or EICR: no poll can tell that it was read. */
  static boolean hidden(int offset) {
    return HIDDEN[offset >> 2];
  }
}

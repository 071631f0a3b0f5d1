package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.ModuleKind;

/**
 * Which words have gone to CORECTL. The words are made up; that there are some for each port and
 * class of module is docs/82599.md 3.5. They stay over all resets, since drivers write them before
 * they reset the card, and once for a module (LX ixgbe_reset_hw_82599).
 */
final class AnalogWords {
  private static final int[][] DIRECT_ATTACH = {{0x0A10, 0x1D33}, {0x0A11, 0x1D44}};
  private static final int[][] OPTICAL = {{0x0A10, 0x2E55}, {0x0A11, 0x2E66}};

  private final int lanId;
  private int before;
  private int last;

  AnalogWords(int lanId) {
    this.lanId = lanId;
  }

  /** What the NVM has for a port; null: nothing. */
  static int[] of(ModuleKind.Class kind, int lanId) {
    return switch (kind) {
      case DIRECT_ATTACH -> DIRECT_ATTACH[lanId];
      case OPTICAL -> OPTICAL[lanId];
      case OTHER -> null;
    };
  }

  void write(int word) {
    before = last;
    last = word;
  }

  void forget() {
    before = last = 0;
  }

  /** True when the last words were this module's. */
  boolean right(ModuleKind module) {
    int[] words = of(module.analog(), lanId);
    return words == null || words[0] == before && words[1] == last;
  }
}

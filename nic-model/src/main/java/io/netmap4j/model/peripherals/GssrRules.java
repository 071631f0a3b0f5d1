package io.netmap4j.model.peripherals;

import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;

/**
 * What a driver of an X540 or X550 may touch only while it holds a bit of SW_FW_SYNC (GSSR): the
 * NVM, its port's PHY, the host interface (docs/82599.md 3.4, 3.6).
 */
public final class GssrRules {
  private static final int NVM = 1;
  private static final int PHY_0 = 1 << 1;
  private static final int SW_MNG = 1 << 10;
  private static final int START = 1;
  private static final int MDI_COMMAND = 1 << 30;
  private static final int HICR_C = 1 << 1;

  private final RegisterFile registers;
  private final Semaphores semaphores;

  /** Adds the rules to {@code registers}. */
  public GssrRules(RegisterFile registers, Semaphores semaphores, int lanId) {
    this.registers = registers;
    this.semaphores = semaphores;
    guarded("EERD", START, NVM, "bit 0 (NVM)");
    guarded("EEWR", START, NVM, "bit 0 (NVM)");
    guarded("MSCA", MDI_COMMAND, PHY_0 << lanId, "bit " + (1 + lanId) + " (this port's PHY)");
    guarded("HICR", HICR_C, SW_MNG, "bit 10 (SW_MNG)");
  }

  private void guarded(String name, int command, int bit, String called) {
    int offset = RegisterMap82599.find(name).offset();
    registers.addRule(
        offset,
        value -> {
          if ((value & command) != 0 && !semaphores.held(bit)) {
            registers.refuse(offset, value, "GSSR " + called + " must be held (docs/82599.md 3.6)");
          }
        });
  }
}

package io.netmap4j.model.peripherals;

import io.netmap4j.model.link.LinkStart;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.function.LongSupplier;

/**
 * Whether the link has been started as it wants to be, and which AUTOC it goes by. For who holds
 * the card's lock.
 *
 * <p>The link outlives a CTRL.RST, which loads AUTOC from the NVM again: a link that runs in
 * another mode than the NVM's has to be started again.
 */
final class LinkStartup {
  private static final int AUTOC = RegisterMap82599.find("AUTOC").offset();
  private static final int AN_RESTART = 1 << 12;
  private static final int LMS = 7 << 13;
  private static final int LMS_TOP = 4 << 13;
  private static final int ARBITRATING = 1 << 16;

  /** The arbitration of a pipeline reset leaves state 0 after this; drivers look each 4 ms. */
  private static final long ARBITRATION = 2_000_000;

  private final LinkStart wants;
  private final RegisterFile registers;
  private final LongSupplier clock;
  private boolean started;
  private int latched;
  private long inverted = -1;
  private boolean arbitrated;

  LinkStartup(LinkStart wants, RegisterFile registers, LongSupplier clock) {
    this.wants = wants;
    this.registers = registers;
    this.clock = clock;
    if (wants == LinkStart.PIPELINE) {
      registers.onRead("ANLP1", i -> anlp1());
    }
  }

  private boolean latches() {
    return wants == LinkStart.RESTART || wants == LinkStart.PIPELINE;
  }

  /** AUTOC has been loaded from the NVM. */
  void reset(Medium.Reset kind) {
    int loaded = registers.get(AUTOC);
    boolean sameMode = ((loaded ^ latched) & LMS) == 0;
    latched = loaded;
    if (kind == Medium.Reset.POWER_ON) {
      started = wants == LinkStart.AT_ONCE;
      inverted = -1;
      arbitrated = false;
    } else if (kind == Medium.Reset.LINK && wants != LinkStart.PIPELINE) {
      started = true;
    } else if (latches()) {
      started &= sameMode;
    }
  }

  /** AUTOC has been written and stored. @return true: the link starts anew */
  boolean write(int value) {
    boolean restart = (value & AN_RESTART) != 0;
    if (wants == LinkStart.PIPELINE) {
      return restart && pipeline();
    }
    if (restart && wants == LinkStart.RESTART) {
      started = true;
    }
    if (restart || !latches()) {
      latched = registers.get(AUTOC);
    }
    return restart;
  }

  private boolean pipeline() {
    int stored = registers.get(AUTOC);
    if (inverted >= 0 && arbitrated && ((stored ^ latched) & LMS) == LMS_TOP) {
      inverted = -1;
      started = true;
      latched = stored;
      return true;
    }
    // The first half: the link is down until the second.
    inverted = clock.getAsLong();
    arbitrated = false;
    started = false;
    latched = stored;
    return false;
  }

  private int anlp1() {
    if (inverted >= 0 && clock.getAsLong() - inverted >= ARBITRATION) {
      arbitrated = true;
    }
    return arbitrated ? ARBITRATING : 0;
  }

  boolean started() {
    return started;
  }

  /** The AUTOC that the link goes by. */
  int autoc() {
    return latches() ? latched : registers.get(AUTOC);
  }
}

package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The 82599's link mode, AUTOC and AUTOC2, and the analog words of a module, CORECTL: what the
 * firmware writes, too, so AUTOC and CORECTL change while holding GSSR's MAC_CSR, and none while
 * the firmware forbids it (MMNGC.MNG_VETO). docs/link.md 4. Not thread safe, as {@link
 * IxgbeDevice}.
 */
final class IxgbeAutoc {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeAutoc.class);

  /** NVM word that points to the list of analog words for modules. */
  private static final int SEQUENCES = 0x2b;

  private static final int END = 0xffff;

  /** More than any NVM has; a list without an end is damaged. */
  private static final int MOST_WORDS = 256;

  /** Linux: the firmware gets its turn before the semaphore is taken again. */
  private static final int SEMAPHORE_DELAY_MICROS = 10_000;

  private static final int RESTART_TRIES = 10;
  private static final int RESTART_MICROS = 4_000;

  private final NicDevice nic;
  private final IxgbeSemaphores semaphores;
  private final IxgbeNvm nvm;
  private Integer original;

  IxgbeAutoc(NicDevice nic, IxgbeSemaphores semaphores, IxgbeNvm nvm) {
    this.nic = nic;
    this.semaphores = semaphores;
    this.nvm = nvm;
  }

  /**
   * After a reset: lifts "link disabled" of the NVM, and keeps what the NVM says of the mode the
   * first time.
   */
  void afterReset() {
    if (original == null) {
      original = nic.read32(Reg.AUTOC);
    }
    liftDisable();
  }

  /** Linux ixgbe_reset_hw_82599, ixgbe_reset_pipeline_82599. */
  private void liftDisable() {
    int autoc2 = nic.read32(Reg.AUTOC2);
    if ((autoc2 & Reg.AUTOC2_LINK_DISABLE) != 0) {
      nic.write32(Reg.AUTOC2, autoc2 & ~Reg.AUTOC2_LINK_DISABLE);
      LOG.info(
          "{}: the NVM has the link disabled (AUTOC2 is 0x{}); enabled",
          nic.name(),
          Integer.toHexString(autoc2));
    }
  }

  /** AUTOC as the NVM has it. */
  int original() {
    return original;
  }

  int now() {
    return nic.read32(Reg.AUTOC);
  }

  /** Whether the firmware has a session over this link, and forbids to interrupt it. */
  boolean vetoed() {
    return (nic.read32(Reg.MMNGC) & Reg.MMNGC_MNG_VETO) != 0;
  }

  /** The serial interface is SFI, as a cage wants it; Snabb writes this, the others rely on it. */
  void serialIsSfi() {
    int autoc2 = nic.read32(Reg.AUTOC2);
    if ((autoc2 & Reg.AUTOC2_SERIAL) != Reg.AUTOC2_SERIAL_SFI && !vetoed()) {
      nic.write32(Reg.AUTOC2, autoc2 & ~Reg.AUTOC2_SERIAL | Reg.AUTOC2_SERIAL_SFI);
    }
  }

  /** Sets the mode, if it is another, and starts the link anew. @return whether it was another */
  boolean set(int autoc) {
    if (autoc == now()) {
      return false;
    }
    start(autoc);
    return true;
  }

  /**
   * Sets the mode, and starts the link anew in any case: Linux prot_autoc_write_82599 and
   * ixgbe_reset_pipeline_82599, for which a write with the top bit of LMS inverted has the link
   * leave whatever state it is in.
   */
  void start(int autoc) {
    if (vetoed()) {
      LOG.debug("{}: the firmware vetoes a restart of the link (MMNGC)", nic.name());
      return;
    }
    semaphores.with(IxgbeSemaphores.MAC_CSR, () -> pipelineReset(autoc));
  }

  private void pipelineReset(int autoc) {
    nic.write32(Reg.AUTOC, autoc);
    liftDisable();
    int restart = autoc | Reg.AUTOC_AN_RESTART;
    nic.write32(Reg.AUTOC, restart ^ Reg.AUTOC_LMS_TOP);
    boolean left = false;
    for (int i = 0; i < RESTART_TRIES && !left; i++) {
      RegisterWait.sleepMicros(RESTART_MICROS); // also before the first look, as Linux and DPDK
      left = (nic.read32(Reg.ANLP1) & Reg.ANLP1_AN_STATE) != 0;
    }
    nic.write32(Reg.AUTOC, restart);
    if (!left) {
      LOG.warn(
          "{}: the link did not start anew within 40 ms: ANLP1 is 0x{}, AUTOC 0x{}",
          nic.name(),
          Integer.toHexString(nic.read32(Reg.ANLP1)),
          Integer.toHexString(autoc));
    }
  }

  /**
   * Writes the NVM's words for a module to the analog part: Linux ixgbe_setup_sfp_modules_82599.
   *
   * @param id of the module in the NVM's list
   * @return null, or what is wrong with the NVM's list
   */
  String loadSequence(int id) {
    List<Integer> words = new ArrayList<>();
    try {
      String fault = sequence(id, words);
      if (fault != null) {
        return fault;
      }
    } catch (NetmapException e) {
      return IxgbeAdapter.message(nic, e);
    }
    semaphores.with(
        IxgbeSemaphores.MAC_CSR,
        () -> {
          for (int word : words) {
            nic.write32(Reg.CORECTL, word);
            nic.read32(Reg.STATUS); // the write has arrived
          }
        });
    RegisterWait.sleepMicros(SEMAPHORE_DELAY_MICROS);
    return null;
  }

  /** Linux ixgbe_get_sfp_init_sequence_offsets. */
  private String sequence(int id, List<Integer> words) {
    int list = nvm.word(SEQUENCES);
    if (list == 0 || list == END) {
      return "the NVM has no set-up for modules (word 0x2b)";
    }
    for (int i = 1; i < MOST_WORDS; i += 2) {
      int found = nvm.word(list + i);
      int block = found == id ? nvm.word(list + i + 1) : END;
      if (found == id && block != 0 && block != END) {
        return block(block, words);
      }
      if (found == id || found == END) {
        break;
      }
    }
    return noSequence(id);
  }

  private static String noSequence(int id) {
    return "the NVM's list of set-ups (word 0x2b) has none for this kind (" + id + ")";
  }

  private String block(int block, List<Integer> words) {
    for (int i = 1; i <= MOST_WORDS; i++) { // the first word is a length
      int word = nvm.word(block + i);
      if (word == END) {
        return null;
      }
      words.add(word);
    }
    return "the NVM's set-up for this module has no end (at word 0x"
        + Integer.toHexString(block)
        + ")";
  }
}

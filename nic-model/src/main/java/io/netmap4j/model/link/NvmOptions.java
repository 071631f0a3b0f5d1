package io.netmap4j.model.link;

/**
 * What the NVM says of the link.
 *
 * @param lms AUTOC.LMS, 0 to 7
 * @param serialIsSfi AUTOC2[17:16] is SFI; else 0
 * @param untrainedKr AUTOC.KR is offered, but nothing behind it can do it: there is no link while
 *     it is
 * @param linkDisabled AUTOC2[30:28] is not 0
 * @param sequences word 0x2B leads to a list, if there is a cage for modules
 * @param anyModule word 0x2C bit 0: modules of any vendor are allowed
 * @param crosstalk word 0x2C bit 7 is 0, and an empty cage shows a link
 * @param lesm the firmware's link establishment state machine is on: AUTOC is written under GSSR
 *     bit 3
 * @param checksum word 0x3F is right
 * @param mac it has an address: RAL(0) and RAH(0) are loaded at a reset
 */
public record NvmOptions(
    int lms,
    boolean serialIsSfi,
    boolean untrainedKr,
    boolean linkDisabled,
    boolean sequences,
    boolean anyModule,
    boolean crosstalk,
    boolean lesm,
    boolean checksum,
    boolean mac) {
  /** LMS 3, 10G serial. */
  public static final NvmOptions DEFAULT =
      new NvmOptions(3, true, false, false, true, true, false, false, true, true);

  public NvmOptions {
    if (lms < 0 || lms > 7) {
      throw new IllegalArgumentException("lms " + lms + " is out of range: 0 to 7");
    }
  }
}

package io.netmap4j.model.link;

/**
 * What is at the other end of the cable, as this card sees it. Times in nanoseconds.
 *
 * @param rates what it offers, a mask of {@link Rates}; {@link #AS_WIRED}: what the wire's other
 *     card is set to; 0: nobody is there
 * @param slow from when all fits until the link is up
 * @param flap mean time between changes of its light; 0: none
 * @param flapSeed of these times
 * @param flaps how many times the light goes
 * @param vanishAfter from when all fits first until its light goes; negative: it stays
 * @param vanishFor how long it is dark then
 * @param busy it sends already: a frame each millisecond, and a start of the link may fail
 * @param busySeed which starts fail, after the first, which does
 */
public record PartnerOptions(
    int rates,
    long slow,
    long flap,
    long flapSeed,
    int flaps,
    long vanishAfter,
    long vanishFor,
    boolean busy,
    long busySeed) {
  /** Whatever is at the other end of the wire. */
  public static final int AS_WIRED = -1;

  public static final PartnerOptions DEFAULT =
      new PartnerOptions(AS_WIRED, 0, 0, 1, Integer.MAX_VALUE, -1, Long.MAX_VALUE, false, 1);

  /** True when it depends on time. */
  public boolean behaves() {
    return slow > 0 || flap > 0 || vanishAfter >= 0 || busy;
  }
}

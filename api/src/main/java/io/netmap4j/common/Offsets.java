package io.netmap4j.common;

import java.util.Locale;

/**
 * Headroom in front of packets: netmap's option OFFSETS (docs/netmap-abi.md 10). The low {@code
 * bits} of slot.ptr say where in its buffer a packet starts.
 *
 * @param initial offset of every slot at first, bytes, 0 to {@code max}
 * @param max largest offset that the program will use, bytes; a larger one counts as this one
 * @param bits of slot.ptr that hold the offset, 1 to 64; 0 for all 64
 * @param minGap bytes that a received packet may need at least, 0 for what is left of the buffer
 */
public record Offsets(int initial, int max, int bits, int minGap) {
  /**
   * Checks what does not depend on the port.
   *
   * @throws NetmapException EINVAL when {@code initial} is more than {@code max}, {@code max} does
   *     not fit into {@code bits}, or {@code bits} is more than 64
   */
  public Offsets {
    boolean fits = bits == 0 || bits >= 31 || bits > 0 && max >> bits == 0;
    if (initial < 0 || initial > max || bits < 0 || bits > 64 || !fits || minGap < 0) {
      throw new NetmapException(
          Errno.EINVAL,
          String.format(
              Locale.ROOT,
              "invalid offsets: initial %d, at most %d, in %d bits, gap %d",
              initial,
              max,
              bits,
              minGap));
    }
  }

  /** netmap's offset_mask. */
  public long mask() {
    return bits == 0 || bits == 64 ? -1L : (1L << bits) - 1;
  }
}

package io.netmap4j.common;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Sizes and backing of a memory region ({@code memory.*} of the configuration file). Sizes are
 * rounded up to 64 bytes (rings: 128); the limits and defaults are those of netmap's global pool
 * (docs/netmap-abi.md 4.3).
 *
 * @param ifNum interface objects, one for each open port: 1 to 10,000
 * @param ifSize bytes of one, 56 + 8 for each ring: 128 to 4096
 * @param ringNum ring objects: 2 to 1024
 * @param ringSize bytes of one, 256 + 16 for each slot: 512 to 131,072
 * @param bufNum buffers, the two reserved ones included: 4 to 1,000,000
 * @param bufSize bytes of one: 64 to 65,536
 * @param hugetlbfs a folder on a mounted hugetlbfs, whose pages will hold the region (UIO needs
 *     it); null for anonymous shared memory (memfd)
 */
public record MemoryOptions(
    int ifNum,
    int ifSize,
    int ringNum,
    int ringSize,
    int bufNum,
    int bufSize,
    @Nullable Path hugetlbfs) {
  /**
   * netmap's global pool: 163,840 buffers, 200 rings, 100 interfaces, in a memfd. Buffers are of
   * 2112 bytes, not netmap's 2048: those that are a power of two apart begin in the same few sets
   * of a processor's caches, and the headers of the packets of a ring push each other out. Programs
   * find the size in the ring (nr_buf_size).
   */
  public static final MemoryOptions DEFAULT =
      new MemoryOptions(100, 1024, 200, 36864, 163840, 2112, null);

  /**
   * Checks the limits and rounds the sizes up.
   *
   * @throws NetmapException EINVAL for a value out of range; the message names the option
   */
  public MemoryOptions {
    require("if-size", ifSize, 128, 4096);
    require("if-num", ifNum, 1, 10_000);
    require("ring-size", ringSize, 512, 131_072);
    require("ring-num", ringNum, 2, 1024);
    require("buf-size", bufSize, 64, 65_536);
    require("buf-num", bufNum, 4, 1_000_000);
    ifSize = roundUp(ifSize, 64);
    ringSize = roundUp(ringSize, 128);
    bufSize = roundUp(bufSize, 64);
  }

  /** These options with so many rings of at least so many bytes. */
  public MemoryOptions rings(int count, int bytes) {
    return new MemoryOptions(ifNum, ifSize, count, bytes, bufNum, bufSize, hugetlbfs);
  }

  /** These options with so many buffers of at least so many bytes. */
  public MemoryOptions buffers(int count, int bytes) {
    return new MemoryOptions(ifNum, ifSize, ringNum, ringSize, count, bytes, hugetlbfs);
  }

  /** These options in another folder on hugetlbfs; null for a memfd. */
  public MemoryOptions hugetlbfs(@Nullable Path folder) {
    return new MemoryOptions(ifNum, ifSize, ringNum, ringSize, bufNum, bufSize, folder);
  }

  private static void require(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new NetmapException(
          Errno.EINVAL, option + " = " + value + " is out of range: " + least + " to " + most);
    }
  }

  private static int roundUp(int value, int to) {
    return (value + to - 1) / to * to;
  }
}

package io.netmap4j.vfio;

/**
 * Maps memory for functions: the kernel's container, or the server of one function. Thread safe.
 */
interface VfioIommu {
  /** The flags of a mapping that functions may read and write. */
  int DMA_READ_WRITE = 3;

  /** Device addresses that can be mapped, from the first to the last byte. */
  record Window(long first, long last) {}

  /** In ascending order; at least one. */
  Window[] windows();

  /**
   * Lets the functions read and write memory.
   *
   * @param iova device address, like {@code size} and {@code address} in whole pages of the machine
   * @param address where this process has it
   * @param file a descriptor of a file that is mapped there from {@code offset} on; not kept
   */
  void mapDma(long iova, long size, long address, int file, long offset);

  /**
   * Removes a mapping: no function can access the memory when this returns.
   *
   * @param address as it was mapped
   * @throws io.netmap4j.common.NetmapException EIO when that is not certain: the memory must not be
   *     reused
   */
  void unmapDma(long iova, long size, long address);
}

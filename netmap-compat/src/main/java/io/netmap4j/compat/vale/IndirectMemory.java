package io.netmap4j.compat.vale;

import io.netmap4j.NetmapMemory;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.vswitch.IndirectRanges;
import io.netmap4j.linux.Mem;
import java.nio.ByteBuffer;

/**
 * Memory that slots with NS_INDIRECT may send from: on VALE ports, {@code slot.ptr} is then the
 * address of the packet's bytes (docs/netmap-abi.md 6). netmap's kernel can try whether an address
 * is valid; a Java program says in advance what is. A packet that is not wholly within one
 * registered range is refused, as one with an invalid buf_idx. Thread safe.
 */
public final class IndirectMemory implements AutoCloseable {
  private final IndirectRanges.Range range;

  private IndirectMemory(IndirectRanges.Range range) {
    this.range = range;
  }

  /**
   * Registers a direct buffer, from 0 to its capacity. It stays reachable until {@link #close}.
   *
   * @return to be closed when no slot refers to the buffer any more
   * @throws NetmapException EINVAL for a buffer on the heap, whose address changes
   */
  public static IndirectMemory of(ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new NetmapException(
          Errno.EINVAL, "NS_INDIRECT needs a direct buffer (ByteBuffer.allocateDirect)");
    }
    return new IndirectMemory(IndirectRanges.add(Mem.addressOf(buffer), buffer.capacity(), buffer));
  }

  /**
   * Registers a region with all its buffers. To be closed before the region is.
   *
   * @return to be closed when no slot refers to the region any more
   * @throws NetmapException EBADF when the region is closed
   */
  public static IndirectMemory of(NetmapMemory memory) {
    return new IndirectMemory(IndirectRanges.add(memory.address(), memory.size(), memory));
  }

  /**
   * What {@code slot.ptr} must be for the first byte.
   *
   * @return an address of this process; those of the other bytes follow
   */
  public long address() {
    return range.address();
  }

  /**
   * Slots that refer to this memory are refused from now on. Idempotent. Returns when no sync reads
   * it any more: waits for those in flight, so a program's lookup function must not call it.
   */
  @Override
  public void close() {
    IndirectRanges.remove(range);
  }
}

package io.netmap4j;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import java.util.Objects;

/**
 * One region of shared memory in netmap's layout: interfaces, rings, buffers (docs/netmap-abi.md
 * 4). Ports of one region exchange buffers by index, without copying. A program sees its sizes and
 * addresses; ports allocate in it and free what they have allocated.
 *
 * <p>Buffers 0 and 1 are reserved: 0 stays zeroed and stands in for every invalid index, 1 is never
 * handed out; nor are buffers that straddle two pages of 2 MiB.
 *
 * <p>What is promised for addresses of the region, as {@link #address}, {@link NetmapRing#buffer}
 * and a {@code PointerBytesStore} hold them: they are mapped as long as the region is open. After
 * {@link #close} they lead to unused memory, so a late access neither crashes nor reaches other
 * data, until 4096 further regions were closed or address space is short. Whose buffer or ring an
 * address of an open region belongs to is the program's to know: after {@link NetmapPort#close} it
 * may belong to another port. {@link NetmapRing} and {@link NetmapIf} of a closed port are safe to
 * use.
 *
 * <p>Thread safe. On a closed region {@link #address}, {@link #fd}, {@link #bufAddress} and opening
 * a port fail with EBADF.
 */
public final class NetmapMemory implements AutoCloseable {
  /** The lowest usable buffer index. */
  public static final int FIRST_BUFFER = Region.FIRST_BUFFER;

  private final Region region;

  private NetmapMemory(Region region) {
    this.region = region;
  }

  /** The same one for a region every time. */
  static NetmapMemory of(Region region) {
    return region.view(NetmapMemory.class, NetmapMemory::new);
  }

  Region region() {
    return region;
  }

  /**
   * Makes a region of its own, for {@link NetmapPort.Request#region}. The caller closes it, after
   * every port in it.
   *
   * @throws NetmapException ENOMEM when there is too little memory or there are too few pages;
   *     another errno where the operating system refuses it; the message says what mends it
   */
  public static NetmapMemory create(MemoryOptions options) {
    return of(Region.create(options));
  }

  /**
   * The region that all ports of this process share unless told otherwise. Made at first use; lives
   * as long as the process.
   *
   * @throws NetmapException as {@link #create}
   */
  public static NetmapMemory shared() {
    return of(Region.shared());
  }

  /**
   * Sets sizes and backing of {@link #shared}, before anything uses it.
   *
   * @throws NetmapException EBUSY once it is in use with other options
   */
  public static void configureShared(MemoryOptions options) {
    Region.configureShared(options);
  }

  /**
   * Where this process has mapped the region.
   *
   * @throws NetmapException EBADF when it is closed
   */
  public long address() {
    return region.address();
  }

  /** Bytes of the region, a multiple of 2 MiB. */
  public long size() {
    return region.size();
  }

  /**
   * The descriptor of the file behind the region, to map it again or to pass it to another process.
   * Owned by the region, which closes it.
   *
   * @throws NetmapException EBADF when the region is closed
   */
  public int fd() {
    return region.fd();
  }

  /**
   * netmap's nr_mem_id: ports with the same id can swap buffers. 1 for {@link #shared}, as in
   * netmap; larger for others.
   */
  public int memId() {
    return region.memId();
  }

  /** Sizes and backing, rounded up as the region has them. */
  public MemoryOptions options() {
    return region.options();
  }

  /** Buffer indices are below this. */
  public int bufTotal() {
    return region.bufTotal();
  }

  /** Bytes of a buffer. */
  public int bufSize() {
    return region.bufSize();
  }

  /** Bytes from the start of the region to buffer 0. */
  public long bufOffset() {
    return region.bufOffset();
  }

  /**
   * Where this process has a buffer: {@link #bufSize} bytes.
   *
   * @throws IndexOutOfBoundsException for an index outside 0 to {@link #bufTotal} − 1
   * @throws NetmapException EBADF when the region is closed
   */
  public long bufAddress(int index) {
    return region.bufAddress(index);
  }

  /**
   * NETMAP_BUF_IDX: which buffer an address is in.
   *
   * @param address anywhere in a buffer of this region
   * @return its index, 0 to {@link #bufTotal} − 1
   * @throws IndexOutOfBoundsException for an address that is in no buffer
   * @throws NetmapException EBADF when the region is closed
   */
  public int bufIndex(long address) {
    long index = Math.floorDiv(address - region.bufAddress(0), (long) region.bufSize());
    return (int) Objects.checkIndex(index, (long) region.bufTotal());
  }

  /** True for the index of a buffer that a port may have: neither reserved nor out of range. */
  public boolean isBuffer(int index) {
    return region.isBuffer(index);
  }

  /** Buffers that no port has, the reserved ones left aside. */
  public int freeBuffers() {
    return region.freeBuffers();
  }

  /** Ring objects that no port has. */
  public int freeRings() {
    return region.freeRings();
  }

  /**
   * The next buffer in a list of extra buffers, which begins with {@link NetmapIf#bufsHead}.
   *
   * @param index a buffer of the list
   * @return the index in the buffer's first four bytes, as they are; 0 ends the list
   * @throws IndexOutOfBoundsException as {@link #bufAddress}
   */
  public int nextExtraBuffer(int index) {
    return Mem.getInt(bufAddress(index));
  }

  /**
   * Links a buffer into a list of extra buffers: writes {@code next} into its first four bytes.
   *
   * @param index a buffer that the caller has, not in a slot
   * @param next the buffer behind it in the list; 0 ends the list
   * @throws IndexOutOfBoundsException as {@link #bufAddress}
   */
  public void nextExtraBuffer(int index, int next) {
    Mem.putInt(bufAddress(index), next);
  }

  /**
   * Gives the memory back. Idempotent, from any thread.
   *
   * @throws NetmapException EBUSY while ports are open in the region, or a device maps it; the
   *     region stays open then. EBUSY always for {@link #shared}
   */
  @Override
  public void close() {
    region.close();
  }

  @Override
  public String toString() {
    return "region " + memId();
  }
}

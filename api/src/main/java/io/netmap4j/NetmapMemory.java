package io.netmap4j;

import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One region of shared memory in netmap's layout: a pool of interfaces, a pool of rings, a pool of
 * buffers, back to back (netmap_mem2.c). Ports of one region exchange buffers by index, without
 * copying.
 *
 * <p>Buffers 0 and 1 are reserved: 0 stays zeroed and stands in for every invalid index, 1 is never
 * handed out; nor are buffers that straddle two pages of 2 MiB. The lowest free object is handed
 * out first. Allocation is thread safe and for the cold path; objects belong to the port that
 * opened them. The region is mapped until {@link #close}, or for the life of the process for {@link
 * #shared}, so that a late look into a closed port's ring reads stale memory instead of crashing.
 */
public final class NetmapMemory implements AutoCloseable {
  /** What a buffer index must be at least to be usable. */
  public static final int FIRST_BUFFER = 2;

  private static final AtomicInteger NEXT_ID = new AtomicInteger(1);
  private static Options sharedOptions = Options.DEFAULT;
  private static NetmapMemory shared;

  private final Options options;
  private final int memId = NEXT_ID.getAndIncrement();
  private final int fd;
  private final long size;
  private final long address;
  private final Pool ifs;
  private final Pool rings;
  private final Pool buffers;
  private final boolean bufsStraddle;
  private int users;
  private boolean closed;

  /**
   * Sizes and backing of a region. Sizes are rounded up to 64 bytes; the defaults are those of
   * netmap's global pool.
   *
   * @param ifNum interfaces, one for each open port
   * @param ifSize bytes of one: 56 + 8 for each ring
   * @param ringNum rings
   * @param ringSize bytes of one: 256 + 16 for each slot
   * @param bufNum buffers
   * @param bufSize bytes of one, 64 to 65536
   * @param hugetlbfs a folder on a mounted hugetlbfs, whose pages will hold the region (UIO needs
   *     it); null for anonymous shared memory (memfd)
   */
  public record Options(
      int ifNum, int ifSize, int ringNum, int ringSize, int bufNum, int bufSize, Path hugetlbfs) {
    public static final Options DEFAULT = new Options(100, 1024, 200, 36864, 163840, 2048, null);

    /** Rejects what netmap rejects (ABI sheet, 4.3). */
    public Options {
      require("ifSize", ifSize, 128, 4096);
      require("ifNum", ifNum, 1, 10_000);
      require("ringSize", ringSize, 512, 131_072);
      require("ringNum", ringNum, 2, 1024);
      require("bufSize", bufSize, 64, 65_536);
      require("bufNum", bufNum, 4, 1_000_000);
      ifSize = roundUp(ifSize, 64);
      ringSize = roundUp(ringSize, 128);
      bufSize = roundUp(bufSize, 64);
    }

    public Options rings(int count, int bytes) {
      return new Options(ifNum, ifSize, count, bytes, bufNum, bufSize, hugetlbfs);
    }

    public Options buffers(int count, int bytes) {
      return new Options(ifNum, ifSize, ringNum, ringSize, count, bytes, hugetlbfs);
    }

    public Options hugetlbfs(Path folder) {
      return new Options(ifNum, ifSize, ringNum, ringSize, bufNum, bufSize, folder);
    }

    private static void require(String option, int value, int least, int most) {
      if (value < least || value > most) {
        throw new NetmapException(
            Libc.EINVAL, option + " = " + value + " is out of range: " + least + " to " + most);
      }
    }

    private static int roundUp(int value, int to) {
      return (value + to - 1) / to * to;
    }
  }

  private NetmapMemory(Options options) {
    this.options = options;
    BitSet none = new BitSet();
    this.ifs = new Pool("interface", "ifNum", 0, options.ifNum, options.ifSize, none);
    this.rings =
        new Pool("ring", "ringNum", ifs.end(4096), options.ringNum, options.ringSize, none);
    BitSet withheld = straddlers(rings.end(4096), options);
    this.bufsStraddle = !withheld.isEmpty();
    withheld.set(0, FIRST_BUFFER);
    this.buffers =
        new Pool("buffer", "bufNum", rings.end(4096), options.bufNum, options.bufSize, withheld);
    this.size = buffers.end(HugePages.SIZE);
    this.fd = openBacking(options, memId);
    try {
      Libc.truncate(
          fd, size, "the region needs " + size + " bytes: make bufNum smaller or free some memory");
      this.address =
          Libc.mmap(
              size,
              Libc.PROT_READ | Libc.PROT_WRITE,
              Libc.MAP_SHARED,
              fd,
              0,
              options.hugetlbfs == null
                  ? "the region needs " + size + " bytes: make bufNum smaller"
                  : "the region needs "
                      + size / HugePages.SIZE
                      + " free pages of 2 MiB, there are "
                      + new HugePages().free()
                      + "; "
                      + HugePages.MORE);
    } catch (RuntimeException e) {
      Libc.closeFd(fd);
      throw e;
    }
  }

  /** Buffers that begin in one page of 2 MiB and end in the next. */
  private static BitSet straddlers(long start, Options options) {
    BitSet found = new BitSet();
    int size = options.bufSize;
    for (int i = 0; i < options.bufNum; i++) {
      if ((start + (long) i * size) % HugePages.SIZE > HugePages.SIZE - size) {
        found.set(i);
      }
    }
    return found;
  }

  private static int openBacking(Options options, int memId) {
    if (options.hugetlbfs == null) {
      return Libc.memfd("netmap4j-" + memId);
    }
    return HugePages.create(options.hugetlbfs);
  }

  /** A region of its own, closed by the caller after every port in it. */
  public static NetmapMemory create(Options options) {
    return new NetmapMemory(options);
  }

  /** The region that all ports of this process share unless told otherwise. Made at first use. */
  public static synchronized NetmapMemory shared() {
    if (shared == null) {
      shared = new NetmapMemory(sharedOptions);
    }
    return shared;
  }

  /** {@link #shared} if something made it already, else null. */
  static synchronized NetmapMemory sharedIfMade() {
    return shared;
  }

  /** Sizes and backing of {@link #shared}. @throws NetmapException EBUSY once it is in use */
  public static synchronized void configureShared(Options options) {
    if (shared != null && !options.equals(sharedOptions)) {
      throw new NetmapException(
          Libc.EBUSY,
          "the shared region is already in use with "
              + sharedOptions
              + "; set its options before the first open");
    }
    sharedOptions = options;
  }

  /** Where this process has the region. */
  public long address() {
    return address;
  }

  /** Bytes of the region, a multiple of 2 MiB. */
  public long size() {
    return size;
  }

  /** The file behind the region, to map it again or to pass it on. Owned by the region. */
  public int fd() {
    return fd;
  }

  /** netmap's nr_mem_id: ports with the same id can swap buffers. */
  public int memId() {
    return memId;
  }

  public Options options() {
    return options;
  }

  /** Buffer indices are below this. */
  public int bufTotal() {
    return options.bufNum;
  }

  public int bufSize() {
    return options.bufSize;
  }

  /** Offset of buffer 0 from the start of the region. */
  public long bufOffset() {
    return buffers.start;
  }

  /**
   * Where this process has a buffer. @throws IndexOutOfBoundsException for an index that is none
   */
  public long bufAddress(int index) {
    java.util.Objects.checkIndex(index, options.bufNum);
    return address + buffers.offset(index);
  }

  /** True for an index that {@link #allocateBuffers} may give. */
  public boolean isBuffer(int index) {
    return index >= 0 && index < options.bufNum && !buffers.withheld.get(index);
  }

  /**
   * True when some buffers end in another page of 2 MiB than they begin in, which may be elsewhere
   * for a device. They are never handed out: the layout leaves no gaps between buffers.
   */
  public boolean bufsStraddle() {
    return bufsStraddle;
  }

  /** Buffers not handed out, with those that never are left aside. */
  public int freeBuffers() {
    return buffers.free();
  }

  /** Rings not handed out. */
  public int freeRings() {
    return rings.free();
  }

  /** Takes an interface object of {@code bytes}, zeroed. @return its offset in the region */
  public long allocateIf(int bytes) {
    return allocate(ifs, bytes, "ifSize");
  }

  /** Takes a ring object of {@code bytes}, zeroed. @return its offset in the region */
  public long allocateRing(int bytes) {
    return allocate(rings, bytes, "ringSize");
  }

  private long allocate(Pool pool, int bytes, String option) {
    if (bytes > pool.objectSize) {
      throw new NetmapException(
          Libc.ENOMEM,
          "a "
              + pool.what
              + " of "
              + bytes
              + " bytes is needed, "
              + pool.objectSize
              + " are available: raise "
              + option
              + " to "
              + bytes);
    }
    long offset = pool.offset(pool.take(1)[0]);
    Mem.set(address + offset, pool.objectSize, (byte) 0);
    return offset;
  }

  public void freeIf(long offset) {
    ifs.giveBack(ifs.index(offset));
  }

  public void freeRing(long offset) {
    rings.giveBack(rings.index(offset));
  }

  /**
   * Takes {@code count} buffers, all or none. @throws NetmapException ENOMEM: states needed and
   * available
   */
  public int[] allocateBuffers(int count) {
    return buffers.take(count);
  }

  /** Takes up to {@code count} buffers (netmap may shorten a request for extra buffers). */
  public int[] allocateBuffersUpTo(int count) {
    synchronized (buffers) {
      return buffers.take(Math.min(count, buffers.free()));
    }
  }

  /**
   * Gives a buffer back. @return false, and nothing done, for an index that is reserved, out of
   * range or free
   */
  public boolean freeBuffer(int index) {
    return isBuffer(index) && buffers.giveBack(index);
  }

  /** One more set of rings lives here. */
  public synchronized void attach() {
    users++;
  }

  /**
   * One set of rings fewer. With the last one, buffers that programs lost are found again, as in
   * netmap.
   */
  public synchronized void detach() {
    if (--users == 0) {
      buffers.reset();
    }
  }

  /** Unmaps the region. Every port in it must be closed before. Idempotent. */
  @Override
  public void close() {
    synchronized (NetmapMemory.class) {
      if (closed) {
        return;
      }
      if (this == shared) {
        throw new NetmapException(Libc.EBUSY, "the shared region lives as long as the process");
      }
      closed = true;
    }
    Libc.unmap(address, size);
    Libc.closeFd(fd);
  }

  /** Objects of one size, with a bitmap of those in use. */
  private static final class Pool {
    final String what;
    final String option;
    final long start;
    final int count;
    final int objectSize;
    final BitSet withheld;
    private final BitSet used;

    Pool(String what, String option, long start, int count, int objectSize, BitSet withheld) {
      this.what = what;
      this.option = option;
      this.start = start;
      this.count = count;
      this.objectSize = objectSize;
      this.withheld = withheld;
      this.used = new BitSet(count);
      reset();
    }

    final synchronized void reset() {
      used.clear();
      used.or(withheld);
    }

    long end(long align) {
      return (start + (long) count * objectSize + align - 1) / align * align;
    }

    long offset(int index) {
      return start + (long) index * objectSize;
    }

    int index(long offset) {
      return (int) ((offset - start) / objectSize);
    }

    synchronized int free() {
      return count - used.cardinality();
    }

    synchronized int[] take(int n) {
      if (n > free()) {
        throw new NetmapException(
            Libc.ENOMEM,
            n
                + " "
                + what
                + "s are needed, "
                + free()
                + " of "
                + count
                + " are available: close ports or raise "
                + option);
      }
      int[] taken = new int[n];
      int next = -1;
      for (int i = 0; i < n; i++) {
        next = used.nextClearBit(next + 1);
        used.set(next);
        taken[i] = next;
      }
      return taken;
    }

    synchronized boolean giveBack(int index) {
      boolean was = used.get(index);
      used.clear(index);
      return was;
    }
  }
}

package io.netmap4j;

import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * One region of shared memory in netmap's layout: a pool of interfaces, a pool of rings, a pool of
 * buffers, back to back (netmap_mem2.c). Ports of one region exchange buffers by index, without
 * copying.
 *
 * <p>Buffers 0 and 1 are reserved: 0 stays zeroed and stands in for every invalid index, 1 is never
 * handed out; nor are buffers that straddle two pages of 2 MiB. The lowest free object is handed
 * out first. Allocation is thread safe and for the cold path; objects belong to the port that
 * opened them.
 *
 * <p>What is promised for addresses of the region, as {@link #address}, {@link NetmapRing#buffer}
 * and a {@code PointerBytesStore} hold them: they are mapped as long as the region is open. After
 * {@link #close} they lead to unused memory, so a late access neither crashes nor reaches other
 * data, until 4096 further regions were closed or address space is short. Whose buffer or ring an
 * address of an open region belongs to is the program's to know: after {@link NetmapPort#close} it
 * may belong to another port. {@link NetmapRing} and {@link NetmapIf} of a closed port are safe to
 * use.
 */
public final class NetmapMemory implements AutoCloseable {
  /** What a buffer index must be at least to be usable. */
  public static final int FIRST_BUFFER = 2;

  /** nr_mem_id of {@link #shared}, as of the memory that netmap's ports share by default. */
  public static final int SHARED_ID = 1;

  private static final AtomicInteger NEXT_ID = new AtomicInteger(SHARED_ID + 1);
  private static Options sharedOptions = Options.DEFAULT;
  private static NetmapMemory shared;

  private final Options options;
  private final int memId;
  private final int fd;
  private final long size;
  private final long address;
  private final Pool ifs;
  private final Pool rings;
  private final Pool buffers;
  private final boolean bufsStraddle;
  private final Set<Use> users = new LinkedHashSet<>();

  /** From an address of the region to dead memory of its own. */
  private final long toDead;

  private boolean abandoned;
  private volatile boolean closed;

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

  private NetmapMemory(Options options, int memId) {
    this.options = options;
    this.memId = memId;
    BitSet none = new BitSet();
    this.ifs = new Pool("interface", "memory.if-num", 0, options.ifNum, options.ifSize, none);
    this.rings =
        new Pool("ring", "memory.ring-num", ifs.end(4096), options.ringNum, options.ringSize, none);
    BitSet withheld = straddlers(rings.end(4096), options);
    this.bufsStraddle = !withheld.isEmpty();
    withheld.set(0, FIRST_BUFFER);
    this.buffers =
        new Pool(
            "buffer", "memory.buf-num", rings.end(4096), options.bufNum, options.bufSize, withheld);
    this.size = buffers.end(HugePages.SIZE);
    this.fd = openBacking(options, memId);
    try {
      Libc.truncate(
          fd,
          size,
          "the region needs " + size + " bytes: make memory.buf-num smaller or free some memory");
      long dead = DeadMemory.of(size);
      this.address = map();
      this.toDead = dead - address;
    } catch (RuntimeException e) {
      Libc.closeFd(fd);
      throw e;
    }
  }

  private long map() {
    return DeadMemory.map(
        size,
        fd,
        options.hugetlbfs == null
            ? "the region needs " + size + " bytes: make memory.buf-num smaller"
            : "the region needs "
                + size / HugePages.SIZE
                + " free pages of 2 MiB, there are "
                + new HugePages().free()
                + "; "
                + new HugePages().more(size / HugePages.SIZE));
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

  private static NetmapMemory make(Options options, int memId) {
    try {
      return new NetmapMemory(options, memId);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    }
  }

  /** A region of its own, closed by the caller after every port in it. */
  public static NetmapMemory create(Options options) {
    return make(options, NEXT_ID.getAndIncrement());
  }

  /** The region that all ports of this process share unless told otherwise. Made at first use. */
  public static synchronized NetmapMemory shared() {
    if (shared == null) {
      shared = make(sharedOptions, SHARED_ID);
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

  /** Where this process has the region. @throws NetmapException EBADF when it is closed */
  public long address() {
    checkOpen();
    return address;
  }

  private void checkOpen() {
    if (closed) {
      throw closedException();
    }
  }

  private NetmapException closedException() {
    return new NetmapException(
        Libc.EBADF, "region " + memId + " is closed; make another one and open ports in it");
  }

  /** Bytes of the region, a multiple of 2 MiB. */
  public long size() {
    return size;
  }

  /** The file behind the region, to map it again or to pass it on. Owned by the region. */
  public int fd() {
    checkOpen();
    return fd;
  }

  /**
   * netmap's nr_mem_id: ports with the same id can swap buffers. 1 for {@link #shared}, as in
   * netmap.
   */
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

  /** Where this process has a buffer. @throws IndexOutOfBoundsException for an invalid index */
  public long bufAddress(int index) {
    checkOpen();
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
    return allocate(ifs, bytes, "memory.if-size", false);
  }

  /** Takes a ring object of {@code bytes}, zeroed. @return its offset in the region */
  public long allocateRing(int bytes) {
    return allocate(rings, bytes, "memory.ring-size", false);
  }

  /** As {@link #allocateIf}, for a port: {@link #freeIf} refuses it. */
  long allocatePortsIf(int bytes) {
    return allocate(ifs, bytes, "memory.if-size", true);
  }

  void freePortsIf(long offset) {
    ifs.free(offset, true);
  }

  private long allocate(Pool pool, int bytes, String option, boolean ports) {
    checkOpen();
    if (bytes < 0) {
      throw new NetmapException(Libc.EINVAL, "a " + pool.what + " of " + bytes + " bytes");
    }
    if (bytes > pool.objectSize) {
      throw new NetmapException(
          Libc.ENOMEM,
          "a "
              + pool.what
              + " of "
              + bytes
              + " bytes is needed, "
              + pool.objectSize
              + " are available: set "
              + option
              + " = "
              + bytes);
    }
    long offset = pool.offset(pool.takeOne(ports));
    Mem.set(address + offset, pool.objectSize, (byte) 0);
    return offset;
  }

  /**
   * Gives an interface object back. @throws NetmapException EINVAL when there is none at {@code
   * offset}, it was given back before, or it is a port's
   */
  public void freeIf(long offset) {
    checkOpen();
    ifs.free(offset, false);
  }

  /**
   * Frees a ring object, which must no longer be in use. @throws NetmapException EINVAL when there
   * is none at {@code offset}, it was given back before, or it is a port's
   */
  public void freeRing(long offset) {
    checkOpen();
    rings.free(offset, false);
  }

  /** Where this process has the ring at {@code offset}. @throws NetmapException EINVAL for none */
  long ringAddress(long offset, int bytes) {
    checkOpen();
    rings.indexInUse(offset);
    if (bytes > rings.objectSize) {
      throw new NetmapException(
          Libc.EINVAL, "a ring of " + bytes + " bytes in an object of " + rings.objectSize);
    }
    return address + offset;
  }

  /** What leads from any address of the region to dead memory for the same object. */
  long toDead() {
    return toDead;
  }

  /**
   * Takes {@code count} buffers, all or none. @throws NetmapException ENOMEM: states needed and
   * available
   */
  public int[] allocateBuffers(int count) {
    checkOpen();
    return buffers.take(count);
  }

  /** Takes up to {@code count} buffers (netmap may shorten a request for extra buffers). */
  public int[] allocateBuffersUpTo(int count) {
    checkOpen();
    synchronized (buffers) {
      return buffers.take(Math.min(count, buffers.free()));
    }
  }

  /**
   * Frees a buffer, which must no longer be in use. @return false, and nothing done, for an index
   * that is reserved, out of range or free
   */
  public boolean freeBuffer(int index) {
    checkOpen();
    return isBuffer(index) && buffers.giveBack(index);
  }

  /**
   * One more set of rings lives here.
   *
   * @param who for the message of a {@link #close} that comes too early
   * @throws NetmapException EBADF when the region is closed
   */
  public Use attach(String who) {
    return use("the rings of " + who, true);
  }

  /** One more device domain maps the region, as {@link #attach}. */
  public Use hold(String who) {
    return use("a mapping for " + who, false);
  }

  private synchronized Use use(String who, boolean ringsOf) {
    checkOpen();
    Use use = new Use(who, ringsOf);
    users.add(use);
    return use;
  }

  /** A user that needs the region open. */
  public final class Use implements AutoCloseable {
    private final String who;
    private final boolean rings;

    private Use(String who, boolean rings) {
      this.who = who;
      this.rings = rings;
    }

    /**
     * Takes a ring object and lays an empty ring out in it. {@link NetmapMemory#freeRing} refuses
     * it, for it is a port's.
     *
     * @return its offset in the region
     * @throws NetmapException ENOMEM: needed and available, and the option to raise
     */
    public long allocateRing(int slots, int ringId, boolean tx) {
      long offset =
          allocate(NetmapMemory.this.rings, NetmapRing.sizeFor(slots), "memory.ring-size", true);
      NetmapRing.init(NetmapMemory.this, offset, slots, ringId, tx);
      return offset;
    }

    /** Gives back what {@link #allocateRing} gave. */
    public void freeRing(long offset) {
      NetmapMemory.this.rings.free(offset, true);
    }

    /**
     * The region is needed no more. With the last set of rings, buffers that programs lost are
     * found again, as in netmap. Idempotent.
     */
    @Override
    public void close() {
      synchronized (NetmapMemory.this) {
        boolean was = users.remove(this);
        if (was && rings && !abandoned && users.stream().noneMatch(use -> use.rings)) {
          buffers.reset();
        }
      }
    }

    /**
     * As {@link #close} where a device may still reach what this user had: the region never gives
     * that to others. Its memory may go: what a device or another process has mapped is kept by the
     * kernel.
     */
    public void abandon() {
      synchronized (NetmapMemory.this) {
        abandoned |= users.remove(this);
      }
    }
  }

  /**
   * Gives the memory back. Idempotent, from any thread.
   *
   * @throws NetmapException EBUSY while ports are open in the region, or a device maps it; the
   *     region stays open then. EBUSY always for {@link #shared}
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    if (memId == SHARED_ID) {
      throw new NetmapException(
          Libc.EBUSY, "the shared region cannot be closed: it lives as long as the process");
    }
    if (!users.isEmpty()) {
      throw new NetmapException(
          Libc.EBUSY,
          "region "
              + memId
              + " is in use by "
              + users.stream().map(use -> use.who).distinct().collect(Collectors.joining(", "))
              + ": close every port in it first");
    }
    closed = true;
    try {
      DeadMemory.retire(address, size);
    } finally {
      Libc.closeFd(fd);
    }
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
    private final BitSet ports = new BitSet();

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

    long offset(long index) {
      return start + index * objectSize;
    }

    synchronized int indexInUse(long offset) {
      long index = Math.floorDiv(offset - start, objectSize);
      if (index < 0 || index >= count || offset(index) != offset || !used.get((int) index)) {
        throw new NetmapException(
            Libc.EINVAL,
            "there is no "
                + what
                + " at offset "
                + offset
                + " that is in use: they are "
                + objectSize
                + " bytes each, from "
                + start
                + " on, at most "
                + count);
      }
      return (int) index;
    }

    synchronized int takeOne(boolean forPort) {
      int index = take(1)[0];
      ports.set(index, forPort);
      return index;
    }

    synchronized void free(long offset, boolean byPort) {
      int index = indexInUse(offset);
      if (ports.get(index) != byPort) {
        throw new NetmapException(
            Libc.EINVAL,
            "the "
                + what
                + " at offset "
                + offset
                + " belongs to a port: closing the port frees it");
      }
      used.clear(index);
    }

    synchronized int free() {
      return count - used.cardinality();
    }

    synchronized int[] take(int n) {
      if (n < 0) {
        throw new NetmapException(Libc.EINVAL, n + " " + what + "s were asked for");
      }
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

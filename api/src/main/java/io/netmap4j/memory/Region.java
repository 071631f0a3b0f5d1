package io.netmap4j.memory;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One region of shared memory in netmap's layout: a pool of interfaces, a pool of rings, a pool of
 * buffers, back to back (netmap_mem2.c; docs/netmap-abi.md 4).
 *
 * <p>Buffers 0 and 1 are reserved: 0 stays zeroed and stands in for every invalid index, 1 is never
 * handed out; nor are buffers that straddle two pages of 2 MiB. Allocation is thread safe and for
 * the cold path. Who allocates an object frees it, once nobody uses it any more.
 *
 * <p>Every call on a closed region fails with EBADF, but for what names its sizes.
 */
public final class Region implements AutoCloseable {
  /** The lowest usable buffer index. */
  public static final int FIRST_BUFFER = 2;

  /** nr_mem_id of {@link #shared}, as of the memory that netmap's ports share by default. */
  public static final int SHARED_ID = 1;

  /** As in MemoryOptions. */
  private static final int MOST_BUFFERS = 1_000_000;

  /** Pools begin at multiples of this. */
  private static final int POOL_ALIGN = 4096;

  private static final AtomicInteger NEXT_ID = new AtomicInteger(SHARED_ID + 1);
  private static final ConcurrentHashMap<Integer, Region> OPEN = new ConcurrentHashMap<>();
  private static MemoryOptions sharedOptions = MemoryOptions.DEFAULT;
  private static Region shared;

  private final MemoryOptions options;
  private final int memId;
  private final int fd;
  private final long size;
  private final long address;
  private final ObjectPool ifs;
  private final ObjectPool rings;
  private final ObjectPool buffers;
  private final boolean bufsStraddle;
  private final Set<Use> users = new LinkedHashSet<>();

  /** Distance from the region to its place in {@link PlaceholderMemory}. */
  private final long toPlaceholder;

  /** Of a file of the user's, which one; null for memory of our own. */
  private final Object fileKey;

  private Object view;
  private boolean abandoned;
  private boolean closesWithLastUse;
  private volatile boolean closed;

  /**
   * @param file of the user's, which stays as long as it is; null for memory of our own
   */
  private Region(MemoryOptions options, int memId, Path file, Object fileKey) {
    this.options = options;
    this.memId = memId;
    this.fileKey = fileKey;
    this.closesWithLastUse = fileKey != null;
    this.ifs =
        new ObjectPool(
            "interface", "memory.if", 0, options.ifNum(), options.ifSize(), new BitSet());
    this.rings =
        new ObjectPool(
            "ring",
            "memory.ring",
            ifs.end(POOL_ALIGN),
            options.ringNum(),
            options.ringSize(),
            new BitSet());
    long bufStart = rings.end(POOL_ALIGN);
    BitSet withheld = straddlers(bufStart, options);
    this.bufsStraddle = !withheld.isEmpty();
    withheld.set(0, FIRST_BUFFER);
    this.buffers =
        new ObjectPool(
            "buffer", "memory.buf", bufStart, options.bufNum(), options.bufSize(), withheld);
    long page =
        options.hugetlbfs() == null
            ? HugePages.GRAIN
            : new HugePages().pageSize(options.hugetlbfs());
    this.size = buffers.end(page);
    this.fd =
        file != null
            ? Libc.open(file.toString(), Libc.O_RDWR, 0, "the file holds a port's memory")
            : options.hugetlbfs() == null
                ? Libc.memfd("netmap4j-" + memId)
                : HugePages.create(options.hugetlbfs());
    try {
      if (file == null) {
        Libc.truncate(
            fd,
            size,
            "the region needs " + size + " bytes: make memory.buf-num smaller or free some memory");
      }
      long placeholder = PlaceholderMemory.of(size);
      this.address = map();
      this.toPlaceholder = placeholder - address;
      OPEN.put(memId, this);
    } catch (RuntimeException e) {
      Libc.closeFd(fd);
      throw e;
    }
  }

  private long map() {
    return PlaceholderMemory.map(
        size,
        fd,
        options.hugetlbfs() == null
            ? "the region needs " + size + " bytes: make memory.buf-num smaller"
            : "the region needs " + new HugePages().needed(options.hugetlbfs(), size));
  }

  /** Buffers that begin in one piece of 2 MiB and end in the next. */
  private static BitSet straddlers(long start, MemoryOptions options) {
    BitSet found = new BitSet();
    int size = options.bufSize();
    for (int i = 0; i < options.bufNum(); i++) {
      if ((start + (long) i * size) % HugePages.GRAIN > HugePages.GRAIN - size) {
        found.set(i);
      }
    }
    return found;
  }

  private static Region make(MemoryOptions options, int memId) {
    return make(options, memId, null, null);
  }

  private static Region make(MemoryOptions options, int memId, Path file, Object fileKey) {
    try {
      return new Region(options, memId, file, fileKey);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    }
  }

  /**
   * Makes a region of its own, which the caller closes after every port in it.
   *
   * @throws NetmapException ENOMEM and what else the operating system refuses
   */
  public static Region create(MemoryOptions options) {
    return make(options, NEXT_ID.getAndIncrement());
  }

  /**
   * A region in a file of the user's, for instance in hugetlbfs: netmap's EXTMEM
   * (docs/netmap-abi.md 11.1). One file is one region, however often it is opened. It closes with
   * its last user.
   *
   * @param wanted the pools; as many buffers more as the file has room for
   * @return a user of the region, for the caller to close
   * @throws NetmapException ENOENT and what else the file system says; ENOMEM when the file is too
   *     small
   */
  public static synchronized Use openFile(Path file, MemoryOptions wanted) {
    Object key;
    long bytes;
    try {
      key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
      bytes = Files.size(file);
    } catch (IOException e) {
      throw new NetmapException(
          FileErrors.errno(e), "cannot open '" + file + "': " + FileErrors.reason(e), e);
    }
    for (Region open : OPEN.values()) {
      if (key.equals(open.fileKey)) {
        try {
          return open.hold(file.toString());
        } catch (NetmapException e) {
          // closed meanwhile: by its last user
        }
      }
    }
    Region made =
        make(fit(wanted, file, bytes), NEXT_ID.getAndIncrement(), file.toAbsolutePath(), key);
    Mem.set(made.bufAddress(0), made.bufSize(), (byte) 0);
    return made.hold(file.toString());
  }

  private static MemoryOptions fit(MemoryOptions o, Path file, long bytes) {
    long before =
        roundUp((long) o.ifNum() * o.ifSize()) + roundUp((long) o.ringNum() * o.ringSize());
    HugePages hugePages = new HugePages();
    Path folder = file.toAbsolutePath().getParent();
    long page = hugePages.pageSize(folder);
    long usable = bytes / page * page;
    long room = Math.min(MOST_BUFFERS, (usable - before) / o.bufSize());
    if (room < o.bufNum()) {
      throw new NetmapException(
          Libc.ENOMEM,
          String.format(
              Locale.ROOT,
              "%s has %d whole pages of %d MiB: interfaces and rings take %d bytes, so there is room for %d buffers of"
                  + " %d, fewer than %d; make the file larger, or the pools smaller (if-num, ring-num, buf-num)",
              file,
              usable / page,
              page >> 20,
              before,
              Math.max(0, room),
              o.bufSize(),
              o.bufNum()));
    }
    boolean huge = hugePages.mounts().stream().anyMatch(folder::startsWith);
    return new MemoryOptions(
        o.ifNum(),
        o.ifSize(),
        o.ringNum(),
        o.ringSize(),
        (int) room,
        o.bufSize(),
        huge ? folder : null);
  }

  private static long roundUp(long bytes) {
    return (bytes + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
  }

  /** What a program sees of the region: made once. */
  public synchronized <T> T view(Class<T> type, Function<Region, T> make) {
    if (view == null) {
      view = make.apply(this);
    }
    return type.cast(view);
  }

  /** Offset of the pool of interfaces, of rings, of buffers. */
  public long[] poolOffsets() {
    return new long[] {ifs.start, rings.start, buffers.start};
  }

  /** The region that all ports of this process share unless told otherwise. Made at first use. */
  public static synchronized Region shared() {
    if (shared == null) {
      shared = make(sharedOptions, SHARED_ID);
    }
    return shared;
  }

  /**
   * The open region with that nr_mem_id.
   *
   * @throws NetmapException EINVAL when there is none, as in netmap
   */
  public static Region find(int memId) {
    Region region = memId == SHARED_ID ? shared() : OPEN.get(memId);
    if (region == null) {
      Set<Integer> ids = new TreeSet<>(OPEN.keySet());
      ids.add(SHARED_ID);
      throw new NetmapException(
          Libc.EINVAL,
          "no memory has id "
              + memId
              + "; this process has "
              + ids.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
    return region;
  }

  /**
   * Sets sizes and backing of {@link #shared}.
   *
   * @throws NetmapException EBUSY once it is in use with other options
   */
  public static synchronized void configureShared(MemoryOptions options) {
    if (shared != null && !options.equals(sharedOptions)) {
      throw new NetmapException(
          Libc.EBUSY,
          "the shared region is already in use with "
              + sharedOptions
              + "; set its options before the first open");
    }
    sharedOptions = options;
  }

  /** Where this process has mapped the region. */
  public long address() {
    checkOpen();
    return address;
  }

  private void checkOpen() {
    if (closed) {
      throw new NetmapException(
          Libc.EBADF, "region " + memId + " is closed; make another one and open ports in it");
    }
  }

  /** Bytes of the region, a multiple of 2 MiB and of its pages. */
  public long size() {
    return size;
  }

  /** The file behind the region, to map it again or to pass it on. Owned by the region. */
  public int fd() {
    checkOpen();
    return fd;
  }

  /** netmap's nr_mem_id: ports with the same id can swap buffers. */
  public int memId() {
    return memId;
  }

  /** True for {@link #shared}. */
  public boolean isShared() {
    return memId == SHARED_ID;
  }

  public MemoryOptions options() {
    return options;
  }

  /** Buffer indices are below this. */
  public int bufTotal() {
    return options.bufNum();
  }

  /** Bytes of a buffer. */
  public int bufSize() {
    return options.bufSize();
  }

  /** Offset of buffer 0 from the start of the region. */
  public long bufOffset() {
    return buffers.start;
  }

  /** Where this process has a buffer. @throws IndexOutOfBoundsException for an invalid index */
  public long bufAddress(int index) {
    checkOpen();
    Objects.checkIndex(index, options.bufNum());
    return address + buffers.offset(index);
  }

  /** True for the index of a buffer that may be handed out. */
  public boolean isBuffer(int index) {
    return buffers.contains(index);
  }

  /**
   * True when some buffers end in another page of 2 MiB than they begin in, which may be elsewhere
   * for a device. They are never handed out: the layout leaves no gaps between buffers.
   */
  public boolean bufsStraddle() {
    return bufsStraddle;
  }

  /** Buffers that can be handed out at the moment. */
  public int freeBuffers() {
    return buffers.free();
  }

  /** Ring objects that can be handed out at the moment. */
  public int freeRings() {
    return rings.free();
  }

  /**
   * What is added to an address of the region to reach the same place in {@link PlaceholderMemory},
   * which stays mapped when the region is closed.
   */
  public long toPlaceholder() {
    return toPlaceholder;
  }

  /**
   * Takes an interface object.
   *
   * @param bytes that it must hold
   * @return its offset in the region; it is zeroed
   * @throws NetmapException ENOMEM: needed and available, and the option to raise
   */
  public long allocateIf(int bytes) {
    return allocate(ifs, bytes);
  }

  /** Takes a ring object, as {@link #allocateIf}. */
  public long allocateRing(int bytes) {
    return allocate(rings, bytes);
  }

  private long allocate(ObjectPool pool, int bytes) {
    checkOpen();
    long offset = pool.takeObject(bytes);
    Mem.set(address + offset, pool.objectSize, (byte) 0);
    return offset;
  }

  /**
   * Frees an interface object.
   *
   * @throws NetmapException EINVAL when none at {@code offset} is in use
   */
  public void freeIf(long offset) {
    checkOpen();
    ifs.freeObject(offset);
  }

  /** Frees a ring object, as {@link #freeIf}. */
  public void freeRing(long offset) {
    checkOpen();
    rings.freeObject(offset);
  }

  /**
   * Takes {@code count} buffers, all or none, those with the lowest indices.
   *
   * @throws NetmapException ENOMEM: needed and available, and the option to raise
   */
  public int[] allocateBuffers(int count) {
    checkOpen();
    return buffers.take(count);
  }

  /** Takes up to {@code count} buffers (netmap may shorten a request for extra buffers). */
  public int[] allocateBuffersUpTo(int count) {
    checkOpen();
    return buffers.takeUpTo(count);
  }

  /**
   * Frees a buffer.
   *
   * @return false, and nothing done, for an index that is reserved, out of range or free
   */
  public boolean freeBuffer(int index) {
    checkOpen();
    return buffers.giveBack(index);
  }

  /**
   * Registers a set of rings that lives here: the region stays open for it.
   *
   * @param who for the message of a {@link #close} that comes too early
   */
  public Use attach(String who) {
    return use("the rings of " + who, true);
  }

  /** Registers a device domain that maps the region, as {@link #attach}. */
  public Use hold(String who) {
    return use("a mapping for " + who, false);
  }

  private synchronized Use use(String who, boolean hasRings) {
    checkOpen();
    Use use = new Use(who, hasRings);
    users.add(use);
    return use;
  }

  /** A user that needs the region open. */
  public final class Use implements AutoCloseable {
    private final String who;
    private final boolean hasRings;

    private Use(String who, boolean hasRings) {
      this.who = who;
      this.hasRings = hasRings;
    }

    /**
     * The region is needed no more. With the last set of rings all buffers are free, also those
     * that programs lost, as in netmap. Idempotent.
     */
    @Override
    public void close() {
      synchronized (Region.this) {
        boolean was = users.remove(this);
        if (was && hasRings && !abandoned && users.stream().noneMatch(use -> use.hasRings)) {
          buffers.reset();
        }
        if (was) {
          closeUnused();
        }
      }
    }

    /** Whose user this is. */
    public Region region() {
      return Region.this;
    }

    /**
     * As {@link #close} where a device may still reach what this user had: the region never gives
     * that to others. Its memory may go: what a device or another process has mapped is kept by the
     * kernel.
     */
    public void abandon() {
      synchronized (Region.this) {
        abandoned |= users.remove(this);
        closeUnused();
      }
    }
  }

  /**
   * Closes the region as soon as it has no user: now, or with the last of them. For a region that
   * was made for one port, and that others may share.
   */
  public synchronized void closeWithLastUse() {
    closesWithLastUse = true;
    closeUnused();
  }

  private void closeUnused() {
    if (closesWithLastUse && users.isEmpty()) {
      close();
    }
  }

  /**
   * Unmaps the region. Idempotent, from any thread.
   *
   * @throws NetmapException EBUSY while it has users, and always for {@link #shared}
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    if (isShared()) {
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
    OPEN.remove(memId);
    try {
      PlaceholderMemory.retire(address, size);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    } finally {
      Libc.closeFd(fd);
    }
  }
}

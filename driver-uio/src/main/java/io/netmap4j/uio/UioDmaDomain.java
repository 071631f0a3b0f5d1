package io.netmap4j.uio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice.DmaBuffer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DMA memory of one card without an IOMMU: its device addresses are physical addresses. Memory that
 * was mapped for a card must not be reused before the card's DMA has stopped, even if this process
 * is killed. So the memory's file in hugetlbfs has one name for each card that may write to it,
 * {@code netmap4j-PID-ID@CARD}. Only the process that holds the lock of CARD, and has stopped its
 * DMA, removes such a name. The kernel frees the pages when the last name and the last mapping are
 * gone. Thread safe.
 */
final class UioDmaDomain implements DmaDomain {
  private static final Logger LOG = LoggerFactory.getLogger(UioDmaDomain.class);
  private static final String PREFIX = "netmap4j-";

  /** Alignment of descriptor rings, which {@code NicDevice.allocateDma} promises. */
  private static final int UNIT = 4096;

  private final String card;
  private final HugePages hugePages;
  private final BooleanSupplier mastering;
  private final IdentityHashMap<Region, Mapped> regions = new IdentityHashMap<>();
  private final List<Page> pages = new ArrayList<>();
  private final Map<DmaBuffer, Page> buffers = new HashMap<>();
  private final Set<Path> names = new HashSet<>();
  private final Set<Path> swept = new HashSet<>();
  private int pagesMade;

  private static final class Mapped {
    final long[] pages;
    final Path name;
    final Region.Use use;
    int users;

    Mapped(Region.Use use, long[] pages, Path name) {
      this.use = use;
      this.pages = pages;
      this.name = name;
    }
  }

  /** A hugepage for descriptor rings, allocated in units of {@link #UNIT}. */
  private static final class Page {
    final long address;
    final long physical;
    final long size;
    final BitSet used = new BitSet();

    Page(long address, long physical, long size) {
      this.address = address;
      this.physical = physical;
      this.size = size;
    }

    /** First fit. @return the first unit of the run, −1 for none */
    int find(int units) {
      int at = used.nextClearBit(0);
      while (at + units <= size / UNIT) {
        int end = used.nextSetBit(at);
        if (end < 0 || end - at >= units) {
          return at;
        }
        at = used.nextClearBit(end);
      }
      return -1;
    }
  }

  /**
   * Removes the names that a killed process has left.
   *
   * @param card its PCI address; this process has its lock, and its DMA has stopped
   * @param mastering whether bus mastering is on at this moment
   */
  UioDmaDomain(String card, HugePages hugePages, BooleanSupplier mastering) {
    this.card = card;
    this.hugePages = hugePages;
    this.mastering = mastering;
    hugePages.mounts().forEach(this::sweep);
  }

  /** Once per folder: names of this card that are made later belong to this process. */
  private void sweep(Path folder) {
    if (!swept.add(folder.toAbsolutePath().normalize())) {
      return;
    }
    try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, PREFIX + "*@" + card)) {
      for (Path name : left) {
        Files.delete(name);
        LOG.info("uio:{}: removed {}, left by a process that was killed", card, name);
      }
    } catch (IOException e) {
      LOG.warn("uio:{}: cannot remove what was left in {}: {}", card, folder, e.toString());
    }
  }

  @Override
  public synchronized DmaMapping map(Region region) {
    Path folder = region.options().hugetlbfs();
    if (folder == null) {
      throw new NetmapException(
          Libc.EINVAL,
          "uio:"
              + card
              + " reaches physical memory only, and the region is in anonymous memory: put it into"
              + " hugepages with memory.hugetlbfs = "
              + hugePages.mounts().stream().findFirst().orElse(Path.of("/dev/hugepages"))
              + " in the configuration file");
    }
    Mapped mapped = regions.get(region);
    if (mapped == null) {
      hugePages.require(folder);
      sweep(folder);
      mapped = newMapping(region, folder);
      regions.put(region, mapped);
    }
    mapped.users++;
    return new DmaMapping(mapped.pages, () -> unmap(region));
  }

  private Mapped newMapping(Region region, Path folder) {
    Region.Use use = region.hold("uio:" + card);
    try {
      long[] physical = hugePages.physical(region.address(), region.size());
      return new Mapped(use, physical, name(region.fd(), folder, "" + region.memId()));
    } catch (RuntimeException e) {
      use.close();
      throw e;
    }
  }

  private synchronized void unmap(Region region) {
    Mapped mapped = regions.get(region);
    if (mapped != null && --mapped.users == 0) {
      regions.remove(region);
      if (!mastering.getAsBoolean()) {
        removeName(mapped.name);
      } // else the card may still write: the name stays until it is closed
      mapped.use.close(); // the name keeps the pages
    }
  }

  private Path name(int fd, Path folder, String id) {
    Path name = folder.resolve(PREFIX + ProcessHandle.current().pid() + "-" + id + "@" + card);
    try {
      HugePages.name(fd, name);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), "uio:" + card + ": " + e.getMessage(), e);
    }
    names.add(name);
    return name;
  }

  private void removeName(Path name) {
    try {
      if (names.remove(name)) {
        Files.deleteIfExists(name);
      }
    } catch (IOException e) {
      LOG.warn("uio:{}: cannot remove {}: {}", card, name, e.toString());
    }
  }

  /** Allocates zeroed memory for descriptors, within one hugepage. */
  synchronized DmaBuffer allocate(long bytes) {
    if (bytes <= 0 || bytes > HugePages.GRAIN) {
      throw new NetmapException(
          Libc.EINVAL,
          bytes
              + " bytes of DMA memory asked for: uio:"
              + card
              + " allocates 1 to "
              + HugePages.GRAIN
              + ", which are contiguous; choose fewer slots");
    }
    int units = (int) ((bytes + UNIT - 1) / UNIT);
    for (Page page : pages) {
      int at = page.find(units);
      if (at >= 0) {
        return take(page, at, units, bytes);
      }
    }
    Page page = newPage();
    pages.add(page);
    return take(page, 0, units, bytes);
  }

  private DmaBuffer take(Page page, int at, int units, long bytes) {
    page.used.set(at, at + units);
    long offset = (long) at * UNIT;
    Mem.set(page.address + offset, (long) units * UNIT, (byte) 0);
    DmaBuffer buffer = new DmaBuffer(page.address + offset, page.physical + offset, bytes);
    buffers.put(buffer, page);
    return buffer;
  }

  private Page newPage() {
    Path folder = folder();
    try {
      long size = hugePages.pageSize(folder);
      int fd = HugePages.create(folder);
      try {
        Libc.truncate(fd, size, "");
        long address =
            Libc.mmap(
                size,
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_SHARED,
                fd,
                0,
                "no page is left for descriptors: it takes " + hugePages.needed(folder, size));
        try {
          long physical = hugePages.physical(address, size)[0];
          name(fd, folder, "descriptors" + pagesMade++);
          return new Page(address, physical, size);
        } catch (RuntimeException e) {
          Libc.unmap(address, size);
          throw e;
        }
      } finally {
        Libc.closeFd(fd); // the mapping keeps the file
      }
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), "uio:" + card + ": " + e.getMessage(), e);
    }
  }

  /** The hugetlbfs of a mapped region, else a writable one that is mounted. */
  private Path folder() {
    for (Region region : regions.keySet()) {
      return region.options().hugetlbfs();
    }
    return hugePages.mounts().stream()
        .filter(Files::isWritable)
        .findFirst()
        .orElseThrow(
            () ->
                new NetmapException(
                    Libc.ENXIO,
                    "uio:" + card + " lacks " + String.join("; and ", hugePages.missing())));
  }

  synchronized void free(DmaBuffer buffer) {
    Page page = buffers.remove(buffer);
    if (page == null) {
      throw new NetmapException(Libc.EINVAL, buffer + " is not a buffer of uio:" + card);
    }
    int at = (int) ((buffer.address() - page.address) / UNIT);
    page.used.clear(at, at + (int) ((buffer.size() + UNIT - 1) / UNIT));
  }

  /**
   * Frees all descriptor memory and unmaps all regions.
   *
   * @param stopped the card's DMA has certainly stopped; otherwise the names stay until a process
   *     opens the card again
   */
  synchronized void close(boolean stopped) {
    buffers.clear();
    pages.forEach(page -> Libc.unmap(page.address, page.size));
    pages.clear();
    regions.values().forEach(mapped -> mapped.use.close());
    regions.clear();
    if (stopped) {
      List.copyOf(names).forEach(this::removeName);
    }
    names.clear();
  }
}

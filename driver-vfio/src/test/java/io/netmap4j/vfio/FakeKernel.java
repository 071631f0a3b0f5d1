package io.netmap4j.vfio;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A kernel with VFIO that is as strict as Linux, of type 1v2 or SPAPR TCE: what {@code
 * vfio_iommu_type1.c} and {@code vfio_iommu_spapr_tce.c} refuse, this refuses with the same errno.
 * The numbers and offsets are written down here once more, from linux/vfio.h; those of ioctls are
 * what this processor's {@code _IO} makes.
 */
final class FakeKernel implements VfioKernel {
  private static final int EBUSY = 16;
  private static final int ENOTTY = 25;

  /** {@code _IO(';', 100)}, which has a 1 in its upper three bits on POWER. */
  private static final int BASE =
      System.getProperty("os.arch").equals("ppc64le") ? 0x20003b64 : 0x3b64;

  private static final long DEFAULT_WINDOW = 2L << 30;

  final int page;

  /** Where pages are larger than the machine's, its mappings begin within one. */
  private final int aligned;

  final Set<Integer> extensions = new HashSet<>();
  long pageSizes = 4096 | 65536 | 16 << 20;
  boolean ddw = true;
  int levels = 5;

  /** Of the table of a window: the largest piece of memory that this host has. */
  long largestPiece = 16 << 20;

  boolean lockLimit;
  boolean mapFails;

  /** Of what was done, in order. */
  final List<String> calls = Collections.synchronizedList(new ArrayList<>());

  /** Of all containers: what is being registered, which takes so long. */
  private final Set<Long> pinning = ConcurrentHashMap.newKeySet();

  long pinNanos;

  final List<Integer> open = new ArrayList<>();

  /** Those that are open, in the order of their opening. */
  final TreeMap<Integer, Container> containers = new TreeMap<>();

  /** By its descriptor, the container that each group is in. */
  private final Map<Integer, Container> groups = new HashMap<>();

  /** As in a guest, whose tables cannot be shared: a second group is refused by a container. */
  boolean groupsApart;

  private int next = 1000;

  /** Device addresses of the kernel's type 1; null: it does not say. */
  long[][] ranges;

  final class Container {
    final TreeMap<Long, Long> registered = new TreeMap<>();
    final List<Table> tables = new ArrayList<>();
    private int iommu;

    private int ioctl(int number, long at) {
      switch (number) {
        case 0: // GET_API_VERSION
          return at != 0 ? -Libc.EINVAL : 0;
        case 1: // CHECK_EXTENSION
          return extensions.contains((int) at) ? 1 : 0;
        case 2: // SET_IOMMU
          if (!groups.containsValue(this) || iommu != 0 || !extensions.contains((int) at)) {
            return -Libc.EINVAL;
          }
          iommu = (int) at;
          calls.add("IOMMU " + at);
          tables.add(
              iommu == 7 ? new Table(0, DEFAULT_WINDOW, 12) : new Table(0, Long.MAX_VALUE, 12));
          return 0;
        default:
          return iommu == 0 ? -Libc.EINVAL : iommu == 7 ? spapr(number, at) : type1(number, at);
      }
    }

    private int type1(int number, long at) {
      return switch (number) {
        case 12 -> ranges(at);
        case 13 -> map(at);
        case 14 -> unmap(at);
        default -> -ENOTTY;
      };
    }

    private int spapr(int number, long at) {
      return switch (number) {
        case 12 -> info(at);
        case 13 -> map(at);
        case 14 -> unmap(at);
        case 17 -> register(at);
        case 18 -> unregister(at);
        case 19 -> create(at);
        case 20 -> remove(at);
        default -> -ENOTTY;
      };
    }

    private int ranges(long at) {
      int bytes = 24 + 16 + 16 * (ranges == null ? 0 : ranges.length);
      if (Mem.getInt(at) < bytes) {
        return -Libc.EINVAL;
      }
      Mem.putInt(at + 4, ranges == null ? 1 : 1 | 2);
      Mem.putLong(at + 8, page);
      if (ranges != null) {
        // Another capability first: migration, id 2.
        Mem.putInt(at + 16, 24);
        Mem.putShort(at + 24, (short) 2);
        Mem.putInt(at + 24 + 4, 40);
        Mem.putShort(at + 40, (short) 1);
        Mem.putInt(at + 40 + 4, 0);
        Mem.putInt(at + 40 + 8, ranges.length);
        for (int i = 0; i < ranges.length; i++) {
          Mem.putLong(at + 56 + 16L * i, ranges[i][0]);
          Mem.putLong(at + 56 + 16L * i + 8, ranges[i][1]);
        }
      }
      return 0;
    }

    private int info(long at) {
      if (Mem.getInt(at) < 32 || Mem.getInt(at + 4) != 0) {
        return -Libc.EINVAL;
      }
      Mem.putInt(at + 4, ddw ? 1 : 0);
      Mem.putInt(at + 8, 0);
      Mem.putInt(at + 12, (int) DEFAULT_WINDOW);
      Mem.putLong(at + 16, ddw ? pageSizes : 0);
      Mem.putInt(at + 24, ddw ? 2 : 0);
      Mem.putInt(at + 28, ddw ? levels : 0);
      return 0;
    }

    private Table tableOf(long iova) {
      return tables.stream()
          .filter(t -> iova >= t.start && iova - t.start < t.size)
          .findFirst()
          .orElse(null);
    }

    private int map(long at) {
      long vaddr = Mem.getLong(at + 8);
      long iova = Mem.getLong(at + 16);
      long size = Mem.getLong(at + 24);
      if (Mem.getInt(at) < 32 || Mem.getInt(at + 4) != 3) {
        return -Libc.EINVAL;
      }
      Table table = tableOf(iova);
      if (table == null) {
        return -Libc.ENXIO;
      }
      long mask = (iommu == 7 ? 1L << table.shift : page) - 1;
      if (size == 0
          || ((size | iova) & mask) != 0
          || vaddr % aligned != 0
          || tableOf(iova + size - 1) != table) {
        return -Libc.EINVAL;
      }
      if (iommu == 7) {
        var memory = registered.floorEntry(vaddr);
        if (memory == null || vaddr + size > memory.getKey() + memory.getValue()) {
          return -Libc.EINVAL; // tce_iommu_prereg_ua_to_hpa
        }
        if (1L << table.shift > page) {
          return -Libc.EFAULT; // mm_iommu_ua_to_hpa: larger than the memory's own pages
        }
      }
      var below = table.maps.lowerEntry(iova + size);
      if (mapFails || below != null && below.getKey() + below.getValue()[1] > iova) {
        return -EBUSY;
      }
      table.maps.put(iova, new long[] {vaddr, size});
      calls.add("map");
      return 0;
    }

    private int unmap(long at) {
      long iova = Mem.getLong(at + 8);
      long size = Mem.getLong(at + 16);
      Table table = tableOf(iova);
      if (Mem.getInt(at) < 24 || Mem.getInt(at + 4) != 0 || table == null) {
        return -Libc.EINVAL;
      }
      long[] memory = table.maps.remove(iova);
      if (memory == null || memory[1] != size) {
        return -Libc.EINVAL;
      }
      calls.add("unmap");
      return 0;
    }

    private int register(long at) {
      long vaddr = Mem.getLong(at + 8);
      long size = Mem.getLong(at + 16);
      if (Mem.getInt(at) < 24
          || Mem.getInt(at + 4) != 0
          || size % page != 0
          || vaddr % aligned != 0) {
        return -Libc.EINVAL;
      }
      var below = registered.lowerEntry(vaddr + size);
      if (below != null && below.getKey() + below.getValue() > vaddr) {
        return -Libc.EINVAL; // mm_iommu_do_alloc: overlaps
      }
      if (lockLimit) {
        return -Libc.ENOMEM;
      }
      if (!pinning.add(vaddr)) {
        return -Libc.EINVAL; // mm_iommu_do_alloc too: another container is just at it
      }
      LockSupport.parkNanos(pinNanos);
      pinning.remove(vaddr);
      registered.put(vaddr, size);
      calls.add("register");
      return 0;
    }

    private int unregister(long at) {
      long vaddr = Mem.getLong(at + 8);
      Long size = registered.get(vaddr);
      if (Mem.getInt(at) < 24 || Mem.getInt(at + 4) != 0) {
        return -Libc.EINVAL;
      }
      if (size == null || size != Mem.getLong(at + 16)) {
        return -Libc.ENOENT;
      }
      boolean used =
          tables.stream()
              .flatMap(t -> t.maps.values().stream())
              .anyMatch(m -> m[0] >= vaddr && m[0] < vaddr + size);
      if (used) {
        return -EBUSY;
      }
      registered.remove(vaddr);
      calls.add("unregister");
      return 0;
    }

    private int create(long at) {
      int shift = Mem.getInt(at + 8);
      long size = Mem.getLong(at + 16);
      int levelsAsked = Mem.getInt(at + 24);
      boolean reservedAreZero = Mem.getInt(at + 12) == 0 && Mem.getInt(at + 28) == 0;
      if (Mem.getInt(at) < 40 || Mem.getInt(at + 4) != 0 || !reservedAreZero) {
        return -Libc.EINVAL;
      }
      boolean possible =
          (pageSizes & 1L << shift) != 0
              && Long.bitCount(size) == 1
              && levelsAsked >= 1
              && levelsAsked <= levels;
      if (!possible) {
        return -Libc.EINVAL; // pnv_pci_ioda2_table_alloc_pages
      }
      if (tables.size() == 2) {
        return -Libc.ENOSPC;
      }
      int entries = 63 - Long.numberOfLeadingZeros(size) - shift;
      if (8L << (entries + levelsAsked - 1) / levelsAsked > largestPiece) {
        return -Libc.ENOMEM;
      }
      Table made = new Table(tables.isEmpty() ? 0 : 1L << 59, size, shift);
      tables.add(made);
      Mem.putLong(at + 32, made.start);
      calls.add("window of " + (size >> 30) + " GiB, pages 2^" + shift + ", levels " + levelsAsked);
      return 0;
    }

    private int remove(long at) {
      if (Mem.getInt(at) < 16 || Mem.getInt(at + 4) != 0) {
        return -Libc.EINVAL;
      }
      boolean removed = tables.removeIf(t -> t.start == Mem.getLong(at + 8));
      calls.add("window away");
      return removed ? 0 : -Libc.EINVAL;
    }
  }

  /** A window of SPAPR, or everything of type 1. */
  static final class Table {
    final long start;
    final long size;
    final int shift;

    /** By device address: memory, bytes. */
    final TreeMap<Long, long[]> maps = new TreeMap<>();

    Table(long start, long size, int shift) {
      this.start = start;
      this.size = size;
      this.shift = shift;
    }
  }

  FakeKernel(int page, Integer... extensions) {
    this.page = page;
    this.aligned = Math.min(page, Machine.PAGE_SIZE);
    this.extensions.addAll(List.of(extensions));
  }

  @Override
  public int open(String path, String hint) {
    int fd = next++;
    open.add(fd);
    if (path.endsWith("/vfio")) {
      containers.put(fd, new Container());
    }
    return fd;
  }

  @Override
  public void close(int fd) {
    if (!open.remove((Integer) fd)) {
      throw new AssertionError("closed twice: " + fd);
    }
    containers.remove(fd);
  }

  @Override
  public int ioctl(int fd, int request, long argument, String call, String hint) {
    if (!open.contains(fd)) {
      throw new AssertionError(call + " of a closed descriptor");
    }
    Container container = containers.get(fd);
    int number = request - BASE;
    int result =
        container == null ? group(fd, number, argument) : container.ioctl(number, argument);
    if (result < 0) {
      throw LinuxException.ofCall(call, -result, hint);
    }
    return result;
  }

  private int group(int fd, int number, long argument) {
    switch (number) {
      case 3: // GROUP_GET_STATUS
        Mem.putInt(argument + 4, 1);
        return Mem.getInt(argument) < 8 ? -Libc.EINVAL : 0;
      case 4: // GROUP_SET_CONTAINER
        Container container = containers.get(Mem.getInt(argument));
        if (container == null) {
          return -Libc.EBADF;
        }
        if (groups.containsKey(fd)) {
          return -Libc.EINVAL;
        }
        if (groupsApart && groups.containsValue(container)) {
          return -Libc.EPERM; // spapr_tce_set_window
        }
        groups.put(fd, container);
        calls.add("group joins");
        return 0;
      case 5:
        calls.add("group leaves");
        return argument != 0 || groups.remove(fd) == null ? -Libc.EINVAL : 0;
      default:
        return -ENOTTY;
    }
  }
}

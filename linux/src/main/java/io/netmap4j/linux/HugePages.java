package io.netmap4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Pages of 2 MiB: the files that hold them, and where they are in the machine's memory. A page is
 * contiguous for a device and stays where it is; two pages are not neighbours except by chance.
 *
 * <p>A file is made without a name: the kernel takes its pages back with the last mapping, however
 * the process ends. A {@link #name} keeps the pages while a device may still write to them.
 */
public class HugePages {
  public static final long SIZE = 2L << 20;

  /** The shared region takes 164 with its default sizes. */
  private static final int ENOUGH = 256;

  private static final long PRESENT = 1L << 63;
  private static final long FRAME_MASK = (1L << 55) - 1;
  private static final long CAP_SYS_ADMIN = 1L << 21;

  private final Path pool;
  private final Path mounts;
  private final Path pagemap;
  private final Path status;

  public HugePages() {
    this(Path.of("/sys"), Path.of("/proc"));
  }

  /**
   * @param sys a folder that looks like /sys
   * @param proc a folder that looks like /proc
   */
  public HugePages(Path sys, Path proc) {
    this.pool = sys.resolve("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
    this.mounts = proc.resolve("mounts");
    this.pagemap = proc.resolve("self/pagemap");
    this.status = proc.resolve("self/status");
  }

  /** A new file without a name, empty. */
  public static int create(Path folder) {
    return Libc.open(
        folder.toString(),
        Libc.O_RDWR | Libc.O_TMPFILE,
        0600,
        "is hugetlbfs mounted there? "
            + mountCommand(folder)
            + "; it needs Linux 5.6 or newer (O_TMPFILE)");
  }

  /** Gives a file of {@link #create} a name, or one more. */
  public static void name(int fd, Path name) {
    Libc.nameFile(fd, name.toString(), "is /proc mounted?");
  }

  private static String mountCommand(Path folder) {
    return "mkdir -p " + folder + " && mount -t hugetlbfs -o pagesize=2M none " + folder;
  }

  /** Where hugetlbfs with pages of this size is mounted. */
  public List<Path> mounts() {
    List<Path> found = new ArrayList<>();
    for (String line : lines(mounts)) {
      String[] words = line.split(" "); // device, folder, type, options
      boolean suits =
          words.length > 3
              && words[2].equals("hugetlbfs")
              && Arrays.stream(words[3].split(","))
                  .filter(o -> o.startsWith("pagesize="))
                  .allMatch(o -> o.equals("pagesize=2M"));
      if (suits) {
        found.add(Path.of(words[1].replace("\\040", " ")));
      }
    }
    return found;
  }

  /**
   * Checks that a folder is in hugetlbfs. Other file systems (tmpfs with huge=always) can have
   * pages of 2 MiB, too, but the kernel moves those.
   *
   * @throws LinuxException EINVAL the folder is not in a hugetlbfs with pages of this size
   */
  public void require(Path folder) {
    Path real;
    try {
      real = folder.toRealPath();
    } catch (IOException e) {
      throw new LinuxException(
          Libc.EINVAL, folder + ": " + FileErrors.reason(e) + "; " + mountCommand(folder), e);
    }
    List<Path> all = mounts();
    if (all.stream().noneMatch(real::startsWith)) {
      throw new LinuxException(
          Libc.EINVAL,
          folder
              + " is not in a hugetlbfs with pages of 2 MiB"
              + (all.isEmpty() ? ": " + mountCommand(folder) : ", " + all + " is"));
    }
  }

  /** How many pages are free of how many, in words: "12 of 256", "none". */
  public String free() {
    try {
      Path free = pool.resolveSibling("free_hugepages");
      return Files.readString(free).trim() + " of " + Files.readString(pool).trim();
    } catch (IOException e) {
      return "none";
    }
  }

  /** The command after which {@code pages} pages are free. It never shrinks the pool. */
  public String more(long pages) {
    long total = count("nr_hugepages");
    long available = count("free_hugepages") - count("resv_hugepages");
    return "echo "
        + (total + Math.max(0, pages - available))
        + " > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
  }

  private long count(String file) {
    try {
      return Long.parseLong(Files.readString(pool.resolveSibling(file)).trim());
    } catch (IOException | NumberFormatException e) {
      return 0; // no such pages, which missing() says
    }
  }

  /** What is missing for using pages with a device, and the commands that provide it. */
  public List<String> missing() {
    List<String> missing = new ArrayList<>(missingPages());
    if (!Files.exists(pool)) {
      return missing;
    }
    List<Path> folders = mounts();
    if (folders.isEmpty()) {
      missing.add("a mounted hugetlbfs: " + mountCommand(Path.of("/dev/hugepages")));
    } else if (folders.stream().noneMatch(Files::isWritable)) {
      missing.add("the right to write to " + folders.get(0) + ": run as root");
    }
    missing.addAll(missingRight());
    return missing;
  }

  /** Of {@link #missing}, what concerns the pages themselves, mounted or not. */
  public List<String> missingPages() {
    if (!Files.exists(pool)) {
      return List.of("pages of 2 MiB: a kernel with CONFIG_HUGETLBFS");
    }
    boolean none = lines(pool).contains("0") && !onDemand();
    return none ? List.of("pages of 2 MiB: " + more(ENOUGH)) : List.of();
  }

  /** Of {@link #missing}, what concerns physical addresses. */
  public List<String> missingRight() {
    return (capabilities() & CAP_SYS_ADMIN) != 0
        ? List.of()
        : List.of("the right to see physical addresses, CAP_SYS_ADMIN: run as root");
  }

  /** The kernel allocates pages on demand, as far as it finds contiguous memory. */
  private boolean onDemand() {
    Path most = pool.resolveSibling("nr_overcommit_hugepages");
    return Files.exists(most) && !lines(most).contains("0");
  }

  private long capabilities() {
    for (String line : lines(status)) {
      if (line.startsWith("CapEff:")) {
        return Long.parseUnsignedLong(line.substring(7).trim(), 16);
      }
    }
    return 0;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw FileErrors.exception("cannot read " + file, e);
    }
  }

  /**
   * Locks mapped pages into memory and returns their physical addresses.
   *
   * @param size a multiple of {@link #SIZE}
   * @return the physical address of each
   * @throws LinuxException EPERM this process may not read physical addresses, EINVAL the memory is
   *     not made of such pages, ENOMEM there are too few
   */
  public long[] physical(long address, long size) {
    long[] found = new long[(int) (size / SIZE)];
    Libc.lockPages(
        address,
        size,
        "are there too few pages, or is the limit of locked memory low? " + more(size / SIZE));
    int fd = Libc.open(pagemap.toString(), Libc.O_RDONLY, 0, "run as root");
    try {
      for (int i = 0; i < found.length; i++) {
        found[i] = physical(fd, address + i * SIZE);
      }
    } finally {
      Libc.closeFd(fd);
    }
    return found;
  }

  /**
   * The physical address of one page of 2 MiB. All its small pages must be present and contiguous:
   * otherwise the memory is not such a page.
   */
  private long physical(int fd, long address) {
    int count = (int) (SIZE / Machine.PAGE_SIZE); // /proc/self/pagemap has one entry a small page
    long entries = Mem.allocate(8L * count);
    try {
      Libc.readAt(fd, entries, 8 * count, address / Machine.PAGE_SIZE * 8, "read of " + pagemap);
      long first = Mem.getLong(entries);
      long frame = first & FRAME_MASK;
      if ((first & PRESENT) != 0 && frame == 0) {
        throw new LinuxException(
            Libc.EPERM,
            pagemap + " hides physical addresses: CAP_SYS_ADMIN is missing; run as root");
      }
      boolean whole = frame % count == 0;
      for (int i = 0; i < count && whole; i++) {
        long entry = Mem.getLong(entries + 8L * i);
        whole = (entry & PRESENT) != 0 && (entry & FRAME_MASK) == frame + i;
      }
      if (!whole) {
        throw new LinuxException(
            Libc.EINVAL,
            String.format(
                Locale.ROOT,
                "memory at 0x%x is no page of 2 MiB: is its folder on a hugetlbfs with pagesize=2M?",
                address));
      }
      return frame * Machine.PAGE_SIZE;
    } finally {
      Mem.free(entries);
    }
  }
}

package io.netmap4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Pages of 2 MiB or more: the files that hold them, and where they are in the machine's memory. A
 * page is contiguous for a device and stays where it is; two pages are not neighbours except by
 * chance. Which sizes there are depends on the processor and on the kernel's own pages: 2 MiB and 1
 * GiB on x86-64, 2, 32 or 512 MiB and more on arm64, 2 MiB and 1 GiB or 16 MiB on POWER. Smaller
 * ones (64 KiB on arm64) do not serve a device.
 *
 * <p>A file is made without a name: the kernel takes its pages back with the last mapping, however
 * the process ends. A {@link #name} keeps the pages while a device may still write to them.
 */
public class HugePages {
  /** What a device finds in one piece. Pages are a multiple of it, and so are regions. */
  public static final long GRAIN = 2L << 20;

  /** The shared region takes 328 MiB with its default sizes. */
  private static final long ENOUGH = 512L << 20;

  private static final long PRESENT = 1L << 63;
  private static final long FRAME_MASK = (1L << 55) - 1;
  private static final long CAP_SYS_ADMIN = 1L << 21;

  /** The folders of the kernel's pools, one for each size. */
  private static final Pattern POOL = Pattern.compile("hugepages-(\\d+)kB");

  private final Path pools;
  private final Path mounts;
  private final Path meminfo;
  private final Path pagemap;
  private final Path status;
  private final int smallPage;

  /** A hugetlbfs. */
  private record Mount(Path folder, long pageSize) {}

  public HugePages() {
    this(Path.of("/sys"), Path.of("/proc"));
  }

  /**
   * @param sys a folder that looks like /sys
   * @param proc a folder that looks like /proc
   */
  public HugePages(Path sys, Path proc) {
    this(sys, proc, Libc.pageSize());
  }

  /**
   * @param smallPage bytes of the kernel's own pages: pagemap has an entry for each
   */
  protected HugePages(Path sys, Path proc, int smallPage) {
    this.pools = sys.resolve("kernel/mm/hugepages");
    this.mounts = proc.resolve("mounts");
    this.meminfo = proc.resolve("meminfo");
    this.pagemap = proc.resolve("self/pagemap");
    this.status = proc.resolve("self/status");
    this.smallPage = smallPage;
  }

  /** Bytes of the kernel's own pages. */
  public int smallPage() {
    return smallPage;
  }

  /** A new file without a name, empty. */
  public static int create(Path folder) {
    return Libc.open(
        folder.toString(),
        Libc.O_RDWR | Libc.O_TMPFILE,
        0600,
        "is hugetlbfs mounted there? "
            + mountCommand(folder, GRAIN)
            + "; it needs Linux 5.6 or newer (O_TMPFILE)");
  }

  /** Gives a file of {@link #create} a name, or one more. */
  public static void name(int fd, Path name) {
    Libc.nameFile(fd, name.toString(), "is /proc mounted?");
  }

  private static String mountCommand(Path folder, long pageSize) {
    return String.format(
        Locale.ROOT,
        "mkdir -p %s && mount -t hugetlbfs -o pagesize=%dM none %s",
        folder,
        pageSize >> 20,
        folder);
  }

  /** A size in words: "2 MiB". */
  static String text(long bytes) {
    return bytes >= 1 << 30
        ? (bytes >> 30) + " GiB"
        : bytes >= 1 << 20 ? (bytes >> 20) + " MiB" : (bytes >> 10) + " KiB";
  }

  /** Where hugetlbfs with pages that serve a device is mounted, the one to choose first. */
  public List<Path> mounts() {
    return suitable().stream().map(Mount::folder).toList();
  }

  /** Those with pages in their pool first, then those with the smallest: less is wasted. */
  private List<Mount> suitable() {
    return allMounts().stream()
        .filter(m -> m.pageSize % GRAIN == 0)
        .sorted(
            Comparator.comparing((Mount m) -> !hasPages(m.pageSize))
                .thenComparingLong(Mount::pageSize))
        .toList();
  }

  private List<Mount> allMounts() {
    List<Mount> found = new ArrayList<>();
    for (String line : lines(mounts)) {
      String[] words = line.split(" "); // device, folder, type, options
      if (words.length > 3 && words[2].equals("hugetlbfs")) {
        long size =
            Arrays.stream(words[3].split(","))
                .filter(o -> o.startsWith("pagesize="))
                .mapToLong(o -> bytes(o.substring("pagesize=".length())))
                .findFirst()
                .orElseGet(this::defaultSize); // kernels before 4.2 don't say
        found.add(new Mount(Path.of(words[1].replace("\\040", " ")), size));
      }
    }
    return found;
  }

  /** As the kernel writes it in /proc/mounts: 64K, 2M, 1024M. */
  private static long bytes(String text) {
    long number = Long.parseLong(text.replaceAll("[KMG]$", ""));
    return number
        << (text.endsWith("K") ? 10 : text.endsWith("M") ? 20 : text.endsWith("G") ? 30 : 0);
  }

  /** Bytes of a page where neither a mount nor a program says which. */
  private long defaultSize() {
    if (Files.exists(meminfo)) {
      for (String line : lines(meminfo)) {
        if (line.startsWith("Hugepagesize:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    }
    return GRAIN;
  }

  /** Sizes that the kernel has and that serve a device, the smallest first. */
  private List<Long> sizes() {
    try (Stream<Path> all = Files.isDirectory(pools) ? Files.list(pools) : Stream.of()) {
      return all.map(folder -> POOL.matcher(folder.getFileName().toString()))
          .filter(Matcher::matches)
          .map(name -> Long.parseLong(name.group(1)) << 10)
          .filter(size -> size % GRAIN == 0)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw FileErrors.exception("cannot list " + pools, e);
    }
  }

  /**
   * Bytes of the pages to use: those that there are and that are mounted, else those that there
   * are, else those that are mounted, else the kernel's default size.
   */
  public long pageSize() {
    List<Long> sizes = sizes();
    List<Long> mounted = suitable().stream().map(Mount::pageSize).toList();
    long usual = defaultSize();
    return Stream.of(mounted.stream().filter(this::hasPages), sizes.stream().filter(this::hasPages))
        .flatMap(s -> s)
        .findFirst()
        .orElse(
            !mounted.isEmpty()
                ? mounted.get(0)
                : sizes.isEmpty() ? GRAIN : sizes.contains(usual) ? usual : sizes.get(0));
  }

  /** Bytes of a page of the hugetlbfs that a folder is in; {@link #GRAIN} elsewhere. */
  public long pageSize(Path folder) {
    return mountOf(real(folder)).map(m -> Math.max(GRAIN, m.pageSize)).orElse(GRAIN);
  }

  private Optional<Mount> mountOf(Path real) {
    return allMounts().stream()
        .filter(m -> real.startsWith(m.folder))
        .max(Comparator.comparingInt(m -> m.folder.getNameCount()));
  }

  private Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      throw new LinuxException(
          Libc.EINVAL,
          folder + ": " + FileErrors.reason(e) + "; " + mountCommand(folder, pageSize()),
          e);
    }
  }

  /**
   * Checks that a folder is in hugetlbfs. Other file systems (tmpfs with huge=always) can have
   * pages of 2 MiB, too, but the kernel moves those.
   *
   * @throws LinuxException EINVAL the folder is not in a hugetlbfs, or its pages are too small
   */
  public void require(Path folder) {
    Optional<Mount> mount = mountOf(real(folder));
    if (mount.isPresent() && mount.get().pageSize % GRAIN == 0) {
      return;
    }
    List<Path> all = mounts();
    throw new LinuxException(
        Libc.EINVAL,
        folder
            + mount
                .map(m -> " has pages of " + text(m.pageSize) + ", a device needs 2 MiB or more")
                .orElse(" is not in a hugetlbfs with pages of 2 MiB or more")
            + (all.isEmpty() ? ": " + mountCommand(folder, pageSize()) : ", " + all + " is"));
  }

  /** How many pages of {@link #pageSize} are free of how many, in words: "12 of 256", "none". */
  public String free() {
    return free(pageSize());
  }

  private String free(long size) {
    try {
      Path total = pool(size).resolve("nr_hugepages");
      Path free = pool(size).resolve("free_hugepages");
      return Files.readString(free).trim() + " of " + Files.readString(total).trim();
    } catch (IOException e) {
      return "none";
    }
  }

  private Path pool(long size) {
    return pools.resolve("hugepages-" + (size >> 10) + "kB");
  }

  /**
   * What it takes to hold so many bytes in a folder, for a message: "12 free pages of 2 MiB, there
   * are 3 of 4; COMMAND".
   */
  public String needed(Path folder, long bytes) {
    long size = pageSize(folder);
    return String.format(
        Locale.ROOT,
        "%d free pages of %s, there are %s; %s",
        pages(bytes, size),
        text(size),
        free(size),
        more(bytes, size));
  }

  private static long pages(long bytes, long size) {
    return (bytes + size - 1) / size;
  }

  /** The command after which pages for so many bytes are free. It never shrinks the pool. */
  private String more(long bytes, long size) {
    long total = count(size, "nr_hugepages");
    long available = count(size, "free_hugepages") - count(size, "resv_hugepages");
    return "echo "
        + (total + Math.max(0, pages(bytes, size) - available))
        + " > /sys/kernel/mm/hugepages/"
        + pool(size).getFileName()
        + "/nr_hugepages";
  }

  private long count(long size, String file) {
    try {
      return Long.parseLong(Files.readString(pool(size).resolve(file)).trim());
    } catch (IOException | NumberFormatException e) {
      return 0; // no such pages, which missing() says
    }
  }

  /** What is missing for using pages with a device, and the commands that provide it. */
  public List<String> missing() {
    List<String> missing = new ArrayList<>(missingPages());
    if (sizes().isEmpty()) {
      return missing;
    }
    long size = pageSize();
    List<Path> folders =
        suitable().stream().filter(m -> m.pageSize == size).map(Mount::folder).toList();
    if (folders.isEmpty()) {
      Path usual = Path.of("/dev/hugepages");
      boolean taken = allMounts().stream().anyMatch(m -> m.folder.equals(usual));
      missing.add(
          "a mounted hugetlbfs: "
              + mountCommand(
                  taken ? usual.resolveSibling("hugepages-" + (size >> 20) + "M") : usual, size));
    } else if (folders.stream().noneMatch(Files::isWritable)) {
      missing.add("the right to write to " + folders.get(0) + ": run as root");
    }
    missing.addAll(missingRight());
    return missing;
  }

  /** Of {@link #missing}, what concerns the pages themselves, mounted or not. */
  public List<String> missingPages() {
    if (sizes().isEmpty()) {
      return List.of("pages of 2 MiB or more: a kernel with CONFIG_HUGETLBFS");
    }
    long size = pageSize();
    return hasPages(size)
        ? List.of()
        : List.of("pages of " + text(size) + ": " + more(ENOUGH, size));
  }

  /** Of {@link #missing}, what concerns physical addresses. */
  public List<String> missingRight() {
    return (capabilities() & CAP_SYS_ADMIN) != 0
        ? List.of()
        : List.of("the right to see physical addresses, CAP_SYS_ADMIN: run as root");
  }

  /** There are some, or the kernel allocates them on demand, if it finds contiguous memory. */
  private boolean hasPages(long size) {
    return count(size, "nr_hugepages") > 0 || count(size, "nr_overcommit_hugepages") > 0;
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
   * @param size a multiple of {@link #GRAIN}
   * @return the physical address of each {@link #GRAIN}
   * @throws LinuxException EPERM this process may not read physical addresses, EINVAL the memory is
   *     not made of such pages, ENOMEM there are too few
   */
  public long[] physical(long address, long size) {
    long[] found = new long[(int) (size / GRAIN)];
    Libc.lockPages(
        address,
        size,
        "are there too few pages, or is the limit of locked memory low? " + more(size, pageSize()));
    int fd = Libc.open(pagemap.toString(), Libc.O_RDONLY, 0, "run as root");
    try {
      for (int i = 0; i < found.length; i++) {
        found[i] = physical(fd, address + i * GRAIN);
      }
    } finally {
      Libc.closeFd(fd);
    }
    return found;
  }

  /**
   * The physical address of 2 MiB. All small pages of it must be present and contiguous: otherwise
   * the memory is not part of a large one.
   */
  private long physical(int fd, long address) {
    int count = (int) (GRAIN / smallPage);
    long entries = Mem.allocate(8L * count);
    try {
      Libc.readAt(fd, entries, 8 * count, address / smallPage * 8, "read of " + pagemap);
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
                "memory at 0x%x has no 2 MiB in one piece: is its folder on a hugetlbfs?",
                address));
      }
      return frame * smallPage;
    } finally {
      Mem.free(entries);
    }
  }
}

package io.netmap4j.model.registerfile;

import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.model.dma.DeviceMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hugepages of the processes that map a card's BAR 0: the card reaches them by their physical
 * addresses, as without an IOMMU, and reaches nothing else. They are found when the card first asks
 * for one, and unmapped when their process has ended. Guarded by the card's lock.
 */
final class ClientMemory implements DeviceMemory.OnMiss {
  private static final Logger LOG = LoggerFactory.getLogger(ClientMemory.class);

  /** A line of /proc/PID/maps: range, rights, offset, device, inode. */
  private static final Pattern MAPPING =
      Pattern.compile(
          "([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\\d+).*");

  /** After a search in vain, further accesses outside are faults at once for this time. */
  private static final long PAUSE_NANOS = 5_000_000;

  private static final int MOST_WARNINGS = 10;

  private final String name;
  private final DeviceMemory memory;
  private final Libc.FileState bar;
  private final HugePages hugePages = new HugePages();
  private final long self = ProcessHandle.current().pid();
  private final List<Client> clients = new ArrayList<>();
  private final List<long[]> mapped = new ArrayList<>();
  private final Set<Long> pages = new HashSet<>();
  private final Set<String> tried = new HashSet<>();
  private long lastInVain = System.nanoTime() - PAUSE_NANOS;
  private int warnings;

  private record Client(long pid, ProcessHandle process) {}

  private record Mapping(
      long start, long end, boolean shared, long offset, long device, long inode) {
    static Mapping parse(String line) {
      Matcher m = MAPPING.matcher(line);
      return !m.matches()
          ? null
          : new Mapping(
              Long.parseUnsignedLong(m.group(1), 16),
              Long.parseUnsignedLong(m.group(2), 16),
              m.group(3).equals("rw-s"),
              Long.parseUnsignedLong(m.group(4), 16),
              Long.parseLong(m.group(5), 16) << 32 | Long.parseLong(m.group(6), 16),
              Long.parseLong(m.group(7)));
    }

    boolean of(Libc.FileState file) {
      return device == file.device() && inode == file.inode();
    }

    boolean candidate() {
      return shared && inode != 0 && ((start | end) & HugePages.GRAIN - 1) == 0;
    }
  }

  /**
   * @param name of the card, for messages
   * @param bar its BAR 0
   */
  ClientMemory(String name, DeviceMemory memory, Libc.FileState bar) {
    this.name = name;
    this.memory = memory;
    this.bar = bar;
    memory.onMiss(this);
  }

  @Override
  public boolean resolve(long iova) {
    if (System.nanoTime() - lastInVain < PAUSE_NANOS) {
      return false;
    }
    boolean found = false;
    for (Client client : clients) {
      found |= take(client.pid, maps(client.pid));
    }
    if (!found) {
      found = findClients();
    }
    if (!found) {
      lastInVain = System.nanoTime();
      if (warnings++ < MOST_WARNINGS) {
        LOG.warn(
            "{}: DMA to 0x{} was refused: no process that maps its BAR 0 has a hugepage there",
            name,
            Long.toHexString(iova));
      }
    }
    return found;
  }

  private boolean findClients() {
    boolean found = false;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path folder : all) {
        long pid = Long.parseLong(folder.getFileName().toString());
        if (pid != self && clients.stream().noneMatch(c -> c.pid == pid)) {
          found |= findClient(pid);
        }
      }
    } catch (IOException e) {
      LOG.warn("{}: cannot list /proc: {}", name, e.toString());
    }
    return found;
  }

  private boolean findClient(long pid) {
    String maps = maps(pid);
    if (!maps.contains(" " + bar.inode() + " ")
        || maps.lines().map(Mapping::parse).noneMatch(m -> m != null && m.of(bar))) {
      return false;
    }
    ProcessHandle process = ProcessHandle.of(pid).orElse(null);
    if (process == null) {
      return false;
    }
    clients.add(new Client(pid, process));
    return take(pid, maps);
  }

  /** Empty for a process that has ended. */
  private static String maps(long pid) {
    try {
      return new String(
          Files.readAllBytes(Path.of("/proc/" + pid + "/maps")), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Maps what a process has in hugetlbfs and we have not seen yet. @return whether there was any
   */
  private boolean take(long pid, String maps) {
    boolean found = false;
    for (String line : maps.split("\n")) {
      Mapping mapping = Mapping.parse(line);
      if (mapping != null && mapping.candidate() && tried.add(pid + " " + mapping)) {
        found |= take(pid, mapping);
      }
    }
    return found;
  }

  private boolean take(long pid, Mapping mapping) {
    String file =
        String.format(Locale.ROOT, "/proc/%d/map_files/%x-%x", pid, mapping.start, mapping.end);
    int fd = Libc.tryOpen(file, Libc.O_RDWR, 0);
    if (fd < 0) {
      return false; // gone meanwhile, or no file that can be opened
    }
    long size = mapping.end - mapping.start;
    long address = 0;
    try {
      Libc.FileState state = Libc.stat(fd);
      if (!state.regular() || state.blockSize() < HugePages.GRAIN) {
        return false;
      }
      address =
          Libc.mmap(
              size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, mapping.offset, "");
      long[] physical = hugePages.physical(address, size);
      mapped.add(new long[] {address, size});
      return add(physical, address);
    } catch (LinuxException e) {
      LOG.warn("{}: the card cannot reach {}: {}", name, file, e.getMessage());
      if (address != 0) {
        Libc.unmap(address, size);
      }
      return false;
    } finally {
      Libc.closeFd(fd);
    }
  }

  private boolean add(long[] physical, long address) {
    boolean found = false;
    for (int i = 0; i < physical.length; i++) {
      if (pages.add(physical[i])) {
        memory.map(physical[i], HugePages.GRAIN, address + i * HugePages.GRAIN);
        found = true;
      }
    }
    return found;
  }

  /** Pages of 2 MiB that the card reaches. With the card's lock. */
  int pages() {
    return pages.size();
  }

  /**
   * Unmaps everything when a client has ended: what the others have is found again when the card
   * asks for it. Takes the card's lock; any thread.
   *
   * @return true when no client is left, and there was one
   */
  boolean dropEnded() {
    boolean entered = memory.enter();
    try {
      int before = clients.size();
      clients.removeIf(client -> !client.process.isAlive());
      if (clients.size() == before) {
        return false;
      }
      forget();
      return clients.isEmpty();
    } finally {
      if (entered) {
        memory.exit();
      }
    }
  }

  private void forget() {
    memory.unmapAll();
    mapped.forEach(piece -> Libc.unmap(piece[0], piece[1]));
    mapped.clear();
    pages.clear();
    tried.clear();
  }

  /** Unmaps everything. Takes the card's lock. */
  void close() {
    boolean entered = memory.enter();
    try {
      memory.onMiss(null);
      clients.clear();
      forget();
    } finally {
      if (entered) {
        memory.exit();
      }
    }
  }
}

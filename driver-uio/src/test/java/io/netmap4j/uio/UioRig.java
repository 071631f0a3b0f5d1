package io.netmap4j.uio;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.SysfsFolder;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.NicDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A folder that looks like a machine with UIO: sysfs with functions, /dev, /proc with a shuffled
 * pagemap, and an ordinary folder in hugetlbfs's place.
 */
final class UioRig {
  static final String CARD = "0000:03:00.0";
  static final int COMMAND = 4;
  static final int MASTER = 4;
  static final int REGISTERS = 0x20000;

  final Path root;
  final Path sys;
  final Path dev;
  final Path huge;
  final HugePages pages;
  private final int smallPage;
  private final long hugePage;

  String watched = CARD;
  private final SysfsFolder functions;
  private int nodes;

  /** The card's command register each time that somebody asked where hugetlbfs is mounted. */
  final List<Integer> commands = new ArrayList<>();

  /** Puts into the pagemap what is about to be looked up. */
  final class Pages extends HugePages {
    private final Random random = new Random(3);

    Pages() {
      super(sys, root.resolve("proc"), smallPage);
    }

    @Override
    public List<Path> mounts() {
      note();
      return super.mounts();
    }

    @Override
    public List<String> missing() {
      note();
      return super.missing();
    }

    private void note() {
      try {
        commands.add(command(watched));
      } catch (IOException e) {
        commands.add(-1);
      }
    }

    @Override
    public long[] physical(long address, long size) {
      try (RandomAccessFile pagemap =
          new RandomAccessFile(root.resolve("proc/self/pagemap").toFile(), "rw")) {
        int count = (int) (hugePage / smallPage);
        for (long at = address; at < address + size; at += hugePage) {
          long frame = (1 + random.nextInt(1 << 10)) * (long) count;
          ByteBuffer entries = ByteBuffer.allocate(8 * count).order(ByteOrder.LITTLE_ENDIAN);
          for (int i = 0; i < count; i++) {
            entries.putLong(1L << 63 | 1L << 61 | frame + i);
          }
          pagemap.seek(at / smallPage * 8);
          pagemap.write(entries.array());
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return super.physical(address, size);
    }
  }

  UioRig(Path root) throws IOException {
    this(root, false);
  }

  /**
   * @param real whether {@code root/huge} is a hugetlbfs and the pagemap is the kernel's
   */
  UioRig(Path root, boolean real) throws IOException {
    this(root, real, 4096, HugePages.GRAIN);
  }

  /** With another kernel's pages, small and large. */
  UioRig(Path root, boolean real, int smallPage, long hugePage) throws IOException {
    this.smallPage = smallPage;
    this.hugePage = hugePage;
    this.root = root;
    this.sys = root.resolve("sys");
    this.functions = new SysfsFolder(sys);
    this.dev = Files.createDirectories(root.resolve("dev"));
    this.huge = Files.createDirectories(root.resolve("huge"));
    Path pool =
        Files.createDirectories(
            sys.resolve("kernel/mm/hugepages/hugepages-" + (hugePage >> 10) + "kB"));
    Files.writeString(pool.resolve("nr_hugepages"), "64\n");
    Path self = Files.createDirectories(root.resolve("proc/self"));
    Files.writeString(self.resolve("status"), "Name:\tjava\nCapEff:\t000001fffeffffff\n");
    Files.writeString(
        root.resolve("proc/mounts"),
        "proc /proc proc rw 0 0\nnone /nowhere hugetlbfs rw,pagesize=64K 0 0\nnone "
            + huge
            + " hugetlbfs rw,relatime,pagesize="
            + (hugePage >> 20)
            + "M 0 0\n");
    this.pages = real ? new HugePages() : new Pages();
  }

  NicDevice open(String address) {
    return backend().open(address);
  }

  UioBackend backend() {
    return backend(true);
  }

  /**
   * @param physical whether this processor's devices see physical addresses
   */
  UioBackend backend(boolean physical) {
    return new UioBackend(sys, dev, pages, root.resolve("locks"), physical);
  }

  /** A function with all the files that a card has, and {@code /dev/uioN} as a plain file. */
  Path card(String address, String driver) throws IOException {
    Path device = function(address, SysfsFolder.ETHERNET, driver);
    ByteBuffer config = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    config.putShort((short) 0x8086).putShort((short) 0x10fb).putShort((short) 0x400);
    Files.write(device.resolve("config"), config.array());
    Files.write(device.resolve("resource0"), new byte[REGISTERS]);
    Files.writeString(device.resolve("irq"), "16\n");
    if (driver.contains("uio")) {
      String node = "uio" + nodes++;
      Files.createDirectories(device.resolve("uio").resolve(node));
      Files.createFile(dev.resolve(node));
    }
    return device;
  }

  Path function(String address, int classCode, String driver) throws IOException {
    return functions.function(address, classCode, driver);
  }

  Path device(String address) {
    return functions.device(address);
  }

  /** What the card's command register holds. */
  int command(String address) throws IOException {
    byte[] config = Files.readAllBytes(device(address).resolve("config"));
    return config[COMMAND] & 0xff | (config[COMMAND + 1] & 0xff) << 8;
  }

  /** A region of two pages or so. */
  Region region() {
    return Region.create(small().hugetlbfs(huge));
  }

  static MemoryOptions small() {
    return new MemoryOptions(4, 1024, 4, 8448, 2000, 2048, null);
  }

  /** Files that have a name. */
  List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(huge)) {
      return all.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  static void fill(long address, int bytes) {
    Mem.set(address, bytes, (byte) 0x5a);
  }
}

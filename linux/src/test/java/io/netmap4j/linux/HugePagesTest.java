package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HugePagesTest {
  private static final int PIECES = 4;
  private static final long PRESENT = 1L << 63;

  @TempDir Path root;
  private HugePages pages;
  private int smallPage;
  private long address;

  @BeforeEach
  void map() throws IOException {
    Files.createDirectories(root.resolve("proc/self"));
    Files.writeString(root.resolve("proc/mounts"), "");
    kernelWithPagesOf(4096);
    int fd = Libc.memfd("pages");
    Libc.truncate(fd, PIECES * HugePages.GRAIN, "");
    address =
        Libc.mmap(
            PIECES * HugePages.GRAIN, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, "");
    Libc.closeFd(fd);
  }

  @AfterEach
  void unmap() {
    Libc.unmap(address, PIECES * HugePages.GRAIN);
  }

  private void kernelWithPagesOf(int bytes) {
    smallPage = bytes;
    pages = new HugePages(root.resolve("sys"), root.resolve("proc"), bytes);
  }

  private int perPiece() {
    return (int) (HugePages.GRAIN / smallPage);
  }

  /** Entries of the small pages of a piece of 2 MiB, the first of which is {@code frame}. */
  private void pagemap(int piece, long flags, long frame) throws IOException {
    ByteBuffer entries = ByteBuffer.allocate(8 * perPiece()).order(ByteOrder.LITTLE_ENDIAN);
    LongStream.range(0, perPiece())
        .forEach(i -> entries.putLong(flags | (frame == 0 ? 0 : frame + i)));
    try (RandomAccessFile file =
        new RandomAccessFile(root.resolve("proc/self/pagemap").toFile(), "rw")) {
      file.seek((address + piece * HugePages.GRAIN) / smallPage * 8);
      file.write(entries.array());
    }
  }

  private LinuxException refused() {
    try {
      pages.physical(address, PIECES * HugePages.GRAIN);
    } catch (LinuxException e) {
      return e;
    }
    throw new AssertionError("translated");
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 16384, 65536})
  void eachPieceIsWhereItIs(int page) throws IOException {
    kernelWithPagesOf(page);
    long[] places = {7, 3, 4, 0x1f_ffff}; // apart, neighbours, beyond 2 TiB
    for (int i = 0; i < PIECES; i++) {
      pagemap(i, PRESENT | 1L << 61 | 1L << 55, places[i] * perPiece());
    }
    assertThat(pages.physical(address, PIECES * HugePages.GRAIN))
        .containsExactly(LongStream.of(places).map(f -> f * HugePages.GRAIN).toArray());
  }

  @Test
  void addressesThatAreHiddenAreNotTakenForZero() throws IOException {
    pagemap(0, PRESENT, 0);
    LinuxException e = refused();
    assertThat(e.errno()).isEqualTo(Libc.EPERM);
    assertThat(e).hasMessageContaining("CAP_SYS_ADMIN").hasMessageContaining("run as root");
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 16384, 65536})
  void whatIsNoHugePageIsRefused(int page) throws IOException {
    kernelWithPagesOf(page);
    int n = perPiece();
    pagemap(0, 0, n);
    assertThat(refused()).hasMessageContaining("is its folder on a hugetlbfs?");
    pagemap(0, PRESENT, n + 1);
    assertThat(refused()).hasMessageContaining("no 2 MiB in one piece");
    pagemap(0, PRESENT, n);
    pagemap(1, PRESENT, 2L * n);
    pagemap(2, PRESENT, 4L * n);
    pagemap(3, PRESENT, n);
    try (RandomAccessFile file =
        new RandomAccessFile(root.resolve("proc/self/pagemap").toFile(), "rw")) {
      file.seek((address + 3 * HugePages.GRAIN) / page * 8 + 8L * (n - 1));
      file.write(new byte[8]);
    }
    assertThat(refused().errno()).isEqualTo(Libc.EINVAL);
  }

  @Test
  void theKernelsOwnPagemapKnowsThatMemfdsAreNotHuge() {
    assertThatThrownBy(() -> new HugePages().physical(address, HugePages.GRAIN))
        .isInstanceOf(LinuxException.class);
  }

  private void pool(long mib, int total, int free, int reserved) throws IOException {
    Path folder = root.resolve("sys/kernel/mm/hugepages/hugepages-" + (mib << 10) + "kB");
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("nr_hugepages"), total + "\n");
    Files.writeString(folder.resolve("free_hugepages"), free + "\n");
    Files.writeString(folder.resolve("resv_hugepages"), reserved + "\n");
  }

  private void mounted(String... lines) throws IOException {
    Files.writeString(root.resolve("proc/mounts"), String.join("\n", lines) + "\n");
  }

  private void asRoot() throws IOException {
    Files.writeString(root.resolve("proc/self/status"), "CapEff:\tffffffffffffffff\n");
  }

  /** Processors and kernels have hugepages of these sizes, in MiB. */
  @ParameterizedTest
  @CsvSource({"2, 164, 256", "16, 21, 32", "32, 11, 16", "512, 1, 1", "1024, 1, 1"})
  void theAdviceIsNeverLessThanWhatIsThere(int mib, int needed, int enough) throws IOException {
    asRoot();
    long region = 164 * HugePages.GRAIN;
    Path folder = Files.createDirectories(root.resolve("huge"));
    mounted("none " + folder.toRealPath() + " hugetlbfs rw,pagesize=" + mib + "M 0 0");
    String command = " > /sys/kernel/mm/hugepages/hugepages-" + (mib << 10) + "kB/nr_hugepages";
    String size = mib == 1024 ? "1 GiB" : mib + " MiB";
    assertThat(pages.missing())
        .containsExactly("pages of 2 MiB or more: a kernel with CONFIG_HUGETLBFS");
    pool(mib, 600, 0, 0);
    assertThat(pages.needed(folder, region))
        .isEqualTo(
            needed
                + " free pages of "
                + size
                + ", there are 0 of 600; echo "
                + (600 + needed)
                + command);
    pool(mib, 600, 42, 42);
    assertThat(pages.needed(folder, region)).endsWith("; echo " + (600 + needed) + command);
    pool(mib, 600, 200, 0);
    assertThat(pages.needed(folder, region)).endsWith("; echo 600" + command);
    assertThat(pages.free()).isEqualTo("200 of 600");
    assertThat(pages.missing()).isEmpty();
    pool(mib, 0, 0, 0);
    assertThat(pages.missing()).containsExactly("pages of " + size + ": echo " + enough + command);
    pages.require(folder);
    assertThat(pages.pageSize(folder)).isEqualTo((long) mib << 20);
  }

  @Test
  void theFirstMountIsTheOneWithPagesThenTheOneWithTheSmallest() throws IOException {
    mounted(
        "proc /proc proc rw 0 0",
        "none /big hugetlbfs rw,pagesize=1024M 0 0",
        "none /dev/huge\\040pages hugetlbfs rw,relatime,pagesize=2M 0 0",
        "none /small hugetlbfs rw,pagesize=64K 0 0",
        "none /old hugetlbfs rw 0 0");
    Files.writeString(
        root.resolve("proc/meminfo"), "MemTotal: 9 kB\nHugepagesize:     524288 kB\n");
    Path two = Path.of("/dev/huge pages");
    Path old = Path.of("/old");
    Path big = Path.of("/big");
    assertThat(pages.mounts()).containsExactly(two, old, big);
    pool(1024, 1, 1, 0);
    assertThat(pages.mounts()).containsExactly(big, two, old);
    assertThat(pages.pageSize()).isEqualTo(1L << 30);
  }

  /** arm64 with pages of 64 KiB: systemd mounts the default size, and somebody made small ones. */
  @Test
  void pagesThatAreThereWantAMountOfTheirSize() throws IOException {
    asRoot();
    Path usual = Path.of("/dev/hugepages");
    mounted("hugetlbfs " + usual + " hugetlbfs rw,relatime,pagesize=512M 0 0");
    pool(2, 256, 256, 0);
    pool(512, 0, 0, 0);
    pool(16384, 0, 0, 0);
    assertThat(pages.missing())
        .containsExactly(
            "a mounted hugetlbfs: mkdir -p /dev/hugepages-2M && mount -t hugetlbfs -o pagesize=2M"
                + " none /dev/hugepages-2M");
  }

  @Test
  void withoutAMountTheKernelsDefaultSizeIsAskedFor() throws IOException {
    asRoot();
    pool(2, 0, 0, 0);
    pool(32, 0, 0, 0);
    Files.writeString(root.resolve("proc/meminfo"), "Hugepagesize:      32768 kB\n");
    assertThat(pages.missing())
        .containsExactly(
            "pages of 32 MiB: echo 16 > /sys/kernel/mm/hugepages/hugepages-32768kB/nr_hugepages",
            "a mounted hugetlbfs: mkdir -p /dev/hugepages && mount -t hugetlbfs -o pagesize=32M none"
                + " /dev/hugepages");
  }

  @Test
  void pagesThatAreTooSmallForADeviceAreRefused() throws IOException {
    mounted("none " + root.toRealPath() + " hugetlbfs rw,pagesize=64K 0 0");
    assertThatThrownBy(() -> pages.require(root))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("has pages of 64 KiB, a device needs 2 MiB or more: mkdir -p");
    assertThat(pages.pageSize(root)).isEqualTo(HugePages.GRAIN);
    assertThat(pages.mounts()).isEmpty();
  }

  @Test
  void aFileHasTheNamesThatItWasGiven() throws IOException {
    int fd = HugePages.create(root);
    assertThat(root.toFile().list()).containsExactly("proc");
    HugePages.name(fd, root.resolve("a"));
    HugePages.name(fd, root.resolve("b"));
    assertThatThrownBy(() -> HugePages.name(fd, root.resolve("a")))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EEXIST));
    Libc.closeFd(fd);
    assertThat(Files.getAttribute(root.resolve("a"), "unix:nlink")).isEqualTo(2);
  }
}

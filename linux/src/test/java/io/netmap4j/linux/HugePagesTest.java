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

class HugePagesTest {
  private static final int PAGES = 4;
  private static final long PRESENT = 1L << 63;

  @TempDir Path root;
  private HugePages pages;
  private long address;

  @BeforeEach
  void map() throws IOException {
    Files.createDirectories(root.resolve("proc/self"));
    pages = new HugePages(root.resolve("sys"), root.resolve("proc"));
    int fd = Libc.memfd("pages");
    Libc.truncate(fd, PAGES * HugePages.SIZE, "");
    address =
        Libc.mmap(
            PAGES * HugePages.SIZE, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, "");
    Libc.closeFd(fd);
  }

  @AfterEach
  void unmap() {
    Libc.unmap(address, PAGES * HugePages.SIZE);
  }

  /** Entries of the small pages of one page, the first of which is {@code frame}. */
  private void pagemap(int page, long flags, long frame) throws IOException {
    ByteBuffer entries = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    LongStream.range(0, 512).forEach(i -> entries.putLong(flags | (frame == 0 ? 0 : frame + i)));
    try (RandomAccessFile file =
        new RandomAccessFile(root.resolve("proc/self/pagemap").toFile(), "rw")) {
      file.seek((address + page * HugePages.SIZE) / 4096 * 8);
      file.write(entries.array());
    }
  }

  private LinuxException refused() {
    try {
      pages.physical(address, PAGES * HugePages.SIZE);
    } catch (LinuxException e) {
      return e;
    }
    throw new AssertionError("translated");
  }

  @Test
  void eachPageIsWhereItIs() throws IOException {
    long[] frames = {7 * 512, 3 * 512, 4 * 512, 0x3f_ffff_fe00L};
    for (int i = 0; i < PAGES; i++) {
      pagemap(i, PRESENT | 1L << 61 | 1L << 55, frames[i]);
    }
    assertThat(pages.physical(address, PAGES * HugePages.SIZE))
        .containsExactly(LongStream.of(frames).map(f -> f * 4096).toArray());
  }

  @Test
  void addressesThatAreHiddenAreNotTakenForZero() throws IOException {
    pagemap(0, PRESENT, 0);
    LinuxException e = refused();
    assertThat(e.errno()).isEqualTo(Libc.EPERM);
    assertThat(e).hasMessageContaining("CAP_SYS_ADMIN").hasMessageContaining("run as root");
  }

  @Test
  void whatIsNoHugePageIsRefused() throws IOException {
    pagemap(0, 0, 512);
    assertThat(refused()).hasMessageContaining("pagesize=2M");
    pagemap(0, PRESENT, 513);
    assertThat(refused()).hasMessageContaining("no page of 2 MiB");
    pagemap(0, PRESENT, 512);
    pagemap(1, PRESENT, 1024);
    pagemap(2, PRESENT, 2048);
    pagemap(3, PRESENT, 512);
    try (RandomAccessFile file =
        new RandomAccessFile(root.resolve("proc/self/pagemap").toFile(), "rw")) {
      file.seek((address + 3 * HugePages.SIZE) / 4096 * 8 + 8 * 511);
      file.write(new byte[8]);
    }
    assertThat(refused().errno()).isEqualTo(Libc.EINVAL);
  }

  @Test
  void theKernelsOwnPagemapKnowsThatMemfdsAreNotHuge() {
    assertThatThrownBy(() -> new HugePages().physical(address, HugePages.SIZE))
        .isInstanceOf(LinuxException.class);
  }

  private void pool(int total, int free, int reserved) throws IOException {
    Path folder = root.resolve("sys/kernel/mm/hugepages/hugepages-2048kB");
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("nr_hugepages"), total + "\n");
    Files.writeString(folder.resolve("free_hugepages"), free + "\n");
    Files.writeString(folder.resolve("resv_hugepages"), reserved + "\n");
  }

  @Test
  void theAdviceIsNeverLessThanWhatIsThere() throws IOException {
    String command = " > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
    pool(600, 42, 0);
    assertThat(pages.more(164)).isEqualTo("echo 722" + command);
    pool(600, 42, 40);
    assertThat(pages.more(164)).isEqualTo("echo 762" + command);
    pool(600, 200, 0);
    assertThat(pages.more(164)).isEqualTo("echo 600" + command);
    pool(0, 0, 0);
    Files.writeString(root.resolve("proc/mounts"), "none / hugetlbfs rw 0 0\n");
    Files.writeString(root.resolve("proc/self/status"), "CapEff:\tffffffffffffffff\n");
    assertThat(pages.missing()).contains("pages of 2 MiB: echo 256" + command);
  }

  @Test
  void mountsOfPagesOfThisSize() throws IOException {
    Files.writeString(
        root.resolve("proc/mounts"),
        """
        proc /proc proc rw 0 0
        none /big hugetlbfs rw,pagesize=1024M 0 0
        none /dev/huge\\040pages hugetlbfs rw,relatime,pagesize=2M 0 0
        none /old hugetlbfs rw 0 0
        """);
    assertThat(pages.mounts()).containsExactly(Path.of("/dev/huge pages"), Path.of("/old"));
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

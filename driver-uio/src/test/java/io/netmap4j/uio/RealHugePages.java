package io.netmap4j.uio;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Some pages of 2 MiB more than the machine had, and a hugetlbfs; given back by {@link #close}. */
final class RealHugePages implements AutoCloseable {
  private static final Path POOL =
      Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");

  private final Path folder;
  private final int count;
  private boolean mounted;

  private RealHugePages(Path folder, int count) {
    this.folder = folder;
    this.count = count;
  }

  /**
   * Skips the test where there are none.
   *
   * @param folder an empty one
   */
  static RealHugePages mount(Path folder, int count) throws IOException, InterruptedException {
    if (!Files.isWritable(POOL)) {
      abort("SKIPPED: not root, or a kernel without hugepages: cannot write " + POOL);
    }
    if ("qemu-user".equals(System.getProperty("netmap4j.emulator"))) {
      abort(
          "SKIPPED: qemu-user chooses addresses of mappings, and does not align them for hugepages");
    }
    RealHugePages pages = new RealHugePages(folder, count);
    int before = pool();
    change(count);
    if (pool() < before + count) {
      change(before - pool());
      abort("SKIPPED: " + count + " free pages of 2 MiB are not to be had");
    }
    Files.createDirectories(folder);
    pages.mounted =
        run(
                "mount",
                "-t",
                "hugetlbfs",
                "-o",
                "pagesize=2M,size=" + 2 * count + "M",
                "none",
                folder.toString())
            == 0;
    if (!pages.mounted) {
      pages.close();
      abort("SKIPPED: hugetlbfs cannot be mounted");
    }
    return pages;
  }

  private static int pool() throws IOException {
    return Integer.parseInt(Files.readString(POOL).trim());
  }

  private static void change(int by) throws IOException {
    Files.writeString(POOL, Math.max(0, pool() + by) + "\n");
  }

  /** Bytes that are free there. */
  long free() throws IOException {
    return Files.getFileStore(folder).getUnallocatedSpace();
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    if (mounted && run("umount", folder.toString()) != 0) {
      throw new IOException("cannot unmount " + folder);
    }
    change(-count);
  }
}

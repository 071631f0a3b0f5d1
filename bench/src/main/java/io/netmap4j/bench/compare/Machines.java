package io.netmap4j.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What every subject needs of this machine. */
final class Machines {
  private static final Path PAGES = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");

  /** For one subject. */
  private static final int LEAST_PAGES = 64;

  private Machines() {}

  /** What is missing, and the command that mends it; null for nothing. */
  static String missing() {
    if (!System.getProperty("user.name").equals("root")) {
      return "mount namespaces and physical addresses need root: sudo ./netmap4j bench compare";
    }
    int free = free();
    if (free < LEAST_PAGES) {
      return "a subject needs some "
          + LEAST_PAGES
          + " free pages of 2 MiB, there are "
          + free
          + ": echo 512 > "
          + PAGES.resolve("nr_hugepages");
    }
    return null;
  }

  private static int free() {
    try {
      return Integer.parseInt(Files.readString(PAGES.resolve("free_hugepages")).trim());
    } catch (IOException e) {
      return 0;
    }
  }
}

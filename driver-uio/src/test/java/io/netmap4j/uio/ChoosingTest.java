package io.netmap4j.uio;

import static io.netmap4j.uio.UioRig.CARD;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.DecisionTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The column of UIO in docs/choosing.md, on machines that are folders. */
class ChoosingTest {
  /** A file that even root may not write to. */
  private static final Path READ_ONLY = Path.of("/proc/sys/kernel/ostype");

  @TempDir Path root;

  @Test
  void devicesSaysWhatTheTableSays() throws IOException {
    Map<String, List<String>> table = DecisionTable.of("uio");
    assertThat(table).hasSizeGreaterThan(10);
    int n = 0;
    for (Map.Entry<String, List<String>> row : table.entrySet()) {
      DecisionTable.assertSays(row.getKey(), row.getValue(), missing(row.getKey(), n++));
    }
  }

  /** Null when it is not listed. */
  private List<String> missing(String machine, int number) throws IOException {
    Path folder = Files.createDirectories(root.resolve("machine" + number));
    UioRig rig = new UioRig(folder);
    String driver = machine.contains("bound to ixgbe") ? "ixgbe" : "vfio-pci";
    Path card = rig.card(CARD, machine.contains("uio_pci_generic") ? "uio_pci_generic" : driver);
    if (machine.startsWith("IOMMU")) {
      Path group = Files.createDirectories(card.resolve("iommu_group"));
      Files.writeString(
          group.resolve("type"), machine.contains("passed through") ? "identity\n" : "DMA-FQ\n");
    }
    if (machine.contains("no hugepages")) {
      Files.writeString(
          rig.sys.resolve("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"), "0\n");
    }
    if (machine.contains("not mounted")) {
      Files.writeString(folder.resolve("proc/mounts"), "proc /proc proc rw 0 0\n");
    }
    if (machine.contains("not root")) {
      Files.writeString(folder.resolve("proc/self/status"), "CapEff:\t0000000000000000\n");
      for (Path file : List.of(card.resolve("config"), card.resolve("resource0"))) {
        Files.delete(file);
        Files.createSymbolicLink(file, READ_ONLY);
      }
    }
    return rig.backend().functions().stream()
        .map(function -> function.missing())
        .findFirst()
        .orElse(null);
  }
}

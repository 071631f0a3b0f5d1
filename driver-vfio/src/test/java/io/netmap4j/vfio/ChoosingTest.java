package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.DecisionTable;
import io.netmap4j.linux.SysfsFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The column of VFIO in docs/choosing.md, on machines that are folders. */
class ChoosingTest {
  private static final String CARD = "0000:03:00.0";

  /** A file that even root may not write to. */
  private static final Path READ_ONLY = Path.of("/proc/sys/kernel/ostype");

  @TempDir Path root;

  @Test
  void devicesSaysWhatTheTableSays() throws IOException {
    Map<String, List<String>> table = DecisionTable.of("vfio");
    assertThat(table).hasSizeGreaterThan(10);
    int n = 0;
    for (Map.Entry<String, List<String>> row : table.entrySet()) {
      DecisionTable.assertSays(row.getKey(), row.getValue(), missing(row.getKey(), n++));
    }
  }

  /** Null when it is not listed. */
  private List<String> missing(String machine, int number) throws IOException {
    Path sys = Files.createDirectories(root.resolve("machine" + number));
    Path dev = Files.createDirectories(sys.resolve("dev"));
    SysfsFolder functions = new SysfsFolder(sys);
    String driver = machine.contains("bound to ixgbe") ? "ixgbe" : "vfio-pci";
    functions.function(
        CARD,
        SysfsFolder.ETHERNET,
        machine.contains("uio_pci_generic") ? "uio_pci_generic" : driver);
    Path node = dev.resolve("7");
    if (machine.startsWith("IOMMU")) {
      functions.group(CARD, 7);
      Files.createFile(dev.resolve("vfio"));
      if (machine.contains("group not yours")) {
        Files.createSymbolicLink(node, READ_ONLY);
      } else {
        Files.createFile(node);
      }
    } else if (machine.contains("mode without one")) {
      functions.group(CARD, 7);
      Files.createFile(dev.resolve("noiommu-7"));
    }
    return new VfioBackend(sys, dev)
        .functions().stream().map(function -> function.missing()).findFirst().orElse(null);
  }
}

package io.netmap4j.apps.doctor;

import static io.netmap4j.spi.Finding.failure;
import static io.netmap4j.spi.Finding.ok;
import static io.netmap4j.spi.Finding.warning;

import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.PciBinding;
import io.netmap4j.linux.PciSysfs;
import io.netmap4j.spi.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What the kernel's files say of a PCI function and of what a port on it needs. */
final class Machine {
  private static final Set<String> UIO = Set.of(PciBinding.UIO_PCI_GENERIC, PciBinding.IGB_UIO);

  /** What a port maps for the card with the default sizes of the shared memory, bytes. */
  private static final long MAPPED = 400L << 20;

  private final Path sys;
  private final Path proc;
  private final PciSysfs sysfs;

  /** Folders that look like /sys and /proc. */
  Machine(Path sys, Path proc) {
    this.sys = sys;
    this.proc = proc;
    this.sysfs = new PciSysfs(sys);
  }

  PciSysfs sysfs() {
    return sysfs;
  }

  /** Everything about a function, without touching it. */
  void examine(PciSysfs.Function f, Consumer<Finding> to) {
    Path folder = sysfs.folder(f.address());
    to.accept(
        ok(
            "PCI id",
            String.format(
                Locale.ROOT,
                "%s, subsystem %04x:%04x, revision %d, class %06x",
                f.id(),
                f.id().subsystemVendor(),
                f.id().subsystemDevice(),
                f.id().revision(),
                f.id().classCode())));
    to.accept(driver(f));
    PciLink link = PciLink.of(folder);
    to.accept(
        link == null ? ok("PCIe link", "the kernel does not say") : link.finding(f.address()));
    to.accept(iommu(f, folder));
    to.accept(numa(folder));
    to.accept(hugePages(f));
    to.accept(lockedMemory(f));
    to.accept(ok("interrupts", interrupts(folder)));
  }

  private static Finding driver(PciSysfs.Function f) {
    if (f.driver().equals(PciBinding.VFIO_PCI) || UIO.contains(f.driver())) {
      return ok("bound to", f.driver());
    }
    String bind = "sudo netmap4j bind --vfio " + f.address() + " (without an IOMMU: --uio)";
    return f.driver().isEmpty()
        ? failure("bound to", "no driver", bind)
        : failure("bound to", f.driver() + ", the kernel's own driver", bind);
  }

  private Finding iommu(PciSysfs.Function f, Path folder) {
    boolean vfio = f.driver().equals(PciBinding.VFIO_PCI);
    if (f.iommuGroup().isEmpty()) {
      String advice =
          "switch VT-d or AMD-Vi on in the machine's firmware; Intel also wants the boot option"
              + " intel_iommu=on. UIO needs none";
      return vfio ? failure("IOMMU", "none", advice) : ok("IOMMU", "none; UIO needs none");
    }
    List<String> others = new ArrayList<>();
    for (Path member : list(folder.resolve("iommu_group/devices"))) {
      String driver = name(member.resolve("driver"));
      boolean apart =
          member.getFileName().toString().equals(f.address())
              || driver.isEmpty()
              || driver.startsWith("vfio")
              || driver.equals("pcieport");
      if (!apart) {
        others.add(member.getFileName() + " (" + driver + ")");
      }
    }
    String type = read(folder.resolve("iommu_group/type"));
    String value = "group " + f.iommuGroup() + (type.isEmpty() ? "" : ", type " + type);
    if (!others.isEmpty() && vfio) {
      return failure(
          "IOMMU",
          value + ", shared with " + String.join(", ", others),
          "VFIO wants the whole group: sudo netmap4j unbind the others, or another slot");
    }
    if (UIO.contains(f.driver()) && type.startsWith("DMA")) {
      return failure(
          "IOMMU",
          value + ": it translates, so physical addresses do not work",
          "sudo netmap4j bind --vfio " + f.address() + ", or boot with iommu=pt");
    }
    return ok("IOMMU", value);
  }

  private Finding numa(Path folder) {
    String node = read(folder.resolve("numa_node"));
    long nodes =
        list(sys.resolve("devices/system/node")).stream()
            .filter(n -> n.getFileName().toString().matches("node[0-9]+"))
            .count();
    if (node.isEmpty() || node.equals("-1")) {
      return nodes > 1
          ? warning(
              "NUMA node",
              "unknown, of " + nodes,
              "the firmware does not say which processors are near the card: measure with"
                  + " numactl --cpunodebind=0, then 1")
          : ok("NUMA node", "one node");
    }
    return ok(
        "NUMA node",
        nodes > 1
            ? node
                + " of "
                + nodes
                + ": run with numactl --cpunodebind="
                + node
                + " --membind="
                + node
            : node);
  }

  private Finding hugePages(PciSysfs.Function f) {
    HugePages pages = new HugePages(sys, proc);
    String value = "of " + (pages.pageSize() >> 20) + " MiB free: " + pages.free();
    if (!UIO.contains(f.driver())) {
      return ok("hugepages", value + "; VFIO needs none");
    }
    List<String> missing = pages.missing();
    return missing.isEmpty()
        ? ok("hugepages", value)
        : failure("hugepages", value, "UIO lacks " + String.join("; and ", missing));
  }

  /** VFIO locks what it maps, and counts it for who is not root. */
  private Finding lockedMemory(PciSysfs.Function f) {
    String limit = "";
    for (String line : read(proc.resolve("self/limits")).split("\n")) {
      if (line.startsWith("Max locked memory")) {
        limit = line.substring("Max locked memory".length()).trim().split(" +")[0];
      }
    }
    boolean root = "root".equals(System.getProperty("user.name"));
    if (limit.isEmpty() || limit.equals("unlimited")) {
      return ok("locked memory", limit.isEmpty() ? "limit unknown" : "unlimited");
    }
    long bytes = Long.parseLong(limit);
    String value = "limit " + (bytes >> 20) + " MiB";
    if (bytes >= MAPPED || root || !f.driver().equals(PciBinding.VFIO_PCI)) {
      return ok("locked memory", value + (root ? ", which does not bind root" : ""));
    }
    return failure(
        "locked memory",
        value + ", a port maps up to " + (MAPPED >> 20) + " MiB",
        "ulimit -l unlimited as root before the program; for good: memlock in"
            + " /etc/security/limits.conf, LimitMEMLOCK=infinity in a service");
  }

  private static String interrupts(Path folder) {
    int vectors = list(folder.resolve("msi_irqs")).size();
    String line = read(folder.resolve("irq"));
    return (line.isEmpty() || line.equals("0") ? "no INTx line" : "INTx line " + line)
        + (vectors > 0 ? ", " + vectors + " message vectors in use" : "");
  }

  private static List<Path> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static String name(Path link) {
    try {
      return Files.exists(link) ? link.toRealPath().getFileName().toString() : "";
    } catch (IOException e) {
      return "";
    }
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file).trim() : "";
    } catch (IOException e) {
      return "";
    }
  }
}

package io.netmap4j.apps.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.spi.Finding;
import io.netmap4j.spi.Finding.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a folder that looks like a machine with a card in a slot of four lanes, bound to vfio-pci. */
class MachineTest {
  private static final String CARD = "0000:03:00.0";

  @TempDir Path root;
  private Path device;
  private Path proc;

  @BeforeEach
  void machine() throws IOException {
    device = root.resolve("sys/bus/pci/devices").resolve(CARD);
    proc = root.resolve("proc");
    file(device.resolve("vendor"), "0x8086");
    file(device.resolve("device"), "0x10fb");
    file(device.resolve("subsystem_vendor"), "0x8086");
    file(device.resolve("subsystem_device"), "0x0003");
    file(device.resolve("class"), "0x020000");
    file(device.resolve("revision"), "0x01");
    file(device.resolve("numa_node"), "0");
    file(device.resolve("irq"), "16");
    file(device.resolve("current_link_speed"), "5.0 GT/s PCIe");
    file(device.resolve("max_link_speed"), "5.0 GT/s PCIe");
    file(device.resolve("current_link_width"), "8");
    file(device.resolve("max_link_width"), "8");
    file(root.resolve("sys/devices/system/node/node0/cpulist"), "0-3");
    file(root.resolve("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"), "0");
    file(root.resolve("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"), "0");
    file(root.resolve("sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages"), "0");
    file(proc.resolve("mounts"), "proc /proc proc rw 0 0");
    file(proc.resolve("self/status"), "CapEff:\t000001ffffffffff");
    file(proc.resolve("self/limits"), "Max locked memory         unlimited  unlimited  bytes");
    driver("vfio-pci");
    Path group = Files.createDirectories(root.resolve("sys/kernel/iommu_groups/7/devices"));
    Files.createSymbolicLink(device.resolve("iommu_group"), group.getParent());
    Files.createSymbolicLink(group.resolve(CARD), device);
    file(group.resolveSibling("type"), "DMA");
  }

  private static void file(Path path, String text) throws IOException {
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  private void driver(String name) throws IOException {
    Path driver = Files.createDirectories(root.resolve("sys/bus/pci/drivers").resolve(name));
    Files.deleteIfExists(device.resolve("driver"));
    Files.createSymbolicLink(device.resolve("driver"), driver);
  }

  private List<Finding> examine() {
    Machine machine = new Machine(root.resolve("sys"), proc);
    List<Finding> found = new ArrayList<>();
    machine.examine(machine.sysfs().networkFunction(CARD), found::add);
    return found;
  }

  private Finding only(Verdict verdict) {
    List<Finding> found = examine().stream().filter(f -> f.verdict() != Verdict.OK).toList();
    assertThat(found).hasSize(1);
    assertThat(found.get(0).verdict()).isEqualTo(verdict);
    return found.get(0);
  }

  @Test
  void aCardThatIsReadyHasNoWarning() {
    assertThat(examine()).allMatch(f -> f.verdict() == Verdict.OK);
    assertThat(examine())
        .extracting(Finding::what)
        .containsExactly(
            "PCI id",
            "bound to",
            "PCIe link",
            "IOMMU",
            "NUMA node",
            "hugepages",
            "locked memory",
            "interrupts");
    assertThat(examine().get(0).value())
        .isEqualTo("8086:10fb, subsystem 8086:0003, revision 1, class 020000");
  }

  @ParameterizedTest
  @CsvSource({
    "current_link_width, 4, 5.0 GT/s x4, fewer lanes",
    "current_link_speed, 2.5 GT/s PCIe, 2.5 GT/s x8, limits the speed",
    "current_link_speed, 2.5 GT/s, 2.5 GT/s x8, limits the speed", // an older kernel
  })
  void aSlotThatIsTooSlowIsAWarning(String file, String value, String is, String cause)
      throws IOException {
    file(device.resolve(file), value);
    Finding found = only(Verdict.WARNING);
    assertThat(found.value()).isEqualTo(is + ", the card can 5.0 GT/s x8");
    assertThat(found.advice()).contains(cause).contains("lspci -vv -s " + CARD);
  }

  @Test
  void aCardOfTheKernelsIsAFailureWithTheCommand() throws IOException {
    driver("ixgbe");
    Finding found = only(Verdict.FAILURE);
    assertThat(found.value()).isEqualTo("ixgbe, the kernel's own driver");
    assertThat(found.advice()).startsWith("sudo netmap4j bind --vfio " + CARD);
  }

  @Test
  void anotherDeviceOfTheGroupKeepsVfioOut() throws IOException {
    Path other = root.resolve("sys/bus/pci/devices/0000:03:00.1");
    file(other.resolve("class"), "0x010000");
    Path driver = Files.createDirectories(root.resolve("sys/bus/pci/drivers/ahci"));
    Files.createSymbolicLink(other.resolve("driver"), driver);
    Files.createSymbolicLink(root.resolve("sys/kernel/iommu_groups/7/devices/0000:03:00.1"), other);
    assertThat(only(Verdict.FAILURE).value())
        .isEqualTo("group 7, type DMA, shared with 0000:03:00.1 (ahci)");
  }

  @Test
  void uioBehindAnIommuThatTranslatesIsAFailureAndSoAreNoHugepages() throws IOException {
    driver("uio_pci_generic");
    List<Finding> found = examine().stream().filter(f -> f.verdict() == Verdict.FAILURE).toList();
    assertThat(found).extracting(Finding::what).containsExactly("IOMMU", "hugepages");
    assertThat(found.get(0).advice()).contains("iommu=pt");
    assertThat(found.get(1).advice()).contains("nr_hugepages").contains("mount -t hugetlbfs");
  }

  @Test
  void aNodeAmongSeveralIsNamedWithTheCommand() throws IOException {
    file(root.resolve("sys/devices/system/node/node1/cpulist"), "4-7");
    file(device.resolve("numa_node"), "1");
    assertThat(examine()).anyMatch(f -> f.value().contains("numactl --cpunodebind=1 --membind=1"));
    file(device.resolve("numa_node"), "-1");
    assertThat(only(Verdict.WARNING).value()).isEqualTo("unknown, of 2");
  }
}

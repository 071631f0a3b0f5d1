package io.netmap4j.uio;

import static io.netmap4j.uio.UioRig.CARD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UioBackendTest {
  @TempDir Path root;
  private UioRig rig;

  @BeforeEach
  void set() throws IOException {
    rig = new UioRig(root);
  }

  private List<String> missing(String address) {
    return rig.backend().functions().stream()
        .filter(f -> f.address().equals(address))
        .findFirst()
        .orElseThrow()
        .missing();
  }

  @Test
  void findsFunctionsThatUioHasOrCouldHave() throws IOException {
    rig.card(CARD, "uio_pci_generic");
    rig.card("0000:03:00.1", "ixgbe");
    rig.function("0000:04:00.0", 0x030000, "uio_pci_generic");
    rig.card("0000:05:00.0", "vfio-pci");
    assertThat(rig.backend().functions())
        .extracting(NicBackend.Function::address)
        .containsExactly(CARD, "0000:03:00.1");
    NicBackend.Function f = rig.backend().functions().get(0);
    assertThat(f.id().toString()).isEqualTo("8086:10fb");
    assertThat(f.boundTo()).isEqualTo("uio_pci_generic");
    assertThat(f.missing()).isEmpty();
    assertThat(missing("0000:03:00.1")).singleElement().asString().contains("netmap4j bind --uio");
  }

  @Test
  void sysfsWithoutPciHasNone() {
    assertThat(rig.backend().functions()).isEmpty();
  }

  @Test
  void saysWhatIsMissingAndWhatMendsIt() throws IOException {
    Path device = rig.card(CARD, "uio_pci_generic");
    Files.writeString(rig.sys.resolve("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"), "0\n");
    Files.writeString(root.resolve("proc/mounts"), "none /huge hugetlbfs rw,pagesize=64K 0 0\n");
    Files.writeString(root.resolve("proc/self/status"), "CapEff:\t0000000000000000\n");
    Files.createDirectories(device.resolve("iommu_group"));
    Files.writeString(device.resolve("iommu_group/type"), "DMA-FQ\n");
    Files.delete(rig.dev.resolve("uio0"));
    assertThat(missing(CARD))
        .hasSize(5)
        .anyMatch(m -> m.contains("nr_hugepages"))
        .anyMatch(m -> m.contains("mount -t hugetlbfs -o pagesize=2M none /dev/hugepages"))
        .anyMatch(m -> m.contains("CAP_SYS_ADMIN"))
        .anyMatch(m -> m.contains("iommu=pt"))
        .anyMatch(m -> m.contains("uio0"));
    assertThatThrownBy(() -> rig.backend().open(CARD))
        .isInstanceOf(NetmapException.class)
        .hasMessageStartingWith("uio:" + CARD + " lacks ")
        .hasMessageContaining("; and ");
    assertThat(root.resolve("locks")).doesNotExist();
  }

  @Test
  void onlyAGroupThatIsPassedThroughLeavesPhysicalAddressesAlone() throws IOException {
    Path group = Files.createDirectories(rig.card(CARD, "uio_pci_generic").resolve("iommu_group"));
    assertThat(missing(CARD)).singleElement().asString().contains("does not say");
    Files.writeString(group.resolve("type"), "unknown\n");
    assertThat(missing(CARD))
        .containsExactly(
            "physical addresses for its DMA: it has an IOMMU, and the kernel does not say whether that"
                + " translates them; boot with iommu=pt (arm64: iommu.passthrough=1), or use vfio:"
                + CARD);
    for (String type : List.of("DMA", "DMA-FQ")) {
      Files.writeString(group.resolve("type"), type + "\n");
      assertThat(missing(CARD)).singleElement().asString().contains("an IOMMU translates them;");
    }
    Files.writeString(group.resolve("type"), "identity\n");
    assertThat(missing(CARD)).isEmpty();
    assertThatThrownBy(() -> rig.backend(false).open(CARD))
        .as("POWER")
        .hasMessageEndingWith(
            "physical addresses for its DMA: the host bridges of this processor translate all of them;"
                + " use vfio:"
                + CARD);
  }

  @Test
  void pagesThatTheKernelMakesOnDemandAreNotMissing() throws IOException {
    rig.card(CARD, "uio_pci_generic");
    Path pool = rig.sys.resolve("kernel/mm/hugepages/hugepages-2048kB");
    Files.writeString(pool.resolve("nr_hugepages"), "0\n");
    Files.writeString(pool.resolve("nr_overcommit_hugepages"), "0\n");
    assertThat(missing(CARD)).singleElement().asString().contains("pages of 2 MiB");
    Files.writeString(pool.resolve("nr_overcommit_hugepages"), "20\n");
    assertThat(missing(CARD)).isEmpty();
  }

  @Test
  void openingSaysWhy() throws IOException {
    rig.card(CARD, "igb_uio");
    UioBackend backend = rig.backend();
    assertThatThrownBy(() -> backend.open("0000:05:00.0"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENXIO));
    assertThatThrownBy(() -> backend.open(CARD + ",unbound"))
        .hasMessageContaining("freedom of igb_uio")
        .hasMessageContaining("netmap4j unbind");
    rig.card("0000:05:00.0", "vfio-pci");
    assertThatThrownBy(() -> backend.open("0000:05:00.0"))
        .hasMessageContaining("netmap4j bind --uio 0000:05:00.0");
  }

  @Test
  void anUnboundFunctionIsOpenedOnlyWhenAskedFor() throws IOException {
    rig.card(CARD, "");
    UioBackend backend = rig.backend();
    assertThatThrownBy(() -> backend.open(CARD)).hasMessageContaining("binding to uio_pci_generic");
    try (var device = backend.open(CARD + ",unbound")) {
      assertThat(device.name()).isEqualTo("uio:" + CARD + ",unbound");
      assertThat(device.irqVectors()).isZero();
      assertThat(device.enableIrqs(0)).isEmpty();
      assertThatThrownBy(() -> device.enableIrqs(1)).hasMessageContaining("has 0");
    }
  }

  @Test
  void anInterruptThatIsNotConnectedIsNone() throws IOException {
    Path device = rig.card(CARD, "uio_pci_generic");
    for (String irq : new String[] {"16", "0", "2147483648"}) {
      Files.writeString(device.resolve("irq"), irq + "\n");
      try (var open = rig.backend().open(CARD)) {
        assertThat(open.irqVectors()).as(irq).isEqualTo(irq.equals("16") ? 1 : 0);
      }
    }
  }

  @Test
  void whatFailsHalfWayLeavesNothingOpen() throws IOException {
    Path device = rig.card(CARD, "uio_pci_generic");
    UioBackend backend = rig.backend();
    backend.open(CARD).close();
    long before = openDescriptors();
    Files.write(device.resolve("resource0"), new byte[0]);
    assertThatThrownBy(() -> backend.open(CARD))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("uio:" + CARD + ": mmap")
        .hasMessageContaining("resource0");
    byte[] gone = new byte[4096];
    java.util.Arrays.fill(gone, (byte) 0xff);
    Files.write(device.resolve("config"), gone);
    assertThatThrownBy(() -> backend.open(CARD)).hasMessageContaining("all ones");
    assertThat(openDescriptors()).isEqualTo(before);
  }

  /** Of files of this test: the JVM opens others when it likes. */
  private long openDescriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(fd -> target(fd).startsWith(root)).count();
    }
  }

  private static Path target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor);
    } catch (IOException e) {
      return Path.of("/"); // the one that the list itself used
    }
  }
}

package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VfioBackendTest {
  @TempDir Path sys;

  private void function(String address, int classCode, String driver) throws IOException {
    Path device = Files.createDirectories(sys.resolve("bus/pci/devices/" + address));
    Map<String, Integer> files =
        Map.of(
            "vendor",
            0x8086,
            "device",
            0x10fb,
            "subsystem_vendor",
            0x8086,
            "subsystem_device",
            3,
            "class",
            classCode,
            "revision",
            1);
    for (Map.Entry<String, Integer> file : files.entrySet()) {
      Files.writeString(device.resolve(file.getKey()), String.format("0x%x\n", file.getValue()));
    }
    if (!driver.isEmpty()) {
      Files.createSymbolicLink(
          device.resolve("driver"),
          Files.createDirectories(sys.resolve("bus/pci/drivers/" + driver)));
    }
  }

  private VfioBackend backend() {
    return new VfioBackend(sys, sys.resolve("dev"));
  }

  @Test
  void findsFunctionsThatVfioHasOrCouldHave() throws IOException {
    function("0000:03:00.0", 0x020000, "vfio-pci");
    function("0000:03:00.1", 0x020000, "ixgbe");
    function("0000:03:00.2", 0x020000, "uio_pci_generic");
    function("0000:04:00.0", 0x020000, "");
    assertThat(backend().functions())
        .extracting(NicBackend.Function::address)
        .containsExactly("0000:03:00.0", "0000:03:00.1", "0000:04:00.0");
    assertThat(backend().functions().get(1).missing())
        .anyMatch(m -> m.contains("bind --vfio 0000:03:00.1"));
  }

  @Test
  void openingSaysWhy() throws IOException {
    function("0000:03:00.0", 0x020000, "vfio-pci");
    VfioBackend backend = backend();
    assertThatThrownBy(() -> backend.open("0000:05:00.0"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENXIO));
    assertThatThrownBy(() -> backend.open("0000:03:00.0")).hasMessageContaining("an IOMMU");
    Files.createSymbolicLink(
        sys.resolve("bus/pci/devices/0000:03:00.0/iommu_group"),
        Files.createDirectories(sys.resolve("kernel/iommu_groups/7")));
    assertThatThrownBy(() -> backend.open("0000:03:00.0")).hasMessageContaining("sudo chown");
    Files.createDirectories(sys.resolve("dev"));
    Files.createFile(sys.resolve("dev/7"));
    Files.createFile(sys.resolve("dev/vfio"));
    assertThat(backend.functions().get(0).missing()).isEmpty();
    assertThatThrownBy(() -> backend.open("0000:03:00.0"))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("VFIO_GROUP_GET_STATUS");
  }
}

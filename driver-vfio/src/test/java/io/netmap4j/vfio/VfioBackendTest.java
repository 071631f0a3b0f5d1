package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.SysfsFolder;
import io.netmap4j.spi.NicBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VfioBackendTest {
  @TempDir Path sys;
  private SysfsFolder functions;

  @BeforeEach
  void set() {
    functions = new SysfsFolder(sys);
  }

  private VfioBackend backend() {
    return new VfioBackend(sys, sys.resolve("dev"));
  }

  @Test
  void findsFunctionsThatVfioHasOrCouldHave() throws IOException {
    functions.function("0000:03:00.0", SysfsFolder.ETHERNET, "vfio-pci");
    functions.function("0000:03:00.1", SysfsFolder.ETHERNET, "ixgbe");
    functions.function("0000:03:00.2", SysfsFolder.ETHERNET, "uio_pci_generic");
    functions.function("0000:04:00.0", SysfsFolder.ETHERNET, "");
    assertThat(backend().functions())
        .extracting(NicBackend.Function::address)
        .containsExactly("0000:03:00.0", "0000:03:00.1", "0000:04:00.0");
    assertThat(backend().functions().get(1).missing())
        .anyMatch(m -> m.contains("bind --vfio 0000:03:00.1"));
  }

  @Test
  void openingSaysWhy() throws IOException {
    functions.function("0000:03:00.0", SysfsFolder.ETHERNET, "vfio-pci");
    VfioBackend backend = backend();
    assertThatThrownBy(() -> backend.open("0000:05:00.0"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENXIO));
    functions.function("0000:06:00.0", SysfsFolder.ETHERNET, "uio_pci_generic");
    assertThatThrownBy(() -> backend.open("0000:06:00.0"))
        .hasMessageContaining("netmap4j bind --vfio 0000:06:00.0");
    assertThatThrownBy(() -> backend.open("0000:03:00.0")).hasMessageContaining("an IOMMU");
    functions.group("0000:03:00.0", 7);
    assertThatThrownBy(() -> backend.open("0000:03:00.0"))
        .hasMessageContaining("dev/7: is udev running?");
    Files.createDirectories(sys.resolve("dev"));
    Files.createFile(sys.resolve("dev/noiommu-7"));
    assertThatThrownBy(() -> backend.open("0000:03:00.0"))
        .hasMessageContaining("enable_unsafe_noiommu_mode")
        .hasMessageContaining("or use uio:0000:03:00.0 after sudo netmap4j bind --uio 0000:03:00.0")
        .hasMessageNotContaining("chown");
    Files.delete(sys.resolve("dev/noiommu-7"));
    Files.createFile(sys.resolve("dev/7"));
    Files.createFile(sys.resolve("dev/vfio"));
    assertThat(backend.functions().get(0).missing()).isEmpty();
    assertThatThrownBy(() -> backend.open("0000:03:00.0"))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("VFIO_GROUP_GET_STATUS");
  }
}

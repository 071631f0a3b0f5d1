package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a folder without a kernel: what is written, what is refused, what is put back. */
class PciBindingTest {
  private static final String ADDRESS = "0000:03:00.0";
  @TempDir Path sys;
  private SysfsFolder functions;
  private Path device;

  @BeforeEach
  void function() throws IOException {
    functions = new SysfsFolder(sys);
    device = functions.function(ADDRESS, SysfsFolder.ETHERNET, "ixgbe");
    Files.writeString(device.resolve("driver_override"), "(null)\n");
    Files.writeString(sys.resolve("bus/pci/drivers_probe"), "");
    driver("ixgbe");
    driver("vfio-pci");
  }

  private void driver(String name) throws IOException {
    Path driver = Files.createDirectories(sys.resolve("bus/pci/drivers").resolve(name));
    Files.writeString(driver.resolve("bind"), "");
    Files.writeString(driver.resolve("unbind"), "");
  }

  private PciBinding binding() {
    return new PciBinding(sys, sys.resolve("dev"), sys.resolve("locks"));
  }

  private static int errno(Throwable e) {
    return ((LinuxException) e).errno();
  }

  @Test
  void aFunctionThatHasTheDriverIsLeftAlone() throws IOException {
    assertThat(binding().bind(ADDRESS, "ixgbe")).isEqualTo("ixgbe");
    assertThat(binding().bind(ADDRESS, "")).isEqualTo("ixgbe");
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).isEmptyFile();
  }

  @Test
  void theKernelGetsBackWhatIsWithAnotherDriver() throws IOException {
    for (String driver : List.of("vfio-pci", "uio_pci_generic", "igb_uio")) {
      driver(driver);
      functions.bind(ADDRESS, driver);
      // Nobody is there to probe: the link stays, and passes for the kernel's choice.
      assertThat(binding().bind(ADDRESS, "")).isEqualTo(driver);
      assertThat(sys.resolve("bus/pci/drivers/" + driver + "/unbind")).hasContent(ADDRESS);
    }
  }

  @Test
  void whatIsUnboundIsFreeForAnyDriver() throws IOException {
    Files.writeString(device.resolve("driver_override"), "ixgbe\n");
    binding().unbind(ADDRESS);
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).hasContent(ADDRESS);
    assertThat(Files.readString(device.resolve("driver_override"))).startsWith("\n");
  }

  @Test
  void whenTheDriverDoesNotTakeItEverythingIsPutBack() throws IOException {
    // Nobody is there to probe: the link stays.
    assertThatThrownBy(() -> binding().bind(ADDRESS, "vfio-pci"))
        .matches(e -> errno(e) == Libc.ENODEV)
        .hasMessageContaining("IOMMU");
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).hasContent(ADDRESS);
    assertThat(sys.resolve("bus/pci/drivers_probe")).hasContent(ADDRESS);
    assertThat(Files.readString(device.resolve("driver_override"))).startsWith("\n");
  }

  @Test
  void anInterfaceThatIsUpIsNotTouched() throws IOException {
    Path net = Files.createDirectories(device.resolve("net/eth7"));
    Files.writeString(net.resolve("flags"), "0x1003\n");
    assertThatThrownBy(() -> binding().bind(ADDRESS, "vfio-pci"))
        .matches(e -> errno(e) == Libc.EBUSY)
        .hasMessageContaining("ip link set eth7 down");
    assertThatThrownBy(() -> binding().unbind(ADDRESS)).matches(e -> errno(e) == Libc.EBUSY);
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).isEmptyFile();
    Files.writeString(net.resolve("flags"), "0x1002\n");
    binding().unbind(ADDRESS);
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).hasContent(ADDRESS);
  }

  @Test
  void whatAProcessHasOpenIsNotTouched() throws IOException {
    Path lock = Files.createDirectories(sys.resolve("locks")).resolve(ADDRESS + ".lock");
    Files.writeString(lock, "4711\n");
    int fd = Libc.open(lock.toString(), Libc.O_RDWR, 0, "");
    assertThat(Libc.tryLock(fd)).isTrue();
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> binding().bind(ADDRESS, "vfio-pci"), () -> binding().unbind(ADDRESS))) {
      assertThatThrownBy(call)
          .matches(e -> errno(e) == Libc.EBUSY)
          .hasMessageContaining("process 4711");
    }
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).isEmptyFile();
    Libc.closeFd(fd);
    binding().unbind(ADDRESS);
    assertThat(sys.resolve("bus/pci/drivers/ixgbe/unbind")).hasContent(ADDRESS);
  }

  /** As anybody but root, whom modprobe tells something else. */
  @Test
  void whereItMayNotWriteItSaysSoFirst() throws IOException {
    Files.delete(sys.resolve("bus/pci/devices/" + ADDRESS + "/driver_override"));
    assertThatThrownBy(() -> binding().bind(ADDRESS, "no-such-driver"))
        .matches(e -> errno(e) == Libc.EACCES)
        .hasMessageContaining("this needs root (sudo)");
  }

  @Test
  void whatIsNotThereIsNamed() {
    assertThatThrownBy(() -> binding().bind("0000:09:00.0", "vfio-pci"))
        .matches(e -> errno(e) == Libc.ENXIO)
        .hasMessageContaining("lspci");
    assertThatThrownBy(() -> binding().bind(ADDRESS, "no-such-driver"))
        .matches(e -> errno(e) == Libc.ENODEV)
        .hasMessageContaining("modprobe no-such-driver");
  }
}

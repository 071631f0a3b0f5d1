package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class PciSysfsTest {
  @TempDir Path root;
  private SysfsFolder sys;

  @BeforeEach
  void set() {
    sys = new SysfsFolder(root);
  }

  private PciSysfs pci() {
    return new PciSysfs(root);
  }

  @Test
  void listsNetworkControllersByAddress() throws IOException {
    sys.function("0000:04:00.0", SysfsFolder.ETHERNET, "");
    sys.function("0000:03:00.0", SysfsFolder.ETHERNET, "vfio-pci");
    sys.function("0000:02:00.0", 0x030000, "i915");
    sys.group("0000:03:00.0", 7);
    PciId id = new PciId(0x8086, 0x10fb, 0x8086, 3, SysfsFolder.ETHERNET, 1);
    assertThat(pci().networkFunctions())
        .containsExactly(
            new PciSysfs.Function("0000:03:00.0", id, "vfio-pci", "7"),
            new PciSysfs.Function("0000:04:00.0", id, "", ""));
  }

  @Test
  void aFileThatIsNotThereReadsAsZero() throws IOException {
    Files.delete(sys.function("0000:03:00.0", SysfsFolder.ETHERNET, "").resolve("revision"));
    assertThat(pci().networkFunctions())
        .singleElement()
        .matches(f -> f.id().equals(new PciId(0x8086, 0x10fb, 0x8086, 3, 0x020000, 0)));
  }

  /** The fifo holds the reader of one file until the function is gone. */
  @Test
  @Timeout(30)
  void aFunctionThatIsRemovedMeanwhileIsLeftOut() throws Exception {
    sys.function("0000:03:00.0", SysfsFolder.ETHERNET, "");
    Path device = sys.function("0000:04:00.0", SysfsFolder.ETHERNET, "");
    Path fifo = device.resolve("subsystem_vendor");
    Files.delete(fifo);
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    var list = CompletableFuture.supplyAsync(() -> pci().networkFunctions());
    try (OutputStream held = Files.newOutputStream(fifo, StandardOpenOption.WRITE)) {
      try (Stream<Path> files = Files.list(device)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(device);
    }
    assertThat(list.get()).singleElement().matches(f -> f.address().equals("0000:03:00.0"));
  }

  /** A link whose target has gone is what a listing may find of a function that was removed. */
  @Test
  void aFunctionThatIsRemovedIsLeftOut() throws IOException {
    sys.function("0000:03:00.0", SysfsFolder.ETHERNET, "");
    Files.createSymbolicLink(sys.device("0000:04:00.0"), root.resolve("devices/removed"));
    assertThat(pci().networkFunctions()).singleElement().matches(f -> f.address().contains("03"));
  }

  @Test
  void whatIsNoNumberIsAnError() throws IOException {
    Path device = sys.function("0000:03:00.0", SysfsFolder.ETHERNET, "");
    Files.writeString(device.resolve("device"), "no number\n");
    assertThatThrownBy(() -> pci().networkFunctions())
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EIO))
        .hasMessageContaining("0000:03:00.0/device");
  }

  @Test
  void aMachineWithoutPciHasNone() {
    assertThat(pci().networkFunctions()).isEmpty();
  }
}

package io.netmap4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** PCI functions as the kernel lists them under /sys. Reads only. */
public final class PciSysfs {
  private static final int NETWORK_CONTROLLER = 0x02;
  private final Path root;

  /**
   * @param root {@code /sys}, or a folder that looks like it
   */
  public PciSysfs(Path root) {
    this.root = root;
  }

  /**
   * A function.
   *
   * @param address as in {@code 0000:03:00.0}
   * @param driver the kernel driver that it is bound to, "" for none
   * @param iommuGroup the number of its IOMMU group, "" without an IOMMU
   */
  public record Function(String address, PciId id, String driver, String iommuGroup) {}

  /** Network controllers, by address; none on a machine without PCI. */
  public List<Function> networkFunctions() {
    Path devices = root.resolve("bus/pci/devices");
    if (!Files.isDirectory(devices)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(devices)) {
      return all.filter(d -> hex(d, "class") >> 16 == NETWORK_CONTROLLER)
          .map(PciSysfs::function)
          .filter(f -> Files.isDirectory(folder(f.address()))) // not removed meanwhile
          .sorted(Comparator.comparing(Function::address))
          .toList();
    } catch (IOException e) {
      throw FileErrors.exception("cannot list " + devices, e);
    }
  }

  /**
   * The network controller at an address.
   *
   * @throws LinuxException ENXIO there is none
   */
  public Function networkFunction(String address) {
    return networkFunctions().stream()
        .filter(f -> f.address().equals(address))
        .findFirst()
        .orElseThrow(
            () ->
                new LinuxException(Libc.ENXIO, "no such network function; see 'netmap4j devices'"));
  }

  /** The folder of a function. */
  public Path folder(String address) {
    return root.resolve("bus/pci/devices").resolve(address);
  }

  private static Function function(Path device) {
    PciId id =
        new PciId(
            hex(device, "vendor"),
            hex(device, "device"),
            hex(device, "subsystem_vendor"),
            hex(device, "subsystem_device"),
            hex(device, "class"),
            hex(device, "revision"));
    return new Function(
        device.getFileName().toString(),
        id,
        linkName(device, "driver"),
        linkName(device, "iommu_group"));
  }

  /**
   * Files hold a number such as 0x8086; a missing one reads as 0 (old kernels have no revision, and
   * a function may be removed while it is looked at).
   */
  private static int hex(Path device, String file) {
    Path path = device.resolve(file);
    try {
      return Integer.decode(Files.readString(path).trim());
    } catch (IOException | NumberFormatException e) {
      if (!Files.exists(path)) {
        return 0;
      }
      throw e instanceof IOException io
          ? FileErrors.exception("cannot read " + path, io)
          : new LinuxException(Libc.EIO, path + " holds no number: " + e.getMessage(), e);
    }
  }

  private static String linkName(Path device, String link) {
    try {
      Path path = device.resolve(link);
      return Files.exists(path) ? path.toRealPath().getFileName().toString() : "";
    } catch (IOException e) {
      return "";
    }
  }
}

package io.netmap4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A folder with PCI functions as {@code /sys} has them, for the tests of whoever reads those.
 *
 * @param root what stands for {@code /sys}
 */
public record SysfsFolder(Path root) {

  /** The class code of an Ethernet controller. */
  public static final int ETHERNET = 0x020000;

  /**
   * Adds an 82599.
   *
   * @param driver the kernel driver that it is bound to, "" for none
   * @return its folder
   */
  public Path function(String address, int classCode, String driver) throws IOException {
    Path device = Files.createDirectories(device(address));
    Map<String, Integer> numbers =
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
    for (Map.Entry<String, Integer> file : numbers.entrySet()) {
      Files.writeString(device.resolve(file.getKey()), String.format("0x%x\n", file.getValue()));
    }
    if (!driver.isEmpty()) {
      bind(address, driver);
    }
    return device;
  }

  /** Gives a function to a driver, whichever has it now. */
  public void bind(String address, String driver) throws IOException {
    Path link = device(address).resolve("driver");
    Files.deleteIfExists(link);
    Files.createSymbolicLink(
        link, Files.createDirectories(root.resolve("bus/pci/drivers/" + driver)));
  }

  /** Puts a function into an IOMMU group. */
  public void group(String address, int number) throws IOException {
    Files.createSymbolicLink(
        device(address).resolve("iommu_group"),
        Files.createDirectories(root.resolve("kernel/iommu_groups/" + number)));
  }

  /** The folder of a function. */
  public Path device(String address) {
    return root.resolve("bus/pci/devices/" + address);
  }
}

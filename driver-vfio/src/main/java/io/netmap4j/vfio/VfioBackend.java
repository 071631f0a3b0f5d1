package io.netmap4j.vfio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.PciBinding;
import io.netmap4j.linux.PciSysfs;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens functions that are bound to vfio-pci, through their IOMMU group: {@code vfio:0000:03:00.0}.
 * Needs no root, only the right to read and write {@code /dev/vfio/GROUP}.
 */
public final class VfioBackend implements NicBackend {
  private final PciSysfs sysfs;
  private final Path dev;

  public VfioBackend() {
    this(Path.of("/sys"), Path.of("/dev/vfio"));
  }

  /**
   * @param sys a folder that looks like /sys
   * @param dev a folder that looks like /dev/vfio
   */
  VfioBackend(Path sys, Path dev) {
    this.sysfs = new PciSysfs(sys);
    this.dev = dev;
  }

  @Override
  public String scheme() {
    return "vfio";
  }

  @Override
  public NicDevice open(String address) {
    String name = "vfio:" + address;
    try {
      PciSysfs.Function function = sysfs.networkFunction(address);
      List<String> missing = missing(function);
      if (!missing.isEmpty()) {
        throw new NetmapException(Libc.ENXIO, name + " lacks " + String.join("; and ", missing));
      }
      return open(name, address, function.iommuGroup());
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    }
  }

  private NicDevice open(String name, String address, String group) {
    KernelContainer container = KernelContainer.with(dev, group);
    KernelVfio vfio;
    try {
      vfio = new KernelVfio(address, container, group);
    } catch (RuntimeException e) {
      container.leave(group);
      throw e;
    }
    try {
      return new VfioDevice(name, vfio, container.domain());
    } catch (RuntimeException e) {
      vfio.close();
      throw e;
    }
  }

  @Override
  public List<Function> functions() {
    return sysfs.networkFunctions().stream()
        .filter(f -> !f.driver().contains("uio"))
        .map(f -> new Function(f.address(), f.id(), f.driver(), group(f), missing(f)))
        .toList();
  }

  private static String user() {
    return System.getProperty("user.name");
  }

  private static String group(PciSysfs.Function f) {
    return f.iommuGroup().isEmpty() ? "" : "IOMMU group " + f.iommuGroup();
  }

  private List<String> missing(PciSysfs.Function f) {
    List<String> missing = new ArrayList<>();
    if (!f.driver().equals(PciBinding.VFIO_PCI)) {
      missing.add(
          "binding to " + PciBinding.VFIO_PCI + ": sudo netmap4j bind --vfio " + f.address());
    }
    if (f.iommuGroup().isEmpty()) {
      missing.add(
          "an IOMMU: switch VT-d or AMD-Vi on in the firmware; Intel also wants the boot option intel_iommu=on");
    }
    Path node = dev.resolve(f.iommuGroup());
    if (!f.iommuGroup().isEmpty() && Files.exists(dev.resolve("noiommu-" + f.iommuGroup()))) {
      missing.add(
          "an IOMMU: VFIO has the card without one (enable_unsafe_noiommu_mode), and then maps no memory"
              + " for it; switch VT-d or AMD-Vi on, or use uio:"
              + f.address()
              + " after sudo netmap4j bind --uio "
              + f.address());
    } else if (missing.isEmpty() && !Files.exists(node)) {
      missing.add(node + ": is udev running?");
    } else if (missing.isEmpty() && !(Files.isReadable(node) && Files.isWritable(node))) {
      missing.add("the right to use its IOMMU group: sudo chown " + user() + " " + node);
    }
    return missing;
  }
}

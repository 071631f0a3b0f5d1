package io.netmap4j.vfio;

import io.netmap4j.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciSysfs;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Functions bound to vfio-pci, and those that are bound to nothing or to their own kernel driver,
 * which could be. This version finds them and says what they lack; it does not open them yet.
 */
public final class VfioBackend implements NicBackend {
  private static final String DRIVER = "vfio-pci";
  private final Path sys;

  public VfioBackend() {
    this(Path.of("/sys"));
  }

  /**
   * @param sys a folder that looks like /sys
   */
  VfioBackend(Path sys) {
    this.sys = sys;
  }

  @Override
  public String scheme() {
    return "vfio";
  }

  @Override
  public NicDevice open(String address) {
    Function function =
        functions().stream()
            .filter(f -> f.address().equals(address))
            .findFirst()
            .orElseThrow(
                () ->
                    new NetmapException(
                        Libc.ENXIO,
                        "vfio:" + address + ": no such network function; see 'netmap4j devices'"));
    throw new NetmapException(
        Libc.EOPNOTSUPP,
        "vfio:"
            + address
            + " ("
            + function.id()
            + "): this version drives modelled cards only; try netmap:model0");
  }

  @Override
  public List<Function> functions() {
    return new PciSysfs(sys)
        .networkFunctions().stream()
            .filter(f -> !f.driver().contains("uio"))
            .map(f -> new Function(f.address(), f.id(), f.driver(), group(f), missing(f)))
            .toList();
  }

  private static String group(PciSysfs.Function f) {
    return f.iommuGroup().isEmpty() ? "" : "IOMMU group " + f.iommuGroup();
  }

  /** The override, the old driver's unbind if there is one, the probe. */
  private static String bindCommand(PciSysfs.Function f) {
    String device = "/sys/bus/pci/devices/" + f.address();
    String unbind =
        f.driver().isEmpty() ? "" : " && echo " + f.address() + " > " + device + "/driver/unbind";
    return "echo vfio-pci > "
        + device
        + "/driver_override"
        + unbind
        + " && echo "
        + f.address()
        + " > /sys/bus/pci/drivers_probe";
  }

  private static List<String> missing(PciSysfs.Function f) {
    List<String> missing = new ArrayList<>();
    missing.add("support in this version (modelled cards only)");
    if (!f.driver().equals(DRIVER)) {
      missing.add("binding to vfio-pci: " + bindCommand(f));
    }
    if (f.iommuGroup().isEmpty()) {
      missing.add("an IOMMU: boot with intel_iommu=on or amd_iommu=on");
    }
    return missing;
  }
}

package io.netmap4j.uio;

import io.netmap4j.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciSysfs;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Functions bound to a UIO driver. This version finds them and says what they lack; it does not
 * open them yet.
 */
public final class UioBackend implements NicBackend {
  private static final Set<String> DRIVERS = Set.of("uio_pci_generic", "igb_uio");
  private final Path sys;

  public UioBackend() {
    this(Path.of("/sys"));
  }

  /**
   * @param sys a folder that looks like /sys
   */
  UioBackend(Path sys) {
    this.sys = sys;
  }

  @Override
  public String scheme() {
    return "uio";
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
                        "uio:"
                            + address
                            + ": no such function bound to "
                            + String.join(" or ", DRIVERS)
                            + "; see 'netmap4j devices'"));
    throw new NetmapException(
        Libc.EOPNOTSUPP,
        "uio:"
            + address
            + " ("
            + function.id()
            + "): this version drives modelled cards only; try netmap:model0");
  }

  @Override
  public List<Function> functions() {
    return new PciSysfs(sys)
        .networkFunctions().stream()
            .filter(f -> DRIVERS.contains(f.driver()))
            .map(f -> new Function(f.address(), f.id(), f.driver(), "", missing()))
            .toList();
  }

  private List<String> missing() {
    List<String> missing = new ArrayList<>();
    missing.add("support in this version (modelled cards only)");
    if (!Files.isDirectory(sys.resolve("kernel/mm/hugepages/hugepages-2048kB"))) {
      missing.add("hugepages of 2 MiB: a kernel with CONFIG_HUGETLBFS");
    }
    return missing;
  }
}

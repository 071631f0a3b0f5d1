package io.netmap4j.uio;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.PciBinding;
import io.netmap4j.linux.PciSysfs;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Opens functions that are bound to uio_pci_generic or igb_uio: {@code uio:0000:03:00.0}. {@code
 * uio:0000:03:00.0,unbound} opens a function that is bound to no driver: it has no interrupts, and
 * if this process is killed its DMA goes on until the function is opened again. Needs root, to read
 * physical addresses.
 */
public final class UioBackend implements NicBackend {
  private static final Set<String> DRIVERS = Set.of(PciBinding.UIO_PCI_GENERIC, PciBinding.IGB_UIO);

  /** Contents of {@code irq} for a function without an interrupt: 0, or IRQ_NOTCONNECTED. */
  private static final Set<String> NO_IRQ = Set.of("0", "2147483648");

  private static final String UNBOUND = ",unbound";

  private final PciSysfs sysfs;
  private final Path dev;
  private final Path locks;
  private final HugePages hugePages;
  private final boolean physical;

  public UioBackend() {
    this(
        Path.of("/sys"),
        Path.of("/dev"),
        new HugePages(),
        PciBinding.LOCKS,
        Machine.devicesSeePhysicalAddresses());
  }

  /**
   * @param sys a folder that looks like /sys
   * @param dev a folder that looks like /dev
   * @param locks the folder of lock files, one per card; created if missing
   * @param physical as {@link Machine#devicesSeePhysicalAddresses}
   */
  UioBackend(Path sys, Path dev, HugePages hugePages, Path locks, boolean physical) {
    this.sysfs = new PciSysfs(sys);
    this.dev = dev;
    this.locks = locks;
    this.hugePages = hugePages;
    this.physical = physical;
  }

  @Override
  public String scheme() {
    return "uio";
  }

  @Override
  public NicDevice open(String address) {
    String name = "uio:" + address;
    boolean unbound = address.endsWith(UNBOUND);
    String pci = unbound ? address.substring(0, address.length() - UNBOUND.length()) : address;
    try {
      PciSysfs.Function function = sysfs.networkFunction(pci);
      List<String> missing = missing(function, unbound);
      if (!missing.isEmpty()) {
        throw new NetmapException(Libc.ENXIO, name + " lacks " + String.join("; and ", missing));
      }
      return new UioDevice(name, place(function), locks.resolve(pci + ".lock"), hugePages);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    }
  }

  private UioDevice.Place place(PciSysfs.Function f) {
    boolean igb = f.driver().equals(PciBinding.IGB_UIO);
    Path node = node(f);
    return new UioDevice.Place(
        f.address(),
        f.id(),
        sysfs.folder(f.address()),
        node,
        igb,
        node != null && (igb || hasIrq(f)));
  }

  @Override
  public List<Function> functions() {
    return sysfs.networkFunctions().stream()
        .filter(f -> !f.driver().startsWith("vfio"))
        .map(f -> new Function(f.address(), f.id(), f.driver(), "", missing(f, false)))
        .toList();
  }

  /** The function's {@code /dev/uioN}; null when no UIO driver is bound to it. */
  private Path node(PciSysfs.Function f) {
    Path folder = sysfs.folder(f.address()).resolve("uio");
    if (!DRIVERS.contains(f.driver()) || !Files.isDirectory(folder)) {
      return null;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(entry -> entry.startsWith("uio"))
          .findFirst()
          .map(dev::resolve)
          .orElse(null);
    } catch (IOException e) {
      throw FileErrors.exception("cannot list " + folder, e);
    }
  }

  private boolean hasIrq(PciSysfs.Function f) {
    Path irq = sysfs.folder(f.address()).resolve("irq");
    try {
      return Files.exists(irq) && !NO_IRQ.contains(Files.readString(irq).trim());
    } catch (IOException e) {
      throw FileErrors.exception("cannot read " + irq, e);
    }
  }

  private List<String> missing(PciSysfs.Function f, boolean unbound) {
    List<String> missing = new ArrayList<>();
    List<Path> files = new ArrayList<>();
    Path folder = sysfs.folder(f.address());
    if (unbound && !f.driver().isEmpty()) {
      missing.add(
          "freedom of "
              + f.driver()
              + ": sudo netmap4j unbind "
              + f.address()
              + ", or leave out '"
              + UNBOUND
              + "'");
    } else if (!unbound) {
      Path node = node(f);
      if (!DRIVERS.contains(f.driver())) {
        missing.add(
            "binding to "
                + PciBinding.UIO_PCI_GENERIC
                + ": sudo netmap4j bind --uio "
                + f.address());
      } else if (node == null) {
        missing.add("an entry uioN in " + folder.resolve("uio") + ": modprobe uio");
      } else {
        files.add(node);
      }
    }
    files.add(folder.resolve("config"));
    files.add(folder.resolve("resource0"));
    for (Path file : files) {
      if (!Files.exists(file)) {
        missing.add(file + ": is BAR 0 a memory BAR, and is udev running?");
      } else if (!Files.isWritable(file)) {
        missing.add("the right to use " + file + ": run as root");
      }
    }
    String translated = translated(folder);
    if (!translated.isEmpty()) {
      missing.add("physical addresses for its DMA: " + translated + "use vfio:" + f.address());
    }
    missing.addAll(hugePages.missing());
    return missing;
  }

  /**
   * What translates the addresses of the function's DMA, so that physical ones do not work, and the
   * mending of it; "" when nothing does. Groups of type "identity" are passed through. That the
   * kernel does not say the type (POWER, Linux before 4.19) says nothing.
   */
  private String translated(Path folder) {
    if (!physical) {
      return "the host bridges of this processor translate all of them; ";
    }
    Path group = folder.resolve("iommu_group");
    Path type = group.resolve("type");
    try {
      if (!Files.exists(group)
          || Files.exists(type) && Files.readString(type).startsWith("ident")) {
        return "";
      }
      return (Files.exists(type) && Files.readString(type).startsWith("DMA")
              ? "an IOMMU translates them"
              : "it has an IOMMU, and the kernel does not say whether that translates them")
          + "; boot with iommu=pt (arm64: iommu.passthrough=1), or ";
    } catch (IOException e) {
      throw FileErrors.exception("cannot read " + type, e);
    }
  }
}

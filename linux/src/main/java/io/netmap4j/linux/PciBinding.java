package io.netmap4j.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Binds PCI functions to kernel drivers, as dpdk-devbind does: driver_override, then a probe. Needs
 * root. A function whose interface is up, or that a process has open, is in use and is refused.
 */
public final class PciBinding {
  /** The kernel's driver for user-space drivers that use an IOMMU. */
  public static final String VFIO_PCI = "vfio-pci";

  /** The kernel's driver for user-space drivers without an IOMMU. */
  public static final String UIO_PCI_GENERIC = "uio_pci_generic";

  /** DPDK's driver for user-space drivers without an IOMMU; not part of the kernel. */
  public static final String IGB_UIO = "igb_uio";

  private static final Set<String> FOR_PROGRAMS = Set.of(VFIO_PCI, UIO_PCI_GENERIC, IGB_UIO);
  private static final int IFF_UP = 1;
  private static final int MODPROBE_SECONDS = 20;

  /**
   * The folder of lock files: a process that uses a card by UIO locks ADDRESS.lock, which holds its
   * process id.
   */
  public static final Path LOCKS = Path.of("/run/netmap4j");

  private final Path root;
  private final Path dev;
  private final Path locks;

  /**
   * @param root {@code /sys}, or a folder that looks like it
   */
  public PciBinding(Path root, Path dev, Path locks) {
    this.root = root;
    this.dev = dev;
    this.locks = locks;
  }

  /** For this machine. */
  public PciBinding() {
    this(Path.of("/sys"), Path.of("/dev"), LOCKS);
  }

  /**
   * Binds a function to a driver, and loads the driver if needed. When that fails, the function is
   * bound to its former driver again.
   *
   * @param driver a kernel driver, as in {@code vfio-pci}; "" for the one that the kernel itself
   *     would choose; a function that has one of those already is left alone
   * @return the driver that has it now
   * @throws LinuxException ENXIO no such function, EBUSY its interface is up, EACCES not root,
   *     ENODEV there is no such driver, or it does not support the function
   */
  public String bind(String address, String driver) {
    Path device = device(address);
    String before = driverOf(device);
    if (driver.isEmpty() ? isOfTheKernel(before) : before.equals(driver)) {
      return before;
    }
    requireRoot(address, device);
    refuseIfUsed(address, device);
    refuseIfOpen(address, device);
    load(driver);
    String override = read(device.resolve("driver_override"));
    try {
      give(address, device, driver);
      String now = driverOf(device);
      if (now.isEmpty() || !(driver.isEmpty() || now.equals(driver))) {
        throw new LinuxException(
            Libc.ENODEV,
            address
                + ": "
                + (driver.isEmpty() ? "no kernel driver" : driver)
                + " takes it"
                + (driver.equals(VFIO_PCI) ? "; is there an IOMMU? ls /sys/class/iommu" : "")
                + "; dmesg says more");
      }
      return now;
    } catch (LinuxException e) {
      restore(address, device, before, override, e);
      throw e;
    }
  }

  private static boolean isOfTheKernel(String driver) {
    return !driver.isEmpty() && !FOR_PROGRAMS.contains(driver);
  }

  /**
   * Unbinds a function from its driver and clears driver_override: a driver that is loaded later
   * may bind to it.
   *
   * @throws LinuxException as {@link #bind}
   */
  public void unbind(String address) {
    Path device = device(address);
    requireRoot(address, device);
    refuseIfUsed(address, device);
    refuseIfOpen(address, device);
    release(address, device);
    write(device.resolve("driver_override"), "\n");
  }

  private Path device(String address) {
    Path device = root.resolve("bus/pci/devices").resolve(address);
    if (!Files.isDirectory(device)) {
      throw new LinuxException(
          Libc.ENXIO,
          address + ": no such PCI function; 'netmap4j devices' and lspci -D list what there is");
    }
    return device;
  }

  private static String driverOf(Path device) {
    try {
      Path link = device.resolve("driver");
      return Files.exists(link) ? link.toRealPath().getFileName().toString() : "";
    } catch (IOException e) {
      return "";
    }
  }

  /** Before anything else: modprobe, for one, would fail with less of a reason. */
  private static void requireRoot(String address, Path device) {
    Path file = device.resolve("driver_override");
    if (!Files.isWritable(file)) {
      throw new LinuxException(
          Libc.EACCES,
          address
              + ": cannot write "
              + file
              + ": this needs root (sudo), and a /sys that is not mounted read-only");
    }
  }

  private static void refuseIfUsed(String address, Path device) {
    for (String name : interfaces(device)) {
      int flags = Integer.decode(read(device.resolve("net").resolve(name).resolve("flags")));
      if ((flags & IFF_UP) != 0) {
        throw new LinuxException(
            Libc.EBUSY,
            address
                + " is "
                + name
                + ", which is up: the system uses it; ip link set "
                + name
                + " down");
      }
    }
  }

  /**
   * Unbinding a card that a process has open leaves the registers mapped there (UIO), or waits
   * until the process closes it (VFIO).
   */
  private void refuseIfOpen(String address, Path device) {
    Path lock = locks.resolve(address + ".lock");
    if (Files.exists(lock) && isTaken(lock.toString(), true)) {
      throw new LinuxException(
          Libc.EBUSY, address + " is in use by process " + read(lock) + ": end it first");
    }
    Path group = device.resolve("iommu_group");
    if (driverOf(device).equals(VFIO_PCI) && Files.exists(group)) {
      Path node = dev.resolve("vfio").resolve(real(group).getFileName());
      if (Files.exists(node) && isTaken(node.toString(), false)) {
        throw new LinuxException(
            Libc.EBUSY,
            address + " is in use: end the process that 'fuser -v " + node + "' shows first");
      }
    }
  }

  private static Path real(Path link) {
    try {
      return link.toRealPath();
    } catch (IOException e) {
      throw FileErrors.exception("cannot follow " + link, e);
    }
  }

  /** Whether a file is locked, or is a VFIO group that is open: a second open is EBUSY. */
  private static boolean isTaken(String file, boolean locked) {
    try {
      int fd = Libc.open(file, Libc.O_RDWR, 0, "");
      try {
        return locked && !Libc.tryLock(fd);
      } finally {
        Libc.closeFd(fd);
      }
    } catch (LinuxException e) {
      return e.errno() == Libc.EBUSY;
    }
  }

  private static List<String> interfaces(Path device) {
    Path net = device.resolve("net");
    List<String> names = new ArrayList<>();
    if (Files.isDirectory(net)) {
      try (Stream<Path> all = Files.list(net)) {
        all.forEach(p -> names.add(p.getFileName().toString()));
      } catch (IOException e) {
        throw FileErrors.exception("cannot list " + net, e);
      }
    }
    return names;
  }

  private void load(String driver) {
    if (driver.isEmpty() || Files.isDirectory(root.resolve("bus/pci/drivers").resolve(driver))) {
      return;
    }
    String why;
    try {
      Process modprobe = new ProcessBuilder("modprobe", driver).redirectErrorStream(true).start();
      // Its few lines fit into the pipe.
      if (!modprobe.waitFor(MODPROBE_SECONDS, TimeUnit.SECONDS)) {
        modprobe.destroyForcibly();
        why = "not done after " + MODPROBE_SECONDS + " s";
      } else if (modprobe.exitValue() == 0) {
        return;
      } else {
        why = new String(modprobe.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
      }
    } catch (IOException e) {
      why = e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      why = "interrupted";
    }
    throw new LinuxException(
        Libc.ENODEV,
        "the kernel has no driver " + driver + ", and modprobe " + driver + " failed: " + why);
  }

  private void give(String address, Path device, String driver) {
    release(address, device);
    write(device.resolve("driver_override"), driver + "\n");
    write(root.resolve("bus/pci/drivers_probe"), address);
  }

  private static void release(String address, Path device) {
    if (!driverOf(device).isEmpty()) {
      write(device.resolve("driver/unbind"), address);
    }
  }

  private void restore(
      String address, Path device, String before, String override, LinuxException cause) {
    try {
      write(device.resolve("driver_override"), override.equals("(null)") ? "\n" : override + "\n");
      if (!before.isEmpty() && driverOf(device).isEmpty()) {
        write(root.resolve("bus/pci/drivers").resolve(before).resolve("bind"), address);
      }
    } catch (LinuxException e) {
      cause.addSuppressed(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).trim();
    } catch (IOException e) {
      throw FileErrors.exception("cannot read " + file, e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new LinuxException(
          Files.isWritable(file) ? Libc.EIO : Libc.EACCES,
          "cannot write '"
              + text.trim()
              + "' to "
              + file
              + ": "
              + e.getMessage()
              + (Files.isWritable(file) ? "" : "; this needs root"),
          e);
    }
  }
}

package io.netmap4j.compat.nic;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.compat.Config;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciId;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.NicDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * From a NAME to a device and from a device to an adapter, through what {@link ServiceLoader} finds
 * on the class path: backends by scheme, drivers by PCI id. Thread safe.
 */
public final class Nics {
  /** What could be in /sys/class/net. */
  private static final Pattern INTERFACE = Pattern.compile("[!-~&&[^./]][!-~&&[^/]]{0,14}");

  private static final Pattern PCI =
      Pattern.compile("[0-9a-fA-F]{4,}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]");

  private Nics() {}

  /** Found once, so that every open talks to the same backend object. */
  private static final class Found {
    static final List<NicBackend> BACKENDS = all(NicBackend.class);
    static final List<NicDriver> DRIVERS = all(NicDriver.class);

    private static <T> List<T> all(Class<T> service) {
      return ServiceLoader.load(service).stream().map(ServiceLoader.Provider::get).toList();
    }
  }

  /** A device that has a name: which backend opens it, and by what address. */
  public record Named(NicBackend backend, String address) {
    String key() {
      return backend.scheme() + ":" + address;
    }
  }

  /**
   * The device that a program would open.
   *
   * @param device a NAME, with {@code netmap:} or without, or {@code SCHEME:ADDRESS} as in the
   *     configuration file
   * @throws NetmapException ENXIO when there is none, or what is missing before it can be opened
   */
  public static Named device(String device) {
    for (NicBackend backend : backends()) {
      String prefix = backend.scheme() + ":";
      if (device.startsWith(prefix)) {
        return new Named(backend, device.substring(prefix.length()));
      }
    }
    return find(device.replaceFirst("^netmap:", ""), Config.load());
  }

  /** Every backend on the class path. */
  public static List<NicBackend> backends() {
    return Found.BACKENDS;
  }

  /** What a backend finds and a driver could drive; other cards are left out. */
  public static List<NicBackend.Function> functions(NicBackend backend) {
    return backend.functions().stream().filter(f -> driverOf(f.id()).isPresent()).toList();
  }

  /**
   * The NAME that opens a function: scheme and address run together when the address is a plain
   * number ({@code model0}), else the address itself, as for {@code 0000:03:00.0}.
   */
  public static String nameOf(NicBackend backend, NicBackend.Function function) {
    boolean number = function.address().chars().allMatch(c -> c >= '0' && c <= '9');
    return number ? backend.scheme() + function.address() : function.address();
  }

  /** Whether a backend lists a function of that NAME, be it ready to be opened or not. */
  public static boolean isCard(String name) {
    for (NicBackend backend : backends()) {
      for (NicBackend.Function function : backend.functions()) {
        if (hasName(backend, function, name)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean hasName(NicBackend backend, NicBackend.Function function, String name) {
    String itsName = nameOf(backend, function);
    return itsName.equals(name.toLowerCase(Locale.ROOT)) || itsName.equals(name);
  }

  /**
   * How a driver of ours gets the card behind a network interface of the kernel.
   *
   * @return "" when there is no such driver or no card
   */
  public static String takeAdvice(String networkInterface) {
    Path device = Path.of("/sys/class/net", networkInterface, "device");
    try {
      String address = Files.exists(device) ? device.toRealPath().getFileName().toString() : "";
      boolean driven =
          PCI.matcher(address).matches()
              && backends().stream()
                  .flatMap(backend -> functions(backend).stream())
                  .anyMatch(f -> f.address().equals(address));
      return driven
          ? "; 'sudo netmap4j bind --vfio "
              + address
              + "' (or --uio) gives the card to netmap4j's driver, as netmap:"
              + address
          : "";
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Looks a NAME up: the file's aliases first, then the functions that the backends list.
   *
   * @throws NetmapException ENXIO when nothing has that name, saying what does; or when a function
   *     has it and cannot be opened, saying what is missing
   */
  static Named find(String name, Config config) {
    String alias = config.aliases().get(name);
    if (alias != null) {
      int colon = alias.indexOf(':');
      return new Named(
          backend(alias.substring(0, colon), name, config), alias.substring(colon + 1));
    }
    List<String> missing = new ArrayList<>();
    Set<String> known = new TreeSet<>(config.aliases().keySet());
    for (NicBackend backend : backends()) {
      for (NicBackend.Function function : backend.functions()) {
        String itsName = nameOf(backend, function);
        boolean claimed = driverOf(function.id()).isPresent();
        if (claimed) {
          known.add(itsName);
        }
        if (!hasName(backend, function, name)) {
          continue;
        }
        if (!claimed) {
          throw unclaimed(backend.scheme() + ":" + function.address(), function.id());
        }
        if (function.missing().isEmpty()) {
          return new Named(backend, function.address());
        }
        missing.add(backend.scheme() + ": " + String.join("; ", function.missing()));
      }
    }
    if (!missing.isEmpty()) {
      throw new NetmapException(
          Libc.ENXIO,
          "cannot be opened yet: "
              + String.join("; or ", missing)
              + "; nic.NAME in netmap4j.properties chooses between vfio: and uio:");
    }
    throw new NetmapException(
        Libc.ENXIO,
        "no such port; known names: "
            + words(known)
            + " ("
            + config.source()
            + "); "
            + advice(Path.of("/sys/class/net"), name, backends()));
  }

  /**
   * The advice in the error for a NAME that nothing has.
   *
   * @param net a folder that looks like /sys/class/net
   */
  static String advice(Path net, String name, List<NicBackend> backends) {
    if (backends.isEmpty()) {
      return "no backend is on the class path (they are in driver-uio, driver-vfio and nic-model)";
    }
    if (name.matches("model[0-9]+")
        && backends.stream().noneMatch(b -> name.startsWith(b.scheme()))) {
      return "modelled cards come with nic-model, which is not on the class path";
    }
    boolean interfaceName = INTERFACE.matcher(name).matches(); // others may not even be a path
    Path device = net.resolve(interfaceName ? name : "-").resolve("device");
    String address = PCI.matcher(name).matches() ? name : "ADDRESS";
    String what = "for a PCI card";
    try {
      if (interfaceName && Files.isDirectory(device.getParent())) {
        String function = Files.exists(device) ? device.toRealPath().getFileName().toString() : "";
        if (!PCI.matcher(function).matches()) {
          return name + " is a network interface of the kernel without a PCI device";
        }
        address = function;
        what = name + " belongs to a kernel driver";
      }
    } catch (IOException e) {
      throw new NetmapException(
          FileErrors.errno(e), "cannot follow " + device + ": " + FileErrors.reason(e), e);
    }
    return what
        + ": 'netmap4j devices' shows whether it is supported, 'sudo netmap4j bind --vfio "
        + address
        + "' (or --uio) takes it, a line 'nic."
        + (PCI.matcher(name).matches() ? "NAME" : name)
        + " = vfio:"
        + address
        + "' in netmap4j.properties gives it a name";
  }

  /** Whether a NAME means a device, openable or not: one of ours or an interface of the kernel. */
  public static boolean exists(String name, Config config) {
    return config.aliases().containsKey(name)
        || isCard(name)
        || INTERFACE.matcher(name).matches() && Files.exists(Path.of("/sys/class/net", name));
  }

  private static NicBackend backend(String scheme, String name, Config config) {
    for (NicBackend backend : backends()) {
      if (backend.scheme().equals(scheme)) {
        return backend;
      }
    }
    String have = words(backends().stream().map(NicBackend::scheme).toList());
    throw new NetmapException(
        Libc.ENXIO,
        config.source()
            + ": nic."
            + name
            + ": no backend for '"
            + scheme
            + ":' on the class path, only: "
            + have);
  }

  /**
   * Opens the device and has a driver make an adapter of it. When this fails nothing stays open.
   *
   * @throws NetmapException as the backend's open and the driver's attach; ENXIO when no driver
   *     claims the device
   */
  static Adapter attach(Named nic, Region region, NicOptions options) {
    NicDevice device = nic.backend().open(nic.address());
    try {
      return driverFor(device).attach(device, region, options);
    } catch (RuntimeException | Error e) {
      try {
        device.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /** The driver that claims devices with that id. */
  public static Optional<NicDriver> driverOf(PciId id) {
    return Found.DRIVERS.stream().filter(driver -> driver.claims(id)).findFirst();
  }

  private static NicDriver driverFor(NicDevice device) {
    return driverOf(device.id()).orElseThrow(() -> unclaimed(device.name(), device.id()));
  }

  private static NetmapException unclaimed(String device, PciId id) {
    String have = words(Found.DRIVERS.stream().map(NicDriver::name).toList());
    return new NetmapException(
        Libc.ENXIO,
        device + " is " + id + ", which no driver on the class path claims; drivers here: " + have);
  }

  private static String words(Iterable<String> words) {
    List<String> all = new ArrayList<>();
    words.forEach(all::add);
    return all.isEmpty() ? "none" : all.stream().collect(Collectors.joining(", "));
  }
}

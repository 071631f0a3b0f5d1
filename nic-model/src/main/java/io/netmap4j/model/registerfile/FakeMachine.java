package io.netmap4j.model.registerfile;

import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.Libc;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.pci.PciConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * The files by which drivers that use UIO find a card: what the kernel shows below /sys and /dev,
 * for bench/fake-machine to bind over the real folders. Everything that it made is removed by
 * {@link #close}.
 */
final class FakeMachine implements AutoCloseable {
  private static final String DRIVER = "uio_pci_generic";
  private static final int INTEL = 0x8086;

  /** Where the BARs would be; nobody looks there. */
  private static final long PHYSICAL = 0xE000_0000L;

  /** IORESOURCE_MEM, MEM_64, SIZEALIGN (Linux ioport.h), and the BAR's own type bits. */
  private static final long FLAGS = 0x140204;

  /** Lines of {@code resource} that DPDK and Linux's own tools expect. */
  private static final int RESOURCES = 7;

  private final Path folder;
  private final Deque<Path> made = new ArrayDeque<>();
  private final List<SharedFile> files = new ArrayList<>();

  /**
   * @param folder exists; what a server that was killed has left there is replaced
   */
  FakeMachine(Path folder) {
    this.folder = folder;
    folders("mnt"); // where bench/fake-machine mounts a tmpfs, in its own namespace
  }

  /** What the function of a card is called. */
  static String address(int number) {
    return "0000:e0:00." + number;
  }

  /** A file of the folder itself. */
  SharedFile file(String name, long bytes) {
    try {
      Path path = folder.resolve(name);
      Files.deleteIfExists(path);
      SharedFile file = new SharedFile(path, bytes);
      made.push(path);
      files.add(file);
      return file;
    } catch (IOException e) {
      throw FileErrors.exception("cannot replace " + folder.resolve(name), e);
    }
  }

  /**
   * The files of one more function.
   *
   * @return BAR 0 and configuration space
   */
  SharedFile[] add(int number, CardOptions card) {
    String function = "sys/bus/pci/devices/" + address(number) + "/";
    String node = "uio" + number;
    folders(function + "uio/" + node);
    folders("sys/bus/pci/drivers/" + DRIVER);
    folders("sys/class/uio/" + node);
    folders("dev");
    text(function + "vendor", hex(INTEL));
    text(function + "device", hex(card.deviceId()));
    text(function + "subsystem_vendor", hex(INTEL));
    text(function + "subsystem_device", "0x0003");
    text(function + "class", "0x020000");
    text(function + "revision", "0x01");
    text(function + "numa_node", "-1");
    text(function + "max_vfs", "0");
    text(function + "enable", "1");
    text(function + "irq", "0"); // there are no interrupts: causes are not shown
    text(function + "resource", resources(number));
    link(function + "driver", "../../drivers/" + DRIVER);
    link("sys/class/uio/" + node + "/device", "../../../bus/pci/devices/" + address(number));
    fifo("dev/" + node); // epoll refuses a regular file
    return new SharedFile[] {
      file(function + "resource0", PolledCard.BAR0_BYTES), file(function + "config", PciConfig.SIZE)
    };
  }

  private static String hex(int id) {
    return String.format(Locale.ROOT, "0x%04x", id);
  }

  private static String resources(int number) {
    long first = PHYSICAL + number * PolledCard.BAR0_BYTES;
    StringBuilder lines = new StringBuilder(resource(first, PolledCard.BAR0_BYTES, FLAGS));
    for (int i = 1; i < RESOURCES; i++) {
      lines.append('\n').append(resource(0, 1, 0));
    }
    return lines.toString();
  }

  private static String resource(long first, long bytes, long flags) {
    return String.format(Locale.ROOT, "0x%016x 0x%016x 0x%016x", first, first + bytes - 1, flags);
  }

  private void folders(String name) {
    Path at = folder;
    for (Path step : Path.of(name)) {
      at = at.resolve(step);
      if (!made.contains(at)) {
        try {
          Files.createDirectories(at);
        } catch (IOException e) {
          throw FileErrors.exception("cannot make " + at, e);
        }
        made.push(at);
      }
    }
  }

  private interface Maker {
    void make(Path path) throws IOException;
  }

  private void make(String name, Maker maker) {
    Path path = folder.resolve(name);
    try {
      Files.deleteIfExists(path);
      maker.make(path);
      made.push(path);
    } catch (IOException e) {
      throw FileErrors.exception("cannot make " + path, e);
    }
  }

  private void text(String name, String text) {
    make(name, path -> Files.writeString(path, text + "\n"));
  }

  private void link(String name, String target) {
    make(name, path -> Files.createSymbolicLink(path, Path.of(target)));
  }

  private void fifo(String name) {
    make(name, path -> Libc.makeFifo(path.toString(), 0600));
  }

  /** Removes the files; the folders too, unless somebody put something into them. */
  @Override
  public void close() {
    files.forEach(SharedFile::close);
    while (!made.isEmpty()) {
      try {
        Files.deleteIfExists(made.pop());
      } catch (IOException e) {
        continue; // not empty, or a mount point: not ours alone
      }
    }
  }
}

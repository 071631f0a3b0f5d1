package io.netmap4j.model.vfiouser;

import com.sun.jna.Native;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** System calls that only a hostile client needs, and what the kernel knows of this process. */
final class Sys {
  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int O_NONBLOCK = 04000;

  static {
    Native.register(Sys.class, "c");
  }

  private Sys() {}

  private static native int fcntl(int fd, int command, long argument);

  private static native long write(int fd, byte[] buffer, long count);

  static native int pipe(int[] fds);

  static native int socketpair(int domain, int type, int protocol, int[] fds);

  /** Clears O_NONBLOCK, for the server, too: it has the same open file. */
  static void blocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
  }

  /** An eventfd takes no more. */
  static void fill(int eventFd) {
    byte[] most = new byte[8];
    Arrays.fill(most, (byte) -1);
    most[0] = -2;
    write(eventFd, most, 8);
  }

  /** Descriptors of this process whose name has {@code name}. */
  static long openFiles(String name) throws java.io.IOException {
    try (var fds = Files.list(Path.of("/proc/self/fd"))) {
      return fds.filter(fd -> target(fd).contains(name)).count();
    }
  }

  private static String target(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString();
    } catch (java.io.IOException e) {
      return ""; // closed meanwhile
    }
  }

  /** Mappings of this process whose line in /proc/self/maps has {@code name}. */
  static long mappings(String name) throws java.io.IOException {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains(name)).count();
    }
  }

  /** Runs {@code main} in a process of its own, with this one's options and classes. */
  static Process java(Class<?> main, String... args) throws java.io.IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("--") || a.startsWith("-XX:+Ignore"))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}

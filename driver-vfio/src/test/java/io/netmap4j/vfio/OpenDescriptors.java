package io.netmap4j.vfio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Of this process, of the kinds that the client opens: not what the JVM opens when it likes. */
final class OpenDescriptors {
  private OpenDescriptors() {}

  static long count() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.map(OpenDescriptors::target)
          .filter(t -> t.startsWith("socket:") || t.contains("eventfd") || t.contains("memfd"))
          .filter(t -> !t.contains("netmap4j-closed")) // one for a process, with its first region
          .count();
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // the one that the list itself used
    }
  }
}

package io.netmap4j.bench.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;

/** A compiler for tests that want the same control many times: gcc makes it once. */
public final class OneCompiler {
  private OneCompiler() {}

  /** Whether gcc is there. */
  public static boolean available() {
    return Arrays.stream(System.getenv("PATH").split(":"))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "gcc")));
  }

  /**
   * Makes the compiler: gcc for who asks first, and the others get what that made.
   *
   * @param folder of the class's own
   */
  public static Path in(Path folder) throws IOException {
    Path kept = folder.resolve("kept.so");
    Path compiler = folder.resolve("compiler");
    Files.writeString(
        compiler,
        """
        #!/bin/sh
        for a; do if [ "$last" = -o ]; then out=$a; fi; last=$a; done
        [ -f 'KEPT' ] || gcc "$@" -o 'KEPT' || exit 1
        cp 'KEPT' "$out"
        """
            .replace("KEPT", kept.toString()));
    return Files.setPosixFilePermissions(compiler, PosixFilePermissions.fromString("rwx------"));
  }
}

package io.netmap4j.bench.control;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;

/** A compiler for tests that want the same control many times: gcc makes it once. */
public final class OneCompiler {
  private OneCompiler() {}

  /** Skips a test of the control without gcc, or when this JVM's processor is emulated. */
  public static void assumeThere() {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(":"))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "gcc"))),
        "no gcc on PATH: there is no control");
    assumeTrue(
        System.getProperty("netmap4j.emulator") == null,
        "gcc makes code for the machine below the emulator: there is no control");
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

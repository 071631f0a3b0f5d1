package io.netmap4j.bench.control;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A file of {@code src/main/c} as a shared library of this process: gcc compiles it into a
 * temporary folder, which {@link #close} deletes.
 */
public final class CLibrary implements AutoCloseable {
  private static final String HEADER = "rings.h";

  private final Path folder;
  private final NativeLibrary library;

  private CLibrary(Path folder, NativeLibrary library) {
    this.folder = folder;
    this.library = library;
  }

  /**
   * Compiles and loads a source.
   *
   * @param name of the source without {@code .c}
   * @param compiler the command, {@code gcc}
   * @throws IOException when there is no compiler or it fails, in one line with what mends it
   */
  public static CLibrary build(String name, String compiler) throws IOException {
    Path folder = Files.createTempDirectory("netmap4j-bench");
    try {
      extract(HEADER, folder);
      Path source = extract(name + ".c", folder);
      Path object = folder.resolve(name + ".so");
      compile(compiler, source, object);
      NativeLibrary library = NativeLibrary.getInstance(object.toString());
      return new CLibrary(folder, library);
    } catch (IOException e) {
      delete(folder);
      throw e;
    } catch (UnsatisfiedLinkError e) {
      delete(folder);
      throw new IOException(
          folder + ": " + e.getMessage() + " (-Djava.io.tmpdir=FOLDER names one without noexec)",
          e);
    }
  }

  private static Path extract(String name, Path folder) throws IOException {
    Path file = folder.resolve(name);
    try (InputStream in = CLibrary.class.getResourceAsStream("/c/" + name)) {
      if (in == null) {
        throw new IOException("/c/" + name + " is not in bench.jar: build it again");
      }
      Files.copy(in, file);
    }
    return file;
  }

  private static void compile(String compiler, Path source, Path object) throws IOException {
    Process gcc;
    try {
      gcc =
          new ProcessBuilder(
                  List.of(
                      compiler,
                      "-O3",
                      "-march=native",
                      "-shared",
                      "-fPIC",
                      "-pthread",
                      "-o",
                      object.toString(),
                      source.toString()))
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .start();
    } catch (IOException e) {
      throw new IOException(compiler + " can't be run (Debian: apt-get install gcc)", e);
    }
    String said = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (gcc.waitFor() != 0) {
        throw new IOException(
            compiler + " failed: " + said.lines().findFirst().orElse("without a word"));
      }
    } catch (InterruptedException e) {
      gcc.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * A function of the library; calls of it may take place on several threads at once.
   *
   * @param name as in the source
   */
  public Function function(String name) {
    return library.getFunction(name);
  }

  /** Unloads the library and deletes its files. No function of it may be in progress. */
  @Override
  public void close() {
    library.close();
    delete(folder);
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.err.println("bench: " + folder + " is left behind: " + e.getMessage());
    }
  }
}

package io.netmap4j.examples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An example in a JVM of its own, with an exit code, and errors. */
final class Program implements AutoCloseable {
  private final Path out = Files.createTempFile("example", ".out");
  private final Path errors = Files.createTempFile("example", ".errors");
  private final Process process;

  Program(Class<?> example, String... args) throws IOException {
    this(null, example, args);
  }

  /**
   * @param standardOutput null: for {@link #output}
   */
  Program(File standardOutput, Class<?> example, String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseSerialGC"));
    command.addAll(
        List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), example.getName()));
    command.addAll(List.of(args));
    process =
        new ProcessBuilder(command)
            .redirectOutput(standardOutput == null ? out.toFile() : standardOutput)
            .redirectError(errors.toFile())
            .start();
  }

  String output() throws IOException {
    return Files.readString(out);
  }

  /** What is not a log's. */
  List<String> errors() throws IOException {
    return Files.readAllLines(errors).stream().filter(line -> !line.startsWith("[")).toList();
  }

  void awaitRunning() throws IOException, InterruptedException {
    while (!output().contains("running")) {
      assertTrue(process.isAlive(), () -> "it has ended");
      Thread.sleep(5);
    }
  }

  /** With SIGTERM. */
  int stop() throws InterruptedException {
    process.destroy();
    return end();
  }

  /**
   * @return its exit code
   */
  int end() throws InterruptedException {
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    return process.exitValue();
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    Files.delete(out);
    Files.delete(errors);
  }
}

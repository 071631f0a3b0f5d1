package io.netmap4j.apps;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.TapDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Network namespaces of a test, named after this process, and what runs in them. */
final class Namespaces implements AutoCloseable {
  private final Deque<String> names = new ArrayDeque<>();
  private final Deque<Process> processes = new ArrayDeque<>();

  /** Skips the test without root or one of {@code tools}: "nc -h", as "command option=package". */
  static void require(String... tools) throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "skipped: there is no /dev/net/tun");
    try {
      TapDevice.create(name("z")).close();
    } catch (LinuxException e) {
      boolean root = e.errno() != Libc.EPERM && e.errno() != Libc.EACCES;
      assumeTrue(root, "skipped: " + e.getMessage());
      throw e;
    }
    for (String tool : tools) {
      String command = tool.replaceFirst("=.*", "");
      String package_ = tool.replaceFirst(".*=", "");
      assumeTrue(
          new ProcessBuilder("sh", "-c", "command -v " + command).start().waitFor() == 0,
          "skipped: there is no " + command + ": apt-get install " + package_);
    }
  }

  /** A name for an interface or a namespace. */
  static String name(String suffix) {
    return "nm" + ProcessHandle.current().pid() + suffix;
  }

  /** Makes a namespace and moves the interface of that name into it, up. */
  void place(String interfaceName) throws Exception {
    sh("ip", "netns", "add", interfaceName);
    names.push(interfaceName);
    sh("ip", "link", "set", interfaceName, "netns", interfaceName);
    sh("ip", "-n", interfaceName, "link", "set", "lo", "up");
    sh("ip", "-n", interfaceName, "link", "set", interfaceName, "up");
  }

  /** Runs a shell's command line in a namespace. @return its output */
  String in(String namespace, String line) throws Exception {
    return sh("ip", "netns", "exec", namespace, "bash", "-c", line);
  }

  /** Starts one that ends with the test. */
  Process start(String namespace, Path output, String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    all.addAll(Arrays.asList(command));
    Process process =
        new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    processes.push(process);
    return process;
  }

  static String sh(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
    return output;
  }

  static boolean exists(String interfaceName) {
    return Files.exists(Path.of("/sys/class/net", interfaceName));
  }

  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - begin).as(what).isLessThan(TimeUnit.SECONDS.toNanos(30));
      Thread.sleep(10);
    }
  }

  @Override
  public void close() throws Exception {
    while (!processes.isEmpty()) {
      Process process = processes.pop();
      process.destroy();
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
    while (!names.isEmpty()) {
      sh("ip", "netns", "del", names.pop());
    }
  }
}

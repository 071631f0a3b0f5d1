package io.netmap4j.bench.report;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What a reader of figures must know of the machine, of versions and of flags. */
public final class Machine {
  private static final String UNKNOWN = "unknown";

  private Machine() {}

  /**
   * The facts of this machine and of this JVM by name, in the order shown. The map is the caller's,
   * who adds what it knows more: the rate of the tsc, versions of DPDK.
   */
  public static Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("processor", cpu("model name").orElse(UNKNOWN));
    facts.put("cores", String.valueOf(Runtime.getRuntime().availableProcessors()));
    facts.put("MOVDIRI", movdiri() ? "yes" : "no");
    facts.put(
        "hypervisor",
        hasFlag("hypervisor") ? "yes: neighbours may share the machine" : "none seen");
    facts.put(
        "kernel",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch"));
    facts.put(
        "JDK", System.getProperty("java.vm.version") + ", " + System.getProperty("java.vendor"));
    facts.put(
        "JVM flags", String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments()));
    facts.put("netmap4j", version());
    return facts;
  }

  /**
   * True when the processor has MOVDIRI, by which DPDK writes doorbells unless told otherwise: on a
   * modelled register, which is ordinary memory, that costs hundreds of cycles.
   */
  public static boolean movdiri() {
    return hasFlag("movdiri");
  }

  /**
   * The version that a JDK's release file states.
   *
   * @param home the JDK's folder
   * @return {@code unknown} when there is no such file
   */
  public static String jdk(Path home) {
    try (Stream<String> lines = Files.lines(home.resolve("release"))) {
      return lines
          .filter(line -> line.startsWith("JAVA_RUNTIME_VERSION="))
          .map(line -> line.substring(line.indexOf('=') + 1).replace("\"", ""))
          .findFirst()
          .orElse(UNKNOWN);
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  /** The source tree that this jar was built in; nothing when it is elsewhere. */
  public static Optional<Path> root() {
    try {
      Path at = Path.of(Machine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      for (Path folder = at; folder != null; folder = folder.getParent()) {
        if (Files.isRegularFile(folder.resolve("netmap4j"))
            && Files.isDirectory(folder.resolve("bench"))) {
          return Optional.of(folder);
        }
      }
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
    return Optional.empty();
  }

  private static boolean hasFlag(String flag) {
    return List.of(cpu("flags").orElse("").split(" ")).contains(flag);
  }

  /** The first processor's line in /proc/cpuinfo. */
  private static Optional<String> cpu(String name) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith(name + "\t"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The commit of the source tree, with {@code -dirty} when files differ from it. */
  private static String version() {
    Optional<Path> root = root();
    if (root.isEmpty()) {
      return UNKNOWN;
    }
    Process git = null;
    try {
      git =
          new ProcessBuilder(
                  "git", "-C", root.get().toString(), "describe", "--always", "--dirty", "--tags")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectInput(new File("/dev/null"))
              .start();
      String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0 ? answer.strip() : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    } finally {
      if (git != null) {
        git.destroyForcibly();
      }
    }
  }
}

package io.netmap4j.apps;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** How this JVM would be started for another main class: same class path, same permissions. */
final class JavaCommand {
  private JavaCommand() {}

  static List<String> of(Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(a -> a.startsWith("--") || a.startsWith("-XX:+Ignore"))
            .toList());
    command.addAll(List.of("-XX:+UseSerialGC", "-cp", classPath(), main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Without what only the pipeline brings: Chronicle would use it, and the command has it not. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !entry.contains("/net/openhft/affinity/"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}

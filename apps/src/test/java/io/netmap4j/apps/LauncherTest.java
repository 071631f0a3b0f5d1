package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./netmap4j} in a checkout of its own, with a program that says how it was started. */
@Timeout(120)
class LauncherTest {
  @TempDir Path folder;
  private Path checkout;

  /** What the launcher starts. */
  static final class Program {
    public static void main(String[] args) {
      if (List.of(args).contains("read")) {
        read();
      }
      System.out.println("jar " + new File(System.getProperty("java.class.path")).exists());
      for (String arg : args) {
        StringBuilder ascii = new StringBuilder();
        arg.chars().forEach(c -> ascii.append(c < 128 ? "" + (char) c : "<" + c + ">"));
        System.out.println("argument " + ascii + " " + new File(arg).exists());
      }
      java.lang.management.ManagementFactory.getGarbageCollectorMXBeans()
          .forEach(gc -> System.out.println("collector " + gc.getName()));
    }

    private static void read() {
      try {
        System.out.println("input " + (System.in.read() < 0 ? "ends" : "has something"));
      } catch (IOException e) {
        System.out.println("input " + e.getMessage());
      }
      try {
        new FileOutputStream(FileDescriptor.out).write('\n');
      } catch (IOException e) {
        System.err.println("output " + e.getMessage());
      }
    }
  }

  private static final String CLOSED = "Bad file descriptor";

  /** A stream that is closed is not a file that the JVM has opened in its place. */
  @Test
  void aClosedStreamStaysClosed() throws Exception {
    assertThat(launch(Map.of(), "read <&-").output).contains("input " + CLOSED);
    assertThat(launch(Map.of(), "read <&- >&-").output).isEqualTo("output " + CLOSED + "\n");
    assertThat(launch(Map.of(), "read </dev/null").output).contains("input ends");
  }

  @BeforeEach
  void checkOut() throws Exception {
    // Bytes, as this JVM itself may run in a locale without the letter.
    Path script =
        Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("../netmap4j");
    run(
        Map.of(),
        "sh",
        "-c",
        "mkdir -p " + folder + "/$(printf 'Pr\\303\\274fung')/apps/target/lib");
    run(Map.of(), "sh", "-c", "cd " + folder + " && ln -s Pr* link");
    checkout = folder.resolve("link");
    Files.copy(script, checkout.resolve("netmap4j"));
    Files.copy(script.resolveSibling("netmap4j.jvmargs"), checkout.resolve("netmap4j.jvmargs"));
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Program.class.getName());
    String entry = Program.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(checkout.resolve("apps/target/netmap4j.jar"));
        JarOutputStream jar = new JarOutputStream(file, manifest)) {
      jar.putNextEntry(new JarEntry(entry));
      Program.class.getClassLoader().getResourceAsStream(entry).transferTo(jar);
    }
  }

  private record Run(int code, String output) {}

  private Run run(Map<String, String> environment, String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeAll(List.of("LANG", "LC_ALL", "LC_CTYPE", "JAVA_HOME"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("NETMAP4J_NO_BUILD", "1");
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(output).isTrue();
    return new Run(process.exitValue(), output);
  }

  private Run launch(Map<String, String> environment, String arguments) throws Exception {
    return run(
        environment,
        "sh",
        "-c",
        "cd " + folder + "/Pr* && exec bash \"$PWD/netmap4j\" " + arguments);
  }

  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8", "xx_XX.UTF-8"})
  void namesBeyondAsciiPassInEveryLocale(String locale) throws Exception {
    Run run = launch(Map.of("LC_ALL", locale), "../$(printf 'Pr\\303\\274fung') '$(true)' 'a b'");
    assertThat(run.output)
        .contains("jar true")
        .contains("argument ../Pr<252>fung true")
        .contains("argument $(true) false")
        .contains("argument a b false");
    assertThat(run.code).isZero();
  }

  @Test
  void benchIsAProgramOfItsOwn() throws Exception {
    Path jar =
        Files.createDirectories(checkout.resolve("bench/target/lib")).resolveSibling("bench.jar");
    Run missing = launch(Map.of(), "bench");
    assertThat(missing.code).isEqualTo(1);
    assertThat(missing.output).contains("bench/target/bench.jar is missing");
    Files.move(checkout.resolve("apps/target/netmap4j.jar"), jar);
    Run run = launch(Map.of(), "bench jmh bench");
    assertThat(run.output.lines().filter(line -> line.startsWith("argument")))
        .containsExactly("argument jmh false", "argument bench true");
    assertThat(run.code).isZero();
  }

  /** Beside the jar, without sources or Maven, and by a link: as a package installs it. */
  @Test
  void installedItBuildsNothing() throws Exception {
    Path installed = Files.createDirectories(folder.resolve("usr/share/netmap4j"));
    for (String file : List.of("netmap4j", "netmap4j.jvmargs")) {
      Files.copy(checkout.resolve(file), installed.resolve(file));
    }
    Files.copy(checkout.resolve("apps/target/netmap4j.jar"), installed.resolve("netmap4j.jar"));
    Path link = Files.createDirectories(folder.resolve("usr/bin")).resolve("netmap4j");
    Files.createSymbolicLink(link, Path.of("../share/netmap4j/netmap4j"));
    Map<String, String> mayBuild = Map.of("NETMAP4J_NO_BUILD", "no");
    Run run = run(mayBuild, "bash", link.toString(), "dump");
    assertThat(run.output)
        .contains("jar true")
        .contains("argument dump")
        .doesNotContain("building");
    assertThat(run.code).isZero();
    Run bench = run(mayBuild, "bash", link.toString(), "bench");
    assertThat(bench.output).contains("bench is not in this installation");
    assertThat(bench.code).isEqualTo(1);
    assertThat(folder.resolve("usr/share/netmap4j/target")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "NETMAP4J_JAVA_OPTS, -XX:+UseZGC, ZGC",
    "NETMAP4J_JAVA_OPTS, -Xmx64m -XX:+UseParallelGC -Xss1m, PS",
    "JAVA_TOOL_OPTIONS, -XX:+UseG1GC, G1",
    "NETMAP4J_JAVA_OPTS, -Xmx64m, Copy",
  })
  void theUsersCollectorIsTaken(String variable, String value, String collector) throws Exception {
    Run run = launch(Map.of(variable, value), "");
    assertThat(run.output).contains("collector " + collector).doesNotContain("Conflicting");
    assertThat(run.code).isZero();
  }

  @Test
  void anOptionThatTheJvmDoesNotKnowIsRefused() throws Exception {
    Run run = launch(Map.of("NETMAP4J_JAVA_OPTS", "-XX:+UseNoSuchThing"), "");
    assertThat(run.output).contains("Unrecognized VM option 'UseNoSuchThing'");
    assertThat(run.code).isEqualTo(1);
  }

  @Test
  void aSwitchIsReadOrRefused() throws Exception {
    List<Integer> codes = new ArrayList<>();
    for (String on : "1 yes".split(" ")) {
      codes.add(launch(Map.of("NETMAP4J_NO_BUILD", on), "").code);
    }
    assertThat(codes).containsOnly(0);
    Run refused = launch(Map.of("NETMAP4J_NO_BUILD", "maybe"), "");
    assertThat(refused.code).isEqualTo(1);
    assertThat(refused.output).contains("NETMAP4J_NO_BUILD is 'maybe', neither true");
  }
}

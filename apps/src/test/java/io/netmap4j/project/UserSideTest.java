package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** pkt-gen, bridge, dump and replay compile in a module that sees only what every program sees. */
@Timeout(120)
class UserSideTest {
  private static final String PACKAGE = "io/netmap4j/apps/traffic";

  @TempDir Path folder;

  @Test
  void theTrafficCommandsNeedNoInternals() throws IOException {
    List<Path> sources = new ArrayList<>();
    Path from = Modules.ROOT.resolve("apps/src/main/java").resolve(PACKAGE);
    try (Stream<Path> files = Files.list(from)) {
      files.forEach(sources::add);
    }
    assertThat(sources).hasSizeGreaterThan(20);
    assertThat(compile(sources)).isEmpty();
  }

  @Test
  void internalsAreNotVisible() throws IOException {
    Path source = folder.resolve("Internal.java");
    Files.writeString(source, "package user; class Internal { io.netmap4j.linux.Mem it; }");
    assertThat(compile(List.of(source))).contains("io.netmap4j.linux is not visible");
  }

  /** Compiles them as a program of its own. @return what the compiler says */
  private String compile(List<Path> sources) throws IOException {
    Path module = folder.resolve("module-info.java");
    Files.writeString(
        module,
        """
        module user {
          requires HdrHistogram;
          requires info.picocli;
          requires io.netmap4j;
          requires io.netmap4j.compat;
          requires io.netmap4j.frames;
        }
        """);
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("-proc:none", "-nowarn", "-d", folder.resolve("out").toString()));
    arguments.addAll(List.of("--module-path", modulePath(), module.toString()));
    sources.forEach(source -> arguments.add(source.toString()));
    StringWriter said = new StringWriter();
    PrintWriter to = new PrintWriter(said);
    int code =
        ToolProvider.findFirst("javac").orElseThrow().run(to, to, arguments.toArray(String[]::new));
    to.flush();
    return code == 0 ? "" : said.toString();
  }

  /** What a program has: our modules but the commands, and what they need. */
  private static String modulePath() {
    Stream<Path> ours =
        Modules.ours().entrySet().stream()
            .filter(module -> !module.getKey().equals("io.netmap4j.apps"))
            .map(module -> Path.of(module.getValue().location().orElseThrow()));
    Stream<Path> others =
        Modules.classPath().stream()
            .filter(entry -> entry.toString().endsWith(".jar"))
            .filter(
                entry ->
                    ModuleFinder.of(entry).findAll().stream()
                        .noneMatch(module -> isOursOrTests(module.descriptor().name())));
    return Stream.concat(ours, others)
        .map(Path::toString)
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static boolean isOursOrTests(String module) {
    return Modules.isOurs(module) || module.startsWith("netmap4j");
  }
}

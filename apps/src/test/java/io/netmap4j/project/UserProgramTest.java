package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program of somebody else, which sees only what is exported to all. */
class UserProgramTest {
  private static final Path TRAFFIC =
      Modules.ROOT.resolve("apps/src/main/java/io/netmap4j/apps/traffic");

  @TempDir Path folder;

  /** The commands that move packets need nothing that another's program couldn't have. */
  @Test
  void couldBeTheTrafficCommands() throws Exception {
    List<Path> sources = sourcesOf(TRAFFIC);
    assertThat(sources).hasSizeGreaterThan(10);
    assertThat(compile(sources)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "io.netmap4j.linux.Mem",
        "io.netmap4j.memory.Region",
        "io.netmap4j.spi.Adapter",
        "io.netmap4j.compat.nic.Nics",
        "io.netmap4j.model.ModelBackend"
      })
  void cannotNameWhatIsOursOnly(String type) throws Exception {
    Class.forName(type, false, getClass().getClassLoader());
    Path source = folder.resolve("Program.java");
    Files.writeString(source, "package program; class Program { " + type + " field; }");
    String packageName = type.substring(0, type.lastIndexOf('.'));
    assertThat(compile(List.of(source))).contains("package " + packageName + " is not visible");
  }

  /**
   * README's programs and those of porting.md are run: by consumer, examples/check, Porting*Test.
   */
  @Test
  void theFragmentOfTheDocumentsCompiles() throws Exception {
    Pattern block = Pattern.compile("(?ms)^```java\\n(.*?)^```");
    List<String> fragments = new ArrayList<>();
    try (Stream<Path> documents = Files.list(Modules.ROOT.resolve("docs"))) {
      for (Path document : documents.filter(path -> path.toString().endsWith(".md")).toList()) {
        Matcher found = block.matcher(Files.readString(document));
        while (found.find() && !document.endsWith("porting.md")) {
          fragments.add(found.group(1).replace("...\n", ""));
        }
      }
    }
    assertThat(fragments).isNotEmpty();
    for (String fragment : fragments) {
      Path source = folder.resolve("Program.java");
      Files.writeString(
          source,
          "package program; import io.netmap4j.*; import io.netmap4j.metrics.*;"
              + " class Program { void run(NetmapPort port, io.micrometer.core.instrument.MeterRegistry registry) {"
              + fragment
              + "} }");
      assertThat(compile(List.of(source))).as(fragment).isEmpty();
    }
  }

  private static List<Path> sourcesOf(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return files.filter(file -> file.toString().endsWith(".java")).collect(Collectors.toList());
    }
  }

  /** What the compiler has to say; empty when it is content. */
  private String compile(List<Path> sources) throws IOException {
    Path module = folder.resolve("module-info.java");
    Files.writeString(
        module,
        "module program { requires io.netmap4j.compat; requires io.netmap4j.frames; requires io.netmap4j.metrics;"
            + " requires info.picocli; requires HdrHistogram; requires org.slf4j; }");
    String modulePath =
        Modules.classPath().stream()
            .map(Path::toString)
            .filter(entry -> !entry.endsWith("-tests.jar"))
            .collect(Collectors.joining(File.pathSeparator));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    var files = compiler.getStandardFileManager(null, null, null);
    List<Path> all = new ArrayList<>(sources);
    all.add(module);
    StringWriter said = new StringWriter();
    List<String> options =
        List.of(
            "-d",
            folder.resolve("classes").toString(),
            "--module-path",
            modulePath,
            "-proc:none",
            "-nowarn",
            "-Xlint:none");
    boolean done =
        compiler
            .getTask(said, files, null, options, null, files.getJavaFileObjectsFromPaths(all))
            .call();
    return done ? "" : said.toString();
  }
}

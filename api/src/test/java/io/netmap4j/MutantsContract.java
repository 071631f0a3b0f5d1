package io.netmap4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Breaks a module on purpose, in a copy, and expects its suite to fail and to name the cause. A
 * module that has mutants has a subclass, in the package that its sources begin with, and one file
 * a mutant, under src/test/mutants:
 *
 * <pre>
 *   in: pipe/PipeEnd.java     below that package
 *   cause: regular expression that the report of the failure must match
 *   needs: root                  optional: skipped without it, as the tests that find it are
 *   by: SomeTest                 optional: the class of the suite that finds it
 *   ---
 *   lines of the source, which must occur exactly once
 *   +++
 *   lines to put there instead
 * </pre>
 *
 * A file may hold several such pairs. The suite is the tests tagged {@link SuiteRunner#TAG} in the
 * package of the changed file and below. Each mutant runs in a JVM of its own: what is broken may
 * write anywhere. Two run at a time. One that has a {@code by} is loaded into this JVM beside the
 * sound code, and only that class is run, which is much faster: for what is found on a device that
 * writes to no memory.
 */
@Tag("mutants")
@Timeout(value = 900, threadMode = ThreadMode.SAME_THREAD)
public abstract class MutantsContract {
  private static final Path MUTANTS = Path.of("src/test/mutants");
  private static final int LIMIT_SECONDS = 300;

  private final String base = getClass().getPackageName();
  private final Path sources = Path.of("src/main/java", base.split("\\."));

  private Void theSuitePasses(Path folder) throws Exception {
    Files.createDirectories(folder);
    Report report = runSuite(base, folder, "");
    assertEquals(0, report.exit, report.text);
    assertThat(report.text).containsPattern("[1-9][0-9]* passed, 0 failed");
    return null;
  }

  @TestFactory
  Stream<DynamicTest> theSuiteFailsAndNamesTheCause(@TempDir Path folder) throws IOException {
    ExecutorService two = Executors.newFixedThreadPool(2);
    List<DynamicTest> tests = new ArrayList<>();
    Future<?> sound = two.submit(() -> theSuitePasses(folder.resolve("as-it-is")));
    tests.add(DynamicTest.dynamicTest("the code as it is passes", () -> await(sound)));
    try (Stream<Path> files = Files.list(MUTANTS)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (Mutant.parse(file).needsRoot && !System.getProperty("user.name").equals("root")) {
          tests.add(DynamicTest.dynamicTest(name, () -> Assumptions.abort("skipped: needs root")));
          continue;
        }
        Future<?> run = two.submit(() -> survivesNot(file, folder.resolve(name)));
        tests.add(DynamicTest.dynamicTest(name, () -> await(run)));
      }
    }
    two.shutdown();
    return tests.stream();
  }

  private static void await(Future<?> run) throws Throwable {
    try {
      run.get();
    } catch (ExecutionException e) {
      throw e.getCause();
    }
  }

  private Void survivesNot(Path file, Path folder) throws Exception {
    Mutant mutant = Mutant.parse(file);
    compile(mutant.apply(sources), mutant.in, folder);
    int end = mutant.in.lastIndexOf('/');
    String suite = end < 0 ? base : base + "." + mutant.in.substring(0, end).replace('/', '.');
    Report report =
        mutant.by == null
            ? runSuite(suite, folder, mutant.cause)
            : runClass(suite + "." + mutant.by, folder, mutant.cause);
    assertEquals(
        1,
        report.exit,
        () -> "the suite does not notice " + file.getFileName() + "\n" + report.text);
    assertTrue(
        Pattern.compile(mutant.cause).matcher(report.text).find(),
        () -> "the failure does not name the cause /" + mutant.cause + "/\n" + report.text);
    return null;
  }

  private static void compile(String source, String name, Path folder) throws IOException {
    Path file = folder.resolve("src").resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, source);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> options =
        List.of(
            "-d", folder.toString(), "-cp", classPath(), "-proc:none", "-nowarn", file.toString());
    assertEquals(
        0,
        compiler.run(null, null, null, options.toArray(String[]::new)),
        "the mutant must compile");
  }

  /** Runs {@link SuiteRunner} with the mutated classes in front. */
  private static Report runSuite(String suite, Path mutated, String cause) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Stream.of(System.getProperty("mutants.jvm", "").split("\\s+"))
        .filter(option -> !option.isEmpty())
        .forEach(command::add);
    command.addAll(
        List.of(
            "-ea",
            "-cp",
            mutated + File.pathSeparator + classPath(),
            SuiteRunner.class.getName(),
            suite,
            cause));
    Path output = mutated.resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly().waitFor();
    }
    String text = Files.readString(output);
    return new Report(ended ? process.exitValue() : -1, ended ? text : text + "\nthe suite hangs");
  }

  /** Runs a class of the suite on the mutated classes, beside the sound ones that this JVM has. */
  private Report runClass(String name, Path mutated, String cause) throws Exception {
    List<URL> places = new ArrayList<>(List.of(mutated.toUri().toURL()));
    for (String place : classPath().split(File.pathSeparator)) {
      if (Files.isDirectory(Path.of(place))) {
        places.add(Path.of(place).toUri().toURL());
      }
    }
    try (URLClassLoader loader = new OwnClasses(places, base)) {
      SuiteRunner.Outcome outcome = SuiteRunner.run(selectClass(loader.loadClass(name)), cause);
      return new Report(outcome.failed() == 0 ? 0 : 1, outcome.text());
    }
  }

  /** Loads the classes of a package and below anew, and has the others from who loaded this one. */
  private static final class OwnClasses extends URLClassLoader {
    private final String prefix;

    OwnClasses(List<URL> places, String base) {
      super(places.toArray(URL[]::new), MutantsContract.class.getClassLoader());
      prefix = base + ".";
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(prefix)) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? findClass(name) : loaded;
      }
    }
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private record Report(int exit, String text) {}

  private record Mutant(
      String in, String cause, String by, boolean needsRoot, List<String[]> changes) {
    static Mutant parse(Path file) throws IOException {
      String[] head = Files.readString(file).split("\n---\n", 2);
      List<String[]> changes = new ArrayList<>();
      for (String change : head[1].split("\n---\n")) {
        changes.add(change.split("\n\\+\\+\\+\n", 2));
      }
      boolean needsRoot = head[0].lines().anyMatch("needs: root"::equals);
      return new Mutant(
          wanted(head[0], "in"),
          wanted(head[0], "cause"),
          value(head[0], "by").orElse(null),
          needsRoot,
          changes);
    }

    private static String wanted(String head, String key) {
      return value(head, key)
          .orElseThrow(() -> new AssertionError("no line '" + key + ":' in " + head));
    }

    private static Optional<String> value(String head, String key) {
      return Stream.of(head.split("\n"))
          .filter(line -> line.startsWith(key + ": "))
          .map(line -> line.substring(key.length() + 2))
          .findFirst();
    }

    /** White space is compared loosely, so that the formatter may move lines. */
    String apply(Path sources) throws IOException {
      String source = Files.readString(sources.resolve(in));
      for (String[] change : changes) {
        String[] words = change[0].strip().split("\\s+");
        Pattern pattern =
            Pattern.compile(String.join("\\s+", Stream.of(words).map(Pattern::quote).toList()));
        assertEquals(
            1,
            pattern.matcher(source).results().count(),
            "occurrences in " + in + " of: " + change[0]);
        source =
            pattern
                .matcher(source)
                .replaceFirst(java.util.regex.Matcher.quoteReplacement(change[1].strip()));
      }
      return source;
    }
  }
}

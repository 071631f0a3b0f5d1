package io.netmap4j.apps;

import static io.netmap4j.apps.Documents.ROOT;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.Documents.Documented;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;

/**
 * Every command of the documents, as a reader types it: the parser takes it, and it is run here, or
 * by another test, which is named here.
 */
@Tag("once")
@Timeout(150)
class DocumentedCommandsTest {
  private static final int LIMIT_SECONDS = 100;
  private static final Pattern OURS =
      Pattern.compile("(?:[A-Z0-9_]+=\\S+ )?(?:sudo )?(?:\\./)?netmap4j (?!bench\\b)(.*)");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
  private static final Pattern SCRIPT =
      Pattern.compile("(?:sudo )?((?:vm|bench|release|examples|docs/site)/[a-z-]+)( .*)?");
  private static final Pattern OPTION = Pattern.compile("--[a-z][a-z0-9-]*");
  private static final Pattern PROPERTY = Pattern.compile("-D(netmap4j\\.[a-z.]+)=");

  // How commands of README.md begin.
  private static final String DEMO = "./netmap4j demo";
  private static final String TO_BE_INTERRUPTED = "./netmap4j run \"lb ";
  private static final String SERVED = "printf 'nic.left = vfio-user:";
  private static final String FIRST_SHELL = "./netmap4j nic-model -s /tmp/left.sock -s ";
  private static final String AS_ROOT =
      "# as root, in the folder with the netmap4j.properties of above";

  /** What stands for a value, and a value. */
  private static final Map<String, String> PLACEHOLDERS = new LinkedHashMap<>();

  static {
    PLACEHOLDERS.put("[ADDRESS:]PORT...", "127.0.0.1:9100");
    PLACEHOLDERS.put("\"COMMAND\"", "devices");
    PLACEHOLDERS.put("NAME", "model0");
    PLACEHOLDERS.put("netmap:A", "netmap:model0");
    PLACEHOLDERS.put("netmap:B", "netmap:model1");
    PLACEHOLDERS.put("FILE", "samples/mixed.pcap");
    PLACEHOLDERS.put("ADDRESS", "0000:03:00.0");
    PLACEHOLDERS.put("PORT", "9100");
    PLACEHOLDERS.put("SOCKET", "/tmp/a.sock");
    PLACEHOLDERS.put("-t TAP", "-t tap0");
  }

  /**
   * @param prefix of a command
   * @param file runs it, or a shorter form
   * @param words that the file has of it
   */
  private record Elsewhere(String prefix, String file, String words) {}

  private static final List<Elsewhere> ELSEWHERE =
      List.of(
          new Elsewhere(
              "./netmap4j bench",
              "bench/src/test/java/io/netmap4j/bench/BenchTest.java",
              "theParserTakesDocumentedCommands"),
          new Elsewhere("sudo ./netmap4j bind --vfio", "vm/tests/12-bind.sh", "bind --vfio"),
          new Elsewhere("sudo ./netmap4j bind --uio", "vm/tests/12-bind.sh", "bind --uio"),
          new Elsewhere(
              "sudo chown $USER /dev/vfio/", "vm/guest/lib.sh", "chown 1000 \"/dev/vfio/"),
          new Elsewhere("ulimit -l unlimited", "vm/tests/45-refused.sh", "ulimit -l unlimited"),
          new Elsewhere(
              "echo 256 | sudo tee /proc/sys/vm/nr",
              "vm/guest/lib.sh",
              ">/proc/sys/vm/nr_hugepages"),
          new Elsewhere("printf 'nic.eth0 = ", "vm/tests/40-vfio.sh", "configure vfio"),
          new Elsewhere(
              "./netmap4j nic-model -s /tmp/a.sock",
              "apps/src/test/java/io/netmap4j/apps/ServedContractTest.java",
              "The contract over vfio-user"),
          new Elsewhere("mvn -B verify -Phardware", "pom.xml", "<id>hardware</id>"),
          new Elsewhere("mvn verify -Phardware", "pom.xml", "<id>hardware</id>"),
          new Elsewhere("mvn -B verify", ".ci/run", "mvn -B -ntp clean verify"),
          new Elsewhere("mvn -B -Dquick -DskipTests ", "netmap4j", "-Dquick -DskipTests -pl"),
          new Elsewhere("mvn -B spotless:apply", "pom.xml", "spotless-maven-plugin"),
          new Elsewhere("mvn -Prelease ", "release/check", "-Prelease"),
          new Elsewhere("mvn -B package", "examples/check", "clean package"),
          new Elsewhere("cd examples", "examples/check", "$root/examples"),
          new Elsewhere(
              "java -jar bench/target/bench.jar SyncBench -prof gc",
              "bench/src/test/java/io/netmap4j/bench/BenchTest.java",
              "\"SyncBench\", \"-prof\""),
          new Elsewhere(
              "java -cp 'bench/target/bench.jar:bench/target/lib/*' org",
              ".ci/run",
              "org.openjdk.jcstress.Main -t HandOverStress -m quick"),
          new Elsewhere(
              "NETMAP4J_JAVA_OPTS=",
              "apps/src/test/java/io/netmap4j/apps/LauncherTest.java",
              "NETMAP4J_JAVA_OPTS"),
          new Elsewhere(
              "jfr print --events 'io.netmap4j.*'",
              "apps/src/test/java/io/netmap4j/apps/EventsTest.java",
              "io.netmap4j"));

  @TempDir Path folder;

  /** A folder that looks like the repository: Maven has made no jar yet when this is run. */
  @BeforeEach
  void prepare() throws IOException {
    String java =
        JavaCommand.of(Main.class).stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));
    Path command = folder.resolve("netmap4j");
    Files.writeString(command, "#!/bin/sh\nexec " + java + " \"$@\"\n");
    assertThat(command.toFile().setExecutable(true)).isTrue();
    Path sample = folder.resolve("samples/mixed.pcap");
    Files.createDirectory(sample.getParent());
    Files.copy(ROOT.resolve("samples/mixed.pcap"), sample);
  }

  static Stream<Documented> commands() throws IOException {
    return Documents.commands().stream();
  }

  static Stream<Documented> ours() throws IOException {
    return commands().filter(command -> OURS.matcher(command.text()).matches());
  }

  @ParameterizedTest
  @MethodSource("ours")
  void theParserTakesEach(Documented command) {
    Matcher ours = OURS.matcher(command.text());
    assertThat(ours.matches()).isTrue();
    String text = ours.group(1).replaceFirst(" [>&|].*", "");
    for (Map.Entry<String, String> placeholder : PLACEHOLDERS.entrySet()) {
      text = text.replace(placeholder.getKey(), placeholder.getValue());
    }
    for (List<String> words : alternatives(words(text.replaceAll("[\\[\\]]| \\.\\.\\.", "")))) {
      parse(words, command.whole());
    }
  }

  private static void parse(List<String> words, boolean whole) {
    CommandLine line = new Main(null, null, null).line();
    try {
      line.parseArgs(words.toArray(String[]::new));
    } catch (MissingParameterException e) {
      assertThat(whole).as(e.getMessage()).isFalse();
    }
    if (words.get(0).equals("run")) {
      words.subList(1, words.size()).forEach(each -> parse(words(each), whole));
    }
  }

  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(text);
    while (word.find()) {
      words.add(word.group(1) == null ? word.group(2) : word.group(1));
    }
    return words;
  }

  /** For {@code tx|rx} one with each. */
  private static List<List<String>> alternatives(List<String> words) {
    List<List<String>> all = List.of(List.of());
    for (String word : words) {
      List<List<String>> longer = new ArrayList<>();
      for (List<String> begun : all) {
        for (String choice : word.split("\\|")) {
          List<String> more = new ArrayList<>(begun);
          more.add(choice);
          longer.add(more);
        }
      }
      all = longer;
    }
    return all;
  }

  @Test
  void eachIsRun() throws IOException {
    List<String> here = here();
    List<Documented> left =
        commands()
            .filter(Documented::whole)
            .filter(command -> !here.contains(command.text()))
            .filter(Predicate.not(DocumentedCommandsTest::isSynopsis))
            .filter(Predicate.not(DocumentedCommandsTest::isRunElsewhere))
            .toList();
    assertThat(left)
        .as("commands that no test runs: run them here, or add to ELSEWHERE what does")
        .isEmpty();
    for (Elsewhere by : ELSEWHERE) {
      assertThat(commands()).as(by.prefix).anyMatch(c -> c.text().startsWith(by.prefix));
      assertThat(Documents.read(by.file)).as(by.file).contains(by.words);
    }
  }

  /** Of one of our commands, which has tests of its own. */
  private static boolean isSynopsis(Documented command) {
    return OURS.matcher(command.text()).matches()
        && PLACEHOLDERS.keySet().stream().anyMatch(command.text()::contains);
  }

  private static boolean isRunElsewhere(Documented command) {
    return ELSEWHERE.stream().anyMatch(by -> command.text().startsWith(by.prefix))
        || SCRIPT.matcher(command.text()).matches()
        || command.text().contains(" -Dtest=");
  }

  /**
   * The script is there, with its options, of which some are by hand, as they take hours or other
   * machines; and it is run.
   */
  @Test
  void scriptsHaveTheOptions() throws IOException {
    List<Documented> scripts =
        commands().filter(command -> SCRIPT.matcher(command.text()).matches()).toList();
    assertThat(scripts).hasSizeGreaterThan(10);
    String runners =
        Stream.of(".ci/run", ".github/workflows/ci.yml", "vm/emulated", "examples/check")
            .map(Documents::read)
            .collect(Collectors.joining());
    for (Documented command : scripts) {
      Matcher script = SCRIPT.matcher(command.text());
      assertThat(script.matches()).isTrue();
      Path file = ROOT.resolve(script.group(1));
      if (Files.isDirectory(file) || file.startsWith(ROOT.resolve("vm/tests"))) {
        continue; // where something is
      }
      assertThat(file).as("%s", command).isExecutable();
      if (command.whole()) {
        assertThat(runners).as("%s: who runs it?", command).contains(script.group(1));
      }
      Matcher option = OPTION.matcher(command.text());
      while (option.find()) {
        assertThat(Files.readString(file)).as("%s", command).contains(option.group());
      }
    }
  }

  /** Long runs of tests that are short without their property. */
  @Test
  void longRunsAreOfTestsThatReadTheProperty() throws IOException {
    List<Documented> runs = commands().filter(c -> c.text().contains(" -Dtest=")).toList();
    assertThat(runs).hasSizeGreaterThan(5);
    Pattern module = Pattern.compile("-pl (\\S+) .*-Dtest='?([\\w.,]+)");
    for (Documented run : runs) {
      Matcher found = module.matcher(run.text());
      assertThat(found.find()).as("%s", run).isTrue();
      if (found.group(2).equals("NameOfTest")) {
        continue;
      }
      StringBuilder sources = new StringBuilder();
      for (String test : found.group(2).split(",")) {
        String name = "/" + test.replace('.', '/') + ".java";
        try (Stream<Path> files = Files.walk(ROOT.resolve(found.group(1) + "/src/test/java"))) {
          List<Path> source = files.filter(path -> path.toString().endsWith(name)).toList();
          assertThat(source).as("%s", run).hasSize(1);
          sources.append(Files.readString(source.get(0)));
        }
      }
      Matcher property = PROPERTY.matcher(run.text());
      while (property.find()) {
        assertThat(sources.toString()).as("%s", run).contains("\"" + property.group(1) + "\"");
      }
    }
  }

  /** Those that end by themselves, and need nothing. */
  static List<String> simple() throws IOException {
    List<String> simple =
        commands()
            .filter(c -> c.whole() && OURS.matcher(c.text()).matches() && !isSynopsis(c))
            .filter(c -> c.file().equals("docs/get-started.md") || c.file().equals("README.md"))
            .map(Documented::text)
            .filter(text -> text.matches("\\./netmap4j (demo|devices|completion|run) ?.*"))
            .filter(text -> !text.startsWith(TO_BE_INTERRUPTED))
            .distinct()
            .toList();
    assertThat(simple).hasSizeGreaterThan(7).contains(DEMO);
    return simple;
  }

  /** What the tests below run. */
  private static List<String> here() throws IOException {
    List<String> here = new ArrayList<>(simple());
    here.add(interrupted());
    for (String first : List.of(line(SERVED), line(FIRST_SHELL), AS_ROOT)) {
      for (String line : Documents.block("README.md", first).split("\n")) {
        here.addAll(List.of(Documents.uncommented(line).split("; ")));
      }
    }
    return here;
  }

  @ParameterizedTest
  @MethodSource("simple")
  void works(String line) throws Exception {
    assertThat(run(line)).as(line).isNotBlank();
  }

  @Test
  void untilCtrlC() throws Exception {
    // A shell's background commands ignore SIGINT, and so may what has started this JVM.
    String said =
        run(
            "env --default-signal=INT "
                + interrupted()
                + " &\n"
                + until("Sent 100000 packets")
                + "kill -INT $!; wait $! && exit 1 || [ $? = 130 ]");
    assertThat(said).contains("Received ");
  }

  private static String interrupted() throws IOException {
    return commands()
        .map(Documented::text)
        .filter(text -> text.startsWith(TO_BE_INTERRUPTED))
        .findAny()
        .orElseThrow();
  }

  @Test
  void twoShellsAndAServer() throws Exception {
    List<String> lines =
        (Documents.block("README.md", line(SERVED))
                + Documents.block("README.md", line(FIRST_SHELL)))
            .lines()
            .map(Documents::uncommented)
            .toList();
    assertThat(lines).hasSize(4);
    String said =
        run(
            lines.get(0)
                + "\n"
                + lines.get(1)
                + " & until [ -S /tmp/left.sock ] && [ -S /tmp/right.sock ]; do sleep 0.1; done\n"
                + lines.get(2)
                + " &\n"
                + until("Receiving from")
                + lines.get(3)
                + "\nwait %2; kill %1");
    assertThat(said.split("1000000 packets", -1)).hasSizeGreaterThan(2);
  }

  private static String until(String said) {
    return "until grep -q '^" + said + "' output; do sleep 0.1; done\n";
  }

  /** The README's whole line that begins so. */
  private static String line(String beginning) {
    return Documents.read("README.md")
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith(beginning))
        .findFirst()
        .orElseThrow(() -> new AssertionError("README.md has no line: " + beginning));
  }

  /** With names of this process in place of those of namespaces and interfaces. */
  @Test
  void betweenTwoNetworkStacks() throws Exception {
    Namespaces.require("ip=iproute2", "ping=iputils-ping");
    String readme = Documents.read("README.md");
    Matcher cleanUp = Pattern.compile("`(kill %3 [^`]*)` ends it").matcher(readme);
    assertThat(cleanUp.find()).isTrue();
    String block = Documents.block("README.md", AS_ROOT);
    assertThat(block).contains("ip netns add nsleft", "ping -c 10");
    String script = "trap '" + cleanUp.group(1) + "' EXIT\n" + line(SERVED) + "\n" + block;
    for (String name : List.of("nsleft", "nsright", "tapleft", "tapright")) {
      String brief =
          name.replaceFirst("^ns", "n").replaceFirst("^tap", "t"); // 15 characters at most
      script = script.replace(name, Namespaces.name(brief));
    }
    assertThat(run(script)).contains("10 received, 0% packet loss");
  }

  /** Has a shell run it. @return what it said */
  private String run(String script) throws Exception {
    Path file = folder.resolve("script");
    Files.writeString(file, script.replace("/tmp/", folder + "/") + "\n");
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder("bash", "-e", file.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
      String said = Files.readString(output);
      assertThat(ended).as("%s%n%s", script, said).isTrue();
      assertThat(process.exitValue()).as("%s%n%s", script, said).isZero();
      return said;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}

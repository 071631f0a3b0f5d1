package io.netmap4j.bench.compare;

import io.netmap4j.bench.report.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What can be measured on this machine, and what is missing for the rest. */
final class Subjects {
  /** What bench/fake-machine calls the cards, and where it mounts a hugetlbfs. */
  private static final List<String> UIO = List.of("uio:0000:e0:00.0", "uio:0000:e0:00.1");

  private static final List<String> VFIO_USER =
      List.of("vfio-user:" + Subject.FOLDER + "/0.sock", "vfio-user:" + Subject.FOLDER + "/1.sock");

  private static final String CONTROL = Subject.FOLDER + "/control";

  private static final String HUGETLBFS = "/dev/hugepages";

  private static final int PATIENCE_MILLIS = 3_600_000;

  /** JDKs from here on say so when sun.misc.Unsafe is used. */
  private static final int WARNS_OF_UNSAFE = 24;

  private static final int[] JDKS = {17, 25};

  private final Path root;
  private final String doorbell;
  private final List<Path> others;

  /**
   * @param root the source tree
   * @param doorbell how DPDK rings: {@code mov}, or {@code auto} for its own choice
   * @param others source trees of other versions of ours, built
   */
  Subjects(Path root, String doorbell, List<Path> others) {
    this.root = root;
    this.doorbell = doorbell;
    this.others = others;
  }

  /** All that there are, ours first. */
  List<Subject> all() throws IOException {
    List<Subject> subjects = new ArrayList<>();
    Map<Integer, Path> jdks = jdks();
    String here = System.getProperty("java.class.path");
    for (int version : JDKS) {
      String jdk = ", JDK " + version;
      subjects.add(ours("netmap4j uio" + jdk, UIO, version, jdks.get(version), here));
      for (Path other : others) {
        String name = "netmap4j of " + other + jdk;
        subjects.add(ours(name, UIO, version, jdks.get(version), jar(other).toString()));
      }
    }
    int jdk = JDKS[0];
    subjects.add(ours("netmap4j vfio-user, JDK " + jdk, VFIO_USER, jdk, jdks.get(jdk), here));
    subjects.add(dpdk("DPDK 22.11 vector", "vector"));
    subjects.add(dpdk("DPDK 22.11 scalar", "scalar"));
    subjects.add(dpdk("DPDK 24.11 vector", "--trixie", "vector"));
    subjects.add(dpdk("DPDK 24.11 recycle", "--trixie", "recycle"));
    return subjects;
  }

  /** Ours on the JDK that runs this, and DPDK's quickest path of the machine's own version. */
  List<Subject> smoke() {
    int version = Runtime.version().feature();
    return List.of(
        ours(
            "netmap4j uio, JDK " + version,
            UIO,
            version,
            Path.of(System.getProperty("java.home")),
            System.getProperty("java.class.path")),
        dpdk("DPDK 22.11 vector", "vector"));
  }

  /** Where a source tree has the classes that are measured, with their class path. */
  static Path jar(Path tree) {
    return tree.resolve("bench/target/bench.jar");
  }

  private static Subject ours(
      String line, List<String> cards, int version, Path jdk, String classPath) {
    boolean vfioUser = cards.equals(VFIO_USER);
    if (jdk == null) {
      return new Subject(
          line,
          List.of(),
          vfioUser,
          "no JDK "
              + version
              + " in /usr/lib/jvm: install one, such as temurin-"
              + version
              + "-jdk");
    }
    List<String> words = new ArrayList<>();
    if (vfioUser) { // pages of the same size as in bench/fake-machine
      words.addAll(List.of("unshare", "--mount", "--propagation", "private", "--", "bash", "-euc"));
      words.add("mkdir -p $0; mount -t hugetlbfs -o pagesize=2M none $0; exec \"$@\"");
      words.add(HUGETLBFS);
    }
    words.add(jdk.resolve("bin/java").toString());
    words.addAll(List.of("-Xshare:auto", "-XX:+UseSerialGC", "-Xmx128m"));
    if (vfioUser) { // its model is stopped while others are measured
      words.add("-Dnetmap4j.vfio-user.patience=" + PATIENCE_MILLIS);
    }
    if (version >= WARNS_OF_UNSAFE) {
      words.add("--sun-misc-unsafe-memory-access=allow");
      words.add("--enable-native-access=ALL-UNNAMED");
    }
    words.addAll(List.of("-cp", classPath));
    words.addAll(List.of(NetmapSubject.class.getName(), "--cpu", Subject.CPU));
    words.addAll(List.of("--hugetlbfs", HUGETLBFS, CONTROL));
    words.addAll(cards);
    return new Subject(line, words, vfioUser, "");
  }

  private Subject dpdk(String line, String... options) {
    String program = root.resolve("bench/dpdk-rings").toString();
    boolean trixie = options.length > 1;
    List<String> words = new ArrayList<>(List.of("taskset", "-c", Subject.CPU, program));
    if (trixie) {
      words.add(options[0]);
    }
    words.addAll(List.of(CONTROL, options[options.length - 1], doorbell));
    words.addAll(List.of("--no-telemetry", "-m", "64"));
    return new Subject(
        line, words, false, check(trixie ? List.of(program, options[0]) : List.of(program)));
  }

  /** What dpdk-rings --check misses; it builds the program if nothing is. */
  private static String check(List<String> program) {
    List<String> command = new ArrayList<>(program);
    command.add("--check");
    try {
      Process check =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String said =
          new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
      return check.waitFor() == 0 ? "" : said.replaceFirst("^error ", "");
    } catch (IOException e) {
      return "bench/dpdk-rings does not run: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  /** JDKs by version: the one that runs this, and those where Debian and Temurin put them. */
  private static Map<Integer, Path> jdks() throws IOException {
    Map<Integer, Path> jdks = new TreeMap<>();
    jdks.put(Runtime.version().feature(), Path.of(System.getProperty("java.home")));
    Path folder = Path.of("/usr/lib/jvm");
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> homes = Files.newDirectoryStream(folder)) {
        for (Path home : homes) {
          String version = Machine.jdk(home).replaceFirst("[^0-9].*", "");
          if (Files.isExecutable(home.resolve("bin/java")) && !version.isEmpty()) {
            jdks.putIfAbsent(Integer.parseInt(version), home);
          }
        }
      }
    }
    return jdks;
  }
}

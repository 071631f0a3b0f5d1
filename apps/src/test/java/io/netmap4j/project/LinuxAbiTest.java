package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.linux.Libc;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleReference;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Every number and structure of Linux that we have is what the headers say, on x86-64, arm64 and
 * little-endian POWER; and what is not the same on all three is nowhere but in module linux.
 *
 * <p>linux-abi.tsv holds what {@code apps/src/test/scripts/linux-abi} made of the headers; where
 * those are installed, they are asked again.
 */
class LinuxAbiTest {
  private static final Path RESOURCES =
      Modules.ROOT.resolve("apps/src/test/resources/io/netmap4j/project");
  private static final Path TABLE = RESOURCES.resolve("linux-abi.tsv");
  private static final Path DIFFERING = RESOURCES.resolve("linux-differing.txt");
  private static final String SCRIPT = "apps/src/test/scripts/linux-abi";

  /** What Java calls them, in the order of the table's columns. */
  private static final List<String> PROCESSORS = List.of("amd64", "aarch64", "ppc64le");

  /** Constants beside Linux's that are our own choice, or the bits of a file's text. */
  private static final Set<String> OURS =
      Set.of(
          "linux.Arch.IOC_SIZE_SHIFT",
          "linux.Epoll.EVENT",
          "linux.HugePages.ENOUGH",
          "linux.HugePages.FRAME_MASK",
          "linux.HugePages.GRAIN",
          "linux.HugePages.PRESENT",
          "linux.Libc.ONE",
          "linux.Libpcap.ETHERNET",
          "linux.Libpcap.NETMASK",
          "linux.Libpcap.OPTIMIZE",
          "linux.Libpcap.PROGRAM_BYTES",
          "linux.LinuxException.serialVersionUID",
          "linux.Machine.PAGE_SIZE",
          "linux.Mem.BYTES",
          "linux.PacketSocket.FRAME_ALIGNMENT",
          "linux.PacketSocket.FRAME_HEADER",
          "linux.PacketSocket.SCRATCH",
          "linux.PciBinding.MODPROBE_SECONDS",
          "linux.PciSysfs.NETWORK_CONTROLLER",
          "linux.TapDevice.MOST_QUEUES",
          "linux.Terminal.USUAL_COLUMNS",
          "linux.Terminal.USUAL_ROWS",
          "linux.Threads.MOST_CPUS",
          "linux.UnixListener.BACKLOG",
          "linux.UnixSocket.CONNECT_STEP_MILLIS",
          "linux.UnixSocket.CONTROL_SIZE",
          "linux.UnixSocket.MOST_FDS",
          "linux.UnixSocket.SCRATCH");

  private static final Pattern CONSTANT =
      Pattern.compile("\\bstatic\\s+final\\s+\\w+\\s+([A-Z][A-Z0-9_]*)\\s*=\\s*([^;]*);");

  /** Numbers of system calls differ, and JNA's structures are laid out for the machine it is on. */
  private static final Pattern BESIDES =
      Pattern.compile("\\bsyscall\\s*\\(|\\bextends\\s+(?:com\\.sun\\.jna\\.)?Structure\\b");

  private record Row(String ours, String c, List<Long> values) {
    boolean literal() {
      return ours.indexOf(' ') > 0;
    }
  }

  private static List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (String line : Files.readAllLines(TABLE)) {
      String[] words = line.split("\t");
      if (!line.startsWith("#")) {
        rows.add(
            new Row(
                words[0],
                words[1],
                List.of(words).subList(2, 5).stream().map(Long::parseLong).toList()));
      }
    }
    return rows;
  }

  /** Our classes, loaded once more, as they are on another processor. */
  private static final class Elsewhere extends ClassLoader {
    Elsewhere() {
      super(LinuxAbiTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded != null || !name.startsWith("io.netmap4j.")) {
          return loaded != null ? loaded : super.loadClass(name, resolve);
        }
        try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
          byte[] bytes = in.readAllBytes();
          return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException | NullPointerException e) {
          throw new ClassNotFoundException(name, e);
        }
      }
    }
  }

  /** What a constant of ours is on a processor. */
  private static long value(ClassLoader loader, String ours) throws ReflectiveOperationException {
    int dot = ours.lastIndexOf('.');
    Class<?> type = Class.forName("io.netmap4j." + ours.substring(0, dot), true, loader);
    Field field = type.getDeclaredField(ours.substring(dot + 1));
    field.setAccessible(true);
    Number number = (Number) field.get(null);
    // An ioctl's number is unsigned.
    return ours.matches(".*\\.(TUN.*|VfioAbi\\..*)")
        ? number.intValue() & 0xffffffffL
        : number.longValue();
  }

  @Test
  void everyConstantIsThatOfTheHeadersOnEachProcessor() throws Exception {
    assertThat(Libc.O_RDWR).as("JNA has found its library").isEqualTo(2);
    Class.forName("io.netmap4j.linux.Libc");
    List<String> wrong = new ArrayList<>();
    String own = System.getProperty("os.arch");
    for (int i = 0; i < PROCESSORS.size(); i++) {
      try {
        System.setProperty("os.arch", PROCESSORS.get(i));
        ClassLoader loader = new Elsewhere();
        for (Row row : rows()) {
          long is =
              row.literal()
                  ? Long.parseLong(row.ours.substring(row.ours.indexOf(' ') + 1))
                  : value(loader, row.ours);
          if (is != row.values.get(i)) {
            wrong.add(
                String.format(
                    java.util.Locale.ROOT,
                    "%s: %s is %d, %s is %d",
                    PROCESSORS.get(i),
                    row.ours,
                    is,
                    row.c,
                    row.values.get(i)));
          }
        }
      } finally {
        System.setProperty("os.arch", own);
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyConstantHasARow() throws Exception {
    SortedSet<String> missing = new TreeSet<>();
    Set<String> known = new TreeSet<>(OURS);
    rows().forEach(row -> known.add(row.ours));
    List<Class<?>> types = new ArrayList<>();
    for (Map.Entry<String, ModuleReference> module : Modules.ours().entrySet()) {
      if (module.getKey().equals("io.netmap4j.linux")) {
        types.addAll(Modules.classes(module.getValue(), module.getKey()));
      }
    }
    assertThat(types).hasSizeGreaterThan(20);
    for (String name : List.of("VfioAbi", "Vfio", "VfioIommu")) {
      types.add(Class.forName("io.netmap4j.vfio." + name));
    }
    for (Class<?> type : types) {
      for (Field field : type.getDeclaredFields()) {
        int wanted = Modifier.STATIC | Modifier.FINAL;
        String name = type.getName().substring("io.netmap4j.".length()) + "." + field.getName();
        if ((field.getModifiers() & wanted) == wanted
            && field.getType().isPrimitive()
            && field.getType() != boolean.class
            && !known.contains(name)) {
          missing.add(name);
        }
      }
    }
    assertThat(missing)
        .as("neither in linux-abi.tsv (%s says how to make it) nor among ours", SCRIPT)
        .isEmpty();
  }

  /** Declarations of what differs, or that would, elsewhere than in the one home. */
  private static SortedSet<String> misplaced(Map<String, String> sources, Set<String> differing) {
    SortedSet<String> found = new TreeSet<>();
    sources.forEach(
        (file, text) -> {
          if (!file.endsWith(".java") || !file.contains("/src/main/")) {
            return;
          }
          for (Matcher m = CONSTANT.matcher(text); m.find(); ) {
            if (differing.contains(m.group(1)) && !m.group(2).contains("Machine.io")) {
              found.add(file + ": " + m.group(1));
            }
          }
          for (Matcher m = BESIDES.matcher(text); m.find(); ) {
            found.add(file + ": " + m.group());
          }
        });
    return found;
  }

  @Test
  void whatDiffersIsInItsOneHome() throws Exception {
    Set<String> differing = new TreeSet<>(Files.readAllLines(DIFFERING));
    assertThat(differing)
        .contains("O_DIRECTORY", "O_TMPFILE", "MAP_LOCKED", "SO_PEERCRED", "TUNSETIFF");
    assertThat(misplaced(Sources.all(), differing)).isEmpty();
  }

  @Test
  void whatIsMisplacedIsFound() {
    String text =
        """
        private static final int O_DIRECTORY = 0200000;
        static final int O_RDWR = 2;
        static final int TUNSETIFF = Machine.iow('T', 202, 4);
        static final int TUNGETIFF = 0x800454d2;
        static final class Termios extends Structure {}
        long pid() { return syscall(39); }
        """;
    String file = "apps/src/main/java/A.java";
    assertThat(misplaced(Map.of(file, text), Set.of("O_DIRECTORY", "TUNSETIFF", "TUNGETIFF")))
        .containsExactly(
            file + ": O_DIRECTORY",
            file + ": TUNGETIFF",
            file + ": extends Structure",
            file + ": syscall(");
    assertThat(misplaced(Map.of("apps/src/test/java/A.java", text), Set.of())).isEmpty();
  }

  private static String script(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(Modules.ROOT.resolve(SCRIPT).toString()));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile("linux-abi", ".txt");
    Path err = Files.createTempFile("linux-abi", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      String said = Files.readString(err);
      assumeTrue(process.exitValue() != 77, "SKIPPED: " + said.trim());
      assertThat(process.exitValue()).as(said).isZero();
      return new String(Files.readAllBytes(out), StandardCharsets.UTF_8);
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  @Test
  void theTableIsWhatTheHeadersOfEachProcessorSay() throws Exception {
    assertThat(script("values", TABLE.toString())).isEqualTo(Files.readString(TABLE));
  }

  @Test
  void whatTheHeadersOfThisMachineSayDiffersIsInItsOneHome() throws Exception {
    Set<String> differing = new TreeSet<>(List.of(script("differing").split("\n")));
    assertThat(differing).contains("O_DIRECTORY", "MAP_NORESERVE", "VFIO_IOMMU_MAP_DMA");
    assertThat(misplaced(Sources.all(), differing)).isEmpty();
  }
}

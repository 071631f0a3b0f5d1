package io.netmap4j.bench.compare;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Threads;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Our driver as a subject, in a JVM of its own: opens two ports as any program does, and answers
 * requests (see the package's description).
 */
@Command(name = "netmap-subject", description = "Two ports that bench compare measures.")
public final class NetmapSubject implements Callable<Integer> {
  /** Batches that are run before the first request, so that nothing is compiled later. */
  private static final int[] WARM_UP = {1, 8, 32, 128, 256};

  private static final int WARM_UP_WINDOWS = 100;
  private static final int FEWEST_WARM_UPS = 10;
  private static final int MOST_WARM_UPS = 100;

  /** Warm-ups in a row that compile nothing. */
  private static final int QUIET_WARM_UPS = 3;

  private static final int LINK_MILLIS = 10_000;
  private static final int SLOTS = 512;
  private static final int BUFFERS = 8192;

  @Parameters(index = "0", paramLabel = "CONTROL", description = "The model's control page.")
  Path control;

  @Parameters(
      index = "1",
      paramLabel = "ADDRESS",
      description = "SCHEME:ADDRESS of the first card.")
  String first;

  @Parameters(index = "2", paramLabel = "ADDRESS", description = "And of the second.")
  String second;

  @Option(names = "--hugetlbfs", paramLabel = "FOLDER", description = "Where the region is.")
  Path hugetlbfs;

  @Option(names = "--cpu", paramLabel = "N", description = "CPU of the thread that is timed.")
  Integer cpu;

  private final BufferedReader in;
  private final PrintStream out;
  private Stopwatch stopwatch;
  private RingWindows windows;

  /** On the process's standard streams. */
  public NetmapSubject() {
    this(
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII)),
        System.out);
  }

  /** On other streams, for tests. */
  NetmapSubject(BufferedReader in, PrintStream out) {
    this.in = in;
    this.out = out;
  }

  /** Ends the process with 0 at the end of input, with 1 after an error, which it prints. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new NetmapSubject()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    MemoryOptions options = MemoryOptions.DEFAULT;
    try (ControlPage page = new ControlPage(control);
        NetmapMemory memory =
            NetmapMemory.create(options.buffers(BUFFERS, options.bufSize()).hugetlbfs(hugetlbfs))) {
      names();
      NetmapPort.Request request =
          NetmapPort.Request.DEFAULT
              .region(memory)
              .nic(NicOptions.DEFAULT.slots(SLOTS, SLOTS).waitMode(WaitMode.SPIN));
      try (NetmapPort a = Netmap.open("netmap:card0", request);
          NetmapPort b = Netmap.open("netmap:card1", request)) {
        measure(a, b, page);
      }
      return 0;
    } catch (IllegalStateException | NetmapException | LinuxException | IOException e) {
      String text = e.getMessage() == null ? e.toString() : e.getMessage();
      out.println("error " + text.replaceAll("\\s+", " "));
      return 1;
    }
  }

  /** What netmap:card0 and netmap:card1 are: in a configuration file, as for any program. */
  private void names() throws IOException {
    Path file = Files.createTempFile("netmap4j-subject", ".properties");
    file.toFile().deleteOnExit();
    Files.writeString(file, "nic.card0 = " + first + "\nnic.card1 = " + second + "\n");
    System.setProperty("netmap4j.config", file.toString());
  }

  private void measure(NetmapPort a, NetmapPort b, ControlPage page) throws IOException {
    if (!a.awaitLink(LINK_MILLIS) || !b.awaitLink(LINK_MILLIS)) {
      throw new IllegalStateException(
          "no link in " + LINK_MILLIS / 1000 + " s: does the model run?");
    }
    if (cpu != null) {
      Threads.pin(cpu); // this thread only: the compilers stay out of the way
    }
    long hertz = Tsc.hertz();
    stopwatch = new Stopwatch(hertz);
    windows = new RingWindows(a, b, page);
    warmUp();
    out.printf(
        Locale.ROOT,
        "ready tsc=%d java=%s buffers=%d what=%s%n",
        hertz,
        Runtime.version().feature(),
        a.memory().bufSize(),
        String.join(",", windows.all().keySet()));
    out.flush();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(answer(line));
      out.flush();
    }
  }

  /** Until nothing is compiled any more. */
  private void warmUp() {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    long compiled = -1;
    int quiet = 0;
    for (int i = 0; i < MOST_WARM_UPS && (i < FEWEST_WARM_UPS || quiet < QUIET_WARM_UPS); i++) {
      for (Stopwatch.Window window : windows.all().values()) {
        for (int batch : WARM_UP) {
          stopwatch.time(window, batch, WARM_UP_WINDOWS);
        }
      }
      long now = compiler == null ? 0 : compiler.getTotalCompilationTime();
      quiet = now == compiled ? quiet + 1 : 0;
      compiled = now;
    }
    windows.settle();
  }

  private String answer(String line) {
    String[] words = line.trim().split(" ");
    Stopwatch.Window window = windows.all().get(words[0]);
    if (window == null || words.length < 3) {
      throw new IllegalStateException(
          "'"
              + line
              + "' is no request: one is "
              + windows.all().keySet()
              + " BATCH WINDOWS [bill]");
    }
    int batch = Integer.parseInt(words[1]);
    int times = Integer.parseInt(words[2]);
    String answer;
    if (words.length > 3) {
      long packets = windows.count(window, batch, times);
      answer = "packets=" + packets + " bill0=" + bill(0) + " bill1=" + bill(1);
    } else {
      answer = stopwatch.time(window, batch, times).toString();
    }
    windows.settle();
    return answer;
  }

  private String bill(int card) {
    return Arrays.stream(windows.bill(card))
        .mapToObj(Long::toString)
        .collect(Collectors.joining(","));
  }
}

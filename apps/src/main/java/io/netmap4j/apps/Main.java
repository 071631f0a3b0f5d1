package io.netmap4j.apps;

import io.netmap4j.apps.admin.Bind;
import io.netmap4j.apps.admin.Completion;
import io.netmap4j.apps.admin.Demo;
import io.netmap4j.apps.admin.Devices;
import io.netmap4j.apps.admin.NicModel;
import io.netmap4j.apps.admin.Tap;
import io.netmap4j.apps.admin.Unbind;
import io.netmap4j.apps.admin.ValeControl;
import io.netmap4j.apps.doctor.Doctor;
import io.netmap4j.apps.metrics.MetricsServer;
import io.netmap4j.apps.top.Top;
import io.netmap4j.apps.traffic.Bridge;
import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.Dump;
import io.netmap4j.apps.traffic.Figures;
import io.netmap4j.apps.traffic.JsonOption;
import io.netmap4j.apps.traffic.Lb;
import io.netmap4j.apps.traffic.MetricsOption;
import io.netmap4j.apps.traffic.NmReplay;
import io.netmap4j.apps.traffic.PktGen;
import io.netmap4j.apps.traffic.Progress;
import io.netmap4j.apps.traffic.Replay;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.OnOff;
import io.netmap4j.compat.netdev.NetdevPorts;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Threads;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * {@code netmap4j}: finds the command, reports errors in one line, turns Ctrl-C into an orderly
 * end.
 */
@Command(
    name = "netmap4j",
    versionProvider = Main.Version.class,
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description =
        "netmap's rings for Java: programs that send, receive, forward and record packets.",
    subcommands = {
      Demo.class,
      PktGen.class,
      Bridge.class,
      Lb.class,
      Tap.class,
      Dump.class,
      Replay.class,
      NmReplay.class,
      Run.class,
      Devices.class,
      Doctor.class,
      Bind.class,
      Unbind.class,
      ValeControl.class,
      NicModel.class,
      Top.class,
      Completion.class
    },
    footer = {
      "",
      "Ports are named as in netmap: netmap:NAME, netmap:NAME-1 for ring pair 1, netmap:NAME/R to receive only;"
          + " netmap: may be left out. netmap:model0 and netmap:model1 are always there: two modelled cards, cabled.",
      "",
      "./netmap4j bench is a program of its own, which measures what packets cost.",
      "",
      "Exit codes: 0 done; 1 failed, or something was not sent, lost or not written; 2 wrong usage; 130 ended by"
          + " Ctrl-C, 143 by SIGTERM, without a failure. The totals are printed and the ports closed in all cases.",
    })
public final class Main extends CommandContext {
  private static final int STANDARD_OUTPUT = 1;
  private static final int STANDARD_ERROR = 2;

  /** What Ctrl-C leaves for totals and for closing ports. */
  private static final long GRACE_SECONDS = 4;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "More detail; a stack trace with an error.")
  boolean verbose;

  private final CountDownLatch ready = new CountDownLatch(1);

  /** Of this command and, for run, of those that it runs. */
  private Figures figures = Figures.NONE;

  private final boolean inRun;

  /** Null without --json. */
  private JsonLines json;

  Main(Stop stop, PrintStream out, PrintStream err) {
    super(stop, out, err);
    inRun = false;
  }

  /** One command of a run, which shows its figures where the run does. */
  Main(Stop stop, PrintStream out, PrintStream err, Figures ofRun) {
    super(stop, out, err);
    figures = ofRun;
    inRun = true;
  }

  /** Runs the command in {@code args} and ends the process with its exit code. */
  public static void main(String[] args) {
    Stop stop = new Stop();
    CountDownLatch done = new CountDownLatch(1);
    AtomicInteger result = new AtomicInteger(OK);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stop.request();
                  try {
                    done.await(GRACE_SECONDS, TimeUnit.SECONDS);
                    if (result.get() == FAILED) {
                      // Ctrl-C does not hide what went wrong behind its own exit code.
                      Runtime.getRuntime().halt(FAILED);
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "end"));
    // Whoever reads our output reads digits of ASCII, whatever the user's language.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    int code = FAILED;
    try {
      code = run(stop, args);
      result.set(code);
    } finally {
      done.countDown();
    }
    System.exit(code);
  }

  /** On the standard streams: what could not be written there is a failure like others. */
  private static int run(Stop stop, String... args) {
    Output out = new Output("standard output", new FileOutputStream(FileDescriptor.out), stop);
    Output err = new Output("standard error", new FileOutputStream(FileDescriptor.err), stop);
    Main main = new Main(stop, out.printStream(), err.printStream());
    int code = main.run(args);
    if (!out.trouble().isEmpty()) {
      main.err.println("netmap4j: " + out.trouble());
    }
    return code == OK && (out.failed() || err.failed()) ? FAILED : code;
  }

  /** Runs one command in this process. @return its exit code */
  int run(String... args) {
    CommandLine line = line();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    line.setParameterExceptionHandler(this::usage);
    line.setExecutionExceptionHandler((e, command, result) -> failed(e));
    line.setExecutionStrategy(this::execute);
    try {
      return args.length == 0
          ? usage(new ParameterException(line, "a command is missing"), args)
          : line.execute(args);
    } catch (Throwable e) { // an Error: picocli hands over what is an Exception
      return failed(e);
    } finally {
      ready.countDown();
    }
  }

  /** Serves the meters while the command runs, and prints JSON, if it shall. */
  private int execute(ParseResult parsed) {
    ParseResult command = parsed.subcommand();
    boolean runs =
        command != null && !command.isUsageHelpRequested() && !command.isVersionHelpRequested();
    if (runs && command.hasMatchedOption(JsonOption.NAME)) {
      json = new JsonLines(out, command.commandSpec().name());
      out = err;
    }
    if (!runs || !command.hasMatchedOption(MetricsOption.NAME)) {
      return new CommandLine.RunLast().execute(parsed);
    }
    if (inRun) {
      throw new ParameterException(
          command.commandSpec().commandLine(),
          MetricsOption.NAME
              + " is for all commands of a run: netmap4j run --metrics PORT \"...\"");
    }
    try (MetricsServer server =
        MetricsServer.start(command.matchedOptionValue(MetricsOption.NAME, null))) {
      figures = server;
      err.println("Metrics: " + server.url());
      return new CommandLine.RunLast().execute(parsed);
    } catch (IOException e) {
      return failed(e);
    }
  }

  /** What reads the arguments. */
  CommandLine line() {
    CommandLine line = new CommandLine(this);
    Converters.register(line);
    line.setExpandAtFiles(false); // a word with @ at its beginning is a word
    return line;
  }

  @Override
  public void json(String kind, Map<String, ?> figures) {
    if (json != null) {
      json.print(kind, figures);
    }
  }

  @Override
  public Figures figures() {
    return figures;
  }

  @Override
  public Progress progress(long total, String unit) {
    return inRun ? new ProgressLine.Lines(err) : ProgressLine.of(err, STANDARD_ERROR, total, unit);
  }

  @Override
  public void ready() {
    ready.countDown();
  }

  @Override
  protected NicOptions kernelInterface(String name) {
    return NetdevPorts.isInterface(name) ? NetdevPorts.options(name) : null;
  }

  @Override
  public void pin(int cpu) {
    try {
      Threads.pin(cpu);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    }
  }

  @Override
  public <T> T openToWrite(Path file, Opening<T> opening) throws IOException {
    return Fifos.open(file, this, opening);
  }

  @Override
  public boolean outputClosed() {
    return Libc.hungUp(STANDARD_OUTPUT);
  }

  @Override
  public boolean inRun() {
    return inRun;
  }

  @Override
  public boolean verbose() {
    return verbose;
  }

  /** Waits until the command is ready, or at its end. @return false when the time was over first */
  boolean awaitReady(long seconds) throws InterruptedException {
    return ready.await(seconds, TimeUnit.SECONDS);
  }

  private int usage(ParameterException e, String[] args) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    String text = e.getMessage().replaceFirst("^Error: ", ""); // as of options that exclude others
    if (e instanceof UnmatchedArgumentException unmatched) {
      text = unmatched(unmatched);
    }
    err.println("netmap4j: " + oneLine(text));
    err.println("See " + command + " --help");
    return USAGE;
  }

  private static String unmatched(UnmatchedArgumentException e) {
    boolean command = e.getCommandLine().getParent() == null && !e.isUnknownOption();
    String word = e.getUnmatched().get(0);
    String nearest =
        e.getSuggestions().stream()
            .filter(name -> name.regionMatches(0, word, 0, 1))
            .findFirst()
            .map(name -> "; is " + name + " meant?")
            .orElse("");
    return (command ? "no such command: '" + word + "'" : e.getMessage()) + nearest;
  }

  private int failed(Throwable e) {
    if (e instanceof InterruptedIOException && stop.requested()) {
      return OK; // the end was asked for before a file had its other end
    }
    err.println("netmap4j: " + oneLine(text(e)));
    if (verbose || OnOff.property("netmap4j.trace", false)) {
      e.printStackTrace(err);
    }
    return FAILED;
  }

  /** Values come from the user, who may have typed anything. */
  private static String oneLine(String text) {
    StringBuilder line = new StringBuilder();
    for (char c : text.toCharArray()) {
      if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029') {
        line.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        line.append(c);
      }
    }
    return line.toString();
  }

  private static String text(Throwable e) {
    if (e instanceof NetmapException || e instanceof LinuxException) {
      return e.getMessage();
    }
    if (e instanceof FileSystemException file) {
      return file.getFile() + ": " + FileErrors.reason(file);
    }
    if (e instanceof IOException && e.getMessage() != null) {
      return e.getMessage();
    }
    if (e instanceof UnsatisfiedLinkError) {
      return e.getMessage();
    }
    if ((e instanceof ExceptionInInitializerError || e instanceof NoClassDefFoundError)
        && e.getCause() != null) {
      return text(e.getCause()); // what went wrong the first time
    }
    if (e instanceof InvalidPathException path) {
      return "'" + path.getInput() + "' cannot be a file's name: " + path.getReason();
    }
    if (e instanceof OutOfMemoryError) {
      return e.getMessage() + ": not enough memory; NETMAP4J_JAVA_OPTS=-Xmx2g gives the heap 2 GiB";
    }
    return e + " (this is not expected; -v shows where)";
  }

  /** For picocli's maker of manual pages, which reads the commands and runs none. */
  static final class Factory implements CommandLine.IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      return type == Main.class
          ? type.cast(new Main(new Stop(), System.out, System.err))
          : CommandLine.defaultFactory().create(type);
    }
  }

  /** From the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"netmap4j " + (version == null ? "(not from a jar)" : version)};
    }
  }
}

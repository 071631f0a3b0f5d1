package io.netmap4j.apps;

import io.netmap4j.NetmapException;
import io.netmap4j.linux.LinuxException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

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
      Tap.class,
      Dump.class,
      Replay.class,
      Run.class,
      Devices.class,
      Bind.class,
      Unbind.class,
      NicModel.class
    },
    footer = {
      "",
      "Ports are named as in netmap: netmap:NAME, netmap:NAME-1 for ring pair 1, netmap:NAME/R to receive only;"
          + " netmap: may be left out. netmap:model0 and netmap:model1 are always there: two modelled cards, cabled.",
      "",
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C without a failure (after the totals are printed"
          + " and the ports closed).",
    })
public final class Main {
  static final int OK = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;

  /** What Ctrl-C leaves for totals and for closing ports. */
  private static final long GRACE_SECONDS = 4;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "More detail; a stack trace with an error.")
  boolean verbose;

  final Stop stop;
  final PrintStream out;
  final PrintStream err;
  private final CountDownLatch ready = new CountDownLatch(1);

  Main(Stop stop, PrintStream out, PrintStream err) {
    this.stop = stop;
    this.out = out;
    this.err = err;
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
    int code = FAILED;
    try {
      code = new Main(stop, System.out, System.err).run(args);
      result.set(code);
      System.out.flush();
    } finally {
      done.countDown();
    }
    System.exit(code);
  }

  /** Runs one command in this process. @return its exit code */
  int run(String... args) {
    CommandLine line = new CommandLine(this);
    Converters.register(line);
    line.setExpandAtFiles(false); // a word with @ at its beginning is a word
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    line.setParameterExceptionHandler(this::usage);
    line.setExecutionExceptionHandler((e, command, result) -> failed(e));
    try {
      return args.length == 0
          ? usage(new ParameterException(line, "a command is missing"), args)
          : line.execute(args);
    } finally {
      ready.countDown();
    }
  }

  /** A command says that its ports are open. */
  void ready() {
    ready.countDown();
  }

  /** Waits until the command is ready, or at its end. @return false when the time was over first */
  boolean awaitReady(long seconds) throws InterruptedException {
    return ready.await(seconds, TimeUnit.SECONDS);
  }

  private int usage(ParameterException e, String[] args) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    err.println("netmap4j: " + e.getMessage());
    err.println("See " + command + " --help");
    return USAGE;
  }

  private int failed(Exception e) {
    err.println("netmap4j: " + text(e));
    if (verbose || Boolean.getBoolean("netmap4j.trace")) {
      e.printStackTrace(err);
    }
    return FAILED;
  }

  private static String text(Exception e) {
    if (e instanceof NetmapException || e instanceof LinuxException) {
      return e.getMessage();
    }
    if (e instanceof NoSuchFileException missing) {
      return missing.getFile() + ": no such file or folder";
    }
    if (e instanceof FileSystemException file && file.getReason() != null) {
      return file.getFile() + ": " + file.getReason();
    }
    if (e instanceof IOException && e.getMessage() != null) {
      return e.getMessage();
    }
    return e + " (this is not expected; -v shows where)";
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

package io.netmap4j.bench;

import io.netmap4j.bench.compare.Compare;
import io.netmap4j.bench.latency.LatencyCommand;
import io.netmap4j.bench.loops.LoopsCommand;
import io.netmap4j.bench.report.Machine;
import io.netmap4j.bench.report.ReportCommand;
import io.netmap4j.bench.scale.ScaleCommand;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.LinuxException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.Stack;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * {@code netmap4j bench}: finds the subcommand and reports errors in one line. Arguments that begin
 * with the name of a JMH benchmark, or with an option of JMH's, go to JMH.
 */
@Command(
    name = "netmap4j bench",
    versionProvider = Bench.Version.class,
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT, // each command has -h and -V
    synopsisSubcommandLabel = "[COMMAND]",
    description = {
      "Measures what packets cost, beside DPDK and beside C. Without a command: a short form of compare, latency and"
          + " scale, about five minutes, and a page of their figures. What can't be measured here is left out, and the"
          + " page says why.",
      ""
    },
    subcommands = {
      Compare.class,
      LatencyCommand.class,
      ScaleCommand.class,
      LoopsCommand.class,
      FramesCommand.class,
      SteadyCommand.class,
      ScrapeCommand.class,
      ReportCommand.class,
      Bench.Jmh.class
    },
    footer = {"", "Exit codes: 0 done, though something may be left out; 1 failed; 2 wrong usage."})
public final class Bench implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  /** Ours; JMH has -h too, and we name JMH's under {@code bench jmh -h}. */
  private static final Set<String> OPTIONS =
      Set.of("-h", "--help", "-V", "--version", "-v", "--verbose", "-o", "--output");

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "A stack trace with an error.")
  boolean verbose;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      defaultValue = ".",
      description =
          "Where the short form writes bench-TIME.html and bench-TIME.json (this folder).")
  Path output;

  @Spec CommandSpec spec;

  private Bench() {}

  /** Runs the command in {@code args} and ends the process with its exit code. */
  public static void main(String[] args) throws IOException {
    // Whoever reads our output reads digits of ASCII, whatever the user's language.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    CommandLine line = line();
    if (args.length > 0 && isJmh(line, args[0])) {
      org.openjdk.jmh.Main.main(args);
      return;
    }
    System.exit(line.execute(args));
  }

  /** What reads the arguments and runs the command. */
  static CommandLine line() {
    Bench bench = new Bench();
    CommandLine line = new CommandLine(bench);
    line.setExpandAtFiles(false); // a word with @ at its beginning is a word
    line.setParameterExceptionHandler(Bench::usage);
    line.setExecutionExceptionHandler((e, command, result) -> bench.failed(e, command));
    return line;
  }

  @Override
  public Integer call() throws Exception {
    CommandLine line = spec.commandLine();
    return new QuickRun(
            QuickRun.subcommands("compare", "latency", "scale"), line.getOut(), line.getErr())
        .run(output);
  }

  /** Whether the first argument and what follows are for JMH. */
  static boolean isJmh(CommandLine line, String first) {
    if (line.getSubcommands().containsKey(first)
        || OPTIONS.contains(first.replaceFirst("^(--[a-z]+)=.*", "$1"))) {
      return false;
    }
    return first.startsWith("-")
        || !BenchmarkList.defaultList()
            .find(
                OutputFormatFactory.createFormatInstance(System.err, VerboseMode.SILENT),
                List.of(first),
                List.of())
            .isEmpty();
  }

  private static int usage(ParameterException e, String[] args) {
    PrintWriter err = e.getCommandLine().getErr();
    err.println("netmap4j: " + oneLine(e.getMessage()));
    err.println("See " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    return USAGE;
  }

  private int failed(Exception e, CommandLine command) {
    PrintWriter err = command.getErr();
    err.println("netmap4j: " + oneLine(text(e)));
    if (verbose) {
      e.printStackTrace(err);
    }
    return FAILED;
  }

  private static String text(Exception e) {
    if (e instanceof FileSystemException file) {
      return file.getFile() + ": " + FileErrors.reason(file);
    }
    if ((e instanceof NetmapException || e instanceof LinuxException || e instanceof IOException)
        && e.getMessage() != null) {
      return e.getMessage();
    }
    return e + " (this is not expected; -v shows where)";
  }

  /** Values come from the user, who may have typed anything. */
  private static String oneLine(String text) {
    return text.replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ");
  }

  /** The commit of the source tree. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"netmap4j bench " + Machine.facts().get("netmap4j")};
    }
  }

  /** Passes everything on, options as well: JMH has an -h and a -v of its own. */
  @Command(
      name = "jmh",
      preprocessor = Jmh.Rest.class,
      description = "Runs JMH with the arguments that follow: bench jmh SyncBench -prof gc.")
  static final class Jmh implements Callable<Integer> {
    private final List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
      org.openjdk.jmh.Main.main(arguments.toArray(new String[0]));
      return 0;
    }

    /** Takes what follows the command's name. */
    static final class Rest implements IParameterPreprocessor {
      @Override
      public boolean preprocess(
          Stack<String> rest, CommandSpec command, ArgSpec argument, Map<String, Object> info) {
        Jmh jmh = (Jmh) command.userObject();
        while (!rest.isEmpty()) {
          jmh.arguments.add(rest.pop());
        }
        return true;
      }
    }
  }
}

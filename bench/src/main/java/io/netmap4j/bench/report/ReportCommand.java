package io.netmap4j.bench.report;

import io.netmap4j.linux.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench report}: the page of one run, or of two side by side. */
@Command(
    name = "report",
    description = {
      "Makes an HTML page of the JSON that the other commands write: of one run, or of two side by"
          + " side with the ratio of the second to the first for each figure.",
      ""
    },
    footer = {"", "Exit codes: 0 done; 1 failed; 2 wrong usage."})
public final class ReportCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(index = "0", paramLabel = "RUN.json", description = "The run.")
  Path first;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "OTHER.json",
      description = "Another, to be shown beside it.")
  Path second;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "PAGE.html",
      description = "Where the page goes (the last run's name with .html).")
  Path page;

  @Override
  public Integer call() throws IOException {
    Path target = page != null ? page : withHtml(second != null ? second : first);
    refuse(target, first);
    refuse(target, second);
    Run run = read(first);
    Run other = second == null ? null : read(second);
    String html = other == null ? Page.of(run) : beside(run, other);
    try {
      Files.writeString(target, html);
    } catch (IOException e) {
      throw FileErrors.named(target, e);
    }
    spec.commandLine()
        .getOut()
        .println(
            target
                + ": "
                + (other == null
                    ? run.figures().size() + " figures"
                    : summary(Ratios.of(run, other))));
    return 0;
  }

  /** The page must not replace a run. */
  private void refuse(Path target, Path file) throws IOException {
    if (file != null
        && Files.exists(target)
        && Files.exists(file)
        && Files.isSameFile(target, file)) {
      throw new ParameterException(
          spec.commandLine(), "-o " + target + " is the run itself, which it would replace");
    }
  }

  private String beside(Run run, Run other) {
    boolean same = name(first).equals(name(second)); // in different folders
    return Page.of(
        run, same ? first.toString() : name(first), other, same ? second.toString() : name(second));
  }

  private static Run read(Path file) throws IOException {
    Run run = Run.read(file);
    if (run.figures().isEmpty()) {
      throw new IOException(file + ": the run has no figures, so there is nothing to show");
    }
    return run;
  }

  private static String summary(List<Ratios.Pair> pairs) {
    long both = pairs.stream().filter(Ratios.Pair::isWhole).count();
    long apart = pairs.stream().filter(Ratios.Pair::isApart).count();
    long first = pairs.stream().filter(pair -> pair.b() == null).count();
    return String.format(
        Locale.ROOT,
        "%d figures in both runs, %d of them apart by more than their spreads;"
            + " %d in the first only, %d in the second only",
        both,
        apart,
        first,
        pairs.size() - both - first);
  }

  private static String name(Path file) {
    return file.getFileName().toString().replaceFirst("\\.json$", "");
  }

  private static Path withHtml(Path file) {
    return file.resolveSibling(name(file) + ".html");
  }
}

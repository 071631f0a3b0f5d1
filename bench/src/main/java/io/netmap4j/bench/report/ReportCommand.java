package io.netmap4j.bench.report;

import io.netmap4j.linux.FileErrors;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    mixinStandardHelpOptions = true,
    description = {
      "Makes an HTML page of the JSON that the other commands write: of one run, or of two side by"
          + " side with the ratio of the second to the first for each figure.",
      ""
    },
    footer = {"", "Exit codes: 0 done; 1 failed; 2 wrong usage."})
public final class ReportCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "RUN.json", arity = "1..2", description = "One run, or two.")
  List<Path> files;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "PAGE.html",
      description = "Where the page goes (the last run's name with .html).")
  Path page;

  @Override
  public Integer call() throws IOException {
    Path last = files.get(files.size() - 1);
    Path target = page != null ? page : withHtml(last);
    for (Path file : files) {
      if (Files.exists(target) && Files.exists(file) && Files.isSameFile(target, file)) {
        throw new ParameterException(
            spec.commandLine(), "-o " + target + " is the run itself: the page would replace it");
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    Run run = read(files.get(0));
    String html;
    String summary;
    if (files.size() == 1) {
      html = Page.of(run);
      summary = run.figures().size() + " figures";
    } else {
      Run second = read(last);
      boolean same = name(last).equals(name(files.get(0))); // in different folders
      html =
          Page.of(
              run,
              same ? files.get(0).toString() : name(files.get(0)),
              second,
              same ? last.toString() : name(last));
      summary = summary(Ratios.of(run, second));
    }
    try {
      Files.writeString(target, html);
    } catch (IOException e) {
      throw FileErrors.named(target, e);
    }
    out.println(target + ": " + summary);
    return 0;
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
        "%d figures in both runs, %d of them apart by more than their spreads;"
            + " %d in the first only, %d in the second only",
        both, apart, first, pairs.size() - both - first);
  }

  private static String name(Path file) {
    return file.getFileName().toString().replaceFirst("\\.json$", "");
  }

  private static Path withHtml(Path file) {
    return file.resolveSibling(name(file) + ".html");
  }
}

package io.netmap4j.bench;

import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Machine;
import io.netmap4j.bench.report.Page;
import io.netmap4j.bench.report.Run;
import io.netmap4j.linux.FileErrors;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The short form of all measurements, one after the other, each in a process of its own: what one
 * has made the compiler believe doesn't slow the next, and one that fails leaves the others.
 */
final class QuickRun {
  private static final long LIMIT_MILLIS = 600_000;
  private static final long LONGEST_END_SECONDS = 8;
  private static final String REMARK = "netmap4j: ";

  /**
   * One measurement.
   *
   * @param name what it is called: {@code compare}
   * @param command the program and its arguments; the JSON file's name is added
   */
  record Step(String name, List<String> command) {}

  private final List<Step> steps;
  private final PrintWriter out;
  private final PrintWriter err;
  private final long limitMillis;
  private final boolean terminal;
  private final Map<String, String> facts = Machine.facts();
  private final Map<String, String> remarks = new LinkedHashMap<>();
  private final List<Figure> figures = new ArrayList<>();
  private String shown = "";
  private volatile boolean late;

  /**
   * @param out what was measured, and where it is
   * @param err the progress, and what is left out
   */
  QuickRun(List<Step> steps, PrintWriter out, PrintWriter err) {
    this(steps, out, err, LIMIT_MILLIS);
  }

  /** With another limit of a step's time. */
  QuickRun(List<Step> steps, PrintWriter out, PrintWriter err, long limitMillis) {
    this.steps = steps;
    this.limitMillis = limitMillis;
    this.out = out;
    this.err = err;
    this.terminal = isTerminal(Path.of("/proc/self/fd/2"));
  }

  /** The subcommands of this program, in this JVM's kind of JVM. */
  static List<Step> subcommands(String... names) {
    List<Step> steps = new ArrayList<>();
    for (String name : names) {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
      command.addAll(List.of("-cp", System.getProperty("java.class.path"), Bench.class.getName()));
      command.addAll(List.of(name, "--quick", "--json"));
      steps.add(new Step(name, command));
    }
    return steps;
  }

  /**
   * Measures, and writes {@code bench-TIME.json} and {@code bench-TIME.html}.
   *
   * @param folder where to
   * @return the exit code: 0 when there is a page
   * @throws IOException when a file can't be written
   */
  int run(Path folder) throws IOException {
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new IOException("-o " + folder + ": no folder that can be written to");
    }
    Instant begin = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Path temporary = Files.createTempDirectory("netmap4j-bench");
    try {
      for (int i = 0; i < steps.size(); i++) {
        Path json = temporary.resolve(steps.get(i).name() + ".json");
        try {
          measure(steps.get(i), i, json);
          take(steps.get(i), json);
        } finally {
          Files.deleteIfExists(json);
        }
      }
    } finally {
      Files.delete(temporary);
    }
    remarks.forEach((what, why) -> err.println(REMARK + what + ": " + why));
    err.flush();
    if (figures.isEmpty()) {
      throw new IOException("nothing could be measured, so there is no page");
    }
    facts.putAll(remarks);
    write(new Run("netmap4j bench", begin.toString(), facts, figures), folder, begin);
    return 0;
  }

  private void write(Run run, Path folder, Instant begin) throws IOException {
    String name = "bench-" + begin.toString().replace(":", "");
    Path json = folder.resolve(name + ".json");
    Path page = folder.resolve(name + ".html");
    run.write(json);
    try {
      Files.writeString(page, Page.of(run));
    } catch (IOException e) {
      throw FileErrors.named(page, e);
    }
    out.println(page + ": " + run.figures().size() + " figures; as JSON in " + json);
    out.println("Beside another run: ./netmap4j bench report OTHER.json " + json);
    out.flush();
  }

  /** Runs one step; its tables are shown at its end. */
  private void measure(Step step, int index, Path json) throws IOException {
    List<String> command = new ArrayList<>(step.command());
    command.add(json.toString());
    Path tables = json.resolveSibling(step.name() + ".out");
    List<String> said = new ArrayList<>();
    Process process =
        new ProcessBuilder(command)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(tables.toFile())
            .start();
    Thread hook = new Thread(() -> end(process), "bench-end");
    late = false;
    Thread watch = new Thread(() -> limit(process), "bench-limit");
    watch.setDaemon(true);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      watch.start();
      listen(process, String.format(Locale.ROOT, "[%d of %d] ", index + 1, steps.size()), said);
      int code = process.waitFor();
      clear();
      out.print(Files.readString(tables));
      out.flush();
      if (code != 0) {
        leaveOut(
            step, late ? "it took longer than " + limitMillis / 1000 + " s" : last(said, code));
      } else if (!said.isEmpty()) {
        remarks.put(Run.remarksOf(step.name()), String.join("; ", said));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      leaveOut(step, "interrupted");
    } finally {
      end(process);
      watch.interrupt();
      removeHook(hook);
      Files.deleteIfExists(tables);
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM is ending: the hook runs
    }
  }

  private static String last(List<String> said, int code) {
    return said.isEmpty() ? "exit code " + code + ", and no word why" : said.get(said.size() - 1);
  }

  private void leaveOut(Step step, String why) {
    remarks.put(Run.leftOut(step.name()), why);
  }

  /** Its figures and facts, unless it has failed. */
  private void take(Step step, Path json) {
    if (remarks.containsKey(Run.leftOut(step.name()))) {
      return;
    }
    try {
      Run run = Run.read(json);
      figures.addAll(run.figures());
      run.machine()
          .forEach(
              (name, value) -> {
                String known = facts.putIfAbsent(name, value);
                if (known != null && !known.equals(value)) {
                  facts.put(name + " (" + step.name() + ")", value);
                }
              });
    } catch (IOException e) {
      leaveOut(step, "it wrote no result: " + e.getMessage());
    }
  }

  /** Shows what it says of its progress until its end; keeps its remarks. */
  private void listen(Process process, String prefix, List<String> said) throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      for (String line; (line = lines.readLine()) != null; ) { // a \r ends one, too
        String text = line.replaceAll("\u001b\\[[0-9;]*[A-Za-z]", "").strip();
        if (text.startsWith(REMARK)) {
          said.add(text.substring(REMARK.length()));
        } else if (!text.isEmpty()) {
          show(prefix + text);
        }
      }
    }
  }

  private void show(String line) {
    if (terminal) {
      err.print("\r\u001b[K" + line);
    } else if (!line.equals(shown)) {
      err.println(line);
    }
    shown = line;
    err.flush();
  }

  private void clear() {
    if (terminal && !shown.isEmpty()) {
      err.print("\r\u001b[K");
      err.flush();
    }
    shown = "";
  }

  private static boolean isTerminal(Path stream) {
    try {
      String target = stream.toRealPath().toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends the process when its time is over. */
  private void limit(Process process) {
    try {
      if (!process.waitFor(limitMillis, TimeUnit.MILLISECONDS)) {
        late = true;
        end(process);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Asks the process to end, and waits until it has given back what it holds. */
  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(LONGEST_END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

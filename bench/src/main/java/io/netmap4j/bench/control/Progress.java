package io.netmap4j.bench.control;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a measurement is: one line that is written over on a terminal, a line for each step else.
 */
public final class Progress implements AutoCloseable {
  private final PrintWriter out;
  private final boolean terminal = isTerminal();
  private String step = "";
  private int width;

  /** Shows it on {@code out}, the standard error output. */
  public Progress(PrintWriter out) {
    this.out = out;
  }

  private static boolean isTerminal() {
    try {
      Path stderr = Files.readSymbolicLink(Path.of("/proc/self/fd/2"));
      return stderr.startsWith("/dev/pts") || stderr.toString().startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * What is going on.
   *
   * @param now the step: elsewhere than on a terminal only a change of it is shown
   * @param detail of the step
   */
  public void show(String now, String detail) {
    if (terminal) {
      String line = now + ", " + detail;
      out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
      width = line.length();
      out.flush();
    } else if (!now.equals(step)) {
      out.println(now);
      out.flush();
    }
    step = now;
  }

  /** Clears the line, before something else is printed. */
  public void clear() {
    if (width > 0) {
      out.print("\r" + " ".repeat(width) + "\r");
      out.flush();
      width = 0;
    }
  }

  @Override
  public void close() {
    clear();
  }
}

package io.netmap4j.apps.traffic;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command has from the process that runs it: where to print, when to end, whom to tell that
 * its ports are open.
 */
public abstract class CommandContext {
  /** Exit code: done. */
  public static final int OK = 0;

  /** Exit code: failed, or something was not sent, lost or not written. */
  public static final int FAILED = 1;

  /** Exit code: wrong usage. */
  public static final int USAGE = 2;

  /** Requested when the command has to end. */
  public final Stop stop;

  /** Standard output, for text; with --json it is standard error. */
  public PrintStream out;

  /** Standard error. */
  public final PrintStream err;

  /** For one run of one command. */
  protected CommandContext(Stop stop, PrintStream out, PrintStream err) {
    this.stop = stop;
    this.out = out;
    this.err = err;
  }

  /** How the interface of the kernel that a NAME means is set up; null when it means none. */
  protected abstract NicOptions kernelInterface(String name);

  /**
   * With --json: prints an object in a line of standard output. Else nothing.
   *
   * @param kind {@code interval}, of the time since the last one; {@code totals}; or what there is
   *     several of
   * @param figures by name; values are numbers, words, lists and maps
   */
  public abstract void json(String kind, Map<String, ?> figures);

  /** Where the command shows its ports and counts. */
  public abstract Figures figures();

  /**
   * Shows how far work has come: on a terminal, unless other commands use it too.
   *
   * @param total what there is to do; 0 for no end
   * @param unit of it, as {@code packets}
   * @return the caller's to close
   */
  public abstract Progress progress(long total, String unit);

  /** A command calls this once its ports are open. */
  public abstract void ready();

  /**
   * Lets the calling thread run on one CPU only.
   *
   * @param cpu its number
   * @throws NetmapException EINVAL, when this process may not use that CPU, saying which it may
   */
  public abstract void pin(int cpu);

  /** How a file is opened. */
  public interface Opening<T> {
    public T open() throws IOException;
  }

  /**
   * Opens a file to write, once somebody reads it if it is a named pipe.
   *
   * @throws InterruptedIOException the end was asked for before
   */
  public abstract <T> T openToWrite(Path file, Opening<T> opening) throws IOException;

  /** True when standard output is a pipe that nobody reads any more, as of "dump | head -2". */
  public abstract boolean outputClosed();

  /** True when this is a command of a run, which has others behind it. */
  public abstract boolean inRun();

  /** True with -v: more detail on standard error. */
  public abstract boolean verbose();
}

package io.netmap4j.examples;

import io.netmap4j.common.NetmapException;
import io.netmap4j.pipeline.Pipeline;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the examples' main methods have in common. */
final class Run {
  /** What stops each part that is running now. */
  private static final Set<Runnable> STOPS = ConcurrentHashMap.newKeySet();

  private Run() {}

  /** Ends the program with a line about how it is used. */
  static void require(boolean right, String usage) {
    if (!right) {
      System.err.println("usage: " + usage);
      System.exit(2);
    }
  }

  /** An argument that is a whole number. */
  static int number(String name, String text, int least, int most) {
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // the same answer
    }
    throw new IllegalArgumentException(
        name + " is '" + text + "': it must be a whole number from " + least + " to " + most);
  }

  /**
   * Runs a pipeline until Ctrl-C, or until one of its ports is gone; then prints what it has done.
   *
   * @param report printed at the end
   */
  static void untilStopped(Pipeline pipeline, Runnable report) throws Exception {
    stoppable(
        pipeline::stop,
        () -> {
          try {
            pipeline.start();
            System.out.println("running");
            pipeline.await();
          } finally {
            report.run();
            System.out.println(pipeline.counts());
          }
        });
    pipeline
        .failure()
        .ifPresent(
            failure -> {
              throw new IllegalStateException(failure.getMessage(), failure);
            });
  }

  /** Runs the body; Ctrl-C and SIGTERM stop it, and let the program print what it has done. */
  static void stoppable(Runnable stop, Body body) throws Exception {
    Thread main = Thread.currentThread();
    Thread atCtrlC =
        new Thread(
            () -> {
              stop.run();
              join(main);
            });
    Runtime.getRuntime().addShutdownHook(atCtrlC);
    STOPS.add(stop);
    try {
      body.run();
    } finally {
      STOPS.remove(stop);
      removeHook(atCtrlC);
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // Ctrl-C was pressed: the hook is running, and waits for this thread
    }
  }

  private static void join(Thread main) {
    try {
      main.join(5000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** As Ctrl-C would; for the tests. */
  static void stopAll() {
    STOPS.forEach(Runnable::run);
  }

  /** A program whose error is one line. */
  interface Body {
    void run() throws Exception;
  }

  /**
   * Runs the body; what netmap4j or the system refuses ends it with one line, and exit code 1;
   * arguments that cannot be, with 2.
   */
  static void main(Body body) throws Exception {
    try {
      body.run();
      if (System.out.checkError()) {
        throw new IOException(
            "standard output took not all: is its disk full, or its reader gone?");
      }
    } catch (IllegalArgumentException e) {
      end(2, e.getMessage());
    } catch (IOException e) {
      end(1, text(e));
    } catch (NetmapException | IllegalStateException | UnsatisfiedLinkError e) {
      end(1, e.getMessage());
    }
  }

  /** Java often has the reason only in the name of the exception's class. */
  private static String text(IOException e) {
    return e instanceof FileSystemException file && file.getReason() == null
        ? file.getFile() + ": " + file.getClass().getSimpleName()
        : e.getMessage();
  }

  /** Not by System.exit, which after Ctrl-C waits for what waits for this thread. */
  private static void end(int status, String error) {
    System.err.println(error);
    Runtime.getRuntime().halt(status);
  }
}

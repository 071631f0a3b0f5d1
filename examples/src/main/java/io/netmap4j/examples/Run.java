package io.netmap4j.examples;

import io.netmap4j.common.NetmapException;
import io.netmap4j.pipeline.Pipeline;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the examples' main methods have in common. */
final class Run {
  /** What is running now. */
  private static final Set<Pipeline> RUNNING = ConcurrentHashMap.newKeySet();

  private Run() {}

  /** Ends the program with a line about how it is used. */
  static void require(boolean right, String usage) {
    if (!right) {
      System.err.println("usage: " + usage);
      System.exit(2);
    }
  }

  /**
   * Runs a pipeline until Ctrl-C, or until one of its ports is gone; then prints what it has done.
   *
   * @param report printed at the end
   */
  static void untilStopped(Pipeline pipeline, Runnable report) throws InterruptedException {
    Thread main = Thread.currentThread();
    Thread atCtrlC =
        new Thread(
            () -> {
              pipeline.stop();
              join(main);
            });
    Runtime.getRuntime().addShutdownHook(atCtrlC);
    RUNNING.add(pipeline);
    try {
      pipeline.start();
      System.out.println("running");
      pipeline.await();
    } finally {
      RUNNING.remove(pipeline);
      removeHook(atCtrlC);
      report.run();
      System.out.println(pipeline.counts());
    }
    pipeline
        .failure()
        .ifPresent(
            failure -> {
              throw new IllegalStateException(failure.getMessage(), failure);
            });
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
    RUNNING.forEach(Pipeline::stop);
  }

  /** True while at least one is running; for the tests. */
  static boolean running() {
    return RUNNING.stream().anyMatch(pipeline -> pipeline.running() > 0);
  }

  /** A program whose error is one line. */
  interface Body {
    void run() throws Exception;
  }

  /** Runs the body; what netmap4j refuses, and arguments that cannot be, end it with one line. */
  static void main(Body body) throws Exception {
    try {
      body.run();
    } catch (NetmapException | IllegalArgumentException | IllegalStateException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }
}

package io.netmap4j.examples;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** An example's main method on a thread, until it is stopped as by Ctrl-C. */
final class Running implements AutoCloseable {
  interface Main {
    void main(String[] args) throws Exception;
  }

  private final PrintStream before = System.out;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Thread thread;
  private volatile Throwable failure;

  /** Starts it, and waits until it is running. */
  Running(Main example, String... args) throws InterruptedException {
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    thread =
        new Thread(
            () -> {
              try {
                example.main(args);
              } catch (Throwable e) {
                failure = e;
              }
            });
    thread.start();
    while (!output().contains("running") && thread.isAlive()) {
      Thread.sleep(5);
    }
  }

  String output() {
    return out.toString(StandardCharsets.UTF_8);
  }

  /**
   * @return what it has printed
   */
  String stop() throws InterruptedException {
    Run.stopAll();
    return end();
  }

  /**
   * Waits until it ends by itself.
   *
   * @return what it has printed
   */
  String end() throws InterruptedException {
    thread.join(20_000);
    assertFalse(thread.isAlive());
    assertNull(failure);
    return output();
  }

  @Override
  public void close() {
    try {
      stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      System.setOut(before);
    }
  }
}

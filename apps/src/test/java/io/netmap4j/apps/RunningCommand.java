package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.traffic.Stop;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** A command that goes on in another thread, with its ports open. */
final class RunningCommand {
  private final Stop stop = new Stop();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final CompletableFuture<Integer> code;

  private RunningCommand(String line) throws InterruptedException {
    Main main =
        new Main(
            stop,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    // Not in the common pool, which may have one thread, where the next command would wait for
    // this.
    code =
        CompletableFuture.supplyAsync(
            () -> main.run(line.split(" ")), task -> new Thread(task, line).start());
    assertThat(main.awaitReady(30)).isTrue();
  }

  /** Starts one, and waits until its ports are open or it has ended. */
  static RunningCommand start(String line) throws InterruptedException {
    return new RunningCommand(line);
  }

  boolean ended() {
    return code.isDone();
  }

  /** What it has printed so far on standard output. */
  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  /** What it has printed so far on standard error. */
  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** Stops it as Ctrl-C does, and waits for its end. */
  Command stop() throws Exception {
    stop.request();
    return new Command(code.get(), out(), err());
  }
}

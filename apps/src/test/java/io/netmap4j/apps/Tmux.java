package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A command on a terminal of its own, by tmux; the test is skipped where there is none. */
final class Tmux implements AutoCloseable {
  private static final int SECONDS = 60;

  private final Path socket;

  private Tmux(Path socket) {
    this.socket = socket;
  }

  /** Starts {@code netmap4j args}; when it has ended, {@code ended CODE} is on the screen. */
  static Tmux start(Path folder, int columns, int rows, String... args) throws Exception {
    assumeTrue(installed(), "no tmux: apt-get install tmux");
    Path script = folder.resolve("command");
    String command =
        JavaCommand.of(Main.class, args).stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    // Ctrl-C is for the command, not for the shell.
    Files.writeString(script, "trap : INT\n" + command + "\necho ended $?\nsleep 600\n");
    Tmux tmux = new Tmux(folder.resolve("tmux"));
    tmux.call(
        "-f",
        "/dev/null",
        "new-session",
        "-d",
        "-x",
        "" + columns,
        "-y",
        "" + rows,
        "sh " + script);
    return tmux;
  }

  private static boolean installed() throws InterruptedException {
    try {
      return new ProcessBuilder("tmux", "-V").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private String call(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("tmux", "-S", socket.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().remove("TMUX");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, said).isZero();
    return said;
  }

  /** What is on it. */
  String screen() throws Exception {
    return call("capture-pane", "-p");
  }

  /** What tmux knows of it. */
  String display(String format) throws Exception {
    return call("display-message", "-p", format).strip();
  }

  void keys(String keys) throws Exception {
    call("send-keys", keys);
  }

  void resize(int columns, int rows) throws Exception {
    call("resize-window", "-x", "" + columns, "-y", "" + rows);
  }

  /** Waits until the screen has {@code regex} on it. @return the screen */
  String await(String regex) throws Exception {
    Pattern pattern = Pattern.compile(regex);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    String screen = screen();
    while (!pattern.matcher(screen).find()) {
      assertThat(System.nanoTime()).as("'%s' in:%n%s", regex, screen).isLessThan(deadline);
      Thread.sleep(20);
      screen = screen();
    }
    return screen;
  }

  /** Ends the terminal, and what runs on it. */
  @Override
  public void close() throws Exception {
    call("kill-server");
  }
}

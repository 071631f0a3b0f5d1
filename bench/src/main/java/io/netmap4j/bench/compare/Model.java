package io.netmap4j.bench.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code nic-model --register-file}, in lock-step: two cards for one subject, as files in a folder.
 * It polls, so it is stopped (SIGSTOP) unless its subject measures. For one thread.
 */
final class Model implements AutoCloseable {
  /** The first one may have to be built. */
  private static final long READY_SECONDS = 600;

  /** A card for a backplane: it has no module that a driver would read, which takes 10 s. */
  private static final String DEVICE = "10f7";

  private final Child child;

  /**
   * Starts it and waits until its cards are there.
   *
   * @param root the source tree, with the netmap4j script
   * @param folder on a tmpfs; its log is beside it
   * @param sockets whether it serves the cards by vfio-user too, as 0.sock and 1.sock there
   * @param cpu where the cards run
   * @throws IOException it cannot be started, or says why it failed
   */
  Model(Path root, Path folder, boolean sockets, int cpu) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(root.resolve("netmap4j").toString());
    command.addAll(List.of("nic-model", "--register-file", folder.toString(), "--lock-step"));
    command.addAll(List.of("--device-id", DEVICE, "--cpu", Integer.toString(cpu)));
    if (sockets) {
      command.addAll(List.of("-s", folder + "/0.sock", "-s", folder + "/1.sock"));
    }
    this.child =
        new Child("nic-model", command, folder.resolveSibling(folder.getFileName() + ".model.log"));
    try {
      child.line("ready", READY_SECONDS);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** Lets it run. */
  void resume() throws IOException {
    child.signal("CONT");
  }

  /** Keeps it from running. */
  void pause() throws IOException {
    child.signal("STOP");
  }

  /** Ends it; it removes its files. */
  @Override
  public void close() {
    try {
      resume();
    } catch (IOException e) {
      // terminate() ends it by force then
    }
    child.terminate();
  }
}

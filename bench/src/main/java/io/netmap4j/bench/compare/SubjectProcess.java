package io.netmap4j.bench.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A subject at work, in a fake machine with a model of its own, which runs while the subject
 * measures. For one thread.
 */
final class SubjectProcess implements AutoCloseable {
  private static final long READY_SECONDS = 180;
  private static final long ANSWER_SECONDS = 180;

  private final Subject subject;
  private final Model model;
  private final Child child;
  private final Map<String, String> properties;

  /**
   * Starts it and waits until it is ready.
   *
   * @param root the source tree
   * @param folder for the model's files, on a tmpfs; logs are beside it
   * @param cpu where the model and the driver run
   * @throws IOException it cannot be started, or says that it failed
   */
  SubjectProcess(Subject subject, Path root, Path folder, int cpu) throws IOException {
    this.subject = subject;
    this.model = new Model(root, folder, subject.vfioUser(), cpu);
    List<String> command = new ArrayList<>();
    if (!subject.vfioUser()) { // a socket needs no files in sysfs
      command.add(root.resolve("bench/fake-machine").toString());
      command.add(folder.toString());
    }
    command.addAll(subject.command(folder, cpu));
    try {
      this.child =
          new Child(subject.line(), command, folder.resolveSibling(folder.getFileName() + ".log"));
    } catch (IOException e) {
      model.close();
      throw e;
    }
    try {
      this.properties = Answer.fields(child.line("ready", READY_SECONDS));
      model.pause();
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  Subject subject() {
    return subject;
  }

  /** What the subject says of itself: tsc, version, doorbell ... */
  Map<String, String> properties() {
    return properties;
  }

  /**
   * Asks for one answer.
   *
   * @return null when the subject cannot do this
   * @throws IOException the subject has failed or has ended, or has not answered in time
   */
  String ask(String request) throws IOException {
    model.resume();
    try {
      child.tell(request);
      String line = child.line("", ANSWER_SECONDS);
      return line.startsWith("n/a") ? null : line;
    } finally {
      model.pause();
    }
  }

  /** Ends the subject, then its model. */
  @Override
  public void close() {
    try {
      model.resume();
    } catch (IOException e) {
      // what does not end by itself is ended by force
    }
    child.close();
    model.close();
  }
}

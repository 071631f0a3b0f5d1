package io.netmap4j.bench.compare;

import java.nio.file.Path;
import java.util.List;

/**
 * Something that can be measured.
 *
 * @param line its name in tables and charts
 * @param words the command that starts it; {@link #FOLDER} and {@link #CPU} stand for what is known
 *     then
 * @param vfioUser true when it connects to the model's sockets
 * @param missing what to install, in one line; empty when nothing is missing
 */
record Subject(String line, List<String> words, boolean vfioUser, String missing) {
  /** Of the model's files. */
  static final String FOLDER = "{folder}";

  static final String CPU = "{cpu}";

  /** Ends the name of a subject that is there a second time. */
  static final String AGAIN = " (again)";

  /** The same once more, for the spread of two measurements of one thing. */
  Subject again() {
    return new Subject(line + AGAIN, words, vfioUser, missing);
  }

  boolean available() {
    return missing.isEmpty();
  }

  List<String> command(Path folder, int cpu) {
    return words.stream()
        .map(word -> word.replace(FOLDER, folder.toString()).replace(CPU, Integer.toString(cpu)))
        .toList();
  }
}

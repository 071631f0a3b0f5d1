package io.netmap4j.bench.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Something that can be measured.
 *
 * @param line its name in tables and charts
 * @param dpdk true for DPDK, false for ours
 * @param words the command that starts it; {@link #CONTROL} and {@link #CPU} stand for what is
 *     known then
 * @param missing what to install, in one line; empty when nothing is missing
 */
record Subject(String line, boolean dpdk, List<String> words, String missing) {
  static final String CONTROL = "{control}";
  static final String CPU = "{cpu}";

  /** The same once more, for the spread of two measurements of one thing. */
  Subject again() {
    return new Subject(line + AGAIN, dpdk, words, missing);
  }

  static final String AGAIN = " (again)";

  boolean available() {
    return missing.isEmpty();
  }

  List<String> command(Path control, int cpu) {
    List<String> command = new ArrayList<>();
    for (String word : words) {
      command.add(
          word.equals(CONTROL)
              ? control.toString()
              : word.equals(CPU) ? Integer.toString(cpu) : word);
    }
    return command;
  }
}

package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The table of {@code docs/choosing.md}: what a backend lacks on a machine. */
public final class DecisionTable {
  private static final String BEGIN = "| the machine |";

  private DecisionTable() {}

  /**
   * One column, by machine.
   *
   * @param scheme of the backend
   * @return what is missing; null where the card is not listed
   */
  public static Map<String, List<String>> of(String scheme) throws IOException {
    List<String> lines =
        Files.readAllLines(Path.of(System.getProperty("basedir", "."), "../docs/choosing.md"));
    int at = 0;
    while (!lines.get(at).startsWith(BEGIN)) {
      at++;
    }
    List<String> head = cells(lines.get(at));
    int column = head.indexOf("`" + scheme + ":` lacks");
    Map<String, List<String>> table = new LinkedHashMap<>();
    for (at += 2; lines.get(at).startsWith("|"); at++) {
      List<String> cells = cells(lines.get(at));
      String cell = cells.get(column);
      table.put(
          cells.get(0),
          cell.equals("not listed")
              ? null
              : cell.equals("-") ? List.of() : List.of(cell.split("; ")));
    }
    return table;
  }

  private static List<String> cells(String line) {
    return Arrays.stream(line.substring(1, line.length() - 1).split("\\|"))
        .map(String::strip)
        .toList();
  }

  /** Each message begins as the table says, and there is no other kind. */
  public static void assertSays(String machine, List<String> wanted, List<String> said) {
    if (wanted == null || said == null) {
      assertThat(said).as(machine).isEqualTo(wanted);
      return;
    }
    assertThat(said).as(machine).allMatch(message -> wanted.stream().anyMatch(message::startsWith));
    assertThat(wanted)
        .as(machine)
        .allMatch(begin -> said.stream().anyMatch(message -> message.startsWith(begin)));
  }
}

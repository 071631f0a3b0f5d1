package io.netmap4j.project;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * netmap's names and tests, with what this project has of each: the lists behind
 * docs/netmap-api.md.
 */
final class NetmapApi {
  /** What a name may be. */
  static final List<String> STATES = List.of("works", "differs", "not here");

  /**
   * Some names of netmap's that are alike.
   *
   * @param tests {@code Class#method}, or a class as a whole
   */
  record Row(String section, List<String> names, String state, String remark, List<String> tests) {}

  /**
   * A script or test case of netmap's.
   *
   * @param reason why there is no test of its assertions; empty where there is one
   */
  record Case(String id, String name, String reason) {}

  private static final Pattern NUMBERED = Pattern.compile("script\\d{3}|cat\\d{2}");
  private static final Pattern METHOD = Pattern.compile("void ((?:script\\d{3}|cat\\d{2})\\w*)\\(");

  final List<Row> rows = new ArrayList<>();
  final List<Case> cases = new ArrayList<>();
  final SortedSet<String> names = new TreeSet<>();

  /** Simple names of test classes to their sources. */
  final Map<String, String> testClasses = new TreeMap<>();

  /** Ids of cases to {@code Class#method}. */
  final SortedMap<String, SortedSet<String>> found = new TreeMap<>();

  NetmapApi(SortedMap<String, String> files) {
    readRows();
    for (String line : lines("netmap-tests.tsv")) {
      String[] cells = line.split("\t", -1);
      cases.add(new Case(cells[0], cells[1], cells[2]));
    }
    names.addAll(lines("netmap-names.txt"));
    files.forEach(
        (file, text) -> {
          if (file.contains("src/test/java/") && file.endsWith(".java")) {
            String type = file.substring(file.lastIndexOf('/') + 1, file.length() - 5);
            testClasses.put(type, text);
            for (Matcher m = METHOD.matcher(text); m.find(); ) {
              for (Matcher id = NUMBERED.matcher(m.group(1)); id.find(); ) {
                found
                    .computeIfAbsent(id.group(), k -> new TreeSet<>())
                    .add(type + "#" + m.group(1));
              }
            }
          }
        });
  }

  private void readRows() {
    String section = "";
    for (String line : lines("netmap-api.tsv")) {
      if (line.startsWith("## ")) {
        section = line.substring(3);
        continue;
      }
      String[] cells = line.split("\t", -1);
      List<String> tests = cells[3].isEmpty() ? List.of() : List.of(cells[3].split(" "));
      rows.add(new Row(section, List.of(cells[0].split(" ")), cells[1], cells[2], tests));
    }
  }

  private static List<String> lines(String resource) {
    Path file =
        Modules.ROOT.resolve("apps/src/test/resources/io/netmap4j/project").resolve(resource);
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
          .filter(line -> !line.isBlank() && !line.startsWith("# "))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** True when the sources of the tests have that class, and that method. */
  boolean isTest(String test) {
    int hash = test.indexOf('#');
    String text = testClasses.get(hash < 0 ? test : test.substring(0, hash));
    return text != null
        && (hash < 0
            ? text.contains(" extends ") || text.contains("@Test")
            : text.contains("void " + test.substring(hash + 1) + "("));
  }

  /** docs/netmap-api.md. */
  String document() {
    StringBuilder d = new StringBuilder();
    d.append(
        """
        # netmap's API here

        Every name, mode, flag, option, request and helper of `netmap.h`, `netmap_user.h` and `libnetmap.h` (netmap's commit
        89607e14), what there is of it here, and the test that shows it; then netmap's own tests. The build makes and
        checks this file: its source is `apps/src/test/resources/io/netmap4j/project/netmap-api.tsv`.

        *works*: as in netmap, within the process. *differs*: the remark says how. *not here*: the remark says why. What
        each does is in [netmap-abi.md](netmap-abi.md).
        """);
    String section = "";
    for (Row row : rows) {
      if (!row.section.equals(section)) {
        section = row.section;
        d.append("\n## ")
            .append(section)
            .append("\n\n| name | state | remark | test |\n|---|---|---|---|\n");
      }
      boolean prose = row.names.get(0).equals("struct") || row.names.get(0).equals("nm_open's");
      String shown =
          prose ? String.join(" ", row.names) : "`" + String.join("` `", row.names) + "`";
      d.append("| ").append(cell(shown)).append(" | ").append(row.state).append(" | ");
      d.append(cell(row.remark)).append(" | ").append(String.join(", ", row.tests)).append(" |\n");
    }
    d.append("\n## netmap's own tests\n\n");
    d.append("The assertions of `utils/tests` (script) and of `utils/ctrl-api-test.c` (cat).\n\n");
    d.append("| test | name | here |\n|---|---|---|\n");
    for (Case c : cases) {
      String here = String.join(", ", found.getOrDefault(c.id, new TreeSet<>()));
      d.append("| ").append(c.id).append(" | `").append(c.name).append("` | ");
      d.append(here.isEmpty() ? c.reason : here).append(" |\n");
    }
    return d.toString().replaceAll("(?m) +\\|", " |");
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }
}

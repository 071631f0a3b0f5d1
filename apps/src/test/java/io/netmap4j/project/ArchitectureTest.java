package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What docs/architecture.md says of modules, threads and names, against the code. */
class ArchitectureTest {
  private static final String DOCUMENT = "docs/architecture.md";
  private static final Pattern CLASS = Pattern.compile("\\[([A-Z]\\w+)\\](?![:(])");
  private static final Pattern DEFINITION =
      Pattern.compile("^\\[([A-Z]\\w+)\\]: (\\S+)$", Pattern.MULTILINE);
  private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");

  /** {@code [Kring] `txSync`}, {@code `Kring.shut`}. */
  private static final Pattern MEMBER =
      Pattern.compile("\\[([A-Z]\\w+)\\]\\s`(\\w+)`|`([A-Z]\\w+)\\.([a-zA-Z]\\w*)`");

  private static final Pattern NEW_THREAD = Pattern.compile("\\bnew Thread\\(");

  private final SortedMap<String, String> files = Sources.all();
  private final String document = files.get(DOCUMENT);

  @Test
  void theTableOfModulesIsThatOfThePoms() {
    Map<String, String> table = new TreeMap<>();
    for (List<String> row : table("| module | Java module |")) {
      table.put(plain(row.get(0)), plain(row.get(1)) + " uses " + words(row.get(3)));
    }
    Map<String, String> code = new TreeMap<>();
    Matcher module = Pattern.compile("<module>([^<]+)</module>").matcher(files.get("pom.xml"));
    while (module.find()) {
      code.put(module.group(1), "");
    }
    Map<String, String> folders = new HashMap<>();
    code.keySet().forEach(m -> folders.put(moduleName(m), m));
    code.replaceAll((m, nothing) -> moduleName(m) + " uses " + uses(m, folders));
    assertThat(table).isEqualTo(code);
  }

  @Test
  void readersFindEveryModule() {
    for (String guide : List.of("README.md", "CONTRIBUTING.md")) {
      for (List<String> row : table("| module | Java module |")) {
        assertThat(files.get(guide)).as("%s, of module %s", guide, row.get(0)).contains(row.get(0));
      }
    }
  }

  @Test
  void theTableOfThreadsIsComplete() {
    Map<String, Set<String>> namesByClass = new TreeMap<>();
    for (List<String> row : table("| thread | name | made by |")) {
      Matcher made = CLASS.matcher(row.get(2));
      if (made.find()) {
        Set<String> names = namesByClass.computeIfAbsent(made.group(1), c -> new TreeSet<>());
        Matcher name = CODE.matcher(row.get(1));
        while (name.find()) {
          names.add(name.group(1));
        }
      }
    }
    Set<String> makers = new TreeSet<>();
    files.forEach(
        (file, text) -> {
          boolean ours = file.contains("/src/main/java/") && !file.startsWith("examples/");
          if (ours && NEW_THREAD.matcher(text).find()) {
            makers.add(file.replaceFirst(".*/(\\w+)\\.java", "$1"));
          }
        });
    assertThat(namesByClass.keySet()).as("classes that make threads").isEqualTo(makers);
    namesByClass.forEach(
        (maker, names) -> {
          String text = source(maker);
          assertThat(names).as(maker).allMatch(name -> text.contains(name.strip()));
        });
  }

  @Test
  void classesAreLinked() {
    Set<String> defined = new TreeSet<>();
    Matcher definition = DEFINITION.matcher(document);
    while (definition.find()) {
      defined.add(definition.group(1));
      assertThat(definition.group(2)).endsWith("/" + definition.group(1) + ".java");
    }
    Set<String> used = new TreeSet<>();
    Matcher name = CLASS.matcher(document);
    while (name.find()) {
      used.add(name.group(1));
    }
    assertThat(used).isEqualTo(defined);
  }

  @Test
  void membersExist() {
    List<String> missing = new ArrayList<>();
    int found = 0;
    Matcher member = MEMBER.matcher(document);
    while (member.find()) {
      String type = member.group(1) != null ? member.group(1) : member.group(3);
      String name = member.group(1) != null ? member.group(2) : member.group(4);
      found++;
      if (!Pattern.compile("\\b" + name + "\\b").matcher(source(type)).find()) {
        missing.add(type + "." + name);
      }
    }
    assertThat(missing).isEmpty();
    assertThat(found).isGreaterThan(40);
  }

  /** The source of the class that the document links, or of the only one of that name. */
  private String source(String type) {
    Matcher definition = DEFINITION.matcher(document);
    while (definition.find()) {
      if (definition.group(1).equals(type)) {
        return files.getOrDefault(definition.group(2).replaceFirst("^\\.\\./", ""), "");
      }
    }
    return files.entrySet().stream()
        .filter(file -> file.getKey().endsWith("/" + type + ".java"))
        .map(Map.Entry::getValue)
        .collect(Collectors.joining());
  }

  /** The rows below a header. */
  private List<List<String>> table(String header) {
    List<List<String>> rows = new ArrayList<>();
    String from = document.substring(document.indexOf(header));
    for (String line : from.lines().skip(2).takeWhile(l -> l.startsWith("|")).toList()) {
      rows.add(Arrays.stream(line.substring(1).split("\\|", -1)).map(String::strip).toList());
    }
    assertThat(rows).as(header).isNotEmpty();
    return rows;
  }

  private static String plain(String cell) {
    return cell.replace("`", "");
  }

  private static Set<String> words(String cell) {
    return Arrays.stream(cell.split(", "))
        .filter(w -> !w.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private String moduleName(String folder) {
    return first("module ([\\w.]+)", files.get(folder + "/src/main/java/module-info.java"));
  }

  /** By module-info, else by the pom. */
  private Set<String> uses(String folder, Map<String, String> folders) {
    Set<String> uses = new TreeSet<>();
    String info = files.get(folder + "/src/main/java/module-info.java");
    if (info != null) {
      addRequired(info, "requires [\\w ]*?([\\w.]+);", folders, uses);
    } else {
      Matcher imported =
          Pattern.compile("^import (?:static )?(io\\.netmap4j[\\w.]*)\\.", Pattern.MULTILINE)
              .matcher(
                  files.entrySet().stream()
                      .filter(f -> f.getKey().startsWith(folder + "/src/main/java/"))
                      .map(Map.Entry::getValue)
                      .collect(Collectors.joining("\n")));
      while (imported.find()) {
        uses.add(owner(imported.group(1), folders));
      }
    }
    uses.remove("");
    uses.remove(folder);
    return uses;
  }

  /** What a module-info requires, and what that requires for all who require it. */
  private void addRequired(
      String info, String regex, Map<String, String> folders, Set<String> uses) {
    Matcher requires = Pattern.compile(regex).matcher(info);
    while (requires.find()) {
      String folder = folders.get(requires.group(1));
      if (folder != null && uses.add(folder)) {
        String its = files.get(folder + "/src/main/java/module-info.java");
        addRequired(its, "requires transitive ([\\w.]+);", folders, uses);
      }
    }
  }

  /** The module whose name is the longest beginning of a package's. */
  private static String owner(String type, Map<String, String> folders) {
    return folders.entrySet().stream()
        .filter(m -> (type + ".").startsWith(m.getKey() + "."))
        .max(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .orElse("");
  }

  private static String first(String regex, String text) {
    Matcher m = Pattern.compile(regex).matcher(text == null ? "" : text);
    return m.find() ? m.group(1) : "";
  }
}

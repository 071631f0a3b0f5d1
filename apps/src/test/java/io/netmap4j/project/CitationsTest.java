package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What comments, messages and documents refer to is in the repository. */
class CitationsTest {
  private static final String SECTION = "\\d+(?:\\.\\d+)*";

  /** {@code docs/82599.md 2.3, 4.7} or {@code ... 4.1 to 4.3}: a document, and sections of it. */
  private static final Pattern CITATION =
      Pattern.compile(
          "docs/([\\w-]+\\.md)(?: (" + SECTION + "(?:(?:,? and |,? to |, )" + SECTION + ")*))?");

  /** What stands between words that a line break parts: a comment's margin, or {@code " + "}. */
  private static final Pattern BREAK =
      Pattern.compile("\"\\s*\\+\\s*\"|\\s*\\R\\s*(?:\\*(?!/)|//|#)?\\s*");

  private static final Pattern HEADING =
      Pattern.compile("^#+ +(?:(" + SECTION + ")\\.? )?(.*)$", Pattern.MULTILINE);

  /** {@code [text](target)}, and {@code [text]: target} on a line of its own. */
  private static final Pattern LINK =
      Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]*)\\)|^\\[[^\\]]+\\]: (\\S+)$", Pattern.MULTILINE);

  private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
  private static final Pattern PATH = Pattern.compile("[\\w.-]+(?:/[\\w.-]+)+/?");

  /** References that only their writer could follow. */
  private static final Pattern UNRESOLVABLE =
      Pattern.compile(
          "(?i)fact sheet|ABI sheet|\\bfacts? \\d+\\.?\\d*\\b|\\(facts\\b|design\\.md|\\bdatasheet \\d");

  private final SortedMap<String, String> files = Sources.all();

  @Test
  void citedSectionsExist() {
    Set<String> broken = new TreeSet<>();
    int sections = 0;
    for (String file : files.keySet()) {
      Matcher citation = CITATION.matcher(BREAK.matcher(files.get(file)).replaceAll(" "));
      while (citation.find()) {
        String document = "docs/" + citation.group(1);
        if (!files.containsKey(document)) {
          broken.add(file + " cites " + document + ", which does not exist");
        } else if (citation.group(2) != null) {
          Set<String> known = sections(files.get(document));
          for (String section : citation.group(2).split("[^\\d.]+")) {
            sections++;
            if (!known.contains(section)) {
              broken.add(file + " cites " + document + " " + section + ", which has no heading");
            }
          }
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(sections).as("citations found").isGreaterThan(100);
  }

  @Test
  void nothingIsCitedThatAReaderCannotOpen() {
    Set<String> found = new TreeSet<>();
    files.forEach(
        (file, text) -> {
          Matcher m = UNRESOLVABLE.matcher(BREAK.matcher(text).replaceAll(" "));
          while (m.find() && !file.endsWith("/CitationsTest.java")) {
            found.add(file + ": " + m.group());
          }
        });
    assertThat(found).isEmpty();
  }

  @Test
  void linksInDocumentsLeadSomewhere() {
    Set<String> broken = new TreeSet<>();
    files.forEach(
        (file, text) -> {
          if (file.endsWith(".md")) {
            Matcher link = LINK.matcher(withoutCodeBlocks(text));
            while (link.find()) {
              String target = link.group(1) != null ? link.group(1) : link.group(2);
              if (!target.contains("://") && !resolves(file, target)) {
                broken.add(file + ": " + target);
              }
            }
          }
        });
    assertThat(broken).isEmpty();
  }

  @Test
  void pathsInDocumentsExist() {
    Set<String> broken = new TreeSet<>();
    Set<String> folders = new HashSet<>();
    files.keySet().forEach(file -> folders.add(file.substring(0, file.indexOf('/') + 1)));
    files.forEach(
        (file, text) -> {
          if (file.endsWith(".md")) {
            Matcher code = CODE.matcher(withoutCodeBlocks(text));
            while (code.find()) {
              String path = code.group(1);
              boolean ours = folders.contains(path.substring(0, path.indexOf('/') + 1));
              if (ours
                  && PATH.matcher(path).matches()
                  && !path.contains("/target/")
                  && Files.notExists(Modules.ROOT.resolve(path))) {
                broken.add(file + ": " + path);
              }
            }
          }
        });
    assertThat(broken).isEmpty();
  }

  private boolean resolves(String from, String link) {
    int hash = link.indexOf('#');
    String path = hash < 0 ? link : link.substring(0, hash);
    Path file = path.isEmpty() ? Path.of(from) : Path.of("/" + from).resolveSibling(path);
    Path target = Modules.ROOT.resolve(file.normalize().toString().replaceFirst("^/", ""));
    if (Files.notExists(target)) {
      return false;
    }
    String text = files.get(Modules.ROOT.relativize(target).toString());
    return hash < 0 || text != null && anchors(text).contains(link.substring(hash + 1));
  }

  private static Set<String> sections(String document) {
    Set<String> sections = new HashSet<>();
    Matcher heading = HEADING.matcher(withoutCodeBlocks(document));
    while (heading.find()) {
      sections.add(heading.group(1));
    }
    return sections;
  }

  /** As GitHub makes them of headings. */
  private static Set<String> anchors(String document) {
    Set<String> anchors = new HashSet<>();
    Matcher heading = HEADING.matcher(withoutCodeBlocks(document));
    while (heading.find()) {
      String title = heading.group().replaceFirst("^#+ +", "").toLowerCase(Locale.ROOT);
      anchors.add(title.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'));
    }
    return anchors;
  }

  private static String withoutCodeBlocks(String document) {
    return document.replaceAll("(?ms)^```.*?^```", "");
  }
}

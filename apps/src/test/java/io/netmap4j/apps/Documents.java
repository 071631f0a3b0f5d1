package io.netmap4j.apps;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The commands in the documents: lines of indented blocks, and code in sentences. */
final class Documents {
  static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private static final int INDENT = 4;
  private static final Pattern BLOCK = Pattern.compile(" {4}\\S.*");

  /** Names of ports, properties, comments: all else in a block is a command. */
  private static final Pattern NO_COMMAND =
      Pattern.compile("(netmap:|vale[A-Z]|\\.\\.\\.|nic\\.|memory\\.|#).*");

  private static final Pattern SPAN = Pattern.compile("`([^`\\n]+)`");

  /** In a sentence, a file's name alone is no command, and such words are not ours. */
  private static final Pattern SPAN_COMMAND =
      Pattern.compile(
          "(\\./)?netmap4j [a-z].*|mvn .*|(vm|bench|release|docs/site|examples)/[a-z-]+( .*)?");

  /**
   * @param file below the repository
   * @param text without comment, lines joined
   * @param whole in a block; code in a sentence may leave out what does not matter there
   */
  record Documented(String file, String text, boolean whole) {
    @Override
    public String toString() {
      return file + ": " + text;
    }
  }

  private Documents() {}

  static String read(String file) {
    try {
      return Files.readString(ROOT.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> files() throws IOException {
    List<String> files = new ArrayList<>(List.of("README.md", "CONTRIBUTING.md"));
    files.add("examples/README.md");
    try (Stream<Path> documents = Files.list(ROOT.resolve("docs"))) {
      documents
          .filter(path -> path.toString().endsWith(".md"))
          .sorted()
          .forEach(path -> files.add("docs/" + path.getFileName()));
    }
    return files;
  }

  /** Each once for each document. */
  static List<Documented> commands() throws IOException {
    List<Documented> all = new ArrayList<>();
    for (String file : files()) {
      String text = read(file).replaceAll("(?ms)^```.*?^```$", "");
      Map<String, Boolean> commands = new LinkedHashMap<>();
      boolean block = false;
      boolean before = true;
      for (String line : text.replaceAll(" *\\\\\\n *", " ").split("\n")) {
        block = BLOCK.matcher(line).matches() && (block || before); // else a list goes on
        before = line.isBlank();
        if (block && !NO_COMMAND.matcher(line.substring(INDENT)).matches()) {
          for (String command : uncommented(line.substring(INDENT)).split("; ")) {
            commands.put(command, true);
          }
        }
      }
      Matcher span = SPAN.matcher(text);
      while (span.find()) {
        if (SPAN_COMMAND.matcher(span.group(1)).matches()) {
          commands.putIfAbsent(span.group(1), false);
        }
      }
      commands.forEach((command, whole) -> all.add(new Documented(file, command, whole)));
    }
    return all;
  }

  /** Without a comment, or the explanation in a column of its own. */
  static String uncommented(String line) {
    return line.replaceFirst(" +# .*", "").replaceFirst("^(\\./netmap4j.*?) {2,}.*", "$1").strip();
  }

  /** The block of a document that has a line beginning so, without its indentation. */
  static String block(String file, String first) {
    List<String> lines = read(file).lines().toList();
    int begin = lines.indexOf(" ".repeat(INDENT) + first);
    if (begin < 0) {
      throw new AssertionError(file + " has no line: " + first);
    }
    StringBuilder block = new StringBuilder();
    for (String line : lines.subList(begin, lines.size())) {
      if (!BLOCK.matcher(line).matches()) {
        break;
      }
      block.append(line.substring(INDENT)).append('\n');
    }
    return block.toString();
  }
}

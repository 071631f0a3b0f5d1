package io.netmap4j.project;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The text files of the repository: sources, scripts, poms, documents. */
final class Sources {
  private static final Set<String> SKIPPED_FOLDERS = Set.of("target", ".git", ".idea", ".vscode");
  private static final Set<String> TEXT =
      Set.of("java", "md", "xml", "sh", "txt", "properties", "config", "tsv", "");

  private Sources() {}

  /** Path below the root, with slashes, to content. */
  static SortedMap<String, String> all() {
    SortedMap<String, String> files = new TreeMap<>();
    try {
      Files.walkFileTree(
          Modules.ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              return SKIPPED_FOLDERS.contains(folder.getFileName().toString())
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              String name = file.getFileName().toString();
              String ending = name.substring(name.lastIndexOf('.') + 1);
              if (attributes.isRegularFile() && (TEXT.contains(ending) || name.equals(ending))) {
                files.put(
                    Modules.ROOT.relativize(file).toString(),
                    new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }
}

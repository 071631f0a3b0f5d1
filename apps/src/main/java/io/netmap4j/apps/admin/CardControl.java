package io.netmap4j.apps.admin;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code --control} of {@code nic-model}: what is done to its cards while it serves them. */
final class CardControl {
  private static final String FORMS =
      "pull N, plug N, heat N, cool N, module N KIND or partner N KEY=VALUE,...; N is a card: 0 or 1";

  @Option(
      names = "--control",
      paramLabel = "FILE",
      description =
          "Reads lines from there while it serves: \"pull N\" pulls the cable of card N (0 or 1), \"plug N\" plugs it in"
              + " again, \"heat N\" makes the PHY of an X540 or X550 too hot, \"cool N\" lets it cool, \"module N KIND\" changes the module in its cage (absent: none), \"partner N KEY=VALUE,...\""
              + " changes its link partner (keys of --link). A FIFO (mkfifo) may have any number of writers; - is"
              + " standard input.")
  String control;

  /** Before anything is served. @throws IOException the file is missing, or can't be read */
  void require() throws IOException {
    if (control == null || control.equals("-")) {
      return;
    }
    Path file = Path.of(control);
    if (!Files.exists(file)) {
      throw new IOException("--control " + file + ": no such file; mkfifo " + file + " makes one");
    }
    if (Files.isDirectory(file) || !Files.isReadable(file)) {
      throw new IOException(
          "--control "
              + file
              + (Files.isDirectory(file) ? ": it is a folder" : ": permission denied"));
    }
  }

  /** Follows the file, if there is one: here, or what waits for writers on a thread of its own. */
  void start(List<Nic82599> cards, CommandContext context) throws IOException {
    if (control == null) {
      return;
    }
    Path file = control.equals("-") ? null : Path.of(control);
    if (file != null && Files.isRegularFile(file)) {
      follow(Files.newInputStream(file), cards, context);
      return;
    }
    Thread reader =
        new Thread(
            () -> {
              try {
                do {
                  // A FIFO ends with each of its writers.
                  follow(file == null ? System.in : Files.newInputStream(file), cards, context);
                } while (file != null);
              } catch (IOException e) {
                context.err.println("netmap4j: --control " + control + ": " + FileErrors.reason(e));
              }
            },
            "control");
    reader.setDaemon(true);
    reader.start();
  }

  private static void follow(InputStream from, List<Nic82599> cards, CommandContext context)
      throws IOException {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.isBlank()) {
          follow(line.strip(), cards, context);
        }
      }
    }
  }

  private static void follow(String line, List<Nic82599> cards, CommandContext context) {
    try {
      String[] words = line.split("\\s+");
      if (words.length < 2 || !words[1].matches("[01]")) {
        throw new IllegalArgumentException(FORMS);
      }
      int number = Integer.parseInt(words[1]);
      if (number >= cards.size()) {
        throw new IllegalArgumentException("there is one card, 0");
      }
      act(words, cards.get(number));
      context.out.println(line + ": done");
    } catch (IllegalArgumentException e) {
      context.err.println("netmap4j: --control: '" + line + "': " + e.getMessage());
    }
  }

  private static void act(String[] words, Nic82599 card) {
    switch (words[0] + words.length) {
      case "pull2" -> card.setLink(false);
      case "plug2" -> card.setLink(true);
      case "heat2" -> card.setHot(true);
      case "cool2" -> card.setHot(false);
      case "module3" -> card.module(ModuleKind.parse(words[2]));
      case "partner3" -> card.partner(LinkOptions.parse(words[2]).partner());
      default -> throw new IllegalArgumentException(FORMS);
    }
  }
}

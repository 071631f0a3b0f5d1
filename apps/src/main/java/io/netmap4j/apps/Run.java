package io.netmap4j.apps;

import io.netmap4j.apps.traffic.Captures;
import io.netmap4j.apps.traffic.MetricsOption;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.apps.traffic.Workers;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;

/**
 * Runs several commands in one process, which therefore share its devices: both ends of the
 * modelled pair, say.
 */
@Command(
    name = "run",
    description =
        "Runs several commands at once in one process; they share its ports and its modelled cards.",
    footer = {
      "",
      "Each starts when the one before it has opened its ports. All end at their own time, at Ctrl-C, or when one of"
          + " them fails: the others end with their totals then. The exit code is the largest of theirs.",
      "",
      "Examples:",
      "  netmap4j run \"dump -i netmap:model1 -w out.pcap -c 1000\" \"replay -i netmap:model0 -r samples/mixed.pcap\"",
      "  netmap4j run \"pkt-gen -i netmap:model1 -f rx -W\" \"pkt-gen -i netmap:model0 -f tx -n 1000000\"",
    })
final class Run extends SubCommand {
  /**
   * Opening hardware takes a few seconds; a command that takes longer does not hold the others up
   * for ever.
   */
  private static final long READY_SECONDS = 30;

  @Mixin MetricsOption metrics;

  @Parameters(
      arity = "1..*",
      paramLabel = "COMMAND",
      description = "A command with its options, quoted.")
  List<String> commands;

  @Override
  public Integer call() throws Exception {
    List<String[]> each = new ArrayList<>();
    for (String command : commands) {
      each.add(split(command));
    }
    List<Captures.User> users = captureUsers(each);
    Captures.check(users, spec);
    // Packets on standard output: what is text goes beside them.
    PrintStream text = Captures.writeStandardOutput(users) ? context.err : context.out;
    Stop stop = context.stop.child();
    Workers workers = new Workers(stop);
    int[] codes = new int[commands.size()];
    AtomicBoolean failed = new AtomicBoolean();
    for (int i = 0; i < codes.length && !failed.get(); i++) {
      String[] words = each.get(i);
      int me = i;
      Main one = new Main(stop, text, context.err, context.figures());
      workers.start(
          words.length == 0 ? "empty" : words[0],
          () -> {
            codes[me] = one.run(words);
            if (codes[me] != Main.OK) {
              failed.set(true);
              stop.request(); // the others would wait for what does not come
            }
          });
      one.awaitReady(READY_SECONDS);
    }
    workers.join();
    context.ready();
    int worst = Main.OK;
    for (int code : codes) {
      worst = Math.max(worst, code);
    }
    return worst;
  }

  /** The commands that have capture files, with their options read, before any of them starts. */
  private List<Captures.User> captureUsers(List<String[]> each) {
    List<Captures.User> users = new ArrayList<>();
    for (String[] words : each) {
      try {
        ParseResult parsed =
            new Main(context.stop, context.out, context.err).line().parseArgs(words);
        if (parsed.hasSubcommand()
            && parsed.subcommand().commandSpec().userObject() instanceof Captures.User user) {
          users.add(user);
        }
      } catch (ParameterException e) {
        // It says so itself when its turn comes.
      }
    }
    return users;
  }

  /** Words as a shell splits them, with single and double quotes. */
  private String[] split(String command) {
    List<String> words = new ArrayList<>();
    StringBuilder word = null;
    char quote = 0;
    for (char c : command.toCharArray()) {
      if (quote != 0 ? c == quote : c == '"' || c == '\'') {
        quote = quote == 0 ? c : 0;
        word = word == null ? new StringBuilder() : word;
      } else if (quote == 0 && Character.isWhitespace(c)) {
        if (word != null) {
          words.add(word.toString());
        }
        word = null;
      } else {
        word = word == null ? new StringBuilder() : word;
        word.append(c);
      }
    }
    if (quote != 0) {
      throw new ParameterException(spec.commandLine(), "a quote is not closed in: " + command);
    }
    if (word != null) {
      words.add(word.toString());
    }
    return words.toArray(new String[0]);
  }
}

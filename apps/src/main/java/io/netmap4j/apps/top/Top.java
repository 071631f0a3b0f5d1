package io.netmap4j.apps.top;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.apps.traffic.Converters;
import io.netmap4j.apps.traffic.Rates;
import io.netmap4j.apps.traffic.SubCommand;
import io.netmap4j.linux.Terminal;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Asks the commands that serve their meters, and shows what they say, again and again. */
@Command(
    name = "top",
    description =
        "Shows ports, rings and rates of other commands as they run, by their --metrics; in place on a terminal.",
    footer = {
      "",
      "Rates are those of the last interval. A ring's fill is that of the moment: RX received and not yet released, TX"
          + " given and not yet given back: a card gives back what it has sent at the next sync and 32 slots at a time, so"
          + " an idle ring may read as full. WAKE/s: how often a wait slept and was woken. - is what a kind of port does not"
          + " count. Without a terminal each page is printed below the one before, without escape codes. Ctrl-C ends it;"
          + " the exit code is then 130. It is 1 when none of the addresses answers with meters at first.",
      "",
      "Examples:",
      "  netmap4j bridge -i netmap:eth0 -i netmap:eth1 --metrics 9400      and in another shell:",
      "  netmap4j top 9400",
      "  netmap4j top -n 1 -d 5 9400 192.0.2.7:9400",
    })
public final class Top extends SubCommand {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
  private static final String CLEAR = "\u001b[2J";
  private static final String HOME = "\u001b[H";
  private static final String CLEAR_LINE = "\u001b[K";
  private static final String CLEAR_BELOW = "\u001b[J";
  private static final String HIDE_CURSOR = "\u001b[?25l";
  private static final String SHOW_CURSOR = "\u001b[?25h";

  private static final int STANDARD_OUTPUT = 1;
  private static final long STEP_NANOS = 50_000_000;

  @Parameters(
      arity = "1..*",
      paramLabel = "[ADDRESS:]PORT",
      converter = Converters.Listening.class,
      description = "What the commands' --metrics say; without ADDRESS, this machine.")
  List<InetSocketAddress> addresses;

  @Option(
      names = "-n",
      paramLabel = "COUNT",
      converter = Converters.Count.class,
      defaultValue = "0",
      description = "End after so many pages; 0, the default, for no end.")
  long count;

  @Option(
      names = "-d",
      paramLabel = "SECONDS",
      defaultValue = "1",
      description = "Seconds between pages, 0.1 to 3600 (default: 1).")
  double seconds;

  private List<EndPoint> endPoints;
  private Terminal.Size size;

  @Override
  public Integer call() throws Exception {
    require(seconds >= 0.1 && seconds <= 3600, "-d " + seconds + " is out of range: 0.1 to 3600");
    require(addresses.stream().allMatch(at -> at.getPort() != 0), "port 0 is no port to ask");
    endPoints = addresses.stream().map(EndPoint::new).toList();
    HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    poll(client);
    if (endPoints.stream().allMatch(one -> one.trouble() != null)) {
      throw new IOException(endPoints.get(0).url() + ": " + endPoints.get(0).trouble());
    }
    context.ready();
    try {
      long next = System.nanoTime();
      for (long page = 0; count == 0 || page < count; page++) {
        next += (long) (seconds * 1e9);
        if (!sleep(next)) {
          break;
        }
        poll(client);
        show();
      }
    } finally {
      if (size != null) {
        context.out.print(SHOW_CURSOR);
        context.out.flush();
      }
    }
    return CommandContext.OK;
  }

  /** Asks all, and waits for the answers; for those that had trouble before, half an interval. */
  private void poll(HttpClient client) throws InterruptedException {
    endPoints.forEach(one -> one.ask(client));
    long end = System.nanoTime() + (long) (seconds * 0.5e9);
    while (!context.stop.requested() && endPoints.stream().anyMatch(one -> waitsFor(one, end))) {
      TimeUnit.MILLISECONDS.sleep(2);
    }
    endPoints.forEach(EndPoint::take);
  }

  private static boolean waitsFor(EndPoint one, long end) {
    return one.asked() && (one.trouble() == null || System.nanoTime() - end < 0);
  }

  /**
   * @return false when the end is asked for
   */
  private boolean sleep(long until) {
    for (long left = 1; left > 0 && !context.stop.requested(); ) {
      left = until - System.nanoTime();
      LockSupport.parkNanos(Math.min(Math.max(0, left), STEP_NANOS));
    }
    return !context.stop.requested();
  }

  private void show() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "netmap4j top %s, every %s s%s",
            TIME.format(LocalTime.now(ZoneId.systemDefault())),
            Rates.brief(seconds),
            endPoints.size() == 1 ? ", " + endPoints.get(0).url() : ""));
    lines.addAll(Page.of(endPoints));
    Terminal.Size now = Terminal.size(STANDARD_OUTPUT);
    StringBuilder text = new StringBuilder();
    if (now == null) {
      lines.forEach(line -> text.append(line).append(System.lineSeparator()));
      text.append(System.lineSeparator());
    } else {
      text.append(size == null ? HIDE_CURSOR : "").append(now.equals(size) ? "" : CLEAR);
      text.append(HOME);
      for (String line : fitting(lines, now)) {
        text.append(line).append(CLEAR_LINE).append("\r\n");
      }
      text.append(CLEAR_BELOW);
      size = now;
    }
    context.out.print(text);
    context.out.flush();
  }

  /** As many as the screen has room for, and one for the cursor. */
  private static List<String> fitting(List<String> lines, Terminal.Size screen) {
    int room = Math.max(1, screen.rows() - 1);
    List<String> fit = new ArrayList<>();
    for (String line : lines) {
      if (fit.size() == room - 1 && lines.size() > room) {
        fit.add("... " + (lines.size() - fit.size()) + " more lines");
        break;
      }
      fit.add(line);
    }
    fit.replaceAll(line -> line.substring(0, Math.min(line.length(), screen.columns())));
    return fit;
  }
}

package io.netmap4j.bench.latency;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.bench.control.OneCompiler;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.bench.report.Run;
import io.netmap4j.common.WaitMode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Counts and names, not times: those depend on the machine. */
class LatencyCommandTest {
  private static final int PACKETS = 2000;

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int execute(String... arguments) {
    return new CommandLine(new LatencyCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .setExecutionExceptionHandler(
            (e, command, result) -> {
              throw e;
            })
        .execute(arguments);
  }

  @Test
  void figuresOfBothSubjectsAndOfEachWayToWait() throws IOException {
    OneCompiler.assumeThere();
    Path file = folder.resolve("run.json");
    assertThat(
            execute(
                "--rounds=2",
                "--loads=50",
                "--seconds=0.01",
                "--wake-ups=3",
                "--gap-micros=100",
                "--threads=1",
                "--json=" + file))
        .isZero(); // a packet that does not come back would be an error
    Run run = Run.read(file);
    assertThat(run.title()).isEqualTo("bench latency");
    assertThat(run.machine()).containsKeys("capacity", "threads", "control in C");
    String subject = "netmap4j, JDK " + Runtime.version().feature();
    assertThat(lines(run, "latency"))
        .containsExactly(
            "round trip at 50 % load: " + subject, "round trip at 50 % load: C control");
    assertThat(lines(run, "wakeup"))
        .containsExactly(
            "wake-up from idle: spin",
            "wake-up from idle: adaptive",
            "wake-up from idle: interrupt",
            "wake-up from idle: C, poll(2) on an eventfd");
    assertThat(lines(run, "latency-capacity")).hasSize(2);
    assertThat(lines(run, "latency-ratio"))
        .containsExactly("p99.99 of the round trip: netmap4j by C");
    for (String chart : List.of("latency", "wakeup")) {
      List<Figure> figures = run.figures().stream().filter(f -> f.chart().equals(chart)).toList();
      for (int i = 0; i < figures.size(); i++) {
        Figure f = figures.get(i);
        assertThat(f.min()).isPositive();
        assertThat(f.unit()).isEqualTo("ns");
        assertThat(f.rounds()).isEqualTo(2);
        assertThat(f.x()).isEqualTo(new double[] {50, 90, 99, 99.9, 99.99, 100}[i % 6]);
        if (i % 6 > 0) { // a percentile is no less than a lower one
          assertThat(f.min()).isGreaterThanOrEqualTo(figures.get(i - 1).min());
        }
      }
    }
    assertThat(out.toString()).contains("p99.99 at 50 % load, Java's by C's: ");
  }

  private static List<String> lines(Run run, String chart) {
    return run.figures().stream()
        .filter(f -> f.chart().equals(chart))
        .map(f -> f.what() + ": " + f.line())
        .distinct()
        .toList();
  }

  /**
   * With a thread for the answers, and without: each number is back once, and none before it left.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyPacketComesBackThroughOurDriver(boolean ownResponder) {
    try (EarlyEnd end = new EarlyEnd();
        RoundTrips trips = new RoundTrips(c -> new JavaExchange(c, end), ownResponder, end)) {
      assertAllBack(trips);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyPacketComesBackThroughTheControl(boolean ownResponder) throws IOException {
    OneCompiler.assumeThere();
    try (EarlyEnd end = new EarlyEnd();
        CLibrary library = CLibrary.build("latency", OneCompiler.in(folder).toString());
        RoundTrips trips = new RoundTrips(c -> new CExchange(c, library, end), ownResponder, end)) {
      assertAllBack(trips);
    }
  }

  private static void assertAllBack(RoundTrips trips) {
    for (int run = 0; run < 2; run++) { // the second begins where the first ended, around the rings
      var times = trips.at(PACKETS * 100.0, 0.01);
      assertThat(times.getTotalCount()).isEqualTo(PACKETS);
      assertThat(times.getMinValue()).isPositive();
    }
  }

  /**
   * Packets that are due at once and come back in order: each took as long as the last or longer.
   */
  @Test
  void timesCountFromWhenAPacketWasDue() {
    Trip trip = Trip.of(PACKETS, 0, RoundTrips.WINDOW);
    try (EarlyEnd end = new EarlyEnd();
        Cards cards = new Cards(WaitMode.SPIN);
        JavaExchange exchange = new JavaExchange(cards, end)) {
      cards.start();
      assertThat(exchange.ping(trip, true)).isEqualTo(PACKETS);
      for (int i = 1; i < PACKETS; i++) {
        assertThat(trip.time(i)).isGreaterThanOrEqualTo(trip.time(i - 1));
      }
    } finally {
      trip.free();
    }
  }

  @Test
  void anEarlyEndEndsARun() {
    try (EarlyEnd end = new EarlyEnd();
        RoundTrips trips = new RoundTrips(c -> new JavaExchange(c, end), true, end)) {
      end.request();
      assertThat(trips.at(1, 60).getTotalCount()).isZero(); // a minute's packets
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--loads=0 | 0 is not within 1 to 100",
        "--loads=101 | 101 is not within 1 to 100",
        "--loads=50,50 | twice",
        "--loads=half | 'half' is not an int",
        "--seconds=0 | --seconds 0 is not within",
        "--seconds=NaN | --seconds NaN",
        "--threads=3 | --threads 3",
        "--wake-ups=-1 | --wake-ups -1",
        "--gap-micros=1 | --gap-micros 1",
        "--rounds=1001 | --rounds 1001",
        "--json=/no/such/folder/run.json | /no/such/folder/run.json"
      })
  void badUsageEndsWith2BeforeAnythingIsMeasured(String arguments, String message) {
    assertThat(execute(arguments.split(" "))).isEqualTo(2);
    assertThat(err.toString()).contains(message);
    assertThat(out.toString()).isEmpty();
  }
}

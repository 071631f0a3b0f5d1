package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.netmap4j.NetmapPort;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** nmreplay's times: of the schedule, and by a clock of ours of the sender that follows it. */
@Timeout(60)
class SendScheduleTest {
  private static final int[] LENGTHS = {100, 300, 200};

  /** In ns, of frames of these lengths. */
  private static final long[] TIMES = {5_000_000, 7_000_000, 7_500_000};

  @TempDir Path folder;

  private Recording recording() throws IOException {
    return recording(LENGTHS, TIMES);
  }

  private Recording recording(int[] lengths, long[] times) throws IOException {
    Path file = folder.resolve("in.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (int i = 0; i < lengths.length; i++) {
        byte[] frame = new byte[lengths[i]];
        frame[0] = (byte) i;
        writer.write(times[i], frame);
      }
    }
    try (PcapReader reader = PcapReader.open(file)) {
      return Recording.read(reader, length -> length > 1);
    }
  }

  private static LinkModel link(String bandwidth, String delay, String loss) {
    return new LinkModel(
        new LinkModel.BandwidthConverter().convert(bandwidth),
        new LinkModel.DelayConverter().convert(delay),
        loss.equals("0") ? LinkModel.Loss.NONE : new LinkModel.LossConverter().convert(loss));
  }

  private static List<Long> due(SendSchedule schedule) {
    return LongStream.range(0, schedule.size()).map(i -> schedule.due((int) i)).boxed().toList();
  }

  /** Gives these numbers in turn, for ever. */
  private static RandomGenerator random(double... values) {
    return new RandomGenerator() {
      private int next;

      @Override
      public long nextLong() {
        throw new AssertionError("only doubles are taken");
      }

      @Override
      public double nextDouble() {
        return values[next++ % values.length];
      }
    };
  }

  /**
   * 1 Mbit/s is 1 us a bit. ether counts 24 bytes more. The first frame's time, where they are
   * recorded, is that of a link with the recording's average: 500 bytes in 2.5 ms, so 100 in 0.5.
   */
  @ParameterizedTest
  @CsvSource({
    "'1M', 0, '800000 3200000 4800000', 4800000",
    "'constant,2M', 0, '400000 1600000 2400000', 2400000",
    "'ether,1M', 0, '992000 3584000 5376000', 5376000",
    "'0', 0, '0 0 0', 0",
    "'real', 0, '500000 2500000 3000000', 3000000",
    "'real,2', 0, '250000 1250000 1500000', 1500000",
    "'real,.5', 0, '1000000 5000000 6000000', 6000000",
    "'1M', 10m, '10800000 13200000 14800000', 4800000",
    "'real', 'constant,1u', '501000 2501000 3001000', 3000000",
    "'10G', '7n', '87 327 487', 480",
  })
  void timesAreExact(String bandwidth, String delay, String due, long duration) throws Exception {
    SendSchedule schedule =
        SendSchedule.of(recording(), 1, link(bandwidth, delay, "0"), new SplittableRandom(1));
    assertThat(due(schedule).stream().map(String::valueOf).toList())
        .containsExactly(due.split(" "));
    assertThat(schedule.duration()).isEqualTo(duration);
    assertThat(List.of(schedule.frame(0), schedule.frame(1), schedule.frame(2)))
        .containsExactly(0, 1, 2);
  }

  @Test
  void aDelayedFrameIsNotOvertakenAndLaterOnesAreOnTimeAgain() throws Exception {
    // delays of 3 ms, 0, 2 ms: the second would come before the first
    LinkModel real = link("real", "uniform,0,4m", "0");
    assertThat(due(SendSchedule.of(recording(), 1, real, random(.75, 0, .5))))
        .containsExactly(3_500_000L, 3_500_000L, 5_000_000L);
    // on a link of 1 Mbit/s a frame also keeps its own time from the one before it
    LinkModel constant = link("1M", "uniform,0,4m", "0");
    assertThat(due(SendSchedule.of(recording(), 1, constant, random(.75, 0, .5))))
        .containsExactly(3_800_000L, 6_200_000L, 7_800_000L);
  }

  @ParameterizedTest
  @CsvSource({"'exp,1m,3m'", "'exp,3m,1m'"})
  void exponentialDelaysHaveTheirLeastAndTheirAverage(String delay) {
    LinkModel.Delay exp = new LinkModel.DelayConverter().convert(delay);
    assertThat(exp.nanos(random(0))).isEqualTo(1e6);
    assertThat(exp.nanos(random(1 - Math.exp(-2)))).isEqualTo(5e6, within(1.0));
    SplittableRandom random = new SplittableRandom(3);
    double sum = 0;
    for (int i = 0; i < 100_000; i++) {
      sum += exp.nanos(random);
    }
    assertThat(sum / 100_000).isEqualTo(3e6, within(3e4));
  }

  @Test
  void aLostFrameTakesItsTimeOnlyWhenTimesAreRecorded() throws Exception {
    SendSchedule real =
        SendSchedule.of(recording(), 1, link("real", "0", "plr,.5"), random(.5, .4, .9));
    assertThat(due(real)).containsExactly(500_000L, 3_000_000L);
    assertThat(real.frame(1)).isEqualTo(2);
    assertThat(real.lost(0)).isEqualTo(1);
    SendSchedule constant =
        SendSchedule.of(recording(), 1, link("1M", "0", ".5"), random(.5, .4, .9));
    assertThat(due(constant)).containsExactly(800_000L, 2_400_000L);
  }

  /** 1 - (1 - 0.001)^(8 * 100) = 0.5508. */
  @Test
  void bitErrorsLoseLongFramesMoreOften() {
    LinkModel.Loss ber = new LinkModel.LossConverter().convert("ber,1e-3");
    assertThat(ber.loses(100, random(.5508))).isTrue();
    assertThat(ber.loses(100, random(.5509))).isFalse();
    assertThat(ber.loses(1500, random(.9999))).isTrue();
    assertThat(new LinkModel.LossConverter().convert("ber,1").loses(60, random(.999999))).isTrue();
    assertThat(new LinkModel.LossConverter().convert("ber,0").loses(60, random(0))).isFalse();
  }

  @Test
  void aSeedRepeatsAScheduleAndPassesDiffer() throws Exception {
    LinkModel link = link("real", "exp,1u,50u", "0.3");
    SendSchedule one = SendSchedule.of(recording(), 100, link, new SplittableRandom(7));
    SendSchedule same = SendSchedule.of(recording(), 100, link, new SplittableRandom(7));
    SendSchedule other = SendSchedule.of(recording(), 100, link, new SplittableRandom(8));
    assertThat(due(one)).isEqualTo(due(same)).isNotEqualTo(due(other)).isSorted();
    assertThat(LongStream.range(0, 100).map(p -> one.lost((int) p)).distinct().count())
        .isGreaterThan(1);
    assertThat(one.duration()).isEqualTo(100 * 3_000_000L);
    assertThat(one.size() + LongStream.range(0, 100).map(p -> one.lost((int) p)).sum())
        .isEqualTo(300);
  }

  @Test
  void framesThatGoBackInTimeAndOnesOfOneFrame() throws Exception {
    Recording back = recording(new int[] {60, 60, 60}, new long[] {1000, 0, 3000});
    assertThat(due(SendSchedule.of(back, 1, link("real", "0", "0"), random(0))))
        .containsExactly(1000L, 1000L, 3000L);
    Recording one = recording(new int[] {1, 60}, new long[] {0, 9_000_000});
    assertThat(due(SendSchedule.of(one, 2, link("real", "0", "0"), random(0))))
        .as("the other is filtered out, 1 Gbit/s is assumed")
        .containsExactly(480L, 960L);
  }

  @ParameterizedTest
  @CsvSource({
    "B, fast", "B, ''", "B, '1,2'", "B, 'constant,1Q'", "B, 'ether'", "B, 'real,0'",
        "B, 'real,1001'",
    "B, 'real,1k'", "B, 'real,1,2'", "B, -1", "B, 1e99", "D, 1h", "D, 'uniform,2,1'",
        "D, 'uniform,1'",
    "D, 'exp,1'", "D, 'exp,1,NaN'", "L, 1.1", "L, 'plr,'", "L, 'ber'", "L, 'burst,.1,1,2'",
        "L, 'ber,0x1'",
  })
  void whatIsNoModelIsRefused(String option, String text) {
    assertThatThrownBy(
            () ->
                link(
                    option.equals("B") ? text : "0",
                    option.equals("D") ? text : "0",
                    option.equals("L") ? text : "0"))
        .isInstanceOf(picocli.CommandLine.TypeConversionException.class)
        .hasMessageMatching(".*(is not a|is too large|is none of|comes first|never send).*");
  }

  /** A clock that moves when the sender waits, and notes what had been sent by then. */
  private static final class FakeClock implements ScheduledSender.Clock {
    private final List<String> log = new ArrayList<>();
    private final Tally tally;
    private long now = 1_000_000_000_000L;

    FakeClock(Tally tally) {
      this.tally = tally;
    }

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public void await(long nanos) {
      now += nanos;
      log.add((now - 1_000_000_000_000L) + ":" + tally.packets());
    }
  }

  @Test
  void theSenderFollowsTheScheduleAndRepeatsIt() throws Exception {
    Recording recording = recording();
    SendSchedule schedule =
        SendSchedule.of(recording, 2, link("real", "10u", "0"), new SplittableRandom(1));
    Tally tally = new Tally();
    FakeClock clock = new FakeClock(tally);
    Stop stop = new Stop();
    try (NetmapPort port = Ports.open("fake0", 0, null)) {
      FrameFeed feed = new FrameFeed(port, tally, stop, () -> {});
      new ScheduledSender(recording, schedule, 64, clock).run(feed, 3, stop);
    }
    assertThat(clock.log)
        .containsExactly(
            "510000:0",
            "2510000:1",
            "3010000:2",
            "3510000:3",
            "5510000:4",
            "6010000:5",
            "6510000:6",
            "8510000:7",
            "9010000:8");
    assertThat(tally.packets()).isEqualTo(9);
  }

  /** All are due at once: so many go out between two syncs. */
  @Test
  void burstsAreLimited() throws Exception {
    Recording recording = recording();
    SendSchedule schedule = SendSchedule.of(recording, 1, link("0", "0", "0"), random(0));
    Tally tally = new Tally();
    Stop stop = new Stop();
    try (NetmapPort port = Ports.open("fake0", 0, null)) {
      FrameFeed feed = new FrameFeed(port, tally, stop, () -> {});
      new ScheduledSender(recording, schedule, 2, new FakeClock(tally)).run(feed, 3, stop);
    }
    Tally.Sum sum = Tally.sum(List.of(tally), true);
    assertThat(sum.packets()).isEqualTo(9);
    assertThat(sum.events()).isEqualTo(5);
    assertThat(sum.bytes()).isEqualTo(3 * 600);
  }
}

package io.netmap4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.PipelineCounts;
import io.netmap4j.pipeline.Verdict;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PipelineMetersTest {
  private static final int PACKETS = 100;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void theyAreThePipelinesCounts() throws Exception {
    AtomicInteger seen = new AtomicInteger();
    try (NetmapPort in = Netmap.open("netmap:pm{1");
        NetmapPort out = Netmap.open("netmap:pm{2");
        Pipeline pipeline =
            Pipeline.builder("counted")
                .source("netmap:pm}1")
                .sink("netmap:pm}2")
                .stage("same", () -> packet -> every(seen, 4, Verdict.DROP))
                .stage("same", () -> packet -> every(seen, 5, Verdict.CONSUME))
                .stage("faulty", () -> packet -> failEvery(seen, 7))
                .open();
        PipelineMeters meters = new PipelineMeters(pipeline)) {
      meters.bindTo(registry);
      pipeline.start();
      send(in, PACKETS);
      assertThat(out.rxSync()).isZero();
      pipeline.stop();
      PipelineCounts counts = pipeline.counts();
      assertThat(counts.received()).isEqualTo(PACKETS);
      assertThat(counts.stages().get(0).dropped()).isPositive();
      assertThat(counts.stages().get(2).faults()).isPositive();
      assertThat(count("packets", "direction", "rx")).isEqualTo(counts.received());
      assertThat(count("packets", "direction", "tx")).isEqualTo(counts.forwarded());
      assertThat(count("bytes", "direction", "rx")).isEqualTo(60 * PACKETS);
      assertThat(count("bytes", "direction", "tx")).isEqualTo(60 * counts.forwarded());
      assertThat(count("consumed")).isEqualTo(counts.consumed());
      assertThat(count("drops", "reason", "full")).isEqualTo(counts.full());
      assertThat(count("drops", "reason", "refused")).isEqualTo(counts.refused());
      assertThat(count("batches")).isEqualTo(counts.batches());
      assertThat(count("sleeps")).isEqualTo(counts.sleeps());
      assertThat(registry.get("netmap4j.pipeline.held").gauge().value()).isZero();
      for (int s = 0; s < 3; s++) {
        PipelineCounts.StageCounts stage = counts.stages().get(s);
        String[] tags = {"stage", stage.name(), "position", "" + s};
        assertThat(count("stage.faults", tags)).isEqualTo(stage.faults());
        assertThat(count("stage.drops", "position", "" + s, "reason", "dropped"))
            .isEqualTo(stage.dropped());
        assertThat(count("stage.drops", "position", "" + s, "reason", "fault"))
            .isEqualTo(stage.failed());
      }
      meters.close();
      assertThat(registry.getMeters()).isEmpty();
    }
  }

  @Test
  void thePipelineOfANameThatWasBoundLastHasTheMeters() {
    try (Pipeline first = twin(1);
        Pipeline second = twin(2);
        PipelineMeters ofFirst = new PipelineMeters(first);
        PipelineMeters ofSecond = new PipelineMeters(second)) {
      ofFirst.bindTo(registry);
      int meters = registry.getMeters().size();
      forward(first, 1, 7);
      ofSecond.bindTo(registry);
      forward(second, 2, 5);
      assertThat(count("packets", "direction", "rx")).isEqualTo(5);
      ofFirst.close();
      assertThat(registry.getMeters()).hasSize(meters);
      assertThat(count("packets", "direction", "rx")).isEqualTo(5);
      ofFirst.bindTo(registry);
      ofFirst.bindTo(registry);
      assertThat(count("packets", "direction", "rx")).isEqualTo(7);
      ofFirst.close();
      assertThat(registry.getMeters()).hasSize(meters);
      assertThat(count("packets", "direction", "rx")).isEqualTo(5);
      ofSecond.close();
      assertThat(registry.getMeters()).isEmpty();
    }
  }

  private static Pipeline twin(int pipe) {
    return Pipeline.builder("twin").source("netmap:pt}" + pipe).open();
  }

  private static void forward(Pipeline pipeline, int pipe, int packets) {
    try (NetmapPort in = Netmap.open("netmap:pt{" + pipe)) {
      pipeline.start();
      send(in, packets);
      pipeline.stop();
    }
  }

  private static void send(NetmapPort port, int packets) {
    NetmapRing tx = port.tx(port.firstTxRing());
    for (int i = 0; i < packets; i++) {
      tx.len(tx.head(), 60);
      tx.advance(tx.next(tx.head()));
    }
    assertThat(port.txSync()).isZero();
    assertThat(port.drain(10_000)).isTrue();
  }

  private static Verdict every(AtomicInteger seen, int n, Verdict verdict) {
    return seen.incrementAndGet() % n == 0 ? verdict : Verdict.NEXT;
  }

  private static Verdict failEvery(AtomicInteger seen, int n) {
    if (seen.incrementAndGet() % n == 0) {
      throw new IllegalStateException("on purpose");
    }
    return Verdict.NEXT;
  }

  private long count(String meter, String... tags) {
    return (long) registry.get("netmap4j.pipeline." + meter).tags(tags).functionCounter().count();
  }
}

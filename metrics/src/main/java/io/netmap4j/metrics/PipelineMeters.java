package io.netmap4j.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.PipelineCounts;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Meters of a pipeline and its stages, for a Micrometer registry: {@code new
 * PipelineMeters(pipeline).bindTo(registry)}. They are {@link Pipeline#counts}; docs/operations.md
 * has them all. Ports have meters of their own: {@code new PortMeters(pipeline.ports()...)}.
 *
 * <p>Reading them costs the workers nothing. They stay when the pipeline is closed, with what it
 * counted last, until this is. Of several pipelines of one name in a registry, the one that was
 * bound last is shown; when its meters are closed, the one before is shown again. A program that
 * uses this needs module {@code io.netmap4j.pipeline}.
 *
 * <p>For any thread. Keep the object: registries hold no reference to it that keeps it alive.
 */
public final class PipelineMeters implements MeterBinder, AutoCloseable {
  private static final String PREFIX = "netmap4j.pipeline.";
  private static final String PACKETS = "packets";

  private final Pipeline pipeline;
  private final Tags tags;
  private final OwnMeters meters = new OwnMeters();

  /**
   * Makes meters of a pipeline; {@link #bindTo} shows them to a registry.
   *
   * @param pipeline the caller's to close; its name is the meters' tag {@code pipeline}
   */
  @SuppressWarnings("exports") // the module is for those who have a pipeline
  public PipelineMeters(Pipeline pipeline) {
    this.pipeline = pipeline;
    this.tags = Tags.of("pipeline", pipeline.name());
  }

  /**
   * Registers the meters, in place of those of another pipeline of this name.
   *
   * @param registry may be one of several
   */
  @Override
  public synchronized void bindTo(MeterRegistry registry) {
    Tags rx = tags.and("direction", "rx");
    Tags tx = tags.and("direction", "tx");
    count(registry, "packets", null, "Received, sent", rx, PipelineCounts::received);
    count(registry, "packets", null, "Received, sent", tx, PipelineCounts::forwarded);
    count(registry, "bytes", "bytes", "Of these, without CRC", rx, PipelineCounts::receivedBytes);
    count(registry, "bytes", "bytes", "Of these, without CRC", tx, PipelineCounts::forwardedBytes);
    count(registry, "consumed", PACKETS, "Kept by a stage", tags, PipelineCounts::consumed);
    count(registry, "copies", PACKETS, "Sent by copyTo", tags, PipelineCounts::copies);
    String dropped = "Dropped behind the stages";
    count(registry, "drops", PACKETS, dropped, tags.and("reason", "full"), PipelineCounts::full);
    count(
        registry,
        "drops",
        PACKETS,
        dropped,
        tags.and("reason", "refused"),
        PipelineCounts::refused);
    count(registry, "batches", null, "Rounds with packets", tags, PipelineCounts::batches);
    count(registry, "sleeps", null, "Waits for packets or room", tags, PipelineCounts::sleeps);
    meters.add(
        registry,
        Gauge.builder(PREFIX + "held", pipeline, p -> p.counts().held())
                .baseUnit(PACKETS)
                .description("In the hands of stages")
                .tags(tags)
            ::register);
    List<PipelineCounts.StageCounts> stages = pipeline.counts().stages();
    for (int s = 0; s < stages.size(); s++) {
      stage(registry, s, stages.get(s).name());
    }
  }

  /** Two stages may have one name. */
  private void stage(MeterRegistry registry, int index, String name) {
    Tags stage = tags.and("stage", name, "position", Integer.toString(index));
    String drops = "Dropped by the stage, or lost by a fault of it";
    count(
        registry,
        "stage.drops",
        PACKETS,
        drops,
        stage.and("reason", "dropped"),
        counts -> counts.stages().get(index).dropped());
    count(
        registry,
        "stage.drops",
        PACKETS,
        drops,
        stage.and("reason", "fault"),
        counts -> counts.stages().get(index).failed());
    count(
        registry,
        "stage.faults",
        null,
        "Exceptions that the stage has thrown",
        stage,
        counts -> counts.stages().get(index).faults());
  }

  private void count(
      MeterRegistry registry,
      String meter,
      @Nullable String unit,
      String text,
      Tags ofMeter,
      ToLongFunction<PipelineCounts> value) {
    meters.add(
        registry,
        FunctionCounter.builder(PREFIX + meter, pipeline, p -> value.applyAsLong(p.counts()))
                .baseUnit(unit)
                .description(text)
                .tags(ofMeter)
            ::register);
  }

  /** Removes the meters from every registry. The pipeline goes on. Idempotent. */
  @Override
  public synchronized void close() {
    meters.remove();
  }
}

/** Micrometer meters of ports, rings and pipelines. */
module io.netmap4j.metrics {
  requires transitive io.netmap4j;
  requires transitive micrometer.core;
  requires static io.netmap4j.pipeline; // for PipelineMeters alone
  requires static transitive org.jspecify;

  exports io.netmap4j.metrics;
}

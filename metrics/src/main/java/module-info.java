/** Micrometer meters of ports and rings. */
module io.netmap4j.metrics {
  requires transitive io.netmap4j;
  requires transitive micrometer.core;
  requires static transitive org.jspecify;

  exports io.netmap4j.metrics;
}

/** Micrometer meters of ports and rings: {@link io.netmap4j.metrics.PortMeters}. */
package io.netmap4j.metrics;

/** Micrometer meters of ports and rings: {@link io.netmap4j.metrics.PortMeters}. */
@NullMarked
package io.netmap4j.metrics;

import org.jspecify.annotations.NullMarked;

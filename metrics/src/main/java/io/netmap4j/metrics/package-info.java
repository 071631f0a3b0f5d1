/**
 * Micrometer meters: {@link io.netmap4j.metrics.PortMeters} of ports and rings, {@link
 * io.netmap4j.metrics.PipelineMeters} of pipelines.
 */
@NullMarked
package io.netmap4j.metrics;

import org.jspecify.annotations.NullMarked;

/**
 * Run-to-completion packet processing: a {@link io.netmap4j.pipeline.Pipeline} has a thread for
 * each ring (a {@link io.netmap4j.pipeline.Worker}), which takes a packet through all {@link
 * io.netmap4j.pipeline.Stage}s before it takes the next one. Packets stay in the buffers in which
 * they came.
 */
@NullMarked
package io.netmap4j.pipeline;

import org.jspecify.annotations.NullMarked;

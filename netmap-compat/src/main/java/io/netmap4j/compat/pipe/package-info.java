/**
 * Pipes: {@link io.netmap4j.compat.pipe.PipePorts} finds or makes them, {@link
 * io.netmap4j.compat.pipe.Exchange} is what they do.
 */
package io.netmap4j.compat.pipe;

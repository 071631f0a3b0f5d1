/**
 * {@code bench loops}: the driver's loops over slots and descriptors, beside the same loops in C in
 * the same process.
 */
package io.netmap4j.bench.loops;

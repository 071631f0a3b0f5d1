/**
 * {@code bench scale}: what a packet costs as rings, slots, frames, switch ports and pipes grow,
 * beside a control in C ({@code src/main/c/scale.c}) of the same footprint.
 */
package io.netmap4j.bench.scale;

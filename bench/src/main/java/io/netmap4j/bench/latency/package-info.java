/**
 * {@code bench latency}: round trips of packets through two modelled cards at fixed loads, beside a
 * control in C ({@code src/main/c/latency.c}) on the same cards; and wake-ups from idle.
 */
package io.netmap4j.bench.latency;

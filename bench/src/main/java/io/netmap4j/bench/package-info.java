/**
 * {@code netmap4j bench}, and the benchmarks of JMH: what a ring costs ({@code RingBench}), a sync
 * ({@code SyncBench}), a pipe or a switch ({@code PairBench}), a way to reach memory ({@code
 * MemoryBench}); and whether head and tail are handed over safely ({@code HandOverStress}).
 */
package io.netmap4j.bench;

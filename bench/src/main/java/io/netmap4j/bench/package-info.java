/**
 * What a ring costs ({@code SyncBench}) and a pipe ({@code PipeBench}), and whether head and tail
 * are handed over safely ({@code HandOverStress}).
 */
package io.netmap4j.bench;

/**
 * {@code bench compare}: our driver and DPDK's on one modelled card.
 *
 * <p>A subject is a process with two ports of the modelled pair: {@code NetmapSubject} is ours, and
 * a C program is DPDK's. {@code Compare} starts them, each with a model of its own, and asks them
 * in turn. They measure in lock-step: {@code ControlPage} has the model complete everything and
 * refill the rings, which is not timed; {@code Stopwatch} times the driver's calls for the next
 * window of packets.
 *
 * <p>The lines between {@code Compare} and a subject, on its standard streams:
 *
 * <pre>
 *   ready KEY=VALUE ...                     once, from the subject: tsc=HZ and what it is
 *   rx|tx|forward|forward-op BATCH WINDOWS  a request; the answer is an {@code Answer}
 *   ... BATCH WINDOWS bill                  a request to count, not to time: packets=N bill0=... bill1=...
 *   error TEXT                              instead of any answer; the subject ends
 * </pre>
 */
package io.netmap4j.bench.compare;

/**
 * Monitors: ports that show the traffic of another port (netmap_monitor.c; docs/netmap-abi.md 13).
 *
 * <p>The syncs of the monitored rings fill the monitor's RX rings, through taps ({@link
 * io.netmap4j.compat.monitor.Tap}). A copying monitor gets packets before they are consumed, in
 * memory of its own; a zero-copy one gets them after that, by exchange of buffers.
 */
package io.netmap4j.compat.monitor;

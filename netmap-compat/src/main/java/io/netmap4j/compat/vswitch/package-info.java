/**
 * VALE switches within the process ({@link io.netmap4j.compat.vswitch.ValePorts}): ports, the
 * learning bridge, and the threads that join NICs to a switch.
 *
 * <p>Sending is all the switch's work, on the sender's thread: {@link
 * io.netmap4j.compat.vswitch.Forwarder} finds each frame's destination, then copies what it has for
 * one ring after another ({@link io.netmap4j.compat.vswitch.ValeRxRing}). A receiver only looks.
 */
package io.netmap4j.compat.vswitch;

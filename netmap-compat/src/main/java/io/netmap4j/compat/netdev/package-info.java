/**
 * Ports on ordinary network interfaces ({@link io.netmap4j.compat.netdev.NetdevPorts}): netmap's
 * emulated mode, over packet sockets.
 */
package io.netmap4j.compat.netdev;

/**
 * What the kinds of ports have in common: what is asked for ({@link
 * io.netmap4j.compat.port.Registration}), how rings are found or started ({@link
 * io.netmap4j.compat.port.PortType}, {@link io.netmap4j.compat.port.OpenPorts}), and in which
 * memory.
 */
package io.netmap4j.compat.port;

/**
 * Host rings: the kernel's network stack behind a device, through a TAP interface ({@link
 * io.netmap4j.compat.host.HostRings}), and transparent forwarding between both.
 */
package io.netmap4j.compat.host;

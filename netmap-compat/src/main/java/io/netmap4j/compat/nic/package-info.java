/**
 * Ports on network cards ({@link io.netmap4j.compat.nic.NicPorts}): from a name to a device, and
 * from the device to an adapter, through the backends and drivers on the path ({@link
 * io.netmap4j.compat.nic.Nics}).
 */
package io.netmap4j.compat.nic;

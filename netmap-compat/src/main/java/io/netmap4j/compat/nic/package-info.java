/**
 * What {@code Netmap.open} finds: from a port's name to its device, and from the device to rings.
 * For the commands and the other modules; a program sees {@code io.netmap4j.compat}.
 */
package io.netmap4j.compat.nic;

/**
 * netmap's port names ({@link io.netmap4j.compat.PortSpec}), the configuration file ({@link
 * io.netmap4j.compat.Config}), and libnetmap's and netmap_user.h's {@code nm_*} helpers ({@link
 * io.netmap4j.compat.Nm}).
 *
 * <p>{@code Netmap.open} finds {@link io.netmap4j.compat.provider.CompatProvider} here. It takes
 * the name apart, finds the device through the backends and drivers that are on the path at run
 * time ({@link io.netmap4j.compat.nic.Nics}), starts it, or shares it with the ports that have it
 * open, and says which of its rings the name means. No code here names a driver, a backend or the
 * model.
 */
@NullMarked
package io.netmap4j.compat;

import org.jspecify.annotations.NullMarked;

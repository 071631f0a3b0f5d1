/**
 * VALE switches: what {@code vale-ctl} does, as methods ({@link io.netmap4j.compat.vale.ValeCtl}),
 * and a program's own choice of destinations ({@link io.netmap4j.compat.ValeLookup}). Ports of a
 * switch are opened as {@code valeX:NAME}.
 */
@NullMarked
package io.netmap4j.compat.vale;

import org.jspecify.annotations.NullMarked;

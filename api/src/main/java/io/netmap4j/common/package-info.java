/**
 * What programs, port types and drivers share: options, link state, NIC settings, errors. It is
 * below both {@code io.netmap4j} and {@code io.netmap4j.spi}, so that a driver does not depend on
 * what is built on drivers.
 */
@NullMarked
package io.netmap4j.common;

import org.jspecify.annotations.NullMarked;

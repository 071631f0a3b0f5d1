/**
 * What {@code Netmap.open} finds ({@link io.netmap4j.compat.provider.CompatProvider}): the kinds of
 * ports, and which rings of one a name means.
 */
package io.netmap4j.compat.provider;

/**
 * Where the fields of netmap's shared structures are, in bytes. A program does not need this: it
 * reads and writes them through {@code NetmapRing} and {@code NetmapIf}.
 */
package io.netmap4j.layout;

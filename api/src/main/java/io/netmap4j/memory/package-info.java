/**
 * Regions of netmap's shared memory: their backing, and which interface, ring and buffer objects of
 * them are in use. For port types and devices; a program sees a region as {@code NetmapMemory},
 * which cannot allocate, so that no program frees what another uses.
 */
package io.netmap4j.memory;

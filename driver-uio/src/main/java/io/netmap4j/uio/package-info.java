/** Reaches a PCI function through UIO: {@code uio:0000:03:00.0}. */
package io.netmap4j.uio;

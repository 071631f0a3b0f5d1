/** Reaches a PCI function through VFIO: {@code vfio:0000:03:00.0}. */
package io.netmap4j.vfio;

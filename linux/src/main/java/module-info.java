/**
 * Access to the machine: system calls, memory, hugepages, PCI functions, sockets, TAP, network
 * interfaces.
 */
module io.netmap4j.linux {
  requires chronicle.core;
  requires com.sun.jna;
  requires java.logging;
  requires jdk.unsupported;

  exports io.netmap4j.linux to
      io.netmap4j,
      io.netmap4j.apps,
      io.netmap4j.compat,
      io.netmap4j.frames,
      io.netmap4j.ixgbe,
      io.netmap4j.model,
      io.netmap4j.pipeline,
      io.netmap4j.uio,
      io.netmap4j.vfio;
}

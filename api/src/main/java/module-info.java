/**
 * What a program sees: ports, rings, memory. What port types and backends implement is for our
 * modules.
 */
module io.netmap4j {
  requires transitive chronicle.bytes;
  requires io.netmap4j.linux;
  requires static jdk.jfr; // a small runtime may be without
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.netmap4j;
  exports io.netmap4j.common;
  exports io.netmap4j.layout to
      io.netmap4j.apps,
      io.netmap4j.compat,
      io.netmap4j.ixgbe,
      io.netmap4j.model,
      io.netmap4j.uio,
      io.netmap4j.vfio;
  exports io.netmap4j.memory to
      io.netmap4j.apps,
      io.netmap4j.compat,
      io.netmap4j.ixgbe,
      io.netmap4j.model,
      io.netmap4j.uio,
      io.netmap4j.vfio;
  exports io.netmap4j.spi to
      io.netmap4j.apps,
      io.netmap4j.compat,
      io.netmap4j.ixgbe,
      io.netmap4j.model,
      io.netmap4j.uio,
      io.netmap4j.vfio;

  uses io.netmap4j.spi.PortProvider;
}

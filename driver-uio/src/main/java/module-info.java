/** Reaches a PCI function through UIO. */
module io.netmap4j.uio {
  requires io.netmap4j.linux;
  requires io.netmap4j;
  requires org.slf4j;

  provides io.netmap4j.spi.NicBackend with
      io.netmap4j.uio.UioBackend;
}

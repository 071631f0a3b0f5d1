/** Reaches a PCI function through VFIO, and a card of another process through vfio-user. */
module io.netmap4j.vfio {
  requires com.google.gson;
  requires io.netmap4j.linux;
  requires io.netmap4j;
  requires org.slf4j;

  provides io.netmap4j.spi.NicBackend with
      io.netmap4j.vfio.VfioBackend,
      io.netmap4j.vfio.VfioUserBackend;
}

/** The 82599 driver. */
module io.netmap4j.ixgbe {
  requires io.netmap4j.linux;
  requires transitive io.netmap4j;
  requires org.slf4j;

  provides io.netmap4j.spi.NicDriver with
      io.netmap4j.ixgbe.IxgbeDriver;
}

/**
 * netmap's port names, configuration, and {@code nm_*} helpers; opens ports for {@code
 * Netmap.open}.
 */
module io.netmap4j.compat {
  requires io.netmap4j.linux;
  requires transitive io.netmap4j;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.netmap4j.compat;
  exports io.netmap4j.compat.netdev to
      io.netmap4j.apps;
  exports io.netmap4j.compat.nic to
      io.netmap4j.apps;
  exports io.netmap4j.compat.vale;

  uses io.netmap4j.spi.NicBackend;
  uses io.netmap4j.spi.NicDriver;

  provides io.netmap4j.spi.PortProvider with
      io.netmap4j.compat.provider.CompatProvider;
}

/** The 82599, X540 and X550 in software, and the wires that join two of them. */
module io.netmap4j.model {
  requires io.netmap4j.frames;
  requires io.netmap4j.linux;
  requires transitive io.netmap4j;
  requires org.slf4j;

  exports io.netmap4j.model to
      io.netmap4j.apps;
  exports io.netmap4j.model.dma to
      io.netmap4j.apps;
  exports io.netmap4j.model.fault to
      io.netmap4j.apps;
  exports io.netmap4j.model.link to
      io.netmap4j.apps;
  exports io.netmap4j.model.registerfile to
      io.netmap4j.apps;
  exports io.netmap4j.model.peripherals to
      io.netmap4j.apps;
  exports io.netmap4j.model.registers to
      io.netmap4j.apps;
  exports io.netmap4j.model.vfiouser to
      io.netmap4j.apps;
  exports io.netmap4j.model.wire to
      io.netmap4j.apps;

  provides io.netmap4j.spi.NicBackend with
      io.netmap4j.model.ModelBackend;
}

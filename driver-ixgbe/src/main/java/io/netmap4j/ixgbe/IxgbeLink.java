package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;

/** What is between a port's MAC and the line; {@link IxgbeDevice} has the one of its medium. */
interface IxgbeLink {
  /** CTRL.RST or CTRL.LRST: how far the next reset is to reach. */
  int resetBits();

  /** After a reset: starts what gives a link, and returns without waiting for it. */
  void bringUp();

  /** Now and then while the port is open, for what goes on in steps; doesn't block. */
  void watch();

  /** The link as the card has it. */
  LinkState state();

  /** The port closes: what others should find. */
  void stop();
}

package io.netmap4j.ixgbe;

import io.netmap4j.MutantsContract;

/** Ways of breaking the driver. */
class MutantsTest extends MutantsContract {}

package io.netmap4j.compat;

import io.netmap4j.MutantsContract;

/** Ways of breaking the kinds of ports. */
class MutantsTest extends MutantsContract {}

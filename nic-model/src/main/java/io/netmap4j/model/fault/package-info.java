/**
 * Fault injection: a card that is pulled out, writes nonsense back, or reads an address that nobody
 * gave it. Frames that are lost or reordered on their way are {@code wire.FaultyWire}'s.
 */
package io.netmap4j.model.fault;

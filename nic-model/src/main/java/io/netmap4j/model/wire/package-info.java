/**
 * What joins a card to another card, to capture files or to the Linux network stack.
 *
 * <p>A frame crosses a {@link io.netmap4j.model.wire.Wire} as an address and a length within the
 * sender's call, without a copy: the transmit engine of the card at end A calls {@code send(A,
 * address, length)}, and a {@link io.netmap4j.model.wire.Cable} hands the frame to the {@link
 * io.netmap4j.model.wire.FrameSink} at end B, which is the other card's receive engine. When that
 * has no room, {@link io.netmap4j.model.wire.CableMode} decides: the sender keeps the frame and
 * tries again, or the frame is lost and counted.
 *
 * <p>{@link io.netmap4j.model.wire.PcapWire} and {@link io.netmap4j.model.wire.TapWire} have frames
 * of their own, which {@code run} delivers. {@link io.netmap4j.model.wire.FaultyWire} stands before
 * another wire and loses, delays, duplicates and reorders.
 *
 * <p>All cards of a wire, and the wire, run on one thread.
 */
package io.netmap4j.model.wire;

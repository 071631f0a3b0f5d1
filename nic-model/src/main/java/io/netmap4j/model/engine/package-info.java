/**
 * The data path: what moves frames between the driver's rings and the wire.
 *
 * <p><b>A frame is sent.</b> {@code TxEngine.run} takes the enabled queues in turn. It fetches
 * descriptors from the head to the tail into the {@code TxQueue}, up to one with EOP; {@code
 * TxPacket} takes them apart and checks them. A frame in one buffer without offloads goes to the
 * wire from where the driver has put it; any other is gathered, checksummed, tagged and segmented
 * in the card's memory by {@code TxFrames}. When the wire has taken it, the head moves, and a
 * descriptor with RS gets its DD bit, at once or as WTHRESH says: a cause for the queue's vector.
 *
 * <p><b>A frame comes.</b> The wire calls {@code RxEngine.receive} by way of {@code Datapath}'s
 * port. {@code FrameHeaders} parses it, {@code RxFilter} accepts or drops it (MAC address,
 * multicast, VLAN), {@code RxClassifier} and {@code Rss} find packet type, checksum results, hash
 * and queue. {@code RxWriter} copies it into the buffers of that queue's next descriptors and
 * writes them back, DD last. When the queue has no descriptor, the frame waits in {@code
 * PacketFifo}, the packet buffer, and goes on with the next {@code RxEngine.run}; when that is
 * full, too, the wire keeps the frame.
 *
 * <p>An engine reads configuration registers again only after {@code configChanged}. Of the card it
 * sees {@link io.netmap4j.model.engine.CardState}. Statistics are added to the registers once a
 * batch.
 */
package io.netmap4j.model.engine;

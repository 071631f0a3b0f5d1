/**
 * A netmap port in four ideas: a region of memory, an interface in it, rings in that, slots in
 * those.
 *
 * <pre>
 *   NetmapMemory ── NetmapIf ── NetmapRing ── slot ── buffer
 *   one region      one a port   one a queue   16 B    2 KiB
 * </pre>
 *
 * Slots are plain shared memory: reading and writing them calls nothing. Two indices hand them
 * over, and a sync makes the driver look:
 *
 * <pre>
 *   NetmapPort port = Netmap.open("netmap:model0");
 *   NetmapRing tx = port.tx(0);
 *   if (tx.space() &gt; 0) {
 *     tx.put(tx.head(), frame);          // bytes into the slot's buffer, and its length
 *     tx.advance(tx.next(tx.head()));    // the slot is the driver's from now on
 *   }
 *   port.txSync();                       // and now it looks
 * </pre>
 *
 * <h2>The life of a packet</h2>
 *
 * <ol>
 *   <li>{@code Netmap.open}: a {@link io.netmap4j.spi.PortProvider} parses the name, joins a {@link
 *       io.netmap4j.spi.NicBackend} (how the card is reached) with a {@link
 *       io.netmap4j.spi.NicDriver} (what the card is), and a {@link io.netmap4j.spi.RingSet} lays
 *       the rings out in a {@link io.netmap4j.memory.Region}; the port is made of those rings.
 *   <li>{@code tx.put}, {@code tx.advance}: stores into the region. Nobody else has noticed.
 *   <li>{@code port.txSync}: for each ring {@link io.netmap4j.spi.Kring#txSync} reads head and cur
 *       once, checks them (the prologue), and calls the {@link io.netmap4j.spi.Adapter}: the one
 *       virtual call.
 *   <li>The adapter, {@code IxgbeTxRing.sync}: slot i is descriptor (i − offset) mod n. Each slot's
 *       buffer index becomes a device address by one look-up ({@link io.netmap4j.spi.DmaMapping}),
 *       length and flags become a command; after the last one the doorbell is rung once.
 *   <li>The card fetches descriptors and bytes by itself, and writes "done" into the descriptors
 *       that asked for it. The next sync finds that, and the tail moves: the slot is the user's
 *       again.
 *   <li>On the other side the card writes bytes into a buffer and "done" into its descriptor;
 *       {@code port.rxSync} finds it ({@code IxgbeRxRing}), writes the length into the slot, moves
 *       the tail, and gives the slots that the user has released back to the card.
 * </ol>
 *
 * <h2>Where to read next</h2>
 *
 * {@code Bridge} in {@code apps} (a whole program), {@link io.netmap4j.NetmapRing} (all of a user's
 * index arithmetic), {@link io.netmap4j.spi.Kring} (the rules, enforced), {@code IxgbeTxRing} and
 * {@code IxgbeRxRing} in {@code driver-ixgbe} (slots to descriptors). {@code Mem} is the only class
 * that touches raw memory.
 *
 * <h2>Packages</h2>
 *
 * A program needs this one and {@code io.netmap4j.common} (options, link state, errors). Below them
 * are, for our own modules, {@code spi} (what port types, backends and drivers implement), {@code
 * memory} (regions, and who has which object of them) and {@code layout} (netmap's offsets). This
 * package depends on all of them, {@code spi} on the others, and none of them on this one.
 *
 * <h2>Threads, ownership, errors</h2>
 *
 * A ring is for one thread at a time; a port for one that sends and one that receives; close is
 * safe from any thread. The user owns the slots from head up to, not including, tail, with their
 * buffers; everything else is the driver's. Rings and interfaces that are kept after close are
 * harmless copies; a region closes after its ports ({@link io.netmap4j.NetmapMemory} says what
 * holds for addresses). Syncs never throw and never block: they return an errno. Everything else
 * throws {@link io.netmap4j.common.NetmapException} with netmap's errno and a message that says
 * what mends it.
 */
@NullMarked
package io.netmap4j;

import org.jspecify.annotations.NullMarked;

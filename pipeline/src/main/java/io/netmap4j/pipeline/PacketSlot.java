package io.netmap4j.pipeline;

import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.frames.Packet;
import org.jspecify.annotations.Nullable;

/**
 * A packet on its way through the stages, where it lies: in the slot that it came in, or several,
 * or in the buffers of one that was held. One object of each {@link Worker} stands for packet after
 * packet. For the worker's thread, during {@link Stage#process}.
 *
 * <p>{@link #address}, {@link #length} and {@link #packet} are of the packet's first slot, which
 * has the headers; {@link #bytes} counts them all.
 */
@SuppressWarnings("NullAway") // of ring and held, one is set
public final class PacketSlot {
  private final Worker worker;
  private final Packet packet = new Packet();
  private boolean parsed;
  private PortEnd input;

  // Where it is: in slots of a ring, unless it is held.
  private @Nullable NetmapRing ring;
  private int slot;
  private int slots;
  private @Nullable Held held;

  private long address;
  private int length;
  private int output;
  private @Nullable Held asked;

  PacketSlot(Worker worker) {
    this.worker = worker;
  }

  /** The packet that begins in a slot. */
  void at(PortEnd from, NetmapRing rx, int first, int count) {
    input = from;
    ring = rx;
    slot = first;
    slots = count;
    held = null;
    asked = null;
    parsed = false;
    output = from.defaultOutput;
    address = rx.buffer(first);
    length = Math.min(rx.len(first), rx.bufSize() - rx.offset(first));
  }

  /** A packet that a stage has held. */
  void at(PortEnd from, Held resumed) {
    input = from;
    ring = null;
    held = resumed;
    slots = resumed.slots;
    asked = null;
    parsed = false;
    output = resumed.output;
    address = resumed.pool.address(resumed.first);
    length = resumed.pool.length(resumed.first);
  }

  /**
   * The headers, parsed at the first call for this packet.
   *
   * @return the same object every time
   */
  public Packet packet() {
    if (!parsed) {
      parsed = true;
      packet.wrap(address, length);
    }
    return packet;
  }

  /**
   * Where the packet's first slot begins.
   *
   * @return an address in the memory of its input port, {@link #capacity} bytes of which are its
   */
  public long address() {
    return address;
  }

  /**
   * Bytes in the packet's first slot, without FCS.
   *
   * @return 0 to {@link #capacity}
   */
  public int length() {
    return length;
  }

  /**
   * Bytes of the packet, over all of its slots, without FCS.
   *
   * @return {@link #length}, for a packet of one slot
   */
  public long bytes() {
    if (slots == 1) {
      return length;
    }
    return ring == null ? held.pool.bytes(held) : Packets.bytes(ring, slot, slots);
  }

  /**
   * How many slots the packet has.
   *
   * @return 1 or more
   */
  public int slots() {
    return slots;
  }

  /**
   * The most bytes that the packet's first slot can have.
   *
   * @return the size of a buffer, less the packet's offset in it
   */
  public int capacity() {
    return ring == null ? held.pool.room(held.first) : ring.bufSize() - ring.offset(slot);
  }

  /**
   * Makes the packet's first slot longer or shorter. What is behind the old end is left over from
   * other packets. {@link #packet} parses it anew.
   *
   * @param bytes 1 to {@link #capacity}
   * @throws IllegalArgumentException for another number
   */
  public void length(int bytes) {
    if (bytes < 1 || bytes > capacity()) {
      throw new IllegalArgumentException(
          "a packet of " + bytes + " bytes; this slot holds 1 to " + capacity());
    }
    length = bytes;
    parsed = false;
    if (ring == null) {
      held.pool.length(held.first, bytes);
    } else {
      ring.len(slot, bytes);
    }
  }

  /**
   * The port that the packet came from.
   *
   * @return its number, in the order in which ports were given to the builder
   */
  public int input() {
    return input.index;
  }

  /**
   * When the packet came, if its port was opened with NR_TIMESTAMP.
   *
   * @return nanoseconds of {@link NetmapRing#timestampNanos}: of the sync that took it in; 0 for a
   *     packet that was held
   */
  public long timestampNanos() {
    return ring == null ? 0 : ring.timestampNanos();
  }

  /**
   * The port that it goes to at last, or at {@link Verdict#FORWARD}.
   *
   * @return its number; −1 when there is none
   */
  public int output() {
    return output;
  }

  /**
   * Chooses the port that the packet goes to. By default that is the next one after its input that
   * can send, in the order in which ports were given to the builder; with one port, that port.
   *
   * @param port its number
   * @throws IllegalArgumentException when there is no such port, or it is a source
   */
  public void sendTo(int port) {
    worker.requireOutput(port);
    output = port;
  }

  /**
   * Sends a copy of the packet, as it is now, through a port at once; the packet itself goes on.
   * For mirrors and floods.
   *
   * @param port its number
   * @return false when the port has no room or cannot send such a packet, or its device is gone,
   *     which ends the pipeline: there is no copy then
   * @throws IllegalArgumentException when there is no such port, or it is a source
   */
  public boolean copyTo(int port) {
    worker.requireOutput(port);
    return worker.copy(port);
  }

  /**
   * Prepares to hold the packet; the stage then returns {@link Verdict#HOLD}, and has it until it
   * calls {@link Worker#resume} or {@link Worker#drop}.
   *
   * @return null when too few buffers are left ({@link Pipeline.Builder#hold}): the stage says what
   *     else happens to the packet
   * @throws IllegalStateException when it was called before for this packet
   */
  public @Nullable Held hold() {
    if (asked != null) {
      throw new IllegalStateException("hold() was called before for this packet");
    }
    asked = held == null ? input.pool.take(slots) : held;
    return asked;
  }

  PortEnd.Sent copyThrough(PortEnd to) {
    return ring == null ? to.copy(held) : to.copy(ring, slot, slots);
  }

  PortEnd.Sent sendThrough(PortEnd to) {
    return ring == null ? to.send(held) : to.send(input, ring, slot, slots);
  }

  @Nullable Held asked() {
    return asked;
  }

  /** Ends {@link #hold} without holding. */
  void unask() {
    if (asked != null && asked != held) {
      asked.pool.release(asked);
    }
    asked = null;
  }

  /** Moves the packet into the buffers of what {@link #hold} has returned. */
  void keep(int stage) {
    if (asked != held) {
      asked.pool.fill(asked, ring, slot);
    }
    asked.state = Held.State.HELD;
    asked.stage = stage;
    asked.output = output;
    asked = null;
  }
}

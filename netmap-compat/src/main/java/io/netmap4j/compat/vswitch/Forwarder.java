package io.netmap4j.compat.vswitch;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_INDIRECT;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.Netmap.NS_NO_LEARN;
import static io.netmap4j.Netmap.NS_PORT_SHIFT;
import static io.netmap4j.Netmap.NS_REPORT;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;
import static io.netmap4j.layout.RingLayout.SLOT_PTR;
import static io.netmap4j.layout.RingLayout.SLOT_SIZE;

import io.netmap4j.compat.ValeLookup;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * Sends what is in one TX ring (netmap_vale.c: nm_vale_preflush, nm_vale_flush): checks each slot,
 * once, finds the frame's destination, and hands batches to the destinations' rings. One thread at
 * a time.
 */
final class Forwarder implements ValeLookup.Frame {
  /** An Ethernet header. */
  static final int MIN_FRAME = 14;

  private static final long MAC = 0xffffffffffffL;

  /** Flags that are done with once the slot is sent. */
  private static final int FLAGS_DONE = NS_BUF_CHANGED | NS_REPORT;

  /** Header bytes that are gathered from fragments: a virtio-net header and an Ethernet one. */
  private static final int GATHERED = 64;

  /** Frames of this ring that went to nobody: an unknown port, or back to the sender. */
  long nowhere;

  /** Frames of this ring that were handed to the switch. */
  long frames;

  /** Frames for which the program's lookup function threw. */
  long lookupFailures;

  private final ValePort port;
  private final Kring kring;
  private final long buffers;
  private final int bufSize;
  private final int bufTotal;
  private final Batch batch = new Batch();

  /** The beginning of a frame whose first fragment does not hold it. */
  private final long gathered = Mem.allocate(GATHERED);

  @SuppressWarnings("UnusedVariable") // keeps the loads that bring frames into the cache
  private int touched;

  private IndirectRanges.Range[] indirect;
  private boolean refused;

  // The frame that a program's lookup function is asked about.
  private long frame;
  private int frameLength;
  private int frameFlags;
  private int toRing;

  Forwarder(ValePort port, Kring kring) {
    Region region = kring.region;
    this.port = port;
    this.kring = kring;
    this.buffers = region.address() + region.bufOffset();
    this.bufSize = region.bufSize();
    this.bufTotal = region.bufTotal();
  }

  /** No sync is in flight or will come. */
  void close() {
    Mem.free(gathered);
  }

  /** Sends every slot up to the user's head. */
  int sync(Kring k) {
    int status = 0;
    int head = k.rHead;
    if (k.hwCur != head) {
      ValePort.Attached at = port.attached;
      if (at != null) {
        status = forward(k, head, at);
      }
      k.hwCur = head;
    }
    k.hwTail = head == 0 ? k.numSlots - 1 : head - 1;
    return status;
  }

  private int forward(Kring k, int head, ValePort.Attached at) {
    ValeSwitch.Table table = at.bridge().table;
    final int header = port.header;
    final int least = MIN_FRAME + header;
    batch.header = header;
    indirect = IndirectRanges.now();
    refused = false;
    int slot = k.hwCur;
    while (slot != head) {
      int run = Math.min((head > slot ? head : k.numSlots) - slot, Batch.SIZE - batch.count);
      int first = batch.count;
      int n = plain(k, slot, run, least);
      batch.count = first + n;
      if (table.lookup() == null) {
        dispatch(first, n, header, at, table);
      } else {
        for (int i = first; i < first + n; i++) {
          int length = batch.sizes[i] & 0xffff;
          dispatch(i, batch.from[i] + header, length - header, 0, at, table);
        }
      }
      slot = slot + n == k.numSlots ? 0 : slot + n;
      if (n < run) {
        slot = unusual(slot, head, at, table, header);
      }
      if (batch.count >= Batch.SIZE) {
        batch.flush(table, at.index());
      }
    }
    if (batch.count > 0) {
      batch.flush(table, at.index());
    }
    Reference.reachabilityFence(indirect);
    indirect = null;
    return refused ? Libc.EINVAL : 0;
  }

  /**
   * The hot loop of the checks: frames of one slot each, without flags that matter.
   *
   * @param most slots, which do not wrap
   * @return how many are such frames; the one behind them is not
   */
  private int plain(Kring k, int slot, int most, int least) {
    final long[] from = batch.from;
    final int[] sizes = batch.sizes;
    final boolean offsets = k.offsetMask != 0;
    final int usable = bufTotal - Region.FIRST_BUFFER;
    final int size = bufSize;
    final long base = buffers;
    int entry = batch.count;
    long address = k.slots + (long) slot * SLOT_SIZE;
    int seen = 0;
    int n = 0;
    for (; n < most; n++, entry++, address += SLOT_SIZE) {
      long word = Mem.getLong(address);
      int index = (int) word;
      int length = (int) (word >>> 32) & 0xffff;
      int flags = (int) (word >>> 48);
      int offset = offsets ? k.offset(address) : 0;
      if ((flags & ~FLAGS_DONE) != 0
          || length < least
          || length > size - offset
          || Integer.compareUnsigned(index - Region.FIRST_BUFFER, usable) >= 0) {
        break;
      }
      if (flags != 0) {
        Mem.putShort(address + SLOT_FLAGS, (short) 0);
      }
      long bytes = base + (long) index * size + offset;
      seen += Mem.getByte(bytes); // on its way into the cache before the bridge looks
      from[entry] = bytes;
      sizes[entry] = length | 1 << 16;
    }
    touched = seen;
    return n;
  }

  /** The hot loop of the learning bridge: as the other, for such frames. */
  private void dispatch(
      int first, int count, int header, ValePort.Attached at, ValeSwitch.Table table) {
    final long[] from = batch.from;
    final ValePort[] ports = table.ports();
    final MacTable macs = table.macs();
    final int me = at.index();
    final int ring = kring.ringId;
    for (int i = first; i < first + count; i++) {
      long ethernet = from[i] + header;
      long destination = Mem.getLong(ethernet) & MAC;
      long source = Mem.getLong(ethernet + 6) & MAC;
      if ((source & 1) == 0) {
        macs.learn(source, me);
      }
      int to = (destination & 1) != 0 ? MacTable.UNKNOWN : macs.find(destination);
      if (to == MacTable.UNKNOWN) {
        batch.append(Batch.ALL, i);
        continue;
      }
      ValePort port = ports[to];
      if (port == null || to == me) {
        nowhere++;
        continue;
      }
      int rings = port.rings;
      int queue = to * Batch.MAX_RINGS + (ring < rings ? ring : ring % rings);
      batch.append(queue, i);
    }
    frames += count;
  }

  /**
   * A frame of several slots, with flags, or that cannot be sent.
   *
   * @return the slot behind it
   */
  private int unusual(
      int first, int head, ValePort.Attached at, ValeSwitch.Table table, int header) {
    int entry = batch.count;
    int slot = first;
    int fragments = 0;
    int total = 0;
    int firstFlags = 0;
    boolean good = true;
    boolean more;
    do {
      long address = kring.slot(slot);
      long word = Mem.getLong(address);
      int flags = (int) (word >>> 48);
      int length = (int) (word >>> 32) & 0xffff;
      if ((flags & FLAGS_DONE) != 0) {
        Mem.putShort(address + SLOT_FLAGS, (short) (flags & ~FLAGS_DONE));
      }
      firstFlags = fragments == 0 ? flags : firstFlags;
      long from = source(address, (int) word, length, flags);
      good &= from != 0 && fragments < Batch.MAX_FRAGMENTS;
      if (good) {
        batch.from[entry + fragments] = from;
        batch.sizes[entry + fragments] = length;
        total += length;
      }
      fragments++;
      more = (flags & NS_MOREFRAG) != 0;
      slot = kring.next(slot);
    } while (more && slot != head);
    if (!good || more || total < MIN_FRAME + header) {
      kring.unsent++;
      kring.badSlots += fragments;
      refused = true;
      return slot;
    }
    batch.sizes[entry] |= fragments << 16;
    batch.count = entry + fragments;
    long begin = batch.from[entry];
    int readable = batch.sizes[entry] & 0xffff;
    if (readable < MIN_FRAME + header) {
      readable = gather(entry, fragments);
      begin = gathered;
    }
    dispatch(entry, begin + header, readable - header, firstFlags, at, table);
    return slot;
  }

  /** Where a slot's bytes are; 0 when it cannot be sent. */
  private long source(long slot, int index, int length, int flags) {
    if (length == 0) {
      return 0;
    }
    if ((flags & NS_INDIRECT) != 0) {
      long address = Mem.getLong(slot + SLOT_PTR);
      return length <= bufSize && IndirectRanges.hold(indirect, address, length) ? address : 0;
    }
    int offset = kring.offset(slot);
    boolean valid =
        length <= bufSize - offset
            && Integer.compareUnsigned(index - Region.FIRST_BUFFER, bufTotal - Region.FIRST_BUFFER)
                < 0;
    return valid ? buffers + (long) index * bufSize + offset : 0;
  }

  private int gather(int entry, int fragments) {
    int at = 0;
    for (int i = entry; i < entry + fragments && at < GATHERED; i++) {
      int bytes = Math.min(batch.sizes[i] & 0xffff, GATHERED - at);
      Mem.copy(batch.from[i], gathered + at, bytes);
      at += bytes;
    }
    return at;
  }

  /** Puts a frame into the queue of its destination. */
  private void dispatch(
      int entry, long ethernet, int length, int flags, ValePort.Attached at, ValeSwitch.Table t) {
    frames++;
    int to = flags >>> NS_PORT_SHIFT; // overrides the table
    int ring = kring.ringId;
    if (t.lookup() != null && to == 0) {
      to = ask(t.lookup(), ethernet, length, flags);
      ring = toRing;
    } else {
      long destination = Mem.getLong(ethernet) & MAC;
      long source = Mem.getLong(ethernet + 6) & MAC;
      if ((source & 1) == 0 && (flags & NS_NO_LEARN) == 0 && t.lookup() == null) {
        t.macs().learn(source, at.index());
      }
      if (to == 0) {
        int known = (destination & 1) != 0 ? MacTable.UNKNOWN : t.macs().find(destination);
        to = known == MacTable.UNKNOWN ? ValeLookup.BROADCAST : known;
      } else if (to >= ValeSwitch.MAX_PORTS) {
        to = ValeLookup.DROP;
      }
    }
    if (to == ValeLookup.BROADCAST) {
      batch.append(Batch.ALL, entry);
      return;
    }
    ValePort destination = to < 0 || to >= ValeSwitch.MAX_PORTS ? null : t.ports()[to];
    if (destination == null || to == at.index()) {
      nowhere++;
      return;
    }
    batch.append(to * Batch.MAX_RINGS + ring % destination.rings, entry);
  }

  private int ask(ValeLookup lookup, long ethernet, int length, int flags) {
    frame = ethernet;
    frameLength = length;
    frameFlags = flags;
    toRing = kring.ringId;
    try {
      return lookup.destination(this);
    } catch (Throwable e) { // also an Error: the batch must not keep what it has of this sync
      lookupFailures++;
      return ValeLookup.DROP;
    } finally {
      frameLength = 0; // the program may have kept the frame
    }
  }

  @Override
  public int length() {
    return frameLength;
  }

  @Override
  public int unsignedByte(int at) {
    return Mem.getByte(frame + Objects.checkIndex(at, frameLength)) & 0xff;
  }

  @Override
  public long address(int at) {
    Objects.checkFromIndexSize(at, 6, frameLength);
    long address = 0;
    for (int i = at; i < at + 6; i++) {
      address = address << 8 | Mem.getByte(frame + i) & 0xff;
    }
    return address;
  }

  @Override
  public int flags() {
    return frameFlags;
  }

  @Override
  public int port() {
    ValePort.Attached at = port.attached;
    return at == null ? ValeLookup.DROP : at.index();
  }

  @Override
  public int ring() {
    return kring.ringId;
  }

  @Override
  public void toRing(int ring) {
    toRing = Math.max(0, ring);
  }
}

package io.netmap4j.model.wire;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.TapDevice;

/**
 * Joins a card at end {@link WireEnd#A} to the Linux network stack: what the card sends, a TAP
 * interface receives, and what the kernel sends through the interface comes to the card by {@link
 * #run}. Needs CAP_NET_ADMIN.
 *
 * <p>The interface is the other end of the cable, a network card of the kernel with an address of
 * its own, and not the card. It is removed by {@link #close} or with the process, and may be moved
 * to another namespace meanwhile: {@code ip link set NAME netns NS}.
 *
 * <p>No offloads: frames from the kernel have their checksums and fit the interface's MTU. Those
 * that no Ethernet carries, being shorter than 60 bytes (ARP has 42), are padded. A card that takes
 * no more makes frames wait in the interface's queue; when that is full too, the kernel drops and
 * counts them ({@code ip -s link}: TX dropped).
 *
 * <p>For the thread that runs the card; {@link #close} when it no longer does.
 */
public final class TapWire implements Wire {
  /**
   * What the interface is made as.
   *
   * @param name 1 to 15 bytes
   * @param mac of the interface, not of the card: 48 bits, first octet highest; 0 leaves the choice
   *     to the kernel
   * @param mtu the longest IP packet that the kernel sends, in bytes; the card's own limit has to
   *     let it through
   * @param up true: bring it up at once; false: left to {@code ip link set NAME up}
   * @param mode what happens to a frame from the kernel that the card refuses
   */
  public record Options(String name, long mac, int mtu, boolean up, CableMode mode) {
    /** An interface with a MAC address of the kernel's choice and MTU 1500, down; nothing lost. */
    public static Options named(String name) {
      return new Options(name, 0, 1500, false, CableMode.FLOW_CONTROLLED);
    }

    public Options mac(long address) {
      return new Options(name, address, mtu, up, mode);
    }

    public Options mtu(int bytes) {
      return new Options(name, mac, bytes, up, mode);
    }

    public Options up(boolean atOnce) {
      return new Options(name, mac, mtu, atOnce, mode);
    }

    public Options mode(CableMode whenFull) {
      return new Options(name, mac, mtu, up, whenFull);
    }
  }

  /** A packet of the largest MTU that the kernel allows, and a tagged Ethernet header. */
  private static final int LONGEST = 65521 + 18;

  private final TapDevice tap;
  private final CableMode mode;
  private final long frame = Mem.allocate(LONGEST);
  private final WireCounters fromCard = new WireCounters();
  private final WireCounters fromKernel = new WireCounters();
  private volatile FrameSink card;

  /** What the kernel has been told; it takes a new interface's carrier for granted. */
  private boolean told = true;

  /** Of the frame that is read and not delivered; 0 when there is none. */
  private int length;

  private boolean closed;

  private TapWire(TapDevice tap, CableMode mode) {
    this.tap = tap;
    this.mode = mode;
  }

  /**
   * Makes the interface.
   *
   * @throws io.netmap4j.linux.LinuxException when that fails; there is no interface then
   */
  public static TapWire open(Options options) {
    TapDevice tap = TapDevice.create(options.name);
    try {
      if (options.mac != 0) {
        tap.mac(options.mac);
      }
      tap.mtu(options.mtu);
      if (options.up) {
        tap.up();
      }
      return new TapWire(tap, options.mode);
    } catch (RuntimeException e) {
      tap.close();
      throw e;
    }
  }

  /** The interface's name. */
  public String name() {
    return tap.name();
  }

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    if (end != WireEnd.A) {
      throw new IllegalArgumentException("end B of a TAP is the kernel's: connect the card to A");
    }
    card = sink;
  }

  /** For the card: the interface is up. For the kernel: a card is connected, and sends light. */
  @Override
  public boolean carrier(WireEnd end) {
    FrameSink sink = card;
    return end == WireEnd.A ? tap.isUp() : sink != null && sink.lit();
  }

  /** A frame is lost while the interface is down, and when the kernel has no memory for it. */
  @Override
  public boolean send(WireEnd from, long address, int bytes) {
    long written = tap.write(address, bytes);
    if (written == -Libc.EAGAIN) {
      return false;
    }
    if (written < 0) {
      fromCard.addLost();
    }
    fromCard.addSent(bytes);
    return true;
  }

  /**
   * Delivers what the kernel has sent, until the card takes no more, and tells the kernel of the
   * card's light: {@code NO-CARRIER} in {@code ip link}.
   */
  @Override
  public int run(int budget) {
    FrameSink card = this.card;
    if (card != null && card.lit() != told) {
      told = !told;
      tap.carrier(told);
    }
    if (card == null || (length == 0 && !read())) {
      return 0;
    }
    int done = 0;
    card.begin();
    try {
      do {
        if (!mode.deliver(card, fromKernel, frame, length)) {
          return done;
        }
        length = 0;
        done++;
      } while (done < budget && read());
    } finally {
      card.end();
    }
    return done;
  }

  private boolean read() {
    length = Math.max(0, (int) tap.read(frame, LONGEST));
    if (length == 0) {
      return false;
    }
    if (length < MIN_FRAME) {
      Mem.set(frame + length, MIN_FRAME - length, (byte) 0);
      length = MIN_FRAME;
    }
    return true;
  }

  @Override
  public boolean plays() {
    return true;
  }

  /** {@link WireEnd#A}: what the card sent; {@link WireEnd#B}: what the kernel sent. */
  @Override
  public WireCounters counters(WireEnd from) {
    return from == WireEnd.A ? fromCard : fromKernel;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      tap.close();
      Mem.free(frame);
    }
  }
}

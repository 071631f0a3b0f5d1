package io.netmap4j.compat.monitor;

import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingTap;
import java.util.ArrayList;
import java.util.List;

/**
 * Zero-copy monitors of the same rings: a buffer can be in one place only, so the second gets what
 * the user of the first has released, and so on.
 */
final class ZcopyChain {
  /** Of all ports, in the order in which they were opened. Guarded by itself. */
  private static final List<Link> OPEN = new ArrayList<>();

  private ZcopyChain() {}

  /** One monitor's place: its ring, and the rings that it monitors, null for none. */
  static final class Link {
    final ZcopyRing ring;
    final Kring tx;
    final Kring rx;
    private Link before;
    private Link behind;
    private final List<Tap> taps = new ArrayList<>();

    Link(ZcopyRing ring, Kring tx, Kring rx) {
      this.ring = ring;
      this.tx = tx;
      this.rx = rx;
    }

    private void feed() {
      ring.forgetParts();
      if (before != null) {
        before.behind = this;
        before.ring.next(ring);
        add(before.ring.kring, new Tap.Given(before.ring.kring, ring));
        return;
      }
      if (tx != null) {
        add(tx, new Tap.Done(tx, ring));
      }
      if (rx != null) {
        add(rx, new Tap.Given(rx, ring));
      }
    }

    private void add(Kring to, Tap tap) {
      if (to.addTap(tap)) {
        taps.add(tap);
      } else {
        ring.markGone();
      }
    }

    private void starve() {
      for (RingTap tap : taps) {
        ((Tap) tap).from.removeTap(tap);
      }
      taps.clear();
    }
  }

  /** Puts a monitor behind those that are there. */
  static void add(Link link) {
    synchronized (OPEN) {
      for (Link other : OPEN) {
        if (other.tx == link.tx && other.rx == link.rx) {
          link.before = other; // the last one stays
        }
      }
      OPEN.add(link);
      link.feed();
    }
  }

  /** Takes a monitor out; who is behind it gets packets from where it had them. */
  static void remove(Link link) {
    synchronized (OPEN) {
      OPEN.remove(link);
      link.starve();
      Link behind = link.behind;
      if (link.before != null) {
        link.before.behind = null;
        link.before.ring.next(null);
      }
      if (behind != null) {
        behind.starve();
        behind.before = link.before;
        behind.feed();
      }
    }
  }
}

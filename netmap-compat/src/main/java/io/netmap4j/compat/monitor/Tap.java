package io.netmap4j.compat.monitor;

import io.netmap4j.Netmap;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingTap;

/** Reports slots of a monitored ring to a ring of a monitor. */
abstract class Tap implements RingTap {
  /** Of the two rings that feed a monitor's ring, RX is 0, TX is 1. */
  final int source;

  /** Of a slot's flags, those that the monitor's slot gets, and what it gets beside them. */
  final int keptFlags;

  final int addedFlags;

  /** NS_INDIRECT where that means something; else 0. */
  final int indirectFlag;

  final Kring from;
  final MonitorRing to;

  Tap(Kring from, MonitorRing to) {
    this.from = from;
    this.to = to;
    this.source = from.tx ? 1 : 0;
    boolean monitor = from.adapter() instanceof MonitorAdapter; // its slots say where they are from
    this.keptFlags = monitor ? 0xffff : 0xffff & ~Netmap.NS_TXMON;
    this.indirectFlag = from.tx && from.adapter().indirect() ? Netmap.NS_INDIRECT : 0;
    this.addedFlags = from.tx ? Netmap.NS_TXMON : 0;
  }

  /** A monitor ahead in the chain that closes is not the port that is monitored. */
  @Override
  public void gone(Kring kring) {
    if (!(kring.adapter() instanceof MonitorAdapter)) {
      to.markGone();
    }
  }

  /** What the user gives: packets to be sent, or received ones that are released. */
  static final class Given extends Tap {
    /** First slot not reported, of those before rHead. */
    private int next;

    /** hwCur after the last sync; −1 before the first. */
    private int hwCur = -1;

    Given(Kring from, MonitorRing to) {
      super(from, to);
    }

    /**
     * The adapter may have left slots behind that were reported; the user may have taken slots
     * back; a reset may have moved hwCur.
     */
    @Override
    public void before(Kring k) {
      if (k.hwCur != hwCur) {
        next = k.hwCur;
      }
      int reported = k.distance(k.hwCur, next);
      int given = k.distance(k.hwCur, k.rHead);
      next = k.rHead;
      if (reported < given) {
        int left = given - reported;
        int first = k.rHead - left;
        first = first < 0 ? first + k.numSlots : first;
        int taken = to.report(this, first, left);
        next = first + taken;
        next = next >= k.numSlots ? next - k.numSlots : next;
      }
    }

    @Override
    public void after(Kring k, int before, int hwTail) {
      if (k.distance(before, next) < k.distance(before, k.hwCur)) {
        next = k.hwCur; // a packet without an end, which the adapter has taken
      }
      hwCur = k.hwCur;
    }
  }

  /** What the adapter gives back: received packets, or slots of packets that have left. */
  static final class Done extends Tap {
    Done(Kring from, MonitorRing to) {
      super(from, to);
    }

    @Override
    public void before(Kring kring) {}

    @Override
    public void after(Kring k, int hwCur, int hwTail) {
      int count = k.distance(hwTail, k.hwTail);
      if (count > 0) {
        to.report(this, k.tx ? k.next(hwTail) : hwTail, count);
      }
    }
  }
}

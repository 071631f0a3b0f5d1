package io.netmap4j.apps.traffic;

/**
 * The addresses and ports of one frame after another. As in pkt-gen the source port moves on first,
 * then the source address, then the destination's port and address; what is random is drawn anew
 * for each. MAC addresses move on with every frame. For one thread.
 */
final class Flow {
  private final Endpoints source;
  private final Endpoints destination;
  private final MacRange sourceMacs;
  private final MacRange destinationMacs;
  private final boolean randomSource;
  private final boolean randomDestination;
  private final boolean macsVary;
  private final int srcFirstPort;
  private final int srcLastPort;
  private long sourceIndex;
  private long destinationIndex;
  private long random;

  // Of the current frame. IPv4 addresses are in the low 32 bits.
  long srcHigh;
  long srcLow;
  long dstHigh;
  long dstLow;
  int srcPort;
  int dstPort;
  long srcMac;
  long dstMac;

  // The 16-bit words of an address, added up; not folded.
  private long srcSum;
  private long dstSum;

  /**
   * @param randomSource the source's port and address are random: all of an IPv4 address, the lower
   *     64 bits of an IPv6 address
   * @param randomDestination the same of the destination
   * @param seed of what is random
   */
  Flow(
      Endpoints source,
      Endpoints destination,
      MacRange sourceMacs,
      MacRange destinationMacs,
      boolean randomSource,
      boolean randomDestination,
      long seed) {
    this.source = source;
    this.destination = destination;
    this.sourceMacs = sourceMacs;
    this.destinationMacs = destinationMacs;
    this.randomSource = randomSource;
    this.randomDestination = randomDestination;
    this.random = seed;
    this.macsVary = !sourceMacs.single() || !destinationMacs.single();
    this.srcFirstPort = source.firstPort();
    this.srcLastPort = source.lastPort();
    this.srcMac = sourceMacs.first();
    this.dstMac = destinationMacs.first();
    this.srcHigh = source.high();
    this.srcLow = source.low();
    this.dstHigh = destination.high();
    this.dstLow = destination.low();
    this.srcSum = words(srcHigh) + words(srcLow);
    this.dstSum = words(dstHigh) + words(dstLow);
    this.srcPort = source.firstPort();
    this.dstPort = destination.firstPort();
    if (randomSource) {
      randomiseSource();
    }
    if (randomDestination) {
      randomiseDestination();
    }
  }

  boolean ipv6() {
    return source.ipv6();
  }

  /** One frame differs from the next. */
  boolean varies() {
    return macsVary()
        || randomSource
        || randomDestination
        || !source.single()
        || !destination.single();
  }

  boolean macsVary() {
    return macsVary;
  }

  /** The 16-bit words of both addresses, added up; not folded. */
  long addressSum() {
    return srcSum + dstSum;
  }

  private static long words(long bits) {
    return (bits >>> 48) + (bits >>> 32 & 0xffff) + (bits >>> 16 & 0xffff) + (bits & 0xffff);
  }

  void next() {
    if (macsVary) {
      srcMac = sourceMacs.next(srcMac);
      dstMac = destinationMacs.next(dstMac);
    }
    if (randomSource) {
      randomiseSource();
    } else if (!nextSource()) {
      return;
    }
    if (randomDestination) {
      randomiseDestination();
    } else {
      nextDestination();
    }
  }

  /**
   * @return true behind the last: it is at the first again
   */
  private boolean nextSource() {
    if (srcPort != srcLastPort) {
      srcPort++;
      return false;
    }
    srcPort = srcFirstPort;
    if (source.last() == 0) {
      return true;
    }
    sourceIndex = sourceIndex == source.last() ? 0 : sourceIndex + 1;
    srcHigh = source.high() + (source.stepHigh() ? sourceIndex << source.shift() : 0);
    srcLow = source.low() + (source.stepHigh() ? 0 : sourceIndex << source.shift());
    srcSum = words(srcHigh) + words(srcLow);
    return sourceIndex == 0;
  }

  private void nextDestination() {
    if (dstPort != destination.lastPort()) {
      dstPort++;
      return;
    }
    dstPort = destination.firstPort();
    if (destination.last() != 0) {
      destinationIndex = destinationIndex == destination.last() ? 0 : destinationIndex + 1;
      boolean high = destination.stepHigh();
      long step = destinationIndex << destination.shift();
      dstHigh = destination.high() + (high ? step : 0);
      dstLow = destination.low() + (high ? 0 : step);
      dstSum = words(dstHigh) + words(dstLow);
    }
  }

  private void randomiseSource() {
    srcPort = (int) (random() >>> 48);
    srcLow = ipv6() ? random() : random() >>> 32;
    srcSum = words(srcHigh) + words(srcLow);
  }

  private void randomiseDestination() {
    dstPort = (int) (random() >>> 48);
    dstLow = ipv6() ? random() : random() >>> 32;
    dstSum = words(dstHigh) + words(dstLow);
  }

  /** 0 to {@code bound} − 1. */
  int random(int bound) {
    return (int) ((random() >>> 32) * bound >>> 32);
  }

  /** splitmix64: each number of 64 bits comes once in a period. */
  private long random() {
    random += 0x9e3779b97f4a7c15L;
    long z = (random ^ random >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}

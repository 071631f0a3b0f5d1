package io.netmap4j.model;

import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.DmaMapping;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Device addresses for one or more cards: never equal to an address of ours, with gaps between what
 * is mapped, so that a driver that mixes the two or runs past an end meets a fault. Thread safe.
 *
 * <p>A region is mapped once, however many devices and mappings use it, and cannot be closed before
 * the last mapping is.
 */
public final class ModelDomain implements DmaDomain {
  private static final long FIRST_IOVA = 0x40_0000_0000L;
  private static final long GAP = DmaMapping.PAGE;

  private final RandomGenerator shuffle;
  private final List<Nic82599> cards = new ArrayList<>();
  private final IdentityHashMap<Region, Mapped> regions = new IdentityHashMap<>();
  private long next = FIRST_IOVA;

  private static final class Mapped {
    final long address;
    final long[] iovas;
    final Region.Use use;
    int users;

    Mapped(Region.Use use, long address, long[] iovas) {
      this.use = use;
      this.address = address;
      this.iovas = iovas;
    }
  }

  private ModelDomain(RandomGenerator shuffle) {
    this.shuffle = shuffle;
  }

  /** A region's pages follow one another, as VFIO maps them. */
  public static ModelDomain straight() {
    return new ModelDomain(null);
  }

  /**
   * A region's pages of 2 MiB are apart and in an order made from {@code seed}, as UIO finds them.
   */
  public static ModelDomain scattered(long seed) {
    return new ModelDomain(RandomGeneratorFactory.of("SplittableRandom").create(seed));
  }

  @Override
  public synchronized DmaMapping map(Region region) {
    Mapped mapped = regions.get(region);
    if (mapped == null) {
      Region.Use use = region.hold("model cards");
      long[] iovas = layOut((int) (region.size() >> DmaMapping.PAGE_SHIFT));
      mapped = new Mapped(use, region.address(), iovas);
      regions.put(region, mapped);
      for (Nic82599 card : cards) {
        mapInto(card, mapped);
      }
    }
    mapped.users++;
    return new DmaMapping(mapped.iovas, () -> unmap(region));
  }

  private synchronized void unmap(Region region) {
    Mapped mapped = regions.get(region);
    if (--mapped.users == 0) {
      regions.remove(region);
      for (Nic82599 card : cards) {
        unmapFrom(card, mapped);
      }
      mapped.use.close();
    }
  }

  private long[] layOut(int pages) {
    long[] iovas = new long[pages];
    long step = shuffle == null ? DmaMapping.PAGE : DmaMapping.PAGE + GAP;
    long start = reserve(pages * step);
    for (int i = 0; i < pages; i++) {
      iovas[i] = start + i * step;
    }
    if (shuffle != null) {
      for (int i = pages - 1; i > 0; i--) {
        int other = shuffle.nextInt(i + 1);
        long swap = iovas[i];
        iovas[i] = iovas[other];
        iovas[other] = swap;
      }
    }
    return iovas;
  }

  private static void mapInto(Nic82599 card, Mapped mapped) {
    for (int i = 0; i < mapped.iovas.length; i++) {
      card.memory().map(mapped.iovas[i], DmaMapping.PAGE, mapped.address + i * DmaMapping.PAGE);
    }
  }

  private static void unmapFrom(Nic82599 card, Mapped mapped) {
    for (long iova : mapped.iovas) {
      card.memory().unmap(iova, DmaMapping.PAGE);
    }
  }

  /** Reserves device addresses for one use, aligned to 4096. */
  synchronized long reserve(long bytes) {
    long iova = next;
    next += (bytes + GAP + DmaMapping.PAGE - 1) & -DmaMapping.PAGE;
    return iova;
  }

  /** Lets a card reach the regions mapped now and later. */
  synchronized void attach(Nic82599 card) {
    cards.add(card);
    regions.values().forEach(mapped -> mapInto(card, mapped));
  }

  synchronized void detach(Nic82599 card) {
    cards.remove(card);
    regions.values().forEach(mapped -> unmapFrom(card, mapped));
  }
}

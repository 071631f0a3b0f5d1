package io.netmap4j.linux;

/**
 * The orders that rings and registers rest on, each by its name: the one place that knows what each
 * processor needs for them, and which construct of Java gives it. docs/memory-order.md has the
 * reasons, with sources, the instructions that HotSpot emits, and the foreign drivers that use the
 * same; {@code bench/barriers} compares them with the code that a JDK emits.
 *
 * <p>Between threads, and processes that share memory, Java's own rules hold on every processor.
 * They say nothing about devices:
 *
 * <ul>
 *   <li>x86-64 keeps stores in order, also those to registers, and loads. Only the compiler must be
 *       held back, which costs nothing.
 *   <li>aarch64: every fence of Java's is a {@code dmb} for the Inner Shareable domain. A card
 *       whose DMA is coherent is part of it.
 *   <li>ppc64le: Java's release and acquire are {@code lwsync}, which orders memory, but not memory
 *       before a register. Only a full fence, {@code sync}, does that.
 * </ul>
 *
 * Any thread.
 */
public final class Order {
  /** Constant to the compiler: what other processors need is not in the code of this one. */
  private static final boolean STORES_STAY_IN_ORDER = Arch.current() == Arch.X86_64;

  /** As above: C1's acquire is {@code lwsync}, which does not hold memory behind a register. */
  private static final boolean LOADS_NEED_SYNC = Arch.current() == Arch.PPC64LE;

  private Order() {}

  /**
   * Descriptors, then the doorbell: all that is stored before is visible to the device before this
   * register's new value; what was loaded before is loaded before. One plain store from the first
   * call on, never {@link Mem#putIntRelease}: HotSpot's interpreter makes an {@code xchg} of it on
   * x86-64, which reads the register first, and whose locked cycle a PCI Express device need not
   * answer.
   */
  public static void writeRegister(long address, int value) {
    if (STORES_STAY_IN_ORDER) {
      Mem.storeFence();
    } else {
      Mem.fullFence();
    }
    Mem.putInt(address, value);
  }

  /**
   * Register after register, and register before memory: the value that the device has when all
   * registers written before have reached it; memory is loaded after. One load, never two: safe on
   * a clear-on-read register.
   */
  public static int readRegister(long address) {
    int value = Mem.getIntVolatile(address);
    if (LOADS_NEED_SYNC) {
      Mem.fullFence();
    }
    return value;
  }

  /**
   * DD, then the payload: what a device wrote to memory before the word that says so is not loaded
   * ahead of that word. All of it is memory: the order of threads will do.
   */
  public static void loadedBeforePayload() {
    Mem.loadFence();
  }

  /**
   * Slots, then head or tail: everything stored and loaded before is done before this index is
   * seen, by whoever looks with {@link #index}. The other way round, slots that are given back have
   * been read.
   */
  public static void publishIndex(long address, int value) {
    Mem.putIntRelease(address, value);
  }

  /** Head or tail, then cur and slots: what was stored before {@link #publishIndex} is seen. */
  public static int index(long address) {
    int value = Mem.getInt(address);
    Mem.loadFence();
    return value;
  }

  /**
   * News, then the look at who sleeps; "I sleep", then the last look at the news. With it on both
   * sides one of them sees the other. The only order here that x86-64 needs an instruction for.
   */
  public static void storedBeforeLooking() {
    Mem.fullFence();
  }
}

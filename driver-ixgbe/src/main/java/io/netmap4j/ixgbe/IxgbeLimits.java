package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import java.util.List;
import java.util.stream.Collectors;

/** What the card can be asked for; options beyond that are refused by name. */
final class IxgbeLimits {
  /** What RSS reaches, and how many queues the counters tell apart. */
  private static final int MAX_RINGS = 16;

  private static final int MIN_SLOTS = 64;
  private static final int MAX_SLOTS = 4096;
  private static final int MAX_MTU = 9710;

  private IxgbeLimits() {}

  /**
   * @throws NetmapException EINVAL; the message names the option and its range
   */
  static void check(NicOptions o, Region region, IxgbeChip chip) {
    boolean oneCount = o.txRings() == o.rxRings();
    boolean oneSize = o.txSlots() == o.rxSlots();
    range(oneCount ? "rings" : "tx-rings", o.txRings(), 1, MAX_RINGS);
    range("rx-rings", o.rxRings(), 1, MAX_RINGS);
    range("mtu", o.mtu(), 68, MAX_MTU);
    range(oneSize ? "slots" : "tx-slots", o.txSlots(), MIN_SLOTS, MAX_SLOTS);
    range("rx-slots", o.rxSlots(), MIN_SLOTS, MAX_SLOTS);
    if (o.speed() != 0 && !chip.speeds.contains(o.speed())) {
      throw new NetmapException(
          Libc.EINVAL,
          "speed = " + o.speed() + ": an " + chip + " does " + words(chip.speeds) + " Mbit/s");
    }
    if (o.txSlots() % 8 != 0 || o.rxSlots() % 8 != 0) {
      throw new NetmapException(
          Libc.EINVAL,
          oneSize
              ? "slots = " + o.txSlots() + ": must be a multiple of 8"
              : "tx-slots = "
                  + o.txSlots()
                  + ", rx-slots = "
                  + o.rxSlots()
                  + ": must be multiples of 8");
    }
    if (region.bufSize() < 1024) {
      throw new NetmapException(
          Libc.EINVAL,
          "buffers of "
              + region.bufSize()
              + " bytes: the card receives into whole kilobytes; set buf-size to 1024 or"
              + " more (2048 is usual)");
    }
  }

  private static String words(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static void range(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new NetmapException(
          Libc.EINVAL, option + " = " + value + " is out of range: " + least + " to " + most);
    }
  }
}

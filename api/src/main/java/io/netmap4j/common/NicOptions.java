package io.netmap4j.common;

import io.netmap4j.linux.Libc;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * How a NIC is set up, from the configuration file ({@code nic.NAME.KEY}) or a program. The driver
 * checks the values when the NIC's first port is opened; the ranges are those of the 82599 family.
 *
 * @param txRings hardware queues used for sending: 1 to 16
 * @param rxRings hardware queues used for receiving: 1 to 16
 * @param txSlots slots of each TX ring: 64 to 4096, a multiple of 8
 * @param rxSlots slots of each RX ring: 64 to 4096, a multiple of 8
 * @param mtu largest IP packet in bytes, 68 to 9710; frames of mtu + 18 bytes, VLAN tags excluded,
 *     are received
 * @param promiscuous receive frames for any address
 * @param dropWhenFull a full RX ring drops its own frames (QPRDC) instead of holding up the other
 *     rings (RXMPC)
 * @param waitMode what poll does while nothing is there
 * @param speed the only speed of the link, in Mbit/s: 100, 1000, 2500, 5000 or 10000, of which the
 *     card and its module must be able; 0 ({@code auto}) leaves it to them and the other end
 */
public record NicOptions(
    int txRings,
    int rxRings,
    int txSlots,
    int rxSlots,
    int mtu,
    boolean promiscuous,
    boolean dropWhenFull,
    WaitMode waitMode,
    int speed) {
  /**
   * One ring of 512 slots each way, MTU 1500, promiscuous, drops when full, adaptive waits, any
   * speed.
   */
  public static final NicOptions DEFAULT =
      new NicOptions(1, 1, 512, 512, 1500, true, true, WaitMode.ADAPTIVE, 0);

  private static final List<Integer> SPEEDS = List.of(100, 1000, 2500, 5000, 10000);

  /** What {@link #with} knows. */
  public static final List<String> KEYS =
      List.of(
          "rings",
          "tx-rings",
          "rx-rings",
          "slots",
          "tx-slots",
          "rx-slots",
          "mtu",
          "promiscuous",
          "drop",
          "wait",
          "speed");

  /**
   * {@link #DEFAULT} with some keys changed.
   *
   * @param values by {@link #KEYS}
   * @throws NetmapException as {@link #with}
   */
  public static NicOptions of(Map<String, String> values) {
    NicOptions o = DEFAULT;
    for (Map.Entry<String, String> e : values.entrySet()) {
      o = o.with(e.getKey(), e.getValue());
    }
    return o;
  }

  /**
   * These options with one key changed.
   *
   * @param key one of {@link #KEYS}
   * @param value as it stands in the configuration file
   * @throws NetmapException EINVAL for an unknown key or an invalid value
   */
  public NicOptions with(String key, String value) {
    return switch (key) {
      case "rings" -> rings(number(key, value), number(key, value));
      case "tx-rings" -> rings(number(key, value), rxRings);
      case "rx-rings" -> rings(txRings, number(key, value));
      case "slots" -> slots(number(key, value), number(key, value));
      case "tx-slots" -> slots(number(key, value), rxSlots);
      case "rx-slots" -> slots(txSlots, number(key, value));
      case "mtu" -> mtu(number(key, value));
      case "promiscuous" -> promiscuous(OnOff.parse(key, value));
      case "drop" -> dropWhenFull(OnOff.parse(key, value));
      case "wait" -> waitMode(mode(value));
      case "speed" -> speed(speed(value));
      default ->
          throw new NetmapException(
              Libc.EINVAL, "unknown key '" + key + "'; known: " + String.join(" ", KEYS));
    };
  }

  /** These options with another number of rings. */
  public NicOptions rings(int tx, int rx) {
    return new NicOptions(
        tx, rx, txSlots, rxSlots, mtu, promiscuous, dropWhenFull, waitMode, speed);
  }

  /** These options with another number of slots in each ring. */
  public NicOptions slots(int tx, int rx) {
    return new NicOptions(
        txRings, rxRings, tx, rx, mtu, promiscuous, dropWhenFull, waitMode, speed);
  }

  /** These options with another MTU, in bytes. */
  public NicOptions mtu(int bytes) {
    return new NicOptions(
        txRings, rxRings, txSlots, rxSlots, bytes, promiscuous, dropWhenFull, waitMode, speed);
  }

  /** These options with promiscuous mode on or off. */
  public NicOptions promiscuous(boolean on) {
    return new NicOptions(
        txRings, rxRings, txSlots, rxSlots, mtu, on, dropWhenFull, waitMode, speed);
  }

  /** These options with full RX rings dropping their own frames or not. */
  public NicOptions dropWhenFull(boolean on) {
    return new NicOptions(
        txRings, rxRings, txSlots, rxSlots, mtu, promiscuous, on, waitMode, speed);
  }

  /** These options with another wait mode. */
  public NicOptions waitMode(WaitMode mode) {
    return new NicOptions(
        txRings, rxRings, txSlots, rxSlots, mtu, promiscuous, dropWhenFull, mode, speed);
  }

  /** These options with another speed, in Mbit/s; 0 for any. */
  public NicOptions speed(int mbits) {
    return new NicOptions(
        txRings, rxRings, txSlots, rxSlots, mtu, promiscuous, dropWhenFull, waitMode, mbits);
  }

  /**
   * What differs, for messages.
   *
   * @param other options to compare these with
   * @return keys and both values in words; empty when they are equal
   */
  public String differences(NicOptions other) {
    Object[][] keys = {
      {"tx-rings", txRings, other.txRings},
      {"rx-rings", rxRings, other.rxRings},
      {"tx-slots", txSlots, other.txSlots},
      {"rx-slots", rxSlots, other.rxSlots},
      {"mtu", mtu, other.mtu},
      {"promiscuous", promiscuous, other.promiscuous},
      {"drop", dropWhenFull, other.dropWhenFull},
      {"wait", word(waitMode), word(other.waitMode)},
      {"speed", word(speed), word(other.speed)}
    };
    StringJoiner words = new StringJoiner(", ");
    for (Object[] key : keys) {
      if (!key[1].equals(key[2])) {
        words.add(key[0] + " = " + key[1] + " and not " + key[2]);
      }
    }
    return words.toString();
  }

  private static String word(WaitMode mode) {
    return mode.name().toLowerCase(Locale.ROOT);
  }

  private static String word(int mbits) {
    return mbits == 0 ? "auto" : Integer.toString(mbits);
  }

  private static int speed(String value) {
    String word = value.trim();
    if (word.equalsIgnoreCase("auto")) {
      return 0;
    }
    for (int mbits : SPEEDS) {
      if (word.equals(Integer.toString(mbits))) {
        return mbits;
      }
    }
    throw new NetmapException(
        Libc.EINVAL,
        "speed = '" + value + "' is none of auto, 100, 1000, 2500, 5000, 10000 (Mbit/s)");
  }

  private static WaitMode mode(String value) {
    try {
      return WaitMode.valueOf(value.trim().toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new NetmapException(
          Libc.EINVAL, "wait = '" + value + "' is none of spin, adaptive, interrupt");
    }
  }

  private static int number(String key, String value) {
    try {
      return Integer.parseInt(value.trim());
    } catch (NumberFormatException e) {
      throw new NetmapException(Libc.EINVAL, key + " = '" + value + "' is not a number");
    }
  }
}

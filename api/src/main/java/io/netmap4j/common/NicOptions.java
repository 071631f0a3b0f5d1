package io.netmap4j.common;

import io.netmap4j.linux.Libc;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * How a NIC port is set up, from the configuration file ({@code nic.NAME.KEY}) or a program.
 *
 * @param txRings hardware queues used for sending
 * @param rxRings hardware queues used for receiving
 * @param txSlots slots of each TX ring
 * @param rxSlots slots of each RX ring
 * @param mtu largest IP packet in bytes; frames of mtu + 18 bytes, VLAN tags excluded, are received
 * @param promiscuous receive frames for any address
 * @param dropWhenFull a full RX ring drops its own frames (QPRDC) instead of holding up the other
 *     rings (RXMPC)
 * @param waitMode what poll does while nothing is there
 */
public record NicOptions(
    int txRings,
    int rxRings,
    int txSlots,
    int rxSlots,
    int mtu,
    boolean promiscuous,
    boolean dropWhenFull,
    WaitMode waitMode) {
  public static final NicOptions DEFAULT =
      new NicOptions(1, 1, 512, 512, 1500, true, true, WaitMode.ADAPTIVE);

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
          "wait");

  /** {@link #DEFAULT} changed by the given {@link #KEYS}. */
  public static NicOptions of(Map<String, String> values) {
    NicOptions o = DEFAULT;
    for (Map.Entry<String, String> e : values.entrySet()) {
      o = o.with(e.getKey(), e.getValue());
    }
    return o;
  }

  /**
   * This, with one key changed. @throws NetmapException EINVAL for an unknown key or a bad value
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
      default ->
          throw new NetmapException(
              Libc.EINVAL, "unknown key '" + key + "'; known: " + String.join(" ", KEYS));
    };
  }

  public NicOptions rings(int tx, int rx) {
    return new NicOptions(tx, rx, txSlots, rxSlots, mtu, promiscuous, dropWhenFull, waitMode);
  }

  public NicOptions slots(int tx, int rx) {
    return new NicOptions(txRings, rxRings, tx, rx, mtu, promiscuous, dropWhenFull, waitMode);
  }

  public NicOptions mtu(int bytes) {
    return new NicOptions(
        txRings, rxRings, txSlots, rxSlots, bytes, promiscuous, dropWhenFull, waitMode);
  }

  public NicOptions promiscuous(boolean on) {
    return new NicOptions(txRings, rxRings, txSlots, rxSlots, mtu, on, dropWhenFull, waitMode);
  }

  public NicOptions dropWhenFull(boolean on) {
    return new NicOptions(txRings, rxRings, txSlots, rxSlots, mtu, promiscuous, on, waitMode);
  }

  public NicOptions waitMode(WaitMode mode) {
    return new NicOptions(txRings, rxRings, txSlots, rxSlots, mtu, promiscuous, dropWhenFull, mode);
  }

  /** What differs in {@code other}, by the keys of {@link #with}, in words; empty when equal. */
  public String differences(NicOptions other) {
    Object[][] keys = {
      {"tx-rings", txRings, other.txRings},
      {"rx-rings", rxRings, other.rxRings},
      {"tx-slots", txSlots, other.txSlots},
      {"rx-slots", rxSlots, other.rxSlots},
      {"mtu", mtu, other.mtu},
      {"promiscuous", promiscuous, other.promiscuous},
      {"drop", dropWhenFull, other.dropWhenFull},
      {"wait", word(waitMode), word(other.waitMode)}
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

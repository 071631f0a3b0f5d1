package io.netmap4j.model;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code model:0} and {@code model:1}: two software cards, joined by a cable, in every process.
 * Further pairs, {@code model:2} and {@code model:3} and so on, are made when they are asked for:
 * an even address and the next one.
 */
public final class ModelBackend implements NicBackend {
  private static final int MOST = 1024;
  private static final Map<Integer, ModelPair> PAIRS = new ConcurrentHashMap<>();

  /** The cards 0 and 1 of this process. */
  public static ModelPair pair() {
    return pair(0);
  }

  /** The pair that an address belongs to. */
  public static ModelPair pair(int address) {
    return PAIRS.computeIfAbsent(address / 2, half -> new ModelPair(2 * half));
  }

  @Override
  public String scheme() {
    return "model";
  }

  @Override
  public NicDevice open(String address) {
    int number = number(address);
    return pair(number).open(number % 2, "model:" + number);
  }

  private static int number(String address) {
    if (address.matches("\\d{1,4}") && Integer.parseInt(address) < MOST) {
      return Integer.parseInt(address);
    }
    throw new NetmapException(
        Libc.ENXIO,
        "model:" + address + " does not exist: cards are model:0 to model:" + (MOST - 1));
  }

  @Override
  public List<Function> functions() {
    return List.of(function(0), function(1));
  }

  private static Function function(int number) {
    return new Function(
        Integer.toString(number),
        ModelDevice.idOf(pair(number).card(number % 2)),
        "",
        "software "
            + pair(number).card(number % 2).options().chip().published()
            + ", cabled to model:"
            + (number ^ 1),
        List.of());
  }
}

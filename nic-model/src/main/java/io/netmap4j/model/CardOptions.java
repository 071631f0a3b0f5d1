package io.netmap4j.model;

import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.link.SharedChip;
import io.netmap4j.model.peripherals.Copper;
import io.netmap4j.model.registers.Chip;

/**
 * What a card is made as.
 *
 * @param mac 48 bits, first octet highest, unicast and not zero
 * @param lanId 0 or 1: which port of a two-port card
 * @param strict true: throw {@link ModelViolation} at a broken rule; false: list it and go on
 * @param deviceId PCI device id
 * @param clock what EITR and the timers count by
 * @param link the module, the NVM's link settings, the partner, the firmware
 * @param copper the PHY of an X540 or X550, and its cable
 * @param shared what this port shares with the other one; null: nothing
 */
public record CardOptions(
    long mac,
    int lanId,
    boolean strict,
    int deviceId,
    ModelClock clock,
    LinkOptions link,
    Copper copper,
    SharedChip shared) {
  private static final int ID_82599ES = 0x10FB;

  public CardOptions {
    if (mac <= 0 || mac >>> 48 != 0 || (mac >>> 40 & 1) != 0) {
      throw new IllegalArgumentException("not a unicast MAC address: " + Long.toHexString(mac));
    }
    if (lanId < 0 || lanId > 1) {
      throw new IllegalArgumentException("lanId " + lanId + " is out of range: 0 or 1");
    }
    if (deviceId < 0 || deviceId > 0xFFFF) {
      throw new IllegalArgumentException(
          "PCI device id " + Integer.toHexString(deviceId) + " is out of range: 0 to ffff");
    }
  }

  /**
   * A strict 82599ES whose link comes up at once, port {@code lanId}, MAC 02:00:00:00:00:0(1 +
   * lanId).
   */
  public static CardOptions port(int lanId) {
    return new CardOptions(
        0x020000000001L + lanId,
        lanId,
        true,
        ID_82599ES,
        ModelClock.real(),
        LinkOptions.DEFAULT,
        Copper.WELL,
        null);
  }

  /** A copy with this MAC address. */
  public CardOptions mac(long address) {
    return new CardOptions(address, lanId, strict, deviceId, clock, link, copper, shared);
  }

  /** A copy that lists broken rules and goes on. */
  public CardOptions lenient() {
    return new CardOptions(mac, lanId, false, deviceId, clock, link, copper, shared);
  }

  /** A copy with this PCI device id, 0 to 0xFFFF. */
  public CardOptions deviceId(int id) {
    return new CardOptions(mac, lanId, strict, id, clock, link, copper, shared);
  }

  /** A copy with a passive copper module. */
  public CardOptions withSfp() {
    return link(link.module(ModuleKind.DAC));
  }

  /** A copy that lives by this clock. */
  public CardOptions clock(ModelClock time) {
    return new CardOptions(mac, lanId, strict, deviceId, time, link, copper, shared);
  }

  /** A copy with this link side. */
  public CardOptions link(LinkOptions side) {
    return new CardOptions(mac, lanId, strict, deviceId, clock, side, copper, shared);
  }

  /** A copy that is a port of this chip; the other port is given the same one. */
  public CardOptions onChip(SharedChip both) {
    return new CardOptions(mac, lanId, strict, deviceId, clock, link, copper, both);
  }

  /** A copy with this PHY; only an X540 or an X550 has one. */
  public CardOptions copper(Copper phy) {
    return new CardOptions(mac, lanId, strict, deviceId, clock, link, phy, shared);
  }

  /** The chip that such a card has: the device id says it. */
  public Chip chip() {
    return Chip.of(deviceId);
  }
}

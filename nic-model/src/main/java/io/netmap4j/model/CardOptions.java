package io.netmap4j.model;

/**
 * What a card is made as.
 *
 * @param mac 48 bits, first octet highest, unicast and not zero
 * @param lanId 0 or 1: which port of a two-port card
 * @param strict true: throw {@link ModelViolation} at a broken rule; false: list it and go on
 * @param deviceId PCI device id
 * @param sfp true: a passive copper module answers on I2C; false: there is no module
 * @param clock what EITR and the timers count by
 */
public record CardOptions(
    long mac, int lanId, boolean strict, int deviceId, boolean sfp, ModelClock clock) {
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

  /** A strict 82599ES without a module, port {@code lanId}, MAC 02:00:00:00:00:0(1 + lanId). */
  public static CardOptions port(int lanId) {
    return new CardOptions(
        0x020000000001L + lanId, lanId, true, ID_82599ES, false, ModelClock.real());
  }

  /** A copy with this MAC address. */
  public CardOptions mac(long address) {
    return new CardOptions(address, lanId, strict, deviceId, sfp, clock);
  }

  /** A copy that lists broken rules and goes on. */
  public CardOptions lenient() {
    return new CardOptions(mac, lanId, false, deviceId, sfp, clock);
  }

  /** A copy with this PCI device id, 0 to 0xFFFF. */
  public CardOptions deviceId(int id) {
    return new CardOptions(mac, lanId, strict, id, sfp, clock);
  }

  /** A copy with a passive copper module. */
  public CardOptions withSfp() {
    return new CardOptions(mac, lanId, strict, deviceId, true, clock);
  }

  /** A copy that lives by this clock. */
  public CardOptions clock(ModelClock time) {
    return new CardOptions(mac, lanId, strict, deviceId, sfp, time);
  }
}

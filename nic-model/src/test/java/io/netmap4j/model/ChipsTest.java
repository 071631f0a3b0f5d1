package io.netmap4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.peripherals.Copper;
import io.netmap4j.model.registers.RegisterMap82599;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** X540 and X550 by the register sequences of LX and DP: what differs from an 82599. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ChipsTest {
  private static final int X540 = 0x1528;
  private static final int X550 = 0x1563;
  private static final int REGSMP = 1 << 31;
  private static final int PHY_0 = 2;
  private static final int NVM = 1;
  private static final int SW_MNG = 1 << 10;
  private static final int AN = 7;
  private static final int VENDOR = 30;
  private static final int LSC = 1 << 20;
  private static final int TS = 1 << 23;
  private static final int UP = 1 << 30;

  private final ModelClock clock = ModelClock.manual();
  private final Cable cable = new Cable(CableMode.LOSSY);
  private Nic82599 card;
  private Nic82599 other;

  @AfterEach
  void close() {
    if (card != null) {
      card.close();
    }
    if (other != null) {
      other.close();
    }
  }

  private void make(int deviceId, String phy) {
    card = new Nic82599(options(0, deviceId, phy));
    card.attach(cable, WireEnd.A);
    other = new Nic82599(options(1, deviceId, ""));
    other.attach(cable, WireEnd.B);
  }

  private CardOptions options(int lanId, int deviceId, String phy) {
    CardOptions options = CardOptions.port(lanId).deviceId(deviceId).clock(clock);
    return phy.isEmpty() ? options : options.copper(Copper.parse(phy));
  }

  private static int at(String register) {
    return RegisterMap82599.find(register).offset();
  }

  private int read(String register) {
    return card.read(at(register));
  }

  private void write(String register, int value) {
    card.write(at(register), value);
  }

  // LX and DP ixgbe_acquire_swfw_sync_X540, ixgbe_release_swfw_sync_X540.

  private void acquire(int mask) {
    enter();
    int sync = read("GSSR");
    assertThat(sync & (mask | mask << 5)).as("free").isZero();
    write("GSSR", sync | mask);
    leave();
  }

  private void release(int mask) {
    enter();
    write("GSSR", read("GSSR") & ~mask);
    leave();
  }

  private void enter() {
    assertThat(read("SWSM") & 1).as("SMBI").isZero();
    assertThat(read("GSSR") & REGSMP).as("REGSMP").isZero();
  }

  private void leave() {
    write("GSSR", read("GSSR") & ~REGSMP);
    write("SWSM", read("SWSM") & ~1);
  }

  // LX and DP ixgbe_read_phy_reg_mdi, ixgbe_write_phy_reg_mdi.

  private int mdio(int mmd, int register) {
    acquire(PHY_0);
    command(mmd, register, 0);
    command(mmd, register, 3);
    int value = read("MSRWD") >>> 16;
    release(PHY_0);
    return value;
  }

  private void mdio(int mmd, int register, int value) {
    acquire(PHY_0);
    write("MSRWD", value);
    command(mmd, register, 0);
    command(mmd, register, 1);
    release(PHY_0);
  }

  private void command(int mmd, int register, int operation) {
    write("MSCA", register | mmd << 16 | operation << 26 | 1 << 30);
    assertThat(read("MSCA") & 1 << 30).as("MDI command").isZero();
  }

  private void restart() {
    mdio(AN, 0, mdio(AN, 0) | 1 << 9);
  }

  // LX and DP ixgbe_hic_unlocked.

  private int host(int... words) {
    assertThat(read("HICR") & 1).as("enabled").isOne();
    for (int i = 0; i < words.length; i++) {
      card.write(at("FLEX_MNG") + 4 * i, words[i]);
    }
    write("HICR", read("HICR") | 2);
    assertThat(read("HICR") & 6).as("done, with a status").isEqualTo(4);
    return read("FLEX_MNG") >>> 16 & 0x1F;
  }

  private int[] shadowRam(int word, int count) {
    acquire(SW_MNG | NVM);
    int status = host(0xFF06_0031, Integer.reverseBytes(word * 2), swap(2 * count), 0);
    assertThat(status).as("status").isOne();
    int[] words = new int[count];
    for (int i = 0; i < count; i++) {
      words[i] = card.read(at("FLEX_MNG") + 12 + (2 * i & ~3)) >>> 16 * (i & 1) & 0xFFFF;
    }
    release(SW_MNG | NVM);
    return words;
  }

  private static int swap(int half) {
    return Integer.reverseBytes(half) >>> 16;
  }

  @Test
  void theNvmOfAnX540IsReadUnderItsSemaphore() {
    make(X540, "");
    assertThatThrownBy(() -> write("EERD", 1)).hasMessageContaining("GSSR bit 0 (NVM)");
    assertThat(read("EEC") >> 11 & 0xF).as("2048 words").isEqualTo(5);
    acquire(NVM);
    // LX ixgbe_calc_eeprom_checksum_X540.
    int sum = 0;
    for (int i = 0; i < 0x3F; i++) {
      sum += word(i);
    }
    for (int i = 3; i < 0xF; i++) {
      int pointer = word(i);
      if (i != 4 && i != 5 && pointer != 0xFFFF && pointer != 0 && pointer < 2048) {
        for (int j = 1; j <= word(pointer); j++) {
          sum += word(pointer + j);
        }
      }
    }
    assertThat(word(4)).as("a section that is left out").isLessThan(2048);
    assertThat(0xBABA - sum & 0xFFFF).isEqualTo(word(0x3F));
    release(NVM);
    assertThat(read("EEC") & 1 << 26).as("FLUDONE").isNotZero();
  }

  private int word(int address) {
    write("EERD", address << 2 | 1);
    assertThat(read("EERD") & 2).as("DONE").isNotZero();
    return read("EERD") >>> 16;
  }

  @Test
  void theNvmOfAnX550IsReadByTheFirmware() {
    make(X550, "");
    acquire(NVM);
    assertThatThrownBy(() -> write("EERD", 1)).hasMessageContaining("by commands to the firmware");
    release(NVM);
    assertThatThrownBy(() -> host(0xFF00_0031, 0, 0, 0)).hasMessageContaining("bit 10 (SW_MNG)");
    // DP ixgbe_calc_checksum_X550.
    int[] words = shadowRam(0, 0x42);
    int sum = Arrays.stream(words).sum() - words[0x3F];
    for (int i = 2; i < 0xF; i++) {
      if (i != 4 && i != 5 && words[i] != 0xFFFF && words[i] != 0 && words[i] < 2048) {
        int fixed = i == 6 ? 0x24 : i == 7 || i == 8 ? 8 : 0;
        int[] section = shadowRam(words[i], 0x80);
        int from = fixed == 0 ? 1 : 0;
        int length = fixed == 0 ? section[0] : fixed;
        for (int j = from; j < from + length; j++) {
          sum += section[j];
        }
      }
    }
    assertThat(0xBABA - sum & 0xFFFF).isEqualTo(words[0x3F]);
  }

  @Test
  void theFirmwareOfAnX550WritesShadowRamAndStopsTheReceiver() {
    make(X550, "");
    acquire(SW_MNG | NVM);
    int address = Integer.reverseBytes(2 * 0x300);
    assertThat(host(0xFF0A_0033, address, swap(2), 0xBEEF)).isOne();
    assertThat(host(0xFF00_0036)).as("to the flash").isOne();
    write("RXCTRL", 0);
    write("RXPBSIZE", 384 << 10);
    write("RXCTRL", 1);
    assertThat(host(0xFF00_04DE, 0)).isOne();
    assertThat(read("RXCTRL") & 1).as("RXEN").isZero();
    assertThat(host(0xFF00_04DE, 1)).as("the other port's").isEqualTo(2);
    // DP ixgbe_set_fw_drv_ver_x550: the sum of the header's bytes and of the 5 behind it is 0.
    int sum = 0xDD + 5 + 1 + 2 + 3 + 4 + 5;
    assertThat(host((-sum & 0xFF) << 24 | 0x05DD, 0x04030201, 5)).isOne();
    assertThat(host((1 - sum & 0xFF) << 24 | 0x05DD, 0x04030201, 5)).as("a wrong sum").isEqualTo(2);
    release(SW_MNG | NVM);
    assertThat(shadowRam(0x300, 1)).containsExactly(0xBEEF);
  }

  @Test
  void theSemaphoreRegisterIsGuardedByItsBit31() {
    make(X540, "");
    assertThatThrownBy(() -> write("GSSR", 1)).hasMessageContaining("REGSMP must be held");
    assertThat(read("GSSR")).isZero();
    assertThat(read("GSSR")).as("taken by the read").isEqualTo(REGSMP);
    write("GSSR", REGSMP | PHY_0);
    write("GSSR", PHY_0);
    assertThatThrownBy(() -> write("GSSR", 0)).hasMessageContaining("REGSMP must be held");
  }

  @ParameterizedTest
  @CsvSource({"1528, 0200", "1563, 0223"})
  void thePhyIsFoundByMdio(String deviceId, String id) {
    make(Integer.parseInt(deviceId, 16), "");
    assertThatThrownBy(() -> write("MSCA", 1 << 30 | 1 << 16))
        .hasMessageContaining("GSSR bit 1 (this port's PHY)");
    // LX mdio45_probe and ixgbe_get_phy_id.
    assertThat(mdio(1, 8) >> 14).as("device present").isEqualTo(2);
    assertThat(mdio(1, 5) & 1 << AN).as("autonegotiation in the package").isNotZero();
    assertThat(mdio(1, 2)).isEqualTo(0x0154);
    assertThat(mdio(1, 3)).isEqualTo(Integer.parseInt(id, 16));
    assertThat(mdio(1, 4) & 0x31).as("10G, 1G, 100M").isEqualTo(0x31);
    assertThat(mdio(2, 8)).as("no such device").isEqualTo(0xFFFF);
  }

  @ParameterizedTest
  @CsvSource({
    "1528, partner=10g+1g+100m, 70000080",
    "1528, partner=1g+100m, 60000080",
    "1528, partner=100m, 50000080",
    "1528, partner=5g+2.5g, 0",
    "1563, partner=5g+2.5g, 58000080",
    "1563, partner=2.5g+1g, 78000080",
    "1563, absent, 0",
    "1563, hot, 0",
    "1563, lowpower, 0",
  })
  void linksShowsTheFastestSpeedOfBothEnds(String deviceId, String phy, String links) {
    make(Integer.parseInt(deviceId, 16), phy);
    assertThat(Integer.toHexString(read("LINKS"))).isEqualTo(links);
  }

  @Test
  void theDriverChoosesSpeedsAndRestartsAutonegotiation() {
    make(X550, "delay=300");
    assertThat(read("LINKS")).as("the other end is seen").isZero();
    clock.advance(TimeUnit.MILLISECONDS.toNanos(299));
    assertThat(read("LINKS") & UP).isZero();
    clock.advance(TimeUnit.MILLISECONDS.toNanos(1));
    assertThat(read("LINKS") & UP).isNotZero();
    read("EICR");
    // LX ixgbe_setup_phy_link_generic: 1G only.
    mdio(AN, 0x20, mdio(AN, 0x20) & ~(1 << 12));
    mdio(AN, 0xC400, 1 << 15);
    mdio(AN, 0x10, mdio(AN, 0x10) & ~(1 << 8));
    assertThat(read("LINKS")).as("not before it is restarted").isEqualTo(0x70000080);
    restart();
    assertThat(read("LINKS") & UP).isZero();
    assertThat(mdio(AN, 1) & 1 << 5).as("autonegotiation is under way").isZero();
    assertThat(read("EICR") & LSC).isNotZero();
    clock.advance(TimeUnit.MILLISECONDS.toNanos(300));
    assertThat(read("LINKS")).isEqualTo(0x60000080);
    assertThat(mdio(AN, 1) & 1 << 2).as("it was down since the last read").isZero();
    assertThat(mdio(AN, 1) & 0x24).as("up, complete").isEqualTo(0x24);
    assertThat(mdio(AN, 0xC800) & 7).as("1G, full duplex").isEqualTo(5);
    assertThat(other.read(at("LINKS"))).as("at the other end").isEqualTo(0x60000080);
  }

  @Test
  void anotherSpeedRaisesLscAtBothEnds() {
    make(X550, "");
    assertThat(read("LINKS")).isEqualTo(0x70000080);
    assertThat(other.read(at("LINKS"))).isEqualTo(0x70000080);
    read("EICR");
    other.read(at("EICR"));
    mdio(AN, 0x20, 0);
    restart();
    for (Nic82599 end : new Nic82599[] {card, other}) {
      assertThat(end.read(at("LINKS"))).as("5G").isEqualTo(0x58000080);
      assertThat(end.read(at("EICR")) & LSC).isNotZero();
    }
  }

  @Test
  void thePartnersPagesAreInThePhy() {
    make(X550, "pause=rx,partner=10g+2.5g+100m");
    assertThat(read("LINKS") & UP).isNotZero();
    assertThat(mdio(AN, 0x13) & 0xD00).as("pause, asymmetric, 100M").isEqualTo(0xD00);
    assertThat(mdio(AN, 0x21) & 1 << 11).as("10G").isNotZero();
    assertThat(mdio(AN, 0xE820) & 0x8C00).as("2.5G, and neither 1G nor 5G").isEqualTo(0x400);
  }

  @Test
  void aPhyThatIsPoweredDownIsWoken() {
    make(X540, "lowpower");
    assertThat(other.read(at("LINKS")) & UP).as("no light").isZero();
    write("CTRL", 1 << 26);
    assertThat(mdio(VENDOR, 0) & 1 << 11).as("a reset of the MAC leaves it").isNotZero();
    mdio(VENDOR, 0, mdio(VENDOR, 0) & ~(1 << 11));
    assertThat(read("LINKS") & UP).isNotZero();
    assertThat(other.read(at("LINKS")) & UP).isNotZero();
    mdio(VENDOR, 0, 1 << 11);
    assertThat(read("LINKS") & UP).isZero();
  }

  @Test
  void aPhyThatIsTooHotSaysSoAndGoesDark() {
    make(X550, "");
    assertThat(read("LINKS") & UP).isNotZero();
    read("EICR");
    card.setHot(true);
    assertThat(read("EICR") & (TS | LSC)).isEqualTo(TS | LSC);
    assertThat(mdio(VENDOR, 0xCC00) & 1 << 14).isNotZero();
    assertThat(mdio(VENDOR, 0xC850)).isEqualTo(0x8007);
    assertThat(read("LINKS") & UP).isZero();
    card.setHot(false);
    assertThat(read("LINKS") & UP).isNotZero();
    try (Nic82599 fibre = new Nic82599(CardOptions.port(0))) {
      assertThatThrownBy(() -> fibre.setHot(true)).hasMessage("an 82599 has no PHY");
    }
  }

  @Test
  void aResetOfThePhyEndsByItself() {
    make(X540, "");
    mdio(AN, 0x20, 0);
    mdio(4, 0, 1 << 15);
    assertThat(mdio(4, 0) & 1 << 15).isZero();
    assertThat(mdio(AN, 0x20) & 1 << 12).as("as before").isNotZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {X540, X550})
  void thePacketBufferIsSmaller(int deviceId) {
    make(deviceId, "");
    assertThat(read("RXPBSIZE")).isEqualTo(384 << 10);
    write("RXPBSIZE", 512 << 10);
    assertThatThrownBy(() -> write("RXCTRL", 1)).hasMessageContaining("more than the 384 KB");
    write("RXPBSIZE", 384 << 10);
    write("RXCTRL", 1);
  }

  @Test
  void registersOfASuccessorAreUndefinedBefore() {
    make(X540, "");
    assertThatThrownBy(() -> write("ERETA", 1)).hasMessageContaining("an X540 doesn't have");
    write("MACC", 0);
    try (Nic82599 first = new Nic82599(CardOptions.port(0))) {
      assertThatThrownBy(() -> first.write(at("MACC"), 0)).hasMessageContaining("an 82599 doesn't");
    }
  }

  /** LX ixgbe_clock_out_i2c_bit, ixgbe_get_i2c_ack: {@code ethtool -m} on an X550. */
  @Test
  void nobodyIsOnTheTwoWireBusOfAnX550() {
    make(X550, "");
    int in = 1 << 12 | 1 << 14;
    int enabled = 1 << 8;
    int released = 1 << 11 | 1 << 13;
    assertThat(read("I2CCTL_X550") & in).isEqualTo(in);
    write("I2CCTL_X550", enabled);
    assertThat(read("I2CCTL_X550")).as("both driven low").isEqualTo(enabled);
    write("I2CCTL_X550", enabled | 1 << 9);
    assertThat(read("I2CCTL_X550") & in).as("the clock is high").isEqualTo(1 << 14);
    write("I2CCTL_X550", enabled | released);
    assertThat(read("I2CCTL_X550") & in).as("no acknowledge").isEqualTo(in);
  }

  @Test
  void theMacIsLoopedWithoutALink() {
    make(X550, "absent");
    assertThat(read("LINKS") & UP).isZero();
    write("HLREG0", read("HLREG0") | 1 << 15);
    write("MACC", read("MACC") | 1);
    assertThat(read("LINKS")).isEqualTo(0x70000080);
  }

  @Test
  void theIoWindowIsAnotherWayToARegister() {
    try (Nic82599 first = new Nic82599(CardOptions.port(0))) {
      assertThat(first.readIo(0)).as("I/O is off").isEqualTo(-1);
      first.writeConfig(4, 2, 1);
      first.writeIo(0, at("STATUS"));
      assertThat(first.readIo(4)).isEqualTo(first.read(at("STATUS"))).isNotZero();
      first.writeIo(0, at("EIMS"));
      first.writeIo(4, 0x30);
      assertThat(first.read(at("EIMS"))).isEqualTo(0x30);
      assertThat(first.readIo(0)).isEqualTo(at("EIMS"));
      first.writeIo(0, 0x80000);
      assertThat(first.readIo(4)).as("the flash").isZero();
      first.writeConfig(0xA8, 2, 1 << 15);
      first.writeConfig(4, 2, 1);
      assertThat(first.readIo(0)).as("after a function-level reset").isZero();
    }
    make(X540, "");
    card.writeConfig(4, 2, 1);
    assertThat(card.readConfig(0x18, 4)).as("no such BAR").isZero();
    assertThat(card.readIo(0)).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"partner=10g+20g", "delay=-1", "delay=soon", "pause=yes", "cold", "hot,", "hot=1"})
  void whatIsNoPhyIsRefused(String text) {
    assertThatThrownBy(() -> Copper.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}

package io.netmap4j.model.registers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class RegisterTableTest {
  @Test
  void everyRowSaysWhichFactOrForeignSourceItRestsOn() {
    assertThat(RegisterMap82599.rows()).isNotEmpty();
    assertThat(RegisterMap82599.rows())
        .allMatch(row -> row.fact().matches("(docs/82599\\.md|LX|DP) .*"));
  }

  /** What LX's reg_test_82599 writes to RAH: 0x800CFFFF, and expects back without 0x000C0000. */
  @Test
  void addressesHaveNoPoolBits() {
    RegisterFile registers = new RegisterFile(rule -> {}, text -> {});
    registers.write(0x0A204, 0x800CFFFF);
    assertThat(registers.read(0x0A204)).isEqualTo(0x8000FFFF);
    assertThat(registers.read(0x05404)).as("the 82598's place").isEqualTo(0x8000FFFF);
  }

  @Test
  void overlappingRowsAreRefused() {
    Register one = Register.array("ONE", Register.Access.RW, 0x100, 4, 4, "docs/82599.md 2");
    Register two = Register.of("TWO", Register.Access.RW, 0x10C, "docs/82599.md 2");
    assertThatThrownBy(() -> new RegisterMap82599(List.of(one, two)))
        .hasMessage("TWO overlaps ONE(3) at 0x0010C");
  }

  @Test
  void rowsOutsideTheRegisterSpaceAreRefused() {
    Register row = Register.of("FAR", Register.Access.RW, 0x20000, "docs/82599.md 2");
    assertThatThrownBy(() -> new RegisterMap82599(List.of(row))).hasMessageContaining("FAR");
  }

  @ParameterizedTest
  @CsvSource({
    "RDBAL, 63, 0x01FC0", "RDBAL, 64, 0x0D000", "RDT, 127, 0x0DFD8", "TDT, 127, 0x07FD8",
    "RXDCTL, 64, 0x0D028", "EITR, 23, 0x0087C", "EITR, 24, 0x12300", "EITR, 127, 0x1249C",
    "IVAR, 63, 0x009FC", "RAH, 127, 0x0A5FC", "MPSAR, 255, 0x0A9FC", "MTA, 127, 0x053FC",
    "PBACL, 1, 0x110C4", "QPRC, 15, 0x013F0", "QPRDC, 15, 0x017F0", "QBTC_H, 15, 0x0877C",
    "RETA, 31, 0x05C7C", "RSSRK, 9, 0x05CA4", "FTQF, 127, 0x0E7FC", "VLVFB, 127, 0x0F3FC"
  })
  void arraysEndAtThePublishedOffset(String name, int element, int offset) {
    assertThat(RegisterMap82599.find(name).offset(element)).isEqualTo(offset);
  }

  @Test
  void anIndexPastTheEndOfAnArrayIsRefused() {
    assertThatThrownBy(() -> RegisterMap82599.find("RDT").offset(128))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0x00018, 0x00018", "0x02100, 0x01014", "0x0213C, 0x013D4", "0x0220C, 0x010CC",
    "0x05400, 0x0A200", "0x05478, 0x0A278", "0x05484, 0x0EA04", "0x0EC80, 0x05818",
    "0x0EB04, 0x05C04", "0x0EBA4, 0x05CA4"
  })
  void aliasWindowsReachTheSameStorage(int window, int home) {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    card.write(window, 0x5A5A0001);
    assertThat(card.read(home)).isEqualTo(0x5A5A0001);
    card.write(home, 0x11110001);
    assertThat(card.read(window)).isEqualTo(0x11110001);
  }

  @Test
  void theSecondCtrlIsTheFirst() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    card.write(0x00004, 4);
    assertThat(card.read(0x00000)).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource({
    "HLREG0, 0x08012C0B", "RDRXCTL, 0x00108808", "SRRCTL, 0x402", "DMATXCTL, 0x81000004",
    "MAXFRS, 0x05EE0000", "VLNCTRL, 0x8100", "TXPBTHRESH, 0x0", "RTTDCS, 0x00C00000"
  })
  void resetValuesAreThePublishedOnes(String name, String reset) {
    assertThat(RegisterMap82599.find(name).reset()).isEqualTo(Long.decode(reset).intValue());
  }

  @Test
  void onlyTheFirstTransmitThresholdIsSetByReset() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    assertThat(card.read(0x04950)).isEqualTo(0x96);
    assertThat(card.read(0x04954)).isZero();
  }
}

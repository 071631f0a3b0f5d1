package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.SuiteRunner;
import io.netmap4j.model.registers.Chip;
import io.netmap4j.model.registers.Register;
import io.netmap4j.model.registers.RegisterMap82599;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every register of the driver against the model's table, which somebody else transcribed; arrays
 * to their last row.
 */
@Tag(SuiteRunner.TAG)
class DriverAgreesWithModelTest {
  private static final Set<String> BITS_OF =
      Set.of(
          "CTRL",
          "STATUS",
          "CTRL_EXT",
          "ESDP",
          "GCR_EXT",
          "EEC",
          "EERD",
          "SWSM",
          "GSSR",
          "HICR",
          "FWSTS",
          "MMNGC",
          "EICR",
          "MSCA",
          "MSRWD",
          "FWSM",
          "GPIE",
          "IVAR",
          "RXCTRL",
          "RDRXCTL",
          "FCTRL",
          "RXCSUM",
          "RFCTL",
          "MCSTCTRL",
          "MFLCN",
          "SECRXCTRL",
          "SECRXSTAT",
          "DCA_RXCTRL",
          "SRRCTL",
          "RXDCTL",
          "RAH",
          "DMATXCTL",
          "RTTDCS",
          "DCA_TXCTRL",
          "TXDCTL",
          "HLREG0",
          "AUTOC",
          "AUTOC2",
          "ANLP1",
          "I2CCTL",
          "FACTPS",
          "MANC",
          "LINKS",
          "QUEUE");
  private static final Map<String, String> OTHER_NAMES = Map.of("PFUTA", "UTA");

  static Stream<Field> single() {
    return Arrays.stream(Reg.class.getDeclaredFields()).filter(f -> !isBit(f.getName()));
  }

  private static boolean isBit(String name) {
    return BITS_OF.stream().anyMatch(r -> name.startsWith(r + "_") && !BITS_OF.contains(name));
  }

  @ParameterizedTest
  @MethodSource("single")
  void singleRegistersAreWhereTheModelHasThem(Field field) throws ReflectiveOperationException {
    Register row = RegisterMap82599.find(field.getName());
    assertEquals(1, row.count());
    assertThat(field.getInt(null)).as(field.getName()).isEqualTo(row.offset(0));
  }

  static Stream<Method> arrays() {
    return Arrays.stream(Reg.class.getDeclaredMethods())
        .filter(m -> !Modifier.isPrivate(m.getModifiers()));
  }

  @ParameterizedTest
  @MethodSource("arrays")
  void arraysAgreeToTheirLastRow(Method method) throws ReflectiveOperationException {
    String name =
        method.getName().replaceAll("([a-z])([A-Z])", "$1_$2").toUpperCase(java.util.Locale.ROOT);
    Register row = RegisterMap82599.find(OTHER_NAMES.getOrDefault(name, name));
    assertThat(row.count()).isGreaterThan(1);
    for (int n = 0; n < row.count(); n++) {
      if (name.equals("EITR") && n > 23) {
        return; // the second block is beyond our 16 vectors
      }
      assertEquals(
          String.format("0x%05x", row.offset(n)),
          String.format("0x%05x", (int) method.invoke(null, n)),
          name + "(" + n + ")");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x10fb, 0x1528, 0x1560, 0x1563, 0x15d1})
  void chipsHaveTheSameSizes(int id) {
    IxgbeChip ours = IxgbeId.of(id).chip();
    Chip theirs = Chip.of(id);
    assertEquals(theirs.packetBuffer(), ours.rxBufferKb);
    assertEquals(theirs.redirections(), ours.rssTable);
    assertEquals(theirs.copper(), ours.copper());
    assertEquals(theirs.nvmByFirmware(), ours.x550());
  }

  @ParameterizedTest
  @MethodSource("counters")
  void countersAreWhereTheModelHasThem(String name, int offset) {
    String plain = name.replaceAll("(?<=^(QPRC|QBRC|QPRDC|QPTC|QBTC|RXMPC))\\d+$", "");
    int index = plain.equals(name) ? 0 : Integer.parseInt(name.substring(plain.length()));
    boolean pair = Set.of("GORC", "GOTC", "TOR", "QBRC", "QBTC").contains(plain);
    String row = pair ? plain + (plain.startsWith("Q") ? "_L" : "L") : plain;
    int expected =
        plain.equals("QPTC") ? 0x08680 + 4 * index : RegisterMap82599.find(row).offset(index);
    assertEquals(expected, offset, name);
    if (plain.equals("QPTC")) {
      assertThat(RegisterMap82599.nameAt(offset)).isIn("QPTC(" + index + ")", "QPTC");
    }
  }

  static Stream<Object[]> counters() {
    return new IxgbeCounters(16)
        .registers().entrySet().stream().map(e -> new Object[] {e.getKey(), e.getValue()});
  }
}

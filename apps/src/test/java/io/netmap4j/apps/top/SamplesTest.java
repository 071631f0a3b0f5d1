package io.netmap4j.apps.top;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.traffic.Rates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplesTest {
  private static final String TEXT =
      """
      # HELP a_total Something, {b="c"} 1
      # TYPE a_total counter
      a_total{port="p",ring="0"} 10.0
      a_total{port="p",ring="10"} 1.5E3
      a_total{ring="9",port="p",} 7 1700000000000
      a_total{port="x\\"y\\\\z"} +Inf
      plain 3
      not a line of it
      odd{ring="0"} x
      """;

  private final Samples samples = Samples.parse(TEXT, 5_000_000_000L);

  @Test
  void valuesAreFoundByTheirLabels() {
    assertThat(samples.value("a_total", "port", "p", "ring", "0")).isEqualTo(10);
    assertThat(samples.value("a_total", "ring", "10", "port", "p")).isEqualTo(1500);
    assertThat(samples.value("a_total", "ring", "9", "port", "p")).isEqualTo(7);
    assertThat(samples.value("a_total", "port", "x\"y\\z")).isInfinite();
    assertThat(samples.value("plain")).isEqualTo(3);
    assertThat(samples.value("a_total", "port", "p")).isNaN();
    assertThat(samples.value("odd", "ring", "0")).isNaN();
    assertThat(samples.ofOurs()).isFalse();
    assertThat(samples.labels("a_total", "ring", "port", "p")).containsExactly("0", "9", "10");
  }

  @Test
  void ratesAreOfTheTimeBetween() {
    Samples later = Samples.parse("plain 13\na_total{port=\"p\",ring=\"0\"} 1\n", 7_000_000_000L);
    assertThat(later.rate(samples, "plain")).isEqualTo(5);
    assertThat(later.rate(samples, "a_total", "port", "p", "ring", "0")).as("started anew").isNaN();
    assertThat(later.rate(samples, "b")).isNaN();
  }

  @Test
  void aLongLabelIsALabel() {
    String port = "x\\\\".repeat(500_000);
    Samples one = Samples.parse("a{port=\"" + port + "\"} 1", 0);
    assertThat(one.value("a", "port", "x\\".repeat(500_000))).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "7, 7",
    "0.25, 0.25",
    "12.34, 12.3",
    "999, 999",
    "999.96, 1.00k",
    "1000, 1.00k",
    "225100, 225.1k",
    "9999999, 10.0M",
    "14880952, 14.9M",
    "1e10, 10.0G",
    "NaN, -",
    "-3, -3"
  })
  void figuresAreShort(double value, String text) {
    assertThat(Rates.brief(value)).isEqualTo(text);
  }
}

package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class RatesTest {
  @ParameterizedTest
  @CsvSource({
    "0, '0.000 '",
    "999, '999.000 '",
    "1000, '1.000 K'",
    "14880952, '14.881 M'",
    "7.1e9, '7.100 G'"
  })
  void unitsAreThoseOfPktGen(double value, String text) {
    assertThat(Rates.norm(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "250, 250", "10k, 10000", "1.5M, 1500000", "2G, 2000000000"})
  void ratesHaveSuffixes(String text, long value) {
    assertThat(Rates.parse(text)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0", "-1", "K", "1X", "x", "NaN", "1f", "1d", "0x1p3", "1e3", "1KK", "١"})
  void otherRatesAreRefused(String text) {
    assertThatThrownBy(() -> Rates.parse(text)).hasMessageStartingWith("'" + text + "' is no rate");
  }

  @Test
  void oneBatchHasNoSpeed() {
    Tally tally = new Tally();
    tally.add(10, 600, 512);
    assertThat(new Rates(List.of(tally)).totals("Received"))
        .startsWith("Received 10 packets 600 bytes 1 events")
        .contains("Speed: not known, all came in one batch. Average batch: 10.00 pkts");
  }

  /** The clock starts with a receiver's first batch, so what was in it took no time. */
  @Test
  void theFirstBatchOfAReceiverDoesNotCountForItsSpeed() throws Exception {
    Tally tally = new Tally();
    tally.add(1000, 60_000, 512);
    Thread.sleep(20);
    tally.add(1, 60, 512);
    assertThat(new Rates(List.of(tally)).totals("Received"))
        .startsWith("Received 1001 packets")
        .containsPattern("Speed: \\d+\\.\\d+ pps");
  }

  @Test
  void linesAndTotalsAreInPktGensWords() {
    Tally tally = new Tally();
    Rates rates = new Rates(List.of(tally));
    assertThat(rates.totals("Sent")).isEqualTo("Sent nothing.");
    tally.begin();
    for (int i = 0; i < 12; i++) {
      tally.add(i < 4 ? 84 : 83, (i < 4 ? 84 : 83) * 60L, 100 - i);
    }
    assertThat(rates.line())
        .matches(
            "main_thread \\[2639] [0-9.]+ [KMGT]?pps \\(1\\.000 Kpkts [0-9.]+ [KMGT]?bps in \\d+ usec\\) 83\\.33"
                + " avg_batch 89 min_space");
    assertThat(rates.line())
        .contains("0.000 pps (0.000 pkts 0.000 bps in")
        .contains("0.00 avg_batch 99999 min_space");
    assertThat(rates.totals("Sent"))
        .matches(
            "Sent 1000 packets 60000 bytes 12 events 60 bytes each in 0\\.\\d\\d seconds\\.\\R"
                + "Speed: [0-9.]+ [KMGT]?pps Bandwidth: [0-9.]+ [KMGT]?bps \\(raw [0-9.]+ [KMGT]?bps\\)\\."
                + " Average batch: 83\\.33 pkts");
  }
}

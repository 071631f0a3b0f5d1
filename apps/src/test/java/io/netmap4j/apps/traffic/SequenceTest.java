package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class SequenceTest {
  /** In order, gaps, missing, out of order, duplicates. */
  @ParameterizedTest
  @CsvSource({
    "'7 8 9', '3 0 0 0 0'",
    "'0 1 3 4', '3 1 1 0 0'",
    "'0 1 3 2 4', '3 1 0 1 0'",
    "'0 1 1 2', '3 0 0 0 1'",
    "'0 5 1 2 3 4 4 6', '2 1 0 4 1'",
    "'5 4 6', '2 0 0 1 0'",
    "'4294967295 0 1', '3 0 0 0 0'",
    "'0 2000 0 1 2', '3 1 1999 1 0'",
    "'0 1025 2 2', '1 1 1023 1 1'",
  })
  void numbersAreCounted(String numbers, String counts) {
    Sequence s = new Sequence();
    Arrays.stream(numbers.split(" ")).forEach(n -> s.next((int) Long.parseLong(n)));
    assertThat(s.inOrder + " " + s.gaps + " " + s.missing + " " + s.outOfOrder + " " + s.duplicates)
        .isEqualTo(counts);
  }

  /** The window is as long as it says, and forgets what is older, all the way round. */
  @Test
  void eachNumberIsKnownAsLongAsTheWindow() {
    Sequence s = new Sequence();
    for (int n = 0; n < 5000; n += 2) {
      s.next(n);
      if (n > Sequence.WINDOW) {
        assertThat(s.next(n - Sequence.WINDOW + 2)).isEqualTo(Sequence.Place.DUPLICATE);
      }
    }
    assertThat(s.missing).isEqualTo(2499);
    assertThat(s.next(4997)).isEqualTo(Sequence.Place.OUT_OF_ORDER);
    assertThat(s.next(4997)).isEqualTo(Sequence.Place.DUPLICATE);
    assertThat(s.missing).isEqualTo(2498);
  }
}

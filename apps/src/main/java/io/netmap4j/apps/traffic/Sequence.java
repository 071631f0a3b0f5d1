package io.netmap4j.apps.traffic;

import java.util.Arrays;

/**
 * Numbers that should come one after the other: which were left out, came late, or came again. The
 * last {@value #WINDOW} are remembered; a number before them starts the sequence anew, as when the
 * sender was started again. For one thread; others may read the counts when it has ended.
 */
final class Sequence {
  static final int WINDOW = 1024;

  /** What a number is in its place. */
  enum Place {
    /** The one that was expected, or the first. */
    NEXT,
    /** Others before it were left out. */
    GAP,
    /** It was left out before. */
    OUT_OF_ORDER,
    /** It has been there already. */
    DUPLICATE
  }

  private final long[] seen = new long[WINDOW / Long.SIZE];
  private boolean begun;
  private int first;
  private int expected;
  private int lastExpected;

  long inOrder;
  long gaps;

  /** Left out, and not come since. */
  long missing;

  long outOfOrder;
  long duplicates;

  /** What the number before was compared with. */
  int lastExpected() {
    return lastExpected;
  }

  Place next(int number) {
    lastExpected = begun ? expected : number;
    int ahead = number - lastExpected;
    if (!begun || ahead < -WINDOW) {
      return start(number);
    }
    return ahead >= 0 ? forward(number, ahead) : back(number);
  }

  private Place start(int number) {
    boolean again = begun;
    begun = true;
    first = number;
    Arrays.fill(seen, 0);
    mark(number);
    expected = number + 1;
    if (again) {
      outOfOrder++;
      return Place.OUT_OF_ORDER;
    }
    inOrder++;
    return Place.NEXT;
  }

  private Place forward(int number, int ahead) {
    for (int i = 0; i < Math.min(ahead, WINDOW); i++) {
      clear(number - 1 - i);
    }
    mark(number);
    expected = number + 1;
    if (ahead == 0) {
      inOrder++;
      return Place.NEXT;
    }
    gaps++;
    missing += ahead;
    return Place.GAP;
  }

  private Place back(int number) {
    if (isMarked(number)) {
      duplicates++;
      return Place.DUPLICATE;
    }
    mark(number);
    outOfOrder++;
    if (number - first > 0) {
      missing--;
    }
    return Place.OUT_OF_ORDER;
  }

  private void mark(int number) {
    seen[number >>> 6 & seen.length - 1] |= 1L << number;
  }

  private void clear(int number) {
    seen[number >>> 6 & seen.length - 1] &= ~(1L << number);
  }

  private boolean isMarked(int number) {
    return (seen[number >>> 6 & seen.length - 1] & 1L << number) != 0;
  }
}

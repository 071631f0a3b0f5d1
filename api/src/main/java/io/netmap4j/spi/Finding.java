package io.netmap4j.spi;

/**
 * One result of a diagnosis.
 *
 * @param what what was looked at, a few words
 * @param value what it is, with numbers
 * @param advice the likely cause and what mends it, a command where there is one; "" when all is
 *     well
 */
public record Finding(Verdict verdict, String what, String value, String advice) {
  /** How good or bad it is. */
  public enum Verdict {
    /** As it should be. */
    OK,
    /** The card works, but not as well as it could, or not in every way. */
    WARNING,
    /** The card does not work before this is mended. */
    FAILURE
  }

  /** As it should be. */
  public static Finding ok(String what, String value) {
    return new Finding(Verdict.OK, what, value, "");
  }

  /** Works, but. */
  public static Finding warning(String what, String value, String advice) {
    return new Finding(Verdict.WARNING, what, value, advice);
  }

  /** Does not work. */
  public static Finding failure(String what, String value, String advice) {
    return new Finding(Verdict.FAILURE, what, value, advice);
  }
}

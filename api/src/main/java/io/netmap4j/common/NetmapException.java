package io.netmap4j.common;

import org.jspecify.annotations.Nullable;

/**
 * A call on the cold path failed. Carries the errno that netmap would give and says what, why and
 * the likely cause.
 */
public class NetmapException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int errno;

  /**
   * An error of netmap's own.
   *
   * @param errno as netmap would give it
   * @param message what failed, why with the values, and what mends it
   */
  public NetmapException(int errno, String message) {
    super(message);
    this.errno = errno;
  }

  /**
   * An error with a cause.
   *
   * @param errno as netmap would give it
   * @param message what failed, why with the values, and what mends it
   * @param cause what it was made of
   */
  public NetmapException(int errno, @Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  /**
   * The error number.
   *
   * @return a value of {@link Errno}, or another one of Linux; 0 from {@code Nm.nmOpen} for a name
   *     that is not netmap's
   */
  public int errno() {
    return errno;
  }
}

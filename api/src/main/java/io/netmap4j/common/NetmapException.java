package io.netmap4j.common;

/**
 * A call on the cold path failed. Carries the errno that netmap would give and says what, why and
 * the likely cause.
 */
public class NetmapException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int errno;

  public NetmapException(int errno, String message) {
    super(message);
    this.errno = errno;
  }

  public NetmapException(int errno, String message, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  /** The error number; {@link Errno} names the usual ones. */
  public int errno() {
    return errno;
  }
}

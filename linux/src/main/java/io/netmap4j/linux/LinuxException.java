package io.netmap4j.linux;

/** What the operating system refused: which call, with what, the errno, and the likely cause. */
public final class LinuxException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int errno;

  public LinuxException(String call, int errno, String hint) {
    super(
        call
            + ": "
            + Libc.errorText(errno)
            + " (errno "
            + errno
            + ")"
            + (hint.isEmpty() ? "" : "; " + hint));
    this.errno = errno;
  }

  /** With a message of its own. */
  public LinuxException(int errno, String message) {
    this(errno, message, null);
  }

  public LinuxException(int errno, String message, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }
}

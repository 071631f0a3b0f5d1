package io.netmap4j.linux;

/**
 * A failed system call or file access. The message is one line: which call or file, the reason, the
 * likely cause and what to do.
 */
public final class LinuxException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int errno;

  /**
   * @param errno positive
   * @param message complete
   */
  public LinuxException(int errno, String message) {
    this(errno, message, null);
  }

  /** As {@link #LinuxException(int, String)}, with a cause. */
  public LinuxException(int errno, String message, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  /**
   * A system call failed: {@code open /dev/vfio/7: Permission denied (errno 13); HINT}.
   *
   * @param call the call, and what it was called for
   * @param errno what it left
   * @param hint the likely cause and what to do, "" for none
   */
  public static LinuxException ofCall(String call, int errno, String hint) {
    String why = ": " + Libc.errorText(errno) + " (errno " + errno + ")";
    return new LinuxException(errno, call + why + (hint.isEmpty() ? "" : "; " + hint));
  }

  /** The error number, positive. */
  public int errno() {
    return errno;
  }
}

package io.netmap4j.linux;

/** A system call failed: which, with what, the errno, and what usually is wrong. */
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

  public int errno() {
    return errno;
  }
}

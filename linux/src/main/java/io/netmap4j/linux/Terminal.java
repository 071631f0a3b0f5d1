package io.netmap4j.linux;

/** Terminals, as ioctl_tty(2) describes them. */
public final class Terminal {
  private static final int TIOCGWINSZ = Machine.ioTerminalSize();

  /** Of struct winsize: rows, columns, and two that Linux does not use. */
  private static final int BYTES = 8;

  private static final int USUAL_COLUMNS = 80;
  private static final int USUAL_ROWS = 24;

  /** In characters. */
  public record Size(int columns, int rows) {}

  private Terminal() {}

  /**
   * The size of the terminal behind a descriptor at this moment.
   *
   * @return null when it is no terminal; 80 by 24 for one that has not said
   */
  public static Size size(int fd) {
    long winsize = Mem.allocate(BYTES);
    try {
      Mem.putLong(winsize, 0);
      if (Libc.tryIoctl(fd, TIOCGWINSZ, winsize) < 0) {
        return null;
      }
      int rows = Mem.getShort(winsize) & 0xffff;
      int columns = Mem.getShort(winsize + 2) & 0xffff;
      return new Size(columns == 0 ? USUAL_COLUMNS : columns, rows == 0 ? USUAL_ROWS : rows);
    } finally {
      Mem.free(winsize);
    }
  }
}

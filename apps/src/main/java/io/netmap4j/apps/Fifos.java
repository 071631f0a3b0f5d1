package io.netmap4j.apps;

import io.netmap4j.apps.traffic.CommandContext;
import io.netmap4j.linux.Libc;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Named pipes (mkfifo): who opens one to write waits for a reader, and Ctrl-C shall end that. */
final class Fifos {
  private static final int TYPE = 0170000;
  private static final int FIFO = 0010000;
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private Fifos() {}

  /** {@link CommandContext#openToWrite}. */
  static <T> T open(Path file, CommandContext context, CommandContext.Opening<T> opening)
      throws IOException {
    int reader = isFifo(file) ? awaitReader(file, context) : -1;
    try {
      return opening.open();
    } finally {
      if (reader >= 0) {
        Libc.closeFd(reader);
      }
    }
  }

  /**
   * An open descriptor, which keeps the reader until the file is open; less than 0 if there is an
   * error.
   */
  private static int awaitReader(Path file, CommandContext context) throws IOException {
    int fd = tryOpen(file);
    if (fd == -Libc.ENXIO) {
      context.err.println("Wait for a reader of " + file);
    }
    while (fd == -Libc.ENXIO) {
      if (context.stop.requested()) {
        throw new InterruptedIOException(file + ": nobody read it");
      }
      LockSupport.parkNanos(STEP_NANOS);
      fd = tryOpen(file);
    }
    return fd;
  }

  private static int tryOpen(Path file) {
    return Libc.tryOpen(file.toString(), Libc.O_WRONLY | Libc.O_NONBLOCK, 0);
  }

  private static boolean isFifo(Path file) {
    try {
      return ((int) Files.getAttribute(file, "unix:mode") & TYPE) == FIFO;
    } catch (IOException e) {
      return false; // not there yet
    }
  }
}

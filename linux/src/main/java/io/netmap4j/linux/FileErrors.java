package io.netmap4j.linux;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/**
 * The reason and the errno of an {@link IOException}. Java's exceptions give the reason by their
 * class and the file's name as the message, or the reason without the name.
 */
public final class FileErrors {
  /** The errnos of reasons that are texts of strerror. */
  private enum Reason {
    NO_SUCH_FILE(Libc.ENOENT, "No such file or directory"),
    DENIED(Libc.EACCES, "Permission denied"),
    NOT_PERMITTED(Libc.EPERM, "Operation not permitted"),
    IS_FOLDER(Libc.EISDIR, "Is a directory"),
    NO_SPACE(Libc.ENOSPC, "No space left on device"),
    READ_ONLY(Libc.EROFS, "Read-only file system"),
    BUSY(Libc.EBUSY, "Device or resource busy");

    final int errno;
    final String text;

    Reason(int errno, String text) {
      this.errno = errno;
      this.text = text;
    }
  }

  /** Of EBADF. */
  private static final String CLOSED = "Bad file descriptor";

  private FileErrors() {}

  /** The reason in words, without the file's name. */
  public static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "it exists already";
    }
    if (e instanceof NotDirectoryException) {
      return "it is no folder";
    }
    if (e instanceof DirectoryNotEmptyException) {
      return "the folder is not empty";
    }
    if (e instanceof CharacterCodingException) {
      return "it is not text in UTF-8";
    }
    if (CLOSED.equals(e.getMessage())
        || e instanceof FileSystemException of && CLOSED.equals(of.getReason())) {
      return "it is closed";
    }
    if (e instanceof FileSystemException file) {
      return file.getReason() == null ? e.getClass().getSimpleName() : file.getReason();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /** The errno of the reason; EIO when it is not known. */
  public static int errno(IOException e) {
    if (e instanceof NoSuchFileException) {
      return Libc.ENOENT;
    }
    if (e instanceof AccessDeniedException) {
      return Libc.EACCES;
    }
    if (e instanceof FileAlreadyExistsException) {
      return Libc.EEXIST;
    }
    for (Reason reason : Reason.values()) {
      if (reason(e).startsWith(reason.text)) {
        return reason.errno;
      }
    }
    return Libc.EIO;
  }

  /**
   * An error with its reason and errno.
   *
   * @param what what could not be done, with the file's name: {@code cannot read /proc/mounts}
   */
  public static LinuxException exception(String what, IOException e) {
    return new LinuxException(errno(e), what + ": " + reason(e), e);
  }

  /** The same error with the file's name in its message, when it has none. */
  public static IOException named(Path file, IOException e) {
    if (e instanceof FileSystemException) {
      return e;
    }
    FileSystemException named = new FileSystemException(file.toString(), null, reason(e));
    named.initCause(e);
    return named;
  }
}

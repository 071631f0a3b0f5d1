package io.netmap4j.model.registerfile;

import io.netmap4j.linux.Libc;
import java.nio.file.Path;

/** A file of fixed size that other processes map too. Made new, and zeroed. */
final class SharedFile implements AutoCloseable {
  private final Path path;
  private final long bytes;
  private final int fd;
  private final Libc.FileState state;
  private long address;

  /**
   * @param path does not exist
   */
  SharedFile(Path path, long bytes) {
    this.path = path;
    this.bytes = bytes;
    this.fd = Libc.open(path.toString(), Libc.O_RDWR | Libc.O_CREAT, 0600, "");
    try {
      Libc.truncate(fd, bytes, "is there room on the tmpfs?");
      this.state = Libc.stat(fd);
      this.address =
          Libc.mmap(
              bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, path.toString());
    } catch (RuntimeException e) {
      Libc.closeFd(fd);
      throw e;
    }
  }

  int fd() {
    return fd;
  }

  Path path() {
    return path;
  }

  long address() {
    return address;
  }

  /** What the kernel shows of it in /proc/PID/maps: device and inode. */
  Libc.FileState state() {
    return state;
  }

  /** Unmaps it; the file stays. */
  @Override
  public void close() {
    if (address != 0) {
      Libc.unmap(address, bytes);
      Libc.closeFd(fd);
      address = 0;
    }
  }
}

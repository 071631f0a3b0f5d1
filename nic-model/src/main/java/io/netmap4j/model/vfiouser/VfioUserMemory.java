package io.netmap4j.model.vfiouser;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.model.dma.DeviceMemory;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * A client's memory, as its DMA_MAP messages made it. Each file is mapped once, whole, however many
 * messages name pieces of it; the card reaches the pieces only. Thread safe.
 *
 * <p>A client can cut a file short after it was mapped. Then an access is a SIGBUS, which the JVM
 * turns into an {@link InternalError} of the thread, sooner or later: {@link #intact} finds who did
 * it.
 */
final class VfioUserMemory implements AutoCloseable {
  /** Advertised as max_dma_maps; the protocol's default. */
  static final int MOST_MAPS = 65_535;

  /** Address space that one client may take. */
  private static final long MOST_BYTES = 1L << 40;

  private static final long PAGE = DeviceMemory.PAGE;

  private final DeviceMemory memory;
  private final Map<Key, MappedFile> files = new HashMap<>();
  private final Set<MappedFile> all = new HashSet<>();
  private final TreeMap<Long, Piece> pieces = new TreeMap<>(Long::compareUnsigned);
  private long mappedBytes;

  private record Key(long device, long inode, boolean writable) {}

  private record Piece(long size, MappedFile file) {}

  /** A file in our address space, until no piece of it is mapped any more. */
  private static final class MappedFile {
    final int fd;
    final Key key;
    final long address;
    final long size;
    int pieces;

    MappedFile(int fd, Key key, long address, long size) {
      this.fd = fd;
      this.key = key;
      this.address = address;
      this.size = size;
    }
  }

  VfioUserMemory(DeviceMemory memory) {
    this.memory = memory;
  }

  /**
   * Lets the card reach a piece of a file.
   *
   * @param fds the file, which is taken out if it is kept; none: memory that has no file, such as a
   *     ROM, which is left out
   * @return 0 or a negative errno
   */
  synchronized int map(
      Deque<Integer> fds, long offset, long iova, long size, boolean readable, boolean writable) {
    if (size <= 0
        || ((offset | iova | size) & (PAGE - 1)) != 0
        || offset < 0
        || !(readable || writable)
        || fds.size() > 1
        || Long.compareUnsigned(iova + size - 1, iova) < 0) {
      return -Libc.EINVAL;
    }
    if (overlaps(iova, size)) {
      return -Libc.EEXIST;
    }
    if (fds.isEmpty()) {
      return 0;
    }
    if (pieces.size() >= MOST_MAPS) {
      return -Libc.ENOSPC;
    }
    try {
      Libc.FileState state = Libc.stat(fds.getFirst());
      // A mapping past the end would be a SIGBUS, not an error.
      if (!state.regular() || size > state.size() || offset > state.size() - size) {
        return -Libc.EINVAL;
      }
      MappedFile file = file(fds, state, offset + size, writable);
      if (file == null) {
        return -Libc.ENOMEM;
      }
      memory.map(iova, size, file.address + offset, readable, writable);
      pieces.put(iova, new Piece(size, file));
      file.pieces++;
      return 0;
    } catch (LinuxException e) {
      return -e.errno();
    }
  }

  private boolean overlaps(long iova, long size) {
    Map.Entry<Long, Piece> below = pieces.floorEntry(iova + size - 1);
    return below != null
        && Long.compareUnsigned(below.getKey() + below.getValue().size - 1, iova) >= 0;
  }

  /** The mapping of a file up to {@code end} at least. @return null: too much is mapped already */
  private MappedFile file(Deque<Integer> fds, Libc.FileState state, long end, boolean writable) {
    Key key = new Key(state.device(), state.inode(), writable);
    MappedFile file = files.get(key);
    if (file != null && end <= file.size) {
      return file;
    }
    if (state.size() > MOST_BYTES - mappedBytes) {
      return null;
    }
    int protection = Libc.PROT_READ | (writable ? Libc.PROT_WRITE : 0);
    int fd = fds.getFirst();
    long address = Libc.mmap(state.size(), protection, Libc.MAP_SHARED, fd, 0, "");
    fds.removeFirst();
    mappedBytes += state.size();
    // One that has grown gets a second mapping; the first ends with its pieces.
    MappedFile fresh = new MappedFile(fd, key, address, state.size());
    files.put(key, fresh);
    all.add(fresh);
    return fresh;
  }

  /**
   * Takes every piece within the range back; when this returns, no engine has it.
   *
   * @return 0, also when nothing was mapped there, or −EINVAL: the range would cut a piece
   */
  synchronized int unmap(long iova, long size) {
    if (size == 0 || Long.compareUnsigned(iova + size - 1, iova) < 0) {
      return -Libc.EINVAL;
    }
    try {
      memory.unmap(iova, size);
    } catch (IllegalArgumentException e) {
      return -Libc.EINVAL;
    }
    release(pieces.subMap(iova, true, iova + size - 1, true));
    return 0;
  }

  synchronized void unmapAll() {
    memory.unmapAll();
    release(pieces);
  }

  private void release(NavigableMap<Long, Piece> gone) {
    for (Iterator<Piece> i = gone.values().iterator(); i.hasNext(); ) {
      MappedFile file = i.next().file;
      i.remove();
      if (--file.pieces == 0) {
        files.remove(file.key, file);
        all.remove(file);
        Libc.closeFd(file.fd);
        Libc.unmap(file.address, file.size);
        mappedBytes -= file.size;
      }
    }
  }

  /** False when a file has become shorter than what is mapped of it. */
  synchronized boolean intact() {
    for (MappedFile file : all) {
      if (Libc.stat(file.fd).size() < file.size) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    unmapAll();
  }
}

package io.netmap4j.frames;

import java.io.EOFException;
import java.io.IOException;

/** A layout of capture files: finds the frames in them, one after the other. */
abstract class CaptureFormat {
  final CaptureInput in;

  /** Bytes from the input's window on to the end of the current frame's record. */
  private int record;

  /** Where the current frame is in the input's window. */
  private int offset;

  private long records;
  private long timestamp;
  private int length;
  private int originalLength;

  CaptureFormat(CaptureInput in) {
    this.in = in;
  }

  /**
   * Makes the next frame the current one.
   *
   * @return false at the end of the file, or when the wait for more was ended
   * @throws EOFException when the file ends within a frame
   */
  final boolean next() throws IOException {
    int passed = record;
    record = length = originalLength = 0;
    in.skip(passed); // it is in the window
    if (!find()) {
      return false;
    }
    records++;
    return true;
  }

  /** Finds a frame and calls {@link #found}, with the window at its record. */
  abstract boolean find() throws IOException;

  /**
   * What has been found.
   *
   * @param bytes of the record, all of them in the window
   * @param at where in it the frame is
   * @param captured bytes of the frame in the file
   * @param original bytes that it had
   * @param fcs bytes of it that are frame check sequence
   */
  final void found(long nanos, int bytes, int at, int captured, long original, int fcs) {
    long wire = Math.max(captured, original) - fcs;
    timestamp = nanos;
    record = bytes;
    offset = at;
    originalLength = (int) Math.min(Integer.MAX_VALUE, Math.max(0, wire));
    length = Math.min(captured, originalLength);
  }

  final IOException damaged(String what) {
    return new IOException(
        in.name + " is damaged at byte " + in.position() + ": frame " + (records + 1) + " " + what);
  }

  final EOFException truncated(long wanted, String what) {
    return new EOFException(
        in.name
            + " is truncated: frame "
            + (records + 1)
            + " lacks "
            + (wanted - in.available())
            + " of "
            + what
            + " at byte "
            + (in.position() + in.available())
            + "; "
            + records
            + " before it are whole");
  }

  final long records() {
    return records;
  }

  final long timestamp() {
    return timestamp;
  }

  final int length() {
    return length;
  }

  final int originalLength() {
    return originalLength;
  }

  /** Of the current frame's first byte. */
  final long address() {
    return in.address() + offset;
  }
}

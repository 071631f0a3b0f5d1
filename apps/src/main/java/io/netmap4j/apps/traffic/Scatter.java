package io.netmap4j.apps.traffic;

/**
 * How frames are divided into slots: pkt-gen's -F and -M.
 *
 * @param slots of each frame, from 1; more where it would not fit
 * @param most bytes in one slot; a buffer's size where that is less
 */
record Scatter(int slots, int most) {
  /** As few slots as possible. */
  static final Scatter NONE = new Scatter(1, Integer.MAX_VALUE);

  /**
   * How many slots a frame takes.
   *
   * @param size bytes
   * @param room bytes that a buffer holds
   */
  int slots(int size, int room) {
    int limit = Math.min(most, room);
    return size - size / slots * (slots - 1) <= limit ? slots : (size + limit - 1) / limit;
  }

  /** The bytes in each of its slots but the last one, which has the rest. */
  int part(int size, int room) {
    int limit = Math.min(most, room);
    return size - size / slots * (slots - 1) <= limit ? size / slots : limit;
  }
}

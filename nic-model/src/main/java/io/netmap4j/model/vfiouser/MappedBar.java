package io.netmap4j.model.vfiouser;

/** BAR 0 as a file that the client maps, and whose words the card takes in by polling. */
public interface MappedBar {
  /** The file, of the region's size. */
  int fd();

  /**
   * Waits until the file shows the card as it is: a message has changed it. Not for the thread that
   * polls.
   */
  void refresh();
}

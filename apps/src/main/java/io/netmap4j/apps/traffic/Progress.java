package io.netmap4j.apps.traffic;

/** How far long work has come, shown on a terminal beneath what is printed meanwhile. */
public interface Progress extends AutoCloseable {
  /** So much is done. Cheap: may be called often. */
  void show(long done);

  /** Prints a line on standard error. */
  void line(String text);

  /** Takes it away. What is printed from now on stands where it was. Idempotent. */
  @Override
  void close();
}

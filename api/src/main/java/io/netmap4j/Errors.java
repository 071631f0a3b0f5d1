package io.netmap4j;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.LinuxException;

/** Programs see one type of exception. */
final class Errors {
  private Errors() {}

  static NetmapException of(LinuxException e) {
    return new NetmapException(e.errno(), e.getMessage(), e);
  }
}

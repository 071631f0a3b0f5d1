package io.netmap4j.model.vfiouser;

import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;

/** Each warning once, and not without end: a client may do wrong as often as it likes. */
final class Warnings {
  private static final int MOST = 100;

  private final Logger log;
  private final String name;
  private final Set<String> told = new HashSet<>();

  Warnings(Logger log, String name) {
    this.log = log;
    this.name = name;
  }

  synchronized void warn(String text) {
    if (told.size() < MOST && told.add(text)) {
      log.warn("{}: {}", name, text);
      if (told.size() == MOST) {
        log.warn("{}: further warnings are left out", name);
      }
    }
  }
}

package io.netmap4j.model;

import java.util.ArrayList;
import java.util.List;

/** What a card has to say of its driver, oldest first, up to 1000 texts. Thread safe. */
class Findings {
  private static final int MOST = 1000;

  private final List<String> list = new ArrayList<>();

  synchronized void add(String text) {
    if (list.size() < MOST) {
      list.add(text);
    }
  }

  synchronized List<String> list() {
    return List.copyOf(list);
  }
}

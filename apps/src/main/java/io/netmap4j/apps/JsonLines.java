package io.netmap4j.apps;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** Figures as JSON, an object on each line. For several threads. */
final class JsonLines {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private final PrintStream out;
  private final String command;

  JsonLines(PrintStream out, String command) {
    this.out = out;
    this.command = command;
  }

  void print(String kind, Map<String, ?> figures) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("command", command);
    all.put("kind", kind);
    all.put("time", System.currentTimeMillis() / 1000.0);
    all.putAll(figures);
    out.println(GSON.toJson(all));
  }
}

package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.metrics.PortMeters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The tables of docs/operations.md, against the code. */
class OperationsTest {
  private static final String DOCUMENT = "docs/operations.md";
  private static final String COUNTER = "netmap4j.device.";
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern NUMBERED =
      Pattern.compile("(QPRC|QBRC|QPRDC|QPTC|QBTC|RXMPC)[0-9]+");

  private final SortedMap<String, String> files = Sources.all();

  @Test
  void metersAreThoseOfTheTable() {
    Map<String, String> code = new TreeMap<>();
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (NetmapPort monitored = Netmap.open("netmap:model1")) {
      for (String name : ports()) {
        try (NetmapPort port = Netmap.open(name);
            PortMeters meters = new PortMeters(port)) {
          meters.bindTo(registry);
          registry.getMeters().forEach(meter -> add(code, meter.getId()));
        }
      }
    }
    Map<String, String> table = new TreeMap<>();
    for (List<String> row : table("| meter | unit |")) {
      Set<String> tags = words(row.get(2).replace("; ring or buffer", ""));
      table.put(code(row.get(0)).get(0), row.get(1) + " " + tags);
    }
    for (List<String> row : table("| meter of a command | unit |")) {
      table.put(code(row.get(0)).get(0), "");
    }
    code.putAll(metersInCommands());
    assertThat(table).isEqualTo(code);
  }

  private static void add(Map<String, String> all, Meter.Id id) {
    Set<String> tags = new TreeSet<>();
    id.getTags().forEach(tag -> tags.add(tag.getKey()));
    if (id.getName().startsWith(COUNTER)) {
      assertThat(tags).contains("port").hasSizeLessThan(3);
      all.put(COUNTER + "*", "some: bytes [port]");
    } else {
      all.put(id.getName(), (id.getBaseUnit() == null ? "" : id.getBaseUnit()) + " " + tags);
    }
  }

  /** By their names in the code. */
  private Map<String, String> metersInCommands() {
    String sources = sources("apps/");
    Map<String, String> all = new TreeMap<>();
    Matcher name = Pattern.compile("\"(netmap4j\\.(?:command|model)\\.[a-z.]+)\"").matcher(sources);
    while (name.find()) {
      all.put(name.group(1), "");
    }
    return all;
  }

  private String sources(String folder) {
    return files.entrySet().stream()
        .filter(f -> f.getKey().startsWith(folder) && f.getKey().contains("/src/main/java/"))
        .map(Map.Entry::getValue)
        .collect(Collectors.joining());
  }

  /** Those that need no privilege. */
  private static List<String> ports() {
    return List.of("netmap:model0", "netmap:model1/r", "valeops:1", "netmap:ops{1");
  }

  @Test
  void countersAreThoseOfTheTable() {
    Set<String> documented = new TreeSet<>();
    for (List<String> row : table("| counter | of |")) {
      documented.addAll(words(row.get(0)));
    }
    Set<String> seen = new TreeSet<>();
    try (NetmapPort monitored = Netmap.open("netmap:model1")) {
      for (String name : ports()) {
        try (NetmapPort port = Netmap.open(name)) {
          port.counters().keySet().forEach(c -> seen.add(NUMBERED.matcher(c).replaceFirst("$1")));
        }
      }
    }
    assertThat(seen).hasSizeGreaterThan(60);
    assertThat(documented).as("in " + DOCUMENT).containsAll(seen);
    // What needs privilege to be opened is a word of the code at least.
    String sources = sources("");
    List<String> unknown = new ArrayList<>();
    for (String counter : documented) {
      if (!seen.contains(counter) && !sources.contains("\"" + counter + "\"")) {
        unknown.add(counter);
      }
    }
    assertThat(unknown).isEmpty();
  }

  /** The other way round: what the code of the kinds of ports names as a counter. */
  @Test
  void countersOfTheCodeAreInTheTable() {
    Set<String> documented = new TreeSet<>();
    for (List<String> row : table("| counter | of |")) {
      documented.addAll(words(row.get(0)));
    }
    Set<String> inCode = new TreeSet<>();
    for (String adapter :
        List.of("netdev/NetdevAdapter", "host/HostAdapter", "vswitch/ValeAdapter")) {
      String text =
          files.get("netmap-compat/src/main/java/io/netmap4j/compat/" + adapter + ".java");
      String counters = text.substring(text.indexOf("Map<String, Long> counters()"));
      Matcher name =
          Pattern.compile("\"([a-z_]+)\"")
              .matcher(counters.substring(0, counters.indexOf("return all")));
      while (name.find()) {
        inCode.add(name.group(1));
      }
    }
    assertThat(inCode).hasSizeGreaterThan(15);
    assertThat(documented).containsAll(inCode);
  }

  @Test
  void eventsAreThoseOfTheTable() {
    String code = files.get("api/src/main/java/io/netmap4j/spi/JfrEvents.java");
    Map<String, Set<String>> events = new TreeMap<>();
    Matcher event =
        Pattern.compile(
                "@Name\\(\"([\\w.]+)\"\\).*?class \\w+ extends (\\w+) \\{(.*?)}", Pattern.DOTALL)
            .matcher(code);
    while (event.find()) {
      boolean lasts = event.group(2).equals("Lasting");
      Set<String> fields = lasts ? words("name, txRings, rxRings; duration") : new TreeSet<>();
      Matcher field =
          Pattern.compile("(?:String|long|int|boolean) (\\w+);").matcher(event.group(3));
      while (field.find()) {
        fields.add(field.group(1));
      }
      events.put(event.group(1), fields);
    }
    Map<String, Set<String>> table = new TreeMap<>();
    for (List<String> row : table("| event | fields |")) {
      table.put(code(row.get(0)).get(0), words(row.get(1)));
    }
    assertThat(table).isEqualTo(events).hasSize(6);
  }

  /** The rows below a header. */
  private List<List<String>> table(String header) {
    String document = files.get(DOCUMENT);
    assertThat(document).as(DOCUMENT).contains(header);
    List<List<String>> rows = new ArrayList<>();
    String from = document.substring(document.indexOf(header));
    for (String line : from.lines().skip(2).takeWhile(l -> l.startsWith("|")).toList()) {
      rows.add(Arrays.stream(line.substring(1).split("\\|", -1)).map(String::strip).toList());
    }
    assertThat(rows).as(header).isNotEmpty();
    return rows;
  }

  private static List<String> code(String cell) {
    return CODE.matcher(cell).results().map(r -> r.group(1)).toList();
  }

  private static Set<String> words(String cell) {
    return Arrays.stream(cell.split(", "))
        .filter(w -> !w.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }
}

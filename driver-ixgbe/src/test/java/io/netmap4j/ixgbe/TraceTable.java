package io.netmap4j.ixgbe;

import io.netmap4j.ixgbe.RegisterTrace.Access;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What traces of one driver do to each register (an array counts as one), and the tables of
 * docs/register-traces.md that explain where drivers differ.
 */
final class TraceTable {
  /** Bits ever written 1, bits ever written 0, registers ever read. */
  static final class Use {
    final Map<String, Integer> ones = new TreeMap<>();
    final Map<String, Integer> zeros = new TreeMap<>();
    final Set<String> reads = new TreeSet<>();

    Use add(List<Access> trace) {
      for (Access a : trace) {
        if (a.write()) {
          ones.merge(a.register(), a.value(), (x, y) -> x | y);
          zeros.merge(a.register(), ~a.value(), (x, y) -> x | y);
        } else {
          reads.add(a.register());
        }
      }
      return this;
    }

    /** What both do. */
    static Use common(Use a, Use b) {
      Use use = new Use();
      a.ones.forEach((name, bits) -> both(use.ones, name, bits, b.ones));
      a.zeros.forEach((name, bits) -> both(use.zeros, name, bits, b.zeros));
      use.reads.addAll(a.reads);
      use.reads.retainAll(b.reads);
      return use;
    }

    private static void both(
        Map<String, Integer> to, String name, int bits, Map<String, Integer> other) {
      if (other.containsKey(name)) {
        to.put(name, bits & other.get(name));
      }
    }

    /**
     * What this does and {@code other} does not: "register access" to bits, "" for any.
     *
     * @param data registers whose bits are an address, an index or a key
     */
    Map<String, String> beyond(Use other, Set<String> data) {
      Map<String, String> left = new TreeMap<>();
      for (String name : ones.keySet()) {
        if (!other.ones.containsKey(name)) {
          left.put(name + " write", "");
        } else if (!data.contains(name)) {
          difference(left, name + " write 1", ones.get(name) & ~other.ones.get(name));
          difference(left, name + " write 0", zeros.get(name) & ~other.zeros.get(name));
        }
      }
      for (String name : reads) {
        if (!other.reads.contains(name)) {
          left.put(name + " read", "");
        }
      }
      return left;
    }

    private static void difference(Map<String, String> to, String key, int bits) {
      if (bits != 0) {
        to.put(key, String.format(Locale.ROOT, "0x%08X", bits));
      }
    }
  }

  private final Map<String, String> rows = new TreeMap<>();
  private final String heading;

  /** The table below a heading: registers, access, bits, and words for a reader. */
  TraceTable(Path document, String heading) {
    this.heading = heading;
    boolean here = false;
    try {
      for (String line : Files.readAllLines(document)) {
        if (line.startsWith("## ")) {
          here = line.equals("## " + heading);
        } else if (here && line.startsWith("| `")) {
          add(line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void add(String line) {
    String[] cells = line.replace("`", "").split("\\|");
    for (String name : cells[1].split(",")) {
      String key = name.strip() + " " + cells[2].strip();
      if (rows.put(key, cells[3].strip()) != null) {
        throw new IllegalArgumentException("two rows for " + key);
      }
    }
  }

  /** The registers that the table is about. */
  Set<String> registers() {
    Set<String> names = new TreeSet<>();
    rows.keySet().forEach(key -> names.add(key.split(" ")[0]));
    return names;
  }

  /** What is left of differences that this table's rows explain. */
  Map<String, String> unexplained(Map<String, String> differences) {
    Map<String, String> left = new TreeMap<>();
    differences.forEach(
        (key, bits) -> {
          String row = rows.getOrDefault(key, "0x0");
          if (!bits.equals(row)) {
            left.put(key, bits.isEmpty() || row.isEmpty() ? bits : less(bits, row));
          }
        });
    left.values().removeIf("0x00000000"::equals);
    return left;
  }

  private static String less(String bits, String row) {
    return String.format(Locale.ROOT, "0x%08X", Long.decode(bits) & ~Long.decode(row));
  }

  /** Differences of either. */
  static Map<String, String> union(Map<String, String> a, Map<String, String> b) {
    Map<String, String> all = new TreeMap<>(a);
    b.forEach(
        (key, bits) ->
            all.merge(
                key,
                bits,
                (x, y) ->
                    x.isEmpty() || y.isEmpty()
                        ? ""
                        : String.format(Locale.ROOT, "0x%08X", Long.decode(x) | Long.decode(y))));
    return all;
  }

  /** Differences without a row, and rows without a difference. */
  List<String> faults(Map<String, String> differences) {
    List<String> faults = new ArrayList<>();
    differences.forEach(
        (key, bits) -> {
          String row = rows.get(key);
          if (!bits.equals(row)) {
            faults.add(key + " " + bits + (row == null ? ": no row" : ": the row says " + row));
          }
        });
    for (String key : rows.keySet()) {
      if (!differences.containsKey(key)) {
        faults.add(key + ": the row explains nothing, take it away");
      }
    }
    faults.replaceAll(fault -> heading + ": " + fault);
    return faults;
  }
}

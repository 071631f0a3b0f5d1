package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.layout.IfLayout;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.model.registers.Register;
import io.netmap4j.model.registers.RegisterMap82599;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Offsets in docs/82599.md and docs/netmap-abi.md are those of the code. */
class DocumentedFactsTest {
  private static final Pattern HEX = Pattern.compile("0x([0-9A-F]+)");
  private static final Pattern BLOCK =
      Pattern.compile("block: (?:n < 64 at )?0x([0-9A-F]{5}) \\+ 0x40");

  private final SortedMap<String, String> files = Sources.all();

  /** Each row of the model whose fact is the document's has a row there, with its offset. */
  @Test
  void registersAreWhereTheModelHasThem() {
    Map<String, List<Integer>> documented = new TreeMap<>();
    int base = 0;
    boolean inBlock = false;
    for (String line : section("docs/82599.md", "## 2.", "## 3.")) {
      Matcher block = BLOCK.matcher(line);
      if (block.find()) {
        base = Integer.parseInt(block.group(1), 16);
      }
      inBlock = line.startsWith("|") ? inBlock || line.contains("in the block") : false;
      addRegisters(documented, line, inBlock ? base : 0);
    }
    for (String line : section("docs/82599.md", "## 7.", "## 8.")) {
      addRegisters(documented, line, 0);
    }
    List<String> wrong = new ArrayList<>();
    int compared = 0;
    for (Register row : RegisterMap82599.rows()) {
      if (row.fact().startsWith("docs/82599.md") && !row.fact().contains(";")) {
        compared++;
        List<Integer> offsets = documented.getOrDefault(row.name(), List.of());
        if (!offsets.contains(row.offset())) {
          wrong.add(
              String.format(Locale.ROOT, "%s is at 0x%05X in the model", row.name(), row.offset()));
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(compared).isGreaterThan(200);
  }

  /** The n-th name of a row's first cell is at its n-th offset. */
  private static void addRegisters(Map<String, List<Integer>> to, String line, int base) {
    if (!line.startsWith("| ")) {
      return;
    }
    String[] cells = line.split("\\|");
    String[] names = cells[1].strip().replaceAll(" ?\\([^)]*\\)", "").split(", ");
    List<Integer> offsets = new ArrayList<>();
    Matcher hex = HEX.matcher(cells.length > 2 ? cells[2].replaceAll("\\+ 0x40 n", "") : "");
    while (hex.find()) {
      int offset = Integer.parseInt(hex.group(1), 16);
      offsets.add(offset < 0x40 && base != 0 ? base + offset : offset);
    }
    for (int i = 0; i < names.length && i < offsets.size(); i++) {
      to.computeIfAbsent(names[i], n -> new ArrayList<>()).add(offsets.get(i));
    }
  }

  @Test
  void fieldsAreWhereTheLayoutHasThem() throws ReflectiveOperationException {
    Map<String, Integer> slot = fields("### 3.1", "### 3.2");
    Map<String, Integer> ring = fields("### 3.2", "### 3.3");
    Map<String, Integer> netmapIf = fields("### 3.3", "### 3.4");
    for (Map.Entry<String, Integer> field : slot.entrySet()) {
      assertThat(constant(RingLayout.class, "SLOT_" + field.getKey())).isEqualTo(field.getValue());
    }
    ring.put("TS_SEC", ring.remove("TS"));
    ring.put("SLOTS", ring.remove("SLOT"));
    for (Map.Entry<String, Integer> field : ring.entrySet()) {
      assertThat(constant(RingLayout.class, field.getKey())).isEqualTo(field.getValue());
    }
    assertThat(slot).hasSize(4);
    assertThat(ring).hasSize(14);
    netmapIf.remove("NI_SPARE1");
    for (Map.Entry<String, Integer> field : netmapIf.entrySet()) {
      assertThat(constant(IfLayout.class, field.getKey())).isEqualTo(field.getValue());
    }
    assertThat(netmapIf).hasSize(9);
  }

  private static int constant(Class<?> layout, String name) throws ReflectiveOperationException {
    return layout.getField(name).getInt(null);
  }

  /** Names in capitals to offsets. */
  private Map<String, Integer> fields(String from, String to) {
    Map<String, Integer> fields = new TreeMap<>();
    for (String line : section("docs/netmap-abi.md", from, to)) {
      String[] cells = line.split("\\|");
      if (cells.length > 3 && cells[2].strip().matches("\\d+")) {
        fields.put(cells[1].strip().toUpperCase(Locale.ROOT), Integer.parseInt(cells[2].strip()));
      }
    }
    return fields;
  }

  private List<String> section(String document, String from, String to) {
    String text = files.get(document);
    return text.substring(text.indexOf("\n" + from), text.indexOf("\n" + to)).lines().toList();
  }
}

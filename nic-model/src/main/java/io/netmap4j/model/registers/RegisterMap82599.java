package io.netmap4j.model.registers;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which register is at which offset of BAR 0, on the 82599 and its successors: a row says since
 * which {@link Chip} there is such a register. Built once from the rows; rows that overlap are
 * refused.
 *
 * <p>Every address has a home: the index of the 32-bit word that stores it, which for an alias
 * window is elsewhere.
 */
public final class RegisterMap82599 {
  /** Bytes of register space: no offset that a driver uses is higher (docs/82599.md 1.2). */
  public static final int SIZE = 0x20000;

  private static final RegisterMap82599 MAP = new RegisterMap82599(allRows());
  private final Map<String, Register> byName = new HashMap<>();
  private final Register[] rows = new Register[SIZE / 4];
  private final short[] index = new short[SIZE / 4];
  private final int[] home = new int[SIZE / 4];

  RegisterMap82599(List<Register> table) {
    for (Register row : table) {
      if (byName.put(row.name(), row) != null) {
        throw new IllegalStateException("two rows are called " + row);
      }
      for (Register.Window window : row.windows()) {
        place(row, window);
      }
    }
  }

  private static List<Register> allRows() {
    List<Register> all = new ArrayList<>();
    all.addAll(RowsGeneral.rows());
    all.addAll(RowsReceive.rows());
    all.addAll(RowsTransmit.rows());
    all.addAll(RowsMac.rows());
    all.addAll(RowsStatistics.rows());
    all.addAll(RowsX540.rows());
    return all;
  }

  private void place(Register row, Register.Window window) {
    for (int i = 0; i < window.count(); i++) {
      int offset = window.offset() + i * window.stride();
      int element = window.first() + i;
      if ((offset & 3) != 0 || offset < 0 || offset >= SIZE) {
        throw new IllegalStateException(name(row, element) + " is at " + hex(offset));
      }
      int word = offset >> 2;
      if (rows[word] != null) {
        throw new IllegalStateException(
            name(row, element)
                + " overlaps "
                + name(rows[word], index[word])
                + " at "
                + hex(offset));
      }
      rows[word] = row;
      index[word] = (short) element;
      home[word] = row.offset(element) >> 2;
    }
  }

  public static RegisterMap82599 map() {
    return MAP;
  }

  /** The row with a published name. @throws IllegalArgumentException when there is none */
  public static Register find(String name) {
    Register row = MAP.byName.get(name);
    if (row == null) {
      throw new IllegalArgumentException("no register is called " + name);
    }
    return row;
  }

  /** Every row, in no particular order. */
  public static List<Register> rows() {
    return List.copyOf(MAP.byName.values());
  }

  /** "NAME", "NAME(3)", or the offset where nothing is. For messages and logs. */
  public static String nameAt(int offset) {
    if (offset < 0 || offset >= SIZE || MAP.rows[offset >> 2] == null) {
      return "undefined register " + hex(offset);
    }
    return name(MAP.rows[offset >> 2], MAP.index[offset >> 2]);
  }

  private static String name(Register row, int element) {
    return row.count() == 1 ? row.name() : row.name() + "(" + element + ")";
  }

  private static String hex(int offset) {
    return String.format(Locale.ROOT, "0x%05X", offset);
  }

  /** The row that covers a word, null where nothing is. */
  public Register row(int word) {
    return rows[word];
  }

  /** Which element of its row a word is. */
  public int index(int word) {
    return index[word];
  }

  /** The word that stores what is seen at {@code word}. */
  int home(int word) {
    return home[word];
  }
}

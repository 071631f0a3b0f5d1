package io.netmap4j.model.registers;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The card's registers: storage, and what each access kind of the table does. It knows no register
 * by name: behaviour is hooked on by the units of the card. Access is for who holds the card's
 * lock, except {@link #get} and {@link #set}.
 */
public final class RegisterFile {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);

  /** What a read gives instead of the stored value. */
  public interface OnRead {
    int read(int index);
  }

  /** What a write does instead of storing. */
  public interface OnWrite {
    void write(int index, int value);
  }

  /** What is looked at before a write; tells {@link #refuse}. */
  public interface Rule {
    void check(int value);
  }

  /** Hears of a broken rule: throws, or lists it and returns. */
  public interface Referee {
    void refuse(String rule);
  }

  private final RegisterMap82599 map = RegisterMap82599.map();
  private final int[] words = new int[RegisterMap82599.SIZE / 4];
  private final OnRead[] onRead = new OnRead[words.length];
  private final OnWrite[] onWrite = new OnWrite[words.length];
  private final Rule[] rules = new Rule[words.length];
  private final OnRead[] onPeek = new OnRead[words.length];
  private final Referee referee;
  private final Consumer<String> warnings;
  private final Chip chip;

  /** The registers of an 82599. */
  public RegisterFile(Referee referee, Consumer<String> warnings) {
    this(Chip.I82599, referee, warnings);
  }

  /**
   * @param chip what it has not is undefined here
   * @param warnings hears of what is allowed and yet worth telling
   */
  public RegisterFile(Chip chip, Referee referee, Consumer<String> warnings) {
    this.chip = chip;
    this.referee = referee;
    this.warnings = warnings;
    reset();
  }

  /** Whose registers these are. */
  public Chip chip() {
    return chip;
  }

  /** Hooks all elements of a row; aliases follow. */
  public void onRead(String name, OnRead hook) {
    Register row = RegisterMap82599.find(name);
    for (int i = 0; i < row.count(); i++) {
      onRead[row.offset(i) >> 2] = hook;
    }
  }

  /** What {@link #peek} gives where the read itself has an effect. */
  public void onPeek(String name, OnRead hook) {
    onPeek[RegisterMap82599.find(name).offset() >> 2] = hook;
  }

  public void onWrite(String name, OnWrite hook) {
    Register row = RegisterMap82599.find(name);
    for (int i = 0; i < row.count(); i++) {
      onWrite[row.offset(i) >> 2] = hook;
    }
  }

  /** Adds a rule for writes to one register. */
  public void addRule(int offset, Rule rule) {
    Rule before = rules[offset >> 2];
    rules[offset >> 2] =
        before == null
            ? rule
            : value -> {
              before.check(value);
              rule.check(value);
            };
  }

  /** Every word to its reset value. */
  public void reset() {
    for (Register row : RegisterMap82599.rows()) {
      for (int i = 0; i < row.count(); i++) {
        set(row.offset(i), row.resetOf(i));
      }
    }
  }

  /** Stored value, without side effects. Any thread; sees what was stored before {@link #set}. */
  public int get(int offset) {
    return (int) WORD.getAcquire(words, map.home(offset >> 2));
  }

  /** Stores without side effects. */
  public void set(int offset, int value) {
    WORD.setRelease(words, map.home(offset >> 2), value);
  }

  /**
   * What a read by the driver would give, without clearing or setting what it would: of a
   * semaphore, what is stored. Not for EICR, whose hook clears.
   */
  public int peek(int offset) {
    int word = offset >> 2;
    int home = map.home(word) << 2;
    Register row = map.row(word);
    boolean semaphore = row != null && row.access() == Register.Access.RS;
    OnRead quiet = onPeek[home >> 2];
    OnRead hook = quiet != null ? quiet : semaphore ? null : onRead[home >> 2];
    return hook != null ? hook.read(map.index(word)) : get(home);
  }

  /** A read by the driver. */
  public int read(int offset) {
    if (!defined(offset, "read")) {
      return 0;
    }
    int word = offset >> 2;
    int home = map.home(word) << 2;
    OnRead hook = onRead[home >> 2];
    if (hook != null) {
      return hook.read(map.index(word));
    }
    int value = get(home);
    switch (map.row(word).access()) {
      case RC -> set(home, 0);
      case RS -> set(home, value | 1);
      default -> {}
    }
    return value;
  }

  /** A write by the driver. */
  public void write(int offset, int value) {
    if (!defined(offset, "write")) {
      return;
    }
    int word = offset >> 2;
    Register row = map.row(word);
    int home = map.home(word) << 2;
    if (((value ^ get(home)) & row.readOnly()) != 0 && row.access() != Register.Access.W1C) {
      refuse(offset, value, "would change read-only bits " + hex(row.readOnly()));
    }
    if (rules[home >> 2] != null) {
      rules[home >> 2].check(value);
    }
    OnWrite hook = onWrite[home >> 2];
    if (hook != null) {
      hook.write(map.index(word), value);
    } else {
      store(offset, value);
    }
  }

  /** Stores what the row lets a write store. */
  public void store(int offset, int value) {
    int word = offset >> 2;
    Register row = map.row(word);
    int old = get(offset);
    switch (row.access()) {
      case RO -> {}
      case RC -> {
        if (value != 0) {
          refuse(offset, value, "a counter is cleared by reading it");
        }
      }
      case W1C -> set(offset, old & ~value);
      default -> {
        int mask = row.writable();
        set(offset, (old & ~mask) | (value & mask & ~row.selfClearing()));
      }
    }
  }

  /** Tells the referee of a write that breaks a rule. A lenient card carries on with the write. */
  public void refuse(int offset, int value, String rule) {
    referee.refuse(words(offset, value, rule));
  }

  /** Tells of a write that is done, but that the published order of steps doesn't have. */
  public void warn(int offset, int value, String text) {
    warnings.accept(words(offset, value, text));
  }

  private String words(int offset, int value, String text) {
    return RegisterMap82599.nameAt(offset)
        + " <- "
        + hex(value)
        + " (holds "
        + hex(get(offset))
        + "): "
        + text
        + " ["
        + map.row(offset >> 2).fact()
        + "]";
  }

  private boolean defined(int offset, String what) {
    if (offset >= 0
        && offset < RegisterMap82599.SIZE
        && (offset & 3) == 0
        && map.row(offset >> 2) != null) {
      if (chip.has(map.row(offset >> 2).since())) {
        return true;
      }
      referee.refuse(
          what
              + " of "
              + RegisterMap82599.nameAt(offset)
              + ", which an "
              + chip.published()
              + " doesn't have [docs/82599.md 2.8]");
      return false;
    }
    referee.refuse(what + " of " + RegisterMap82599.nameAt(offset) + " [docs/82599.md 2]");
    return false;
  }

  private static String hex(int value) {
    return String.format(Locale.ROOT, "0x%08X", value);
  }
}

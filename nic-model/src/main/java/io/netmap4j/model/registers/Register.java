package io.netmap4j.model.registers;

import java.util.ArrayList;
import java.util.List;

/**
 * A row of the register table: one register or an array of them. Immutable; the methods that change
 * something return a changed copy.
 */
public final class Register {
  /** What reads and writes do. */
  public enum Access {
    /** Writes change nothing. */
    RO,
    /** Plain storage. */
    RW,
    /** A read clears. */
    RC,
    /** Ones that are written clear bits. */
    W1C,
    /** A read gives the value and then sets bit 0. */
    RS
  }

  /**
   * Where elements {@code first} to {@code first} + {@code count} − 1 are.
   *
   * @param alias true: a second address of storage that is elsewhere
   */
  record Window(int offset, int stride, int first, int count, boolean alias) {}

  private final String name;
  private final Access access;
  private final List<Window> windows;
  private final int reset;
  private final int resetFirst;
  private final int writable;
  private final int readOnly;
  private final int selfClearing;
  private final String fact;
  private final Chip since;

  private Register(
      String name, Access access, List<Window> windows, int[] values, String fact, Chip since) {
    this.since = since;
    this.name = name;
    this.access = access;
    this.windows = windows;
    this.reset = values[0];
    this.resetFirst = values[1];
    this.writable = values[2];
    this.readOnly = values[3];
    this.selfClearing = values[4];
    this.fact = fact;
  }

  /**
   * A register that stands alone. {@code fact} is a section of docs/82599.md, with tags where it
   * matters.
   */
  static Register of(String name, Access access, int offset, String fact) {
    return array(name, access, offset, 4, 1, fact);
  }

  /** Elements 0 to {@code count} − 1. */
  static Register array(
      String name, Access access, int offset, int stride, int count, String fact) {
    boolean fixed = access == Access.RO || access == Access.RC;
    int[] values = {0, 0, fixed ? 0 : -1, access == Access.RO ? -1 : 0, 0};
    return new Register(
        name,
        access,
        List.of(new Window(offset, stride, 0, count, false)),
        values,
        fact,
        Chip.I82599);
  }

  private int[] values() {
    return new int[] {reset, resetFirst, writable, readOnly, selfClearing};
  }

  private Register with(int index, int value) {
    int[] values = values();
    values[index] = value;
    return new Register(name, access, windows, values, fact, since);
  }

  private Register with(Window window) {
    List<Window> more = new ArrayList<>(windows);
    more.add(window);
    return new Register(name, access, List.copyOf(more), values(), fact, since);
  }

  /** The value of each element after a reset. */
  Register reset(int value) {
    return with(0, value).with(1, value);
  }

  /** The value of element 0 after a reset, the others' being 0. */
  Register resetFirst(int value) {
    return with(0, 0).with(1, value);
  }

  /** Bits that a write stores; the others are ignored. */
  Register writable(int mask) {
    return with(2, mask);
  }

  /**
   * Bits that a write must leave as they read; to change them is a violation. They are not
   * writable.
   */
  Register readOnly(int mask) {
    return with(2, writable & ~mask).with(3, mask);
  }

  /** Bits that a write accepts and that read 0 at once. */
  Register selfClearing(int mask) {
    return with(4, mask);
  }

  /** The first chip that has the register; without this all have it. */
  Register since(Chip first) {
    return new Register(name, access, windows, values(), fact, first);
  }

  /** Further elements, after those so far, in a block of their own. */
  Register then(int offset, int stride, int more) {
    return with(new Window(offset, stride, count(), more, false));
  }

  /** Another address of elements 0 to {@code elements} − 1. */
  Register alias(int offset, int stride, int elements) {
    return with(new Window(offset, stride, 0, elements, true));
  }

  /** As published. */
  public String name() {
    return name;
  }

  public Access access() {
    return access;
  }

  /** Offset of element 0. */
  public int offset() {
    return windows.get(0).offset;
  }

  /** Bytes from one element to the next, within the first block. */
  public int stride() {
    return windows.get(0).stride;
  }

  /** How many elements there are, in all blocks. */
  public int count() {
    int sum = 0;
    for (Window window : windows) {
      sum += window.alias ? 0 : window.count;
    }
    return sum;
  }

  /** Offset of an element's own storage. @throws IndexOutOfBoundsException outside the array */
  public int offset(int index) {
    for (Window window : windows) {
      if (!window.alias && index >= window.first && index < window.first + window.count) {
        return window.offset + (index - window.first) * window.stride;
      }
    }
    throw new IndexOutOfBoundsException(name + "(" + index + ") of " + count());
  }

  /**
   * Value of all elements after a reset, except where {@link #reset(int)} differs for element 0.
   */
  public int reset() {
    return count() == 1 ? resetFirst : reset;
  }

  /** Value of an element after a reset; 0 too where it is not known. */
  public int resetOf(int index) {
    return index == 0 ? resetFirst : reset;
  }

  /** Bits that a write stores. */
  public int writable() {
    return writable;
  }

  /** Bits that a write must leave as they read. */
  public int readOnly() {
    return readOnly;
  }

  /** Bits that a write accepts and that read 0 at once. */
  public int selfClearing() {
    return selfClearing;
  }

  /** What the row rests on: a section of docs/82599.md. */
  public String fact() {
    return fact;
  }

  /** The first chip that has the register. */
  public Chip since() {
    return since;
  }

  List<Window> windows() {
    return windows;
  }

  @Override
  public String toString() {
    return name;
  }
}

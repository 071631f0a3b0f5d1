package io.netmap4j.model.dma;

import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Which pages of 2 MiB a device has touched while it was allowed to: a line for each when that
 * ends, so that a killed driver's pages can be compared with what the kernel had given it.
 */
public final class DmaPages implements DmaObserver {
  private static final int SHIFT = 21;

  private final Consumer<String> lines;
  private final TreeMap<Long, long[]> pages = new TreeMap<>(Long::compareUnsigned);
  private long lastPage = -1;
  private long[] last;

  /**
   * @param lines takes "dma on", then "page ADDRESS reads N writes N" for each page, then "dma off"
   */
  public DmaPages(Consumer<String> lines) {
    this.lines = lines;
  }

  @Override
  public void access(DmaLog.Kind kind, int queue, long iova, long length) {
    for (long page = iova >>> SHIFT; page <= iova + length - 1 >>> SHIFT; page++) {
      if (page != lastPage) {
        lastPage = page;
        last = pages.computeIfAbsent(page, p -> new long[2]);
      }
      last[kind.write() ? 1 : 0]++;
    }
  }

  @Override
  public void allowed(boolean now) {
    if (now) {
      lines.accept("dma on");
      return;
    }
    pages.forEach(
        (page, count) ->
            lines.accept(
                String.format(
                    Locale.ROOT, "page %x reads %d writes %d", page << SHIFT, count[0], count[1])));
    lines.accept("dma off");
    pages.clear();
    lastPage = -1;
  }
}

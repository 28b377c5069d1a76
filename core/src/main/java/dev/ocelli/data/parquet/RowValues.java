package dev.ocelli.data.parquet;

import dev.ocelli.UserError;
import java.util.ArrayList;
import java.util.List;

/** Walks over one column of one row group, row by row, with one page in memory. */
final class RowValues {
  private final ParquetFile file;
  private final ColumnPages pages;
  private final ParquetFile.Column column;
  private final List<ColumnPages.Place> places;
  private int nextPage;
  private ColumnPages.Page page;
  private int at;

  RowValues(ParquetFile file, ColumnPages pages, ParquetFile.Column column) {
    this.file = file;
    this.pages = pages;
    this.column = column;
    this.places = file.guarded(pages::places);
  }

  /** The values of the next row: a list's may go on in the next page. */
  List<byte[]> next() {
    if (!load()) {
      throw UserError.of("%s: column %s has fewer rows than the table. The file is damaged: copy it again.", file.file(), column.path());
    }
    List<byte[]> values = new ArrayList<>(1);
    do {
      if (page.values()[at] != null) {
        values.add(page.values()[at]);
      }
      at++;
    } while (load() && page.repetition()[at] > 0);
    return values;
  }

  private boolean load() {
    while (page == null || at == page.values().length) {
      if (nextPage == places.size()) {
        return false;
      }
      ColumnPages.Place place = places.get(nextPage++);
      page = file.guarded(() -> pages.page(place, column));
      at = 0;
    }
    return true;
  }
}

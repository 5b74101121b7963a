/* SPDX-License-Identifier: Apache-2.0 */
/* What was changed in runs that went on, and after which epoch. */
#include <stdio.h>

#include "epx_record_file.h"
#include "epx_report_internal.h"

static void entry_rows(epx_table_t *table, const epx_report_run_t *run, const json_t *entry) {
  size_t i;
  json_t *change;
  char epoch[64];
  const int images = (int)epx_json_get_number(entry, "image");
  const int written =
      snprintf(epoch, sizeof epoch, "after epoch %d", (int)epx_json_get_number(entry, "epoch"));
  if (images > 0) {
    snprintf(epoch + written, sizeof epoch - (size_t)written, " and %d images", images);
  }
  json_array_foreach(json_object_get(entry, "changes"), i, change) {
    epx_table_cell(table, run->label);
    epx_table_cell(table, epoch);
    epx_table_cell(table, epx_json_get_text(change, "key"));
    epx_table_cell(table, epx_json_get_text(change, "was"));
    epx_table_cell(table, epx_json_get_text(change, "now"));
    epx_table_cell(table, epx_json_get_text(entry, "command_line"));
  }
}

static size_t changes_of(const epx_report_run_t *run) {
  size_t count = 0, i;
  json_t *entry;
  json_array_foreach(json_object_get(run->manifest, "history"), i, entry) {
    count += json_array_size(json_object_get(entry, "changes"));
  }
  return count;
}

void epx_report_history(epx_page_t *page, const epx_report_run_t *runs, int count) {
  static const char *const HEADINGS[] = {"Run", "From", "Setting", "Was", "Is", "Command"};
  static const bool RIGHT[6] = {false};
  size_t changes = 0;
  for (int i = 0; i < count; ++i) {
    changes += changes_of(&runs[i]);
  }
  if (changes == 0) {
    return;
  }
  epx_page_heading(page, "Changed while it ran");
  epx_table_t *table = epx_table_create(6, HEADINGS, RIGHT);
  for (int i = 0; i < count; ++i) {
    size_t e;
    json_t *entry;
    json_array_foreach(json_object_get(runs[i].manifest, "history"), e, entry) {
      entry_rows(table, &runs[i], entry);
    }
  }
  epx_page_table(page, table);
}

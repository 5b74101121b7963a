/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_run_history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "epx_hash.h"
#include "epx_record_file.h"

const char *epx_config_digest(const json_t *config, char digest[EPX_DIGEST_SIZE]) {
  uint64_t sum = 0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)config, key, value) {
    const char *text = json_string_value(value);
    uint64_t hash = epx_hash_bytes(EPX_HASH_START, key, strlen(key) + 1);
    hash = epx_hash_bytes(hash, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    sum += hash;
  }
  snprintf(digest, EPX_DIGEST_SIZE, "%016" PRIx64, sum);
  return digest;
}

epx_status_t epx_run_settings_read(const char *folder, epx_settings_t *settings,
                                   epx_error_t *error) {
  char path[EPX_PATH_SIZE], digest[EPX_DIGEST_SIZE];
  json_t *manifest = NULL;
  epx_status_t status = epx_path_join(folder, "manifest.json", path, error);
  status = status == EPX_OK ? epx_json_read(path, &manifest, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  json_t *config = json_object_get(manifest, "config");
  const char *written = epx_json_get_text(manifest, "config_digest");
  const char *key;
  json_t *value;
  if (written[0] != '\0' && strcmp(written, epx_config_digest(config, digest)) != 0) {
    status =
        epx_fail(error, EPX_ERR_FORMAT,
                 "%s: config: its digest is %s; expected %s, as the run wrote it. Settings are "
                 "changed in config.yaml or with --set, not in the record of what ran.",
                 path, digest, written);
  }
  json_object_foreach(config, key, value) {
    const char *text = json_string_value(value);
    epx_settings_set(settings, key, text != NULL ? text : "");
  }
  json_decref(manifest);
  status = status == EPX_OK ? epx_settings_check(settings, error) : status;
  if (status != EPX_OK) {
    epx_settings_clear(settings);
  }
  return status;
}

void epx_settings_changes(const epx_settings_t *was, const epx_settings_t *now,
                          epx_change_visit_t *visit, void *context) {
  for (int i = 0; i < now->count; ++i) {
    const char *before = epx_settings_get(was, now->items[i].key);
    if (before != NULL && strcmp(before, now->items[i].value) != 0) {
      visit(context, now->items[i].key, before, now->items[i].value);
    }
  }
}

static json_t *changes(const json_t *was, const json_t *now) {
  json_t *list = json_array();
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)now, key, value) {
    const json_t *before = was != NULL ? json_object_get(was, key) : NULL;
    if (before != NULL && !json_equal(before, value)) {
      json_array_append_new(list,
                            json_pack("{s:s, s:O, s:O}", "key", key, "was", before, "now", value));
    }
  }
  return list;
}

json_t *epx_history_entry(int epoch, int image, const char *command_line, const json_t *was,
                          const json_t *now) {
  char time[32];
  epx_utc_now(time);
  return json_pack("{s:i, s:i, s:s, s:s, s:o, s:o}", "epoch", epoch, "image", image, "time", time,
                   "version", EPX_VERSION, "command_line", epx_json_text(command_line), "changes",
                   changes(was, now));
}

json_t *epx_history_of(const json_t *manifest) {
  const json_t *history = json_object_get(manifest, "history");
  if (json_is_array(history)) {
    return json_copy((json_t *)history);
  }
  return json_pack("[{s:i, s:i, s:s, s:s, s:s, s:[]}]", "epoch", 0, "image", 0, "time",
                   epx_json_get_text(manifest, "started"), "version",
                   epx_json_get_text(manifest, "version"), "command_line",
                   epx_json_get_text(manifest, "command_line"), "changes");
}

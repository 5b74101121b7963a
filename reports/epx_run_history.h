/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a run in its manifest: how it began and each time that it went on, with what had
 * been changed in between.
 *
 *   "history": [
 *     {"epoch": 0, "image": 0, "time": .., "version": .., "command_line": .., "changes": []},
 *     {"epoch": 2, "image": 0, .., "changes": [{"key": "training.epochs", "was": "2", "now": "4"}]}
 *   ]
 *
 * "config" of the manifest is what holds since the last entry; "config_digest" tells whether it is
 * as the program wrote it. */
#ifndef EPX_RUN_HISTORY_H
#define EPX_RUN_HISTORY_H

#include <jansson.h>

#include "epx_settings.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_DIGEST_SIZE = 17 };

/* Of a manifest's "config", whatever the order of its keys. */
const char *epx_config_digest(const json_t *config, char digest[EPX_DIGEST_SIZE]);

/* The settings that a run was last trained with, from its manifest. EPX_ERR_NOT_FOUND without one;
 * EPX_ERR_FORMAT where the manifest's configuration is not as the program wrote it. */
EPX_CHECKED epx_status_t epx_run_settings_read(const char *folder, epx_settings_t *settings,
                                               epx_error_t *error);

/* Calls visit for every key of `now` that has another value in `was`; a key that `was` lacks did
 * not exist then and is no change. */
typedef void epx_change_visit_t(void *context, const char *key, const char *was, const char *now);
void epx_settings_changes(const epx_settings_t *was, const epx_settings_t *now,
                          epx_change_visit_t *visit, void *context);

/* One entry, with the changes from a manifest's "config" `was` (NULL: none) to `now`. NULL: out of
 * memory. */
json_t *epx_history_entry(int epoch, int image, const char *command_line, const json_t *was,
                          const json_t *now);

/* The history in an old manifest, as a new array; one that has none yields the start alone. NULL:
 * out of memory. */
json_t *epx_history_of(const json_t *manifest);

#ifdef __cplusplus
}
#endif
#endif
